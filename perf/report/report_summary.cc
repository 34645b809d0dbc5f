#include "perf/report/report_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "command/terminal/printable.h"
#include "command/terminal/wrapped.h"
#include "perf/report/report_words.h"

namespace perf {
namespace {

constexpr size_t kColumns = 80;
// At most this many of a kind are shown.
constexpr size_t kMaxShown = 8;
constexpr size_t kMaxImprovements = 5;
constexpr size_t kMaxNotes = 5;
// Titles and errors come from tests, and may be of any length.
constexpr size_t kMaxText = 400;

// One thing that somebody has to act on.
struct Item {
  // Symbol, word and title, and what the matter is.
  std::string what;
  // Further paragraphs, of which the empty ones are left out; commands are not wrapped.
  std::vector<std::string> reasons = {};
  std::string command = {};
};

// Wraps text of one paragraph, its first line at `indent` and the others two further in.
std::string Paragraph(absl::string_view text, size_t indent) {
  const std::string wrapped =
      command::Wrapped(command::CutText(text, kMaxText), indent + 2, kColumns);
  return absl::StrCat(wrapped.substr(std::min<size_t>(2, wrapped.size())), "\n");
}

std::string Heading(absl::string_view title) {
  return absl::StrCat("\n", title, "\n", std::string(Width(title), '-'), "\n");
}

// "✗ Red: Session Creation: -23.4% (between …)"
std::string WhatChanged(const MeasurementResult& result) {
  const std::string change = ChangeText(result);
  return absl::StrCat(Symbol(result.verdict()), " ", Words(result), ": ", result.title(),
                      change.empty() ? "" : ": ", change);
}

Item ItemOf(const MeasurementResult& result) {
  Item item = {.what = WhatChanged(result), .command = result.command()};
  const auto reason = [&](std::string text) { item.reasons.push_back(std::move(text)); };
  if (IsMissing(result)) {
    item.what = absl::StrCat(Symbol(MISSING), " Missing: ", MissingText(result));
    item.command.clear();
    reason(AskText(result));
    return item;
  }
  if (result.has_growth()) reason(GrowthText(result));
  reason(FiguresText(result));
  reason(WhyText(result));
  reason(result.note());
  reason(AcceptanceText(result));
  if (result.attempts() > 1) reason(absl::StrCat("the best of ", result.attempts(), " runs"));
  if (!result.noise().empty()) reason(absl::StrCat("noisy: ", result.noise()));
  reason(AskText(result));
  if (result.has_unresolved()) {
    reason(UnresolvedText(result.unresolved()));
    reason(absl::StrCat(SettleText(result.unresolved()), ":"));
  }
  return item;
}

Item ItemOf(const RequirementResult& result) {
  const absl::string_view verdict =
      IsMissed(result) ? "✗ Requirement missed: " : "? Requirement unresolved: ";
  Item item = {.what = absl::StrCat(verdict, result.title(), ": ", RequirementText(result)),
               .command = result.command()};
  item.reasons = {result.requirement().why(), AskText(result)};
  return item;
}

std::string ItemText(const Item& item) {
  std::string text = Paragraph(item.what, 2);
  for (const std::string& reason : item.reasons) {
    if (!reason.empty()) absl::StrAppend(&text, Paragraph(reason, 4));
  }
  if (!item.command.empty()) absl::StrAppend(&text, "    ", item.command, "\n");
  return text;
}

// The first of them, and how many more there are.
std::string Shown(const std::vector<std::string>& texts, size_t most, absl::string_view what) {
  std::string text = absl::StrJoin(absl::MakeConstSpan(texts).subspan(0, most), "");
  if (texts.size() > most) {
    absl::StrAppend(&text, "  … and ", texts.size() - most, " more ", what,
                    ", in the report's files\n");
  }
  return text;
}

// Measurements with this verdict, the greatest change first.
std::vector<const MeasurementResult*> WithVerdict(const Report& report, Verdict verdict) {
  std::vector<const MeasurementResult*> found;
  for (const MeasurementResult& result : report.measurements()) {
    if (result.verdict() == verdict) found.push_back(&result);
  }
  absl::c_stable_sort(found, [](const MeasurementResult* one, const MeasurementResult* other) {
    return std::abs(one->change_percent()) > std::abs(other->change_percent());
  });
  return found;
}

std::string WithVerdictText(const Report& report, Verdict verdict, absl::string_view what) {
  std::vector<std::string> texts;
  for (const MeasurementResult* result : WithVerdict(report, verdict)) {
    texts.push_back(ItemText(ItemOf(*result)));
  }
  return Shown(texts, kMaxShown, what);
}

// Acceptances that somebody has to do something about, the first to end first.
std::string RemindersText(const Report& report) {
  std::vector<const MeasurementResult*> found;
  for (const MeasurementResult& result : report.measurements()) {
    if (!ReminderText(result).empty()) found.push_back(&result);
  }
  absl::c_stable_sort(found, [](const MeasurementResult* one, const MeasurementResult* other) {
    return one->acceptance().days_left() < other->acceptance().days_left();
  });
  std::vector<std::string> texts;
  for (const MeasurementResult* result : found) {
    texts.push_back(
        ItemText({.what = absl::StrCat(Symbol(ACCEPTED), " Acceptance: ", result->title()),
                  .reasons = {ReminderText(*result), AskText(*result)}}));
  }
  return Shown(texts, kMaxShown, "acceptances");
}

std::string NoisyText(const Report& report) {
  std::vector<std::string> texts;
  for (const auto& [reason, count] : NoiseByReason(report)) {
    texts.push_back(Paragraph(
        absl::StrCat("? Noisy: ", count, count == 1 ? " measurement: " : " measurements: ", reason),
        2));
  }
  return Shown(texts, kMaxShown, "reasons");
}

std::string NeedsYou(const Report& report) {
  std::vector<std::string> errors;
  for (const std::string& error : report.errors()) {
    errors.push_back(Paragraph(absl::StrCat("✗ Could not measure: ", error), 2));
  }
  std::vector<std::string> missed;
  std::vector<std::string> unresolved;
  for (const RequirementResult& result : report.requirements()) {
    if (IsMissed(result)) missed.push_back(ItemText(ItemOf(result)));
    if (IsUnresolved(result)) unresolved.push_back(ItemText(ItemOf(result)));
  }
  std::string missing = WithVerdictText(report, MISSING, "missing");
  if (!missing.empty()) absl::StrAppend(&missing, Paragraph(AboutMissing(report), 4));
  const std::string text =
      absl::StrCat(Shown(errors, kMaxShown, "that could not be measured"),
                   Shown(missed, kMaxShown, "requirements"), WithVerdictText(report, RED, "red"),
                   missing, WithVerdictText(report, YELLOW, "yellow"),
                   Shown(unresolved, kMaxShown, "requirements that are unresolved"),
                   WithVerdictText(report, UNRESOLVED, "unresolved"),
                   WithVerdictText(report, NOT_COMPARABLE, "that cannot be compared"),
                   RemindersText(report), NoisyText(report));
  return text.empty() ? "" : absl::StrCat(Heading("What needs you"), text);
}

std::string Improvements(const Report& report) {
  std::vector<std::string> texts;
  for (const MeasurementResult* result : WithVerdict(report, IMPROVED)) {
    texts.push_back(Paragraph(WhatChanged(*result), 2));
  }
  return texts.empty()
             ? ""
             : absl::StrCat(Heading("Improved"), Shown(texts, kMaxImprovements, "improvements"));
}

// What is slower, and is so with the owners' consent: nobody has to act, and everybody may know.
std::string Accepted(const Report& report) {
  std::vector<std::string> texts;
  for (const MeasurementResult* result : WithVerdict(report, ACCEPTED)) {
    texts.push_back(
        absl::StrCat(Paragraph(WhatChanged(*result), 2), Paragraph(AcceptanceText(*result), 4)));
  }
  return texts.empty() ? ""
                       : absl::StrCat(Heading("Accepted"), Shown(texts, kMaxShown, "accepted"));
}

// "1 red, 2 yellow". `unchanged`: how many tests of the component were not run, as their code is
// the same in both revisions.
std::string Remarkable(const ComponentStatus& status, int unchanged) {
  std::vector<std::string> parts = RemarkableParts(status);
  if (unchanged > 0) {
    parts.push_back(
        absl::StrCat(unchanged, unchanged == 1 ? " test unchanged" : " tests unchanged"));
  }
  return absl::StrJoin(parts, ", ");
}

std::string Components(const Report& report) {
  std::vector<std::vector<std::string>> rows = {
      {"Component", "Status", "Measured", "Requirements", ""}};
  const bool has_owners = HasOwners(report);
  if (has_owners) rows.front().insert(rows.front().end() - 1, "Owners");
  std::map<std::string, int> unchanged;
  for (const MeasurementResult& result : report.measurements()) {
    if (IsUnchanged(result)) ++unchanged[result.component()];
  }
  for (const ComponentStatus& status : report.components()) {
    const int unchanged_here = unchanged[status.component()];
    rows.push_back({status.component(), std::string(StatusText(status.status())),
                    absl::StrCat(status.num_measurements() - unchanged_here),
                    status.num_requirements() == 0
                        ? "-"
                        : absl::StrCat(status.num_requirements_met(), " of ",
                                       status.num_requirements(), " met"),
                    Remarkable(status, unchanged_here)});
    if (has_owners) rows.back().insert(rows.back().end() - 1, OwnersText(status.owners()));
  }
  return rows.size() == 1 ? "" : absl::StrCat(Heading("Components"), Table(rows));
}

std::string Counts(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  std::string text =
      absl::StrCat(ConclusionSymbol(report), " ", ConclusionWord(report), ": ", counts.measured,
                   " measured, ", counts.red, " red, ", counts.yellow, " yellow, ", counts.improved,
                   " improved, ", counts.unresolved, " unresolved, ", counts.missing, " missing\n");
  std::vector<std::string> parts;
  const auto part = [&](int count, absl::string_view what) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", what));
  };
  part(counts.unchanged, counts.unchanged == 1 ? "test has unchanged code and was not run"
                                               : "tests have unchanged code and were not run");
  part(report.errors_size(), "could not be measured");
  part(counts.accepted, "accepted");
  part(counts.noisy, "noisy");
  part(counts.not_comparable, "not comparable");
  part(counts.without_baseline - counts.not_comparable, "without baseline");
  if (counts.requirements > 0) parts.push_back(RequirementsMet(counts));
  if (!parts.empty()) absl::StrAppend(&text, Paragraph(absl::StrJoin(parts, ", "), 2));
  return text;
}

std::string EnvironmentText(const Report& report) {
  const Environment& environment = report.environment();
  absl::string_view match;
  switch (report.environment_match()) {
    case ENVIRONMENT_SAME:
      match = "; the environment of the baseline is the same";
      break;
    case ENVIRONMENT_DIFFERS:
      match = "; the environment of the baseline is another, see the notes";
      break;
    case ENVIRONMENT_BESIDE:
      match = "; both revisions were measured on it in turn";
      break;
    default:
      break;
  }
  return Paragraph(
      absl::StrCat("Machine: ", report.machine(), " (", environment.cpu_model(), ", ",
                   environment.num_cpus(), environment.num_cpus() == 1 ? " CPU, " : " CPUs, ",
                   environment.compiler(), ")", match),
      0);
}

std::string Notes(const Report& report) {
  std::vector<std::string> texts;
  for (const std::string& note : report.notes()) {
    texts.push_back(Paragraph(absl::StrCat("Note: ", note), 0));
  }
  return Shown(texts, kMaxNotes, "notes");
}

// What a reader does with this verdict.
std::string NextStepText(const Report& report) {
  const NextStep next = NextStepOf(report);
  return next.what.empty() ? "" : absl::StrCat("Next: ", next.what, ":\n    ", next.command, "\n");
}

}  // namespace

std::string SummaryReport(const Report& report) {
  return absl::StrCat(
      Counts(report), NeedsYou(report), Accepted(report), Improvements(report), Components(report),
      "\n", Notes(report), EnvironmentText(report),
      Paragraph(absl::StrCat("Measured: ", Commit(report), ", ", Profile(report),
                             report.selection().empty() ? "" : ", ", report.selection()),
                0),
      NextStepText(report));
}

}  // namespace perf

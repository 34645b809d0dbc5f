#include "perf/report/report_markdown.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/report/report_words.h"
#include "perf/report/text/markdown_table.h"
#include "perf/report/text/safe_text.h"

namespace perf {
namespace {

// At most this many of a kind are shown.
constexpr size_t kMaxLines = 50;

// The order in which a reader wants them: what has to be acted on first.
int Rank(Verdict verdict) {
  switch (verdict) {
    case RED:
      return 0;
    case UNRESOLVED:
      return 1;
    case YELLOW:
      return 2;
    case ACCEPTED:
      return 3;
    case IMPROVED:
      return 4;
    default:
      return 5;
  }
}

bool IsShown(const MeasurementResult& result) {
  switch (result.verdict()) {
    case RED:
    case UNRESOLVED:
    case YELLOW:
    case ACCEPTED:
    case IMPROVED:
    case NOT_COMPARABLE:
      return true;
    default:
      return false;
  }
}

// The page as it grows, within its bounds.
class Page {
 public:
  explicit Page(std::string first_line) : text_(std::move(first_line)) {}

  // A section of lines below a head, such as a heading, with what follows them; nothing if there is
  // no line.
  void Add(absl::string_view head, const std::vector<std::string>& lines,
           absl::string_view after = "") {
    // What has to have room after the lines: the line that counts what is left out.
    constexpr size_t kReserve = 200;
    if (lines.empty()) return;
    std::string section = absl::StrCat("\n", head);
    size_t shown = 0;
    while (shown < std::min(lines.size(), kMaxLines) &&
           text_.size() + section.size() + lines[shown].size() + after.size() + kReserve <
               kMaxMarkdownBytes) {
      absl::StrAppend(&section, lines[shown]);
      ++shown;
    }
    absl::StrAppend(&section, after);
    if (shown < lines.size()) {
      absl::StrAppend(&section, "\n… and ", lines.size() - shown, " more, in the report's files\n");
    }
    // Many sections that have no room left must not exceed it by what counts them.
    if (text_.size() + section.size() <= kMaxMarkdownBytes) absl::StrAppend(&text_, section);
  }

  std::string Text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string Bullet(absl::string_view text) { return absl::StrCat("- ", MarkdownCell(text), "\n"); }

// Why it has its verdict, beyond the change.
std::string Reason(const MeasurementResult& result) {
  std::vector<std::string> parts;
  if (result.has_growth()) parts.push_back(GrowthText(result));
  if (result.has_explanation()) parts.push_back(WhyText(result));
  if (!result.note().empty()) parts.push_back(result.note());
  if (!result.noise().empty()) parts.push_back(absl::StrCat("noisy: ", result.noise()));
  if (result.has_unresolved()) parts.push_back(UnresolvedText(result.unresolved()));
  if (std::string acceptance = AcceptanceText(result); !acceptance.empty()) {
    parts.push_back(std::move(acceptance));
  }
  if (std::string ask = AskText(result); !ask.empty()) parts.push_back(std::move(ask));
  return absl::StrJoin(parts, "; ");
}

std::string ResultRow(const MeasurementResult& result) {
  const bool has_baseline = HasPercentage(result) || !result.baseline().empty();
  return MarkdownRow(
      {MarkdownCell(absl::StrCat(Symbol(result.verdict()), " ", Words(result))),
       MarkdownCell(result.title()), MarkdownCell(ChangeText(result)),
       MarkdownCell(WithUnit(result.median(), result.unit())),
       has_baseline ? MarkdownCell(absl::StrCat(WithUnit(result.baseline_median(), result.unit()),
                                                " (", result.baseline(), ")"))
                    : "",
       MarkdownCell(Reason(result))});
}

std::vector<std::string> Noise(const Report& report) {
  std::vector<std::string> bullets;
  for (const auto& [reason, count] : NoiseByReason(report)) {
    bullets.push_back(
        Bullet(absl::StrCat(count, count == 1 ? " measurement: " : " measurements: ", reason)));
  }
  return bullets;
}

// Commands are copied, so they are code, where nothing has a meaning but a new line.
std::string CodeLine(absl::string_view command) {
  constexpr size_t kMaxCommand = 1000;
  return absl::StrCat("    ", OneLine(command, kMaxCommand), "\n");
}

// "**✗ Red: 1 red**: 214 measured, 12 of 13 requirements met. Machine x, commit, default loads."
std::string FirstLine(const Report& report, bool changed) {
  const ReportCounts counts = CountsOf(report);
  const absl::string_view unchanged =
      ConclusionWord(report) == "No baseline" ? "nothing to compare with, " : "nothing changed, ";
  std::string text = absl::StrCat("**", ConclusionSymbol(report), " ", Conclusion(report),
                                  "**: ", changed ? "" : unchanged, counts.measured, " measured");
  if (counts.requirements > 0) {
    absl::StrAppend(&text, ", ", RequirementsMet(counts));
  }
  if (counts.without_baseline > 0) {
    absl::StrAppend(&text, ", ", counts.without_baseline, " without baseline");
  }
  return absl::StrCat(text, ". Machine ", MarkdownCell(report.machine()), ", ",
                      MarkdownCell(Commit(report)), ", ", MarkdownCell(Profile(report)),
                      report.selection().empty() ? "" : ", ", MarkdownCell(report.selection()),
                      ", ", GeneratedAt(report), ".\n");
}

}  // namespace

std::string MarkdownReport(const Report& report) {
  std::vector<const MeasurementResult*> shown;
  std::vector<std::string> missing;
  for (const MeasurementResult& result : report.measurements()) {
    if (IsShown(result)) shown.push_back(&result);
    if (IsMissing(result))
      missing.push_back(Bullet(absl::StrCat(MissingText(result), AskClause(result))));
  }
  absl::c_stable_sort(shown, [](const MeasurementResult* one, const MeasurementResult* other) {
    const auto key = [](const MeasurementResult* result) {
      const double change = std::abs(result->change_percent());
      return std::make_pair(Rank(result->verdict()), std::isnan(change) ? 0 : -change);
    };
    return key(one) < key(other);
  });
  std::vector<std::string> rows;
  std::vector<std::string> commands;
  for (const MeasurementResult* result : shown) {
    rows.push_back(ResultRow(*result));
    const bool is_to_act_on = result->verdict() != IMPROVED && result->verdict() != ACCEPTED;
    if (is_to_act_on && !result->command().empty()) {
      commands.push_back(CodeLine(result->command()));
    }
  }
  std::vector<std::string> errors;
  for (const std::string& error : report.errors()) errors.push_back(Bullet(error));
  std::vector<std::string> missed;
  std::vector<std::string> unresolved;
  for (const RequirementResult& result : report.requirements()) {
    if (!IsMissed(result) && !IsUnresolved(result)) continue;
    (IsMissed(result) ? missed : unresolved)
        .push_back(Bullet(absl::StrCat(result.title(), ": ", RequirementText(result),
                                       result.requirement().why().empty() ? "" : "; ",
                                       result.requirement().why(), AskClause(result))));
  }
  std::vector<std::string> reminders;
  for (const MeasurementResult& result : report.measurements()) {
    const std::string reminder = ReminderText(result);
    if (reminder.empty()) continue;
    reminders.push_back(Bullet(absl::StrCat(result.title(), ": ", reminder, AskClause(result))));
  }
  const std::vector<std::string> noise = Noise(report);
  const bool changed = !(rows.empty() && errors.empty() && missed.empty() && unresolved.empty() &&
                         missing.empty() && reminders.empty() && noise.empty());
  Page page(FirstLine(report, changed));
  if (!changed) return std::move(page).Text();
  page.Add("## Could not measure\n\n", errors);
  page.Add("## Requirements missed\n\n", missed);
  page.Add("## Requirements unresolved\n\n", unresolved);
  page.Add("## Missing\n\n", missing, absl::StrCat("\n", AboutMissing(report), "\n"));
  page.Add(
      absl::StrCat("## What changed\n\n", MarkdownTableHead({"Verdict", "Measurement", "Change",
                                                             "Median", "Baseline", "Why"})),
      rows);
  page.Add("<details><summary>Commands that look closer, one a measurement</summary>\n\n", commands,
           "\n</details>\n");
  page.Add("## Accepted slowdowns to renew or remove\n\n", reminders);
  page.Add("## Noisy\n\n", noise);
  std::vector<std::string> notes;
  for (const std::string& note : report.notes()) {
    notes.push_back(absl::StrCat("> ", MarkdownCell(note), "\n>\n"));
  }
  page.Add("", notes);
  return std::move(page).Text();
}

}  // namespace perf

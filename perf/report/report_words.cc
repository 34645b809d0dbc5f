#include "perf/report/report_words.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "perf/record/short_commit.h"
#include "perf/stats/figure_text.h"

namespace perf {
namespace {

constexpr char kAboutMissing[] =
    "Bring them back; or, if they were renamed or removed on purpose, store the baselines anew "
    "(--update_baselines).";

constexpr char kAboutGone[] =
    "Bring them back; or, if they were renamed or removed on purpose, compare with the revision "
    "that did so.";

// "12 s", or "3 min 20 s".
std::string RoughDuration(double seconds) {
  // A report that was read from a file may state anything.
  constexpr double kMaxSeconds = 1e9;
  const int whole = static_cast<int>(std::ceil(std::min(seconds, kMaxSeconds)));
  return whole < 60 ? absl::StrCat(whole, " s")
                    : absl::StrCat(whole / 60, " min ", whole % 60, " s");
}

// Reasons are sentences, or none; they are put in the middle of one.
absl::string_view WithoutPeriod(absl::string_view why) {
  return absl::StripSuffix(absl::StripAsciiWhitespace(why), ".");
}

// "15 %"
std::string Percentage(double percent) { return absl::StrCat(percent, " %"); }

// What a measurement probably is that an A/B comparison left unresolved: "probably red".
std::string Supposition(const UnresolvedResult& unresolved) {
  switch (unresolved.reason()) {
    case LOOKS_CHANGED:
      return absl::StrCat("probably ", absl::AsciiStrToLower(Word(unresolved.likely())));
    case TOO_NOISY:
      return "too noisy";
    default:
      return "not reached";
  }
}

// Adds "COUNT WHAT", unless there is none of it.
void AddPart(int count, absl::string_view what, std::vector<std::string>& parts) {
  if (count > 0) parts.push_back(absl::StrCat(count, " ", what));
}

}  // namespace

std::string WithUnit(double value, absl::string_view unit) {
  // "2.5x", but "25.5 ms".
  return absl::StrCat(FormatFigure(value), unit == "x" ? "" : " ", unit);
}

absl::string_view Symbol(Verdict verdict) {
  switch (verdict) {
    case STABLE:
      return "✓";
    case IMPROVED:
      return "✅";
    case YELLOW:
      return "⚠";
    case RED:
    case MISSING:
      return "✗";
    case UNRESOLVED:
      return "?";
    case ACCEPTED:
      return "~";
    default:
      return "-";
  }
}

absl::string_view Word(Verdict verdict) {
  switch (verdict) {
    case STABLE:
      return "Stable";
    case IMPROVED:
      return "Improved";
    case YELLOW:
      return "Yellow";
    case RED:
      return "Red";
    case UNRESOLVED:
      return "Unresolved";
    case NO_BASELINE:
      return "No baseline";
    case MISSING:
      return "Missing";
    case ACCEPTED:
      return "Accepted";
    default:
      return "Not comparable";
  }
}

std::string Words(const MeasurementResult& result) {
  return absl::StrCat(
      Word(result.verdict()),
      result.has_unresolved() ? absl::StrCat(", ", Supposition(result.unresolved())) : "");
}

std::string AcceptanceText(const MeasurementResult& result) {
  if (!result.has_acceptance()) return "";
  const Acceptance& acceptance = result.acceptance();
  const AcceptedSlowdown& stated = acceptance.stated();
  const absl::string_view why = WithoutPeriod(stated.why());
  const std::string most = Percentage(stated.at_most_percent());
  if (result.verdict() == ACCEPTED) {
    return absl::StrCat("accepted until ", stated.until(), ": ", why, "; it is ",
                        absl::StrFormat("%.1f %%", std::abs(result.change_percent())),
                        " worse, and at most ", most, " is accepted");
  }
  // What it turns out to be may be within that.
  if (result.verdict() == UNRESOLVED && acceptance.days_left() >= 0 && !acceptance.is_in_both()) {
    return absl::StrCat("at most ", most, " worse is accepted until ", stated.until(), ": ", why);
  }
  // A growth is red whatever the baseline, and nothing of it can be accepted.
  const bool is_worse = result.verdict() == RED || result.verdict() == YELLOW;
  if (!is_worse || (result.has_growth() && result.growth().grows())) return "";
  if (acceptance.days_left() < 0) {
    return absl::StrCat("no longer accepted: at most ", most, " was until ", stated.until(), ": ",
                        why);
  }
  if (acceptance.is_in_both()) {
    return absl::StrCat("at most ", most, " is accepted until ", stated.until(),
                        " of a change that both revisions have, and this is another: ", why);
  }
  if (!HasPercentage(result)) {
    return absl::StrCat("at most ", most, " is accepted until ", stated.until(),
                        ", and of a baseline of zero there is no percentage: ", why);
  }
  return absl::StrCat("more than the ", most, " that is accepted until ", stated.until(), ": ",
                      why);
}

std::map<std::string, int> NoiseByReason(const Report& report) {
  std::map<std::string, int> reasons;
  for (const MeasurementResult& result : report.measurements()) {
    if (!result.noise().empty()) ++reasons[result.noise()];
  }
  return reasons;
}

std::string ReminderText(const MeasurementResult& result) {
  if (!result.has_acceptance() || result.verdict() == RED || result.verdict() == YELLOW) return "";
  const Acceptance& acceptance = result.acceptance();
  const int days = acceptance.days_left();
  // Beside a revision that accepts it, too, a slowdown is in both, and cannot be seen.
  const bool is_needed =
      acceptance.is_in_both() || (result.verdict() != STABLE && result.verdict() != IMPROVED);
  // What was not judged now may need it or not; once it is over, nobody has to know.
  if (days > kReminderDays || (days < 0 && is_needed)) return "";
  const std::string when = days < 0    ? "which is over"
                           : days == 0 ? "which is today"
                           : days == 1 ? "which is tomorrow"
                                       : absl::StrCat("which is in ", days, " days");
  return absl::StrCat("accepted until ", acceptance.stated().until(), ", ", when, ": ",
                      is_needed ? "make it fast again, or accept it for longer, in the "
                                  "component's requirements.textproto"
                                : "it is not worse in this run, so take it out of the component's "
                                  "requirements.textproto, unless other runs need it");
}

std::string OwnersText(const Owners& owners) {
  constexpr int kMaxOwners = 5;
  std::vector<std::string> shown(owners.begin(),
                                 owners.begin() + std::min(owners.size(), kMaxOwners));
  if (owners.size() > kMaxOwners) {
    shown.push_back(absl::StrCat("and ", owners.size() - kMaxOwners, " more"));
  }
  return absl::StrJoin(shown, ", ");
}

std::string AskText(const MeasurementResult& result) {
  const bool needs_somebody = result.verdict() == RED || result.verdict() == YELLOW ||
                              result.verdict() == UNRESOLVED || IsMissing(result) ||
                              !ReminderText(result).empty();
  if (!needs_somebody || result.owners().empty()) return "";
  return absl::StrCat("ask ", OwnersText(result.owners()));
}

std::string AskText(const RequirementResult& result) {
  if (!(IsMissed(result) || IsUnresolved(result)) || result.owners().empty()) return "";
  return absl::StrCat("ask ", OwnersText(result.owners()));
}

bool HasOwners(const Report& report) {
  return absl::c_any_of(report.components(),
                        [](const ComponentStatus& status) { return !status.owners().empty(); });
}

bool HasChange(Verdict verdict) {
  return verdict == STABLE || verdict == IMPROVED || verdict == YELLOW || verdict == RED ||
         verdict == UNRESOLVED || verdict == ACCEPTED;
}

bool IsMissing(const MeasurementResult& result) { return result.verdict() == MISSING; }

bool IsUnchanged(const MeasurementResult& result) {
  return result.verdict() == STABLE && result.count() == 0;
}

bool HasPercentage(const MeasurementResult& result) {
  const bool none_before = result.baseline_median() == 0 && result.median() != 0;
  const bool shown =
      HasChange(result.verdict()) || (result.verdict() == NO_BASELINE && result.history_runs() > 0);
  return shown && result.count() > 0 && !result.baseline().empty() && !none_before;
}

std::string ChangeText(const MeasurementResult& result) {
  if (!HasPercentage(result)) return "";
  std::string text = PercentText(result.change_percent());
  if (std::isfinite(result.change_percent_low()) && std::isfinite(result.change_percent_high())) {
    absl::StrAppend(&text, " (between ", PercentText(result.change_percent_low()), " and ",
                    PercentText(result.change_percent_high()), ")");
  }
  return text;
}

std::string UnresolvedText(const UnresolvedResult& unresolved) {
  const std::string rounds =
      absl::StrCat("after ", unresolved.rounds(), unresolved.rounds() == 1 ? " round" : " rounds");
  switch (unresolved.reason()) {
    case LOOKS_CHANGED:
      return absl::StrCat("not proven ", rounds);
    case TOO_NOISY:
      return absl::StrFormat("half of %d rounds differ from their median by more than %.0f %%",
                             unresolved.rounds(), unresolved.spread_percent());
    default:
      return absl::StrCat("the comparison ended ", rounds);
  }
}

std::string SettleText(const UnresolvedResult& unresolved) {
  return absl::StrCat(
      "To settle it",
      unresolved.seconds_to_settle() > 0
          ? absl::StrCat(", in about ", RoughDuration(unresolved.seconds_to_settle()))
          : ", on a quieter machine");
}

std::string FiguresText(const MeasurementResult& result) {
  if (result.unit().empty() || result.baseline().empty()) return "";
  return absl::StrCat("median ", WithUnit(result.median(), result.unit()), ", baseline ",
                      WithUnit(result.baseline_median(), result.unit()), " (", result.baseline(),
                      ")");
}

std::string WhyText(const MeasurementResult& result) {
  if (!result.has_explanation()) return "";
  const Explanation& explanation = result.explanation();
  return absl::StrCat(explanation.cause() == CAUSE_NOT_EXPLAINED ? "" : "why: ",
                      explanation.line());
}

std::string VerdictText(const MeasurementResult& result) {
  std::string text = absl::StrCat(Symbol(result.verdict()), " ", Words(result));
  if (HasPercentage(result)) {
    absl::StrAppend(
        &text, ": ", PercentText(result.change_percent()), " vs ",
        result.verdict() == NO_BASELINE ? absl::string_view(result.baseline()) : "baseline");
  }
  if (result.has_unresolved()) {
    absl::StrAppend(&text, "; ", UnresolvedText(result.unresolved()));
  } else if (result.verdict() == UNRESOLVED && result.noise().empty()) {
    absl::StrAppend(&text, "; the samples spread too widely to tell, measure again or longer");
  }
  if (!result.note().empty()) {
    absl::StrAppend(&text, HasPercentage(result) ? "; " : ": ", result.note());
  }
  if (!result.noise().empty()) {
    absl::StrAppend(&text, "; noisy: ", result.noise());
  }
  if (const std::string acceptance = AcceptanceText(result); !acceptance.empty()) {
    absl::StrAppend(&text, "; ", acceptance);
  }
  if (result.attempts() > 1) absl::StrAppendFormat(&text, " (best of %d runs)", result.attempts());
  return text;
}

std::string ChangeDetail(const MeasurementResult& result) {
  const bool bounded =
      std::isfinite(result.change_percent_low()) && std::isfinite(result.change_percent_high());
  return absl::StrCat(
      "median ", WithUnit(result.median(), result.unit()), ", baseline ",
      WithUnit(result.baseline_median(), result.unit()), " (", result.baseline(), ")",
      bounded ? absl::StrFormat("; change between %+.1f%% and %+.1f%%", result.change_percent_low(),
                                result.change_percent_high())
              : "");
}

std::string GrowthText(const MeasurementResult& result) {
  const GrowthResult& growth = result.growth();
  // A step's share of megabytes is best read in bytes.
  const bool megabytes = result.unit() == "MB";
  const double scale = megabytes ? 1e6 : 1;
  return absl::StrFormat(
      "Growth: %s, %s a %s (between %s and %s)", WithUnit(growth.total(), result.unit()),
      WithUnit(growth.each() * scale, megabytes ? "bytes" : result.unit()), growth.work_unit(),
      FormatFigure(growth.each_low() * scale), FormatFigure(growth.each_high() * scale));
}

std::string Limit(const Requirement& requirement) {
  return requirement.has_at_most()
             ? absl::StrCat("at most ", WithUnit(requirement.at_most(), requirement.unit()))
             : absl::StrCat("at least ", WithUnit(requirement.at_least(), requirement.unit()));
}

std::string RequirementText(const RequirementResult& result) {
  return absl::StrCat(StatisticWord(result.requirement().statistic()), " ",
                      WithUnit(result.value(), result.requirement().unit()), ", required ",
                      Limit(result.requirement()),
                      IsUnresolved(result) ? absl::StrCat("; noisy: ", result.noise()) : "");
}

bool IsMissed(const RequirementResult& result) {
  return result.measured() && !result.met() && result.noise().empty();
}

bool IsUnresolved(const RequirementResult& result) {
  return result.measured() && !result.met() && !result.noise().empty();
}

std::string StatisticWord(Statistic statistic) {
  switch (statistic) {
    case MEAN:
      return "average";
    case MEDIAN:
      return "median";
    case MINIMUM:
      return "minimum";
    case MAXIMUM:
      return "maximum";
    case P90:
      return "90th percentile";
    case P95:
      return "95th percentile";
    case GROWTH:
      return "growth";
    default:
      return "99th percentile";
  }
}

absl::string_view StatusText(Status status) {
  switch (status) {
    case STATUS_STABLE:
      return "✓ stable";
    case STATUS_IMPROVED:
      return "✅ improved";
    case STATUS_YELLOW:
      return "⚠ yellow";
    case STATUS_RED:
      return "✗ red";
    case STATUS_MISSING:
      return "✗ missing";
    case STATUS_UNRESOLVED:
      return "? unresolved";
    case STATUS_ACCEPTED:
      return "~ accepted";
    case STATUS_NO_BASELINE:
      return "- no baseline";
    default:
      return "- not measured";
  }
}

std::string GeneratedAt(const Report& report) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                          absl::FromUnixSeconds(report.generated().seconds()), absl::UTCTimeZone());
}

std::string Profile(const Report& report) {
  std::string text = absl::StrCat(report.profile(), " loads");
  std::vector<std::string> overrides;
  for (const auto& [name, value] : report.load_overrides()) {
    overrides.push_back(absl::StrCat(name, "=", value));
  }
  std::sort(overrides.begin(), overrides.end());
  if (!overrides.empty()) absl::StrAppend(&text, ", ", absl::StrJoin(overrides, ", "));
  return text;
}

std::string Commit(const Report& report) {
  if (report.commit().empty()) return "unknown commit";
  return absl::StrCat(ShortCommit(report.commit()),
                      report.dirty() ? " with uncommitted changes" : "");
}

ReportCounts CountsOf(const Report& report) {
  ReportCounts counts;
  for (const ComponentStatus& status : report.components()) {
    counts.measured += status.num_measurements();
    counts.red += status.num_red();
    counts.yellow += status.num_yellow();
    counts.improved += status.num_improved();
    counts.unresolved += status.num_unresolved();
    counts.accepted += status.num_accepted();
    counts.noisy += status.num_noisy();
    counts.not_comparable += status.num_not_comparable();
    counts.without_baseline += status.num_without_baseline();
    counts.requirements += status.num_requirements();
    counts.requirements_missed += status.num_requirements() - status.num_requirements_met() -
                                  status.num_requirements_unresolved();
    counts.requirements_unresolved += status.num_requirements_unresolved();
  }
  counts.missing = static_cast<int>(absl::c_count_if(report.measurements(), IsMissing));
  counts.unchanged = static_cast<int>(absl::c_count_if(report.measurements(), IsUnchanged));
  counts.measured -= counts.unchanged;
  return counts;
}

absl::string_view ConclusionSymbol(const Report& report) {
  const absl::string_view word = ConclusionWord(report);
  if (word == "Stable") return Symbol(STABLE);
  if (word == "Improved") return Symbol(IMPROVED);
  if (word == "Yellow") return Symbol(YELLOW);
  if (word == "Unresolved") return Symbol(UNRESOLVED);
  if (word == "Accepted") return Symbol(ACCEPTED);
  return word == "No baseline" ? Symbol(NO_BASELINE) : Symbol(RED);
}

std::string RequirementsMet(const ReportCounts& counts) {
  const int met = counts.requirements - counts.requirements_missed - counts.requirements_unresolved;
  return absl::StrCat(met, " of ", counts.requirements, " requirements met");
}

absl::string_view ConclusionWord(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  if (report.exit_code() == 1) return "Red";
  if (report.exit_code() == 2) return report.errors().empty() ? "Missing" : "Could not measure";
  if (counts.yellow > 0) return "Yellow";
  if (counts.unresolved + counts.noisy + counts.not_comparable + counts.requirements_unresolved >
      0) {
    return "Unresolved";
  }
  if (counts.accepted > 0) return "Accepted";
  if (counts.improved > 0) return "Improved";
  const bool compared = absl::c_any_of(report.measurements(), [](const MeasurementResult& result) {
    return HasChange(result.verdict());
  });
  return compared ? "Stable" : "No baseline";
}

std::vector<std::string> RemarkableParts(const ComponentStatus& status) {
  std::vector<std::string> parts;
  AddPart(status.num_red(), "red", parts);
  AddPart(status.num_missing(), "missing", parts);
  AddPart(status.num_yellow(), "yellow", parts);
  AddPart(status.num_unresolved(), "unresolved", parts);
  AddPart(status.num_accepted(), "accepted", parts);
  AddPart(status.num_noisy(), "noisy", parts);
  AddPart(status.num_improved(), "improved", parts);
  AddPart(status.num_without_baseline(), "without baseline", parts);
  return parts;
}

std::string Conclusion(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  const absl::string_view word = ConclusionWord(report);
  std::vector<std::string> parts;
  AddPart(counts.red, "red", parts);
  AddPart(counts.requirements_missed,
          counts.requirements_missed == 1 ? "requirement missed" : "requirements missed", parts);
  AddPart(report.errors_size(), "could not be measured", parts);
  AddPart(counts.missing, "missing", parts);
  AddPart(counts.yellow, "yellow", parts);
  AddPart(counts.unresolved, "unresolved", parts);
  AddPart(
      counts.requirements_unresolved,
      counts.requirements_unresolved == 1 ? "requirement unresolved" : "requirements unresolved",
      parts);
  AddPart(counts.noisy, "noisy", parts);
  AddPart(counts.not_comparable, "not comparable", parts);
  AddPart(counts.accepted, "accepted", parts);
  AddPart(counts.improved, "improved", parts);
  if (word == "No baseline") {
    AddPart(counts.requirements, counts.requirements == 1 ? "requirement met" : "requirements met",
            parts);
  }
  return parts.empty() ? std::string(word) : absl::StrCat(word, ": ", absl::StrJoin(parts, ", "));
}

NextStep NextStepOf(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  const std::string& command = report.command();
  if (command.empty()) return {};
  const bool beside = report.environment_match() == ENVIRONMENT_BESIDE;
  if (counts.red + counts.yellow > 0 && !beside) {
    return {.what = "see whether it was the code, beside an earlier revision",
            .command = absl::StrCat(command, " -- --against REVISION")};
  }
  if (ConclusionWord(report) == "No baseline") {
    return {.what = "make these figures the baseline",
            .command = absl::StrCat(command, " -- --update_baselines")};
  }
  if (counts.noisy > 0 && !beside) {
    return {.what = "measure again when the machine is quiet, or beside a revision",
            .command = absl::StrCat(command, " -- --against REVISION")};
  }
  return {};
}

std::vector<std::vector<std::string>> StatusRows(const Report& report) {
  std::vector<std::vector<std::string>> rows = {{"Component", "Status", "Requirements", "Improved",
                                                 "Yellow", "Red", "Missing", "Unresolved",
                                                 "Accepted", "Noisy", "No baseline"}};
  const bool has_owners = HasOwners(report);
  if (has_owners) rows.front().emplace_back("Owners");
  for (const ComponentStatus& status : report.components()) {
    rows.push_back({status.component(), std::string(StatusText(status.status())),
                    absl::StrCat(status.num_requirements_met(), "/", status.num_requirements()),
                    absl::StrCat(status.num_improved()), absl::StrCat(status.num_yellow()),
                    absl::StrCat(status.num_red()), absl::StrCat(status.num_missing()),
                    absl::StrCat(status.num_unresolved()), absl::StrCat(status.num_accepted()),
                    absl::StrCat(status.num_noisy()), absl::StrCat(status.num_without_baseline())});
    if (has_owners) rows.back().push_back(OwnersText(status.owners()));
  }
  return rows;
}

absl::string_view AboutMissing(const Report& report) {
  // Only beside a revision is there no figure of a baseline.
  const bool beside = absl::c_all_of(report.measurements(), [](const MeasurementResult& result) {
    return !IsMissing(result) || result.unit().empty();
  });
  return beside ? kAboutGone : kAboutMissing;
}

std::string MissingText(const MeasurementResult& result) {
  std::string text = absl::StrCat(result.name(), ": ", result.note());
  if (result.unit().empty()) return text;
  return absl::StrCat(text, " (", WithUnit(result.baseline_median(), result.unit()), ", ",
                      result.baseline(), ")");
}

size_t Width(absl::string_view text) {
  return static_cast<size_t>(absl::c_count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "  " : "   ", row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - Width(row[i]), ' ');
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return text;
}

}  // namespace perf

#include "perf/report/report_text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "perf/stats/figure_text.h"

namespace perf {
namespace {

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
    default:
      return "Not comparable";
  }
}

bool HasChange(Verdict verdict) {
  return verdict == STABLE || verdict == IMPROVED || verdict == YELLOW || verdict == RED ||
         verdict == UNRESOLVED;
}

bool IsMissing(const MeasurementResult& result) { return result.verdict() == MISSING; }

// Whether there is a percentage of a baseline: not of a test whose code is the same in both
// revisions, of something that is where there was none before, or of memory that grows without any
// baseline.
bool HasPercentage(const MeasurementResult& result) {
  const bool none_before = result.baseline_median() == 0 && result.median() != 0;
  const bool shown =
      HasChange(result.verdict()) || (result.verdict() == NO_BASELINE && result.history_runs() > 0);
  return shown && result.count() > 0 && !result.baseline().empty() && !none_before;
}

bool IsWorse(Verdict verdict) {
  return verdict == RED || verdict == YELLOW || verdict == UNRESOLVED;
}

// Whole numbers are printed in full: a count is exact.
std::string FormatCount(double value) {
  return value == std::floor(value) ? absl::StrFormat("%.0f", value)
                                    : absl::StrFormat("%.2f", value);
}

// "12 s", or "3 min 20 s".
std::string RoughDuration(double seconds) {
  const int whole = static_cast<int>(std::ceil(seconds));
  return whole < 60 ? absl::StrCat(whole, " s")
                    : absl::StrCat(whole / 60, " min ", whole % 60, " s");
}

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

// Why an A/B comparison left it unresolved, and what to do about it.
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

// The command that settles it, with how long that takes.
std::string SettleText(const UnresolvedResult& unresolved) {
  return absl::StrCat(
      "To settle it",
      unresolved.seconds_to_settle() > 0
          ? absl::StrCat(", in about ", RoughDuration(unresolved.seconds_to_settle()))
          : ", on a quieter machine",
      ": ", unresolved.command());
}

std::string VerdictText(const MeasurementResult& result) {
  std::string text = absl::StrCat(Symbol(result.verdict()), " ", Word(result.verdict()));
  if (result.has_unresolved()) absl::StrAppend(&text, ", ", Supposition(result.unresolved()));
  if (HasPercentage(result)) {
    // Rounded before it is printed, and without the sign of a negative zero.
    const double change = std::round(result.change_percent() * 10) / 10 + 0.0;
    absl::StrAppendFormat(
        &text, ": %+.1f%% vs %s", change,
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
  if (result.attempts() > 1) absl::StrAppendFormat(&text, " (best of %d runs)", result.attempts());
  return text;
}

// The figures behind a percentage, for whoever has to act on it. Few rounds have no interval.
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

// "Growth: 1.2 MB, 112 bytes a session (between 111 and 113)"
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
    case STATUS_NO_BASELINE:
      return "- no baseline";
    default:
      return "- not measured";
  }
}

std::string Title(absl::string_view title) {
  return absl::StrCat(title, "\n", std::string(title.size(), '='), "\n");
}

std::string Subtitle(absl::string_view title) {
  return absl::StrCat(title, "\n", std::string(title.size(), '-'), "\n");
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
  return absl::StrCat(report.commit().substr(0, 12),
                      report.dirty() ? " with uncommitted changes" : "");
}

std::string Conclusion(const Report& report) {
  int num_red = 0;
  int num_requirements = 0;
  int num_missed = 0;
  int num_yellow = 0;
  int num_unresolved = 0;
  int num_noisy = 0;
  int num_not_comparable = 0;
  int num_improved = 0;
  const auto num_missing = absl::c_count_if(report.measurements(), IsMissing);
  for (const ComponentStatus& status : report.components()) {
    num_red += status.num_red();
    num_requirements += status.num_requirements();
    num_missed += status.num_requirements() - status.num_requirements_met();
    num_yellow += status.num_yellow();
    num_unresolved += status.num_unresolved();
    num_noisy += status.num_noisy();
    num_not_comparable += status.num_not_comparable();
    num_improved += status.num_improved();
  }
  std::vector<std::string> parts;
  if (num_red > 0) parts.push_back(absl::StrCat(num_red, " red"));
  if (num_missed > 0) {
    parts.push_back(
        absl::StrCat(num_missed, num_missed == 1 ? " requirement" : " requirements", " missed"));
  }
  if (!report.errors().empty()) {
    parts.push_back(absl::StrCat(report.errors_size(), " could not be measured"));
  }
  if (num_missing > 0) parts.push_back(absl::StrCat(num_missing, " missing"));
  if (num_yellow > 0) parts.push_back(absl::StrCat(num_yellow, " yellow"));
  if (num_unresolved > 0) parts.push_back(absl::StrCat(num_unresolved, " unresolved"));
  if (num_noisy > 0) parts.push_back(absl::StrCat(num_noisy, " noisy"));
  if (num_not_comparable > 0) {
    parts.push_back(absl::StrCat(num_not_comparable, " not comparable"));
  }
  if (num_improved > 0) parts.push_back(absl::StrCat(num_improved, " improved"));
  absl::string_view word = "Stable";
  if (report.exit_code() == 1) {
    word = "Red";
  } else if (report.exit_code() == 2) {
    word = report.errors().empty() ? "Missing" : "Could not measure";
  } else if (num_yellow > 0) {
    word = "Yellow";
  } else if (num_unresolved + num_noisy + num_not_comparable > 0) {
    word = "Unresolved";
  } else if (num_improved > 0) {
    word = "Improved";
  } else if (!absl::c_any_of(report.measurements(), [](const MeasurementResult& result) {
               return HasChange(result.verdict());
             })) {
    word = "No baseline";
    if (num_requirements > 0) {
      parts.push_back(absl::StrCat(
          num_requirements, num_requirements == 1 ? " requirement" : " requirements", " met"));
    }
  }
  return parts.empty() ? std::string(word) : absl::StrCat(word, ": ", absl::StrJoin(parts, ", "));
}

// Columns padded with spaces; the first row is the header.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  // The width on a terminal, which shows code points, not bytes.
  const auto width = [](const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  };
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "  " : "   ", row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]), ' ');
    }
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string MeasurementText(const MeasurementResult& result, const TextOptions& options) {
  std::string text = absl::StrCat(result.title(), ":\n");
  // A test whose code is the same in both revisions was not run, so it has no figures.
  if (result.count() == 0) return absl::StrCat(text, "  ", VerdictText(result), "\n");
  const auto line = [&](absl::string_view name, double value) {
    absl::StrAppend(&text, "  ", name, ": ", WithUnit(value, result.unit()), "\n");
  };
  absl::StrAppend(&text, "  Count: ", result.count(), "\n");
  line("Average", result.mean());
  line("Min", result.min());
  line("Max", result.max());
  if (options.verbose) {
    line("Median", result.median());
    line("95th percentile", result.p95());
    line("99th percentile", result.p99());
    absl::StrAppend(&text, "  Name: ", result.name(), " (", result.target(), ")\n");
    std::vector<std::string> counters;
    for (const auto& [name, value] : result.counters()) {
      counters.push_back(absl::StrCat("  ", name, ": ", FormatFigure(value), "\n"));
    }
    std::sort(counters.begin(), counters.end());
    absl::StrAppend(&text, absl::StrJoin(counters, ""));
  }
  if (result.has_growth()) absl::StrAppend(&text, "  ", GrowthText(result), "\n");
  absl::StrAppend(&text, "  ", VerdictText(result), "\n");
  if (HasPercentage(result) && (options.verbose || result.verdict() != STABLE)) {
    absl::StrAppend(&text, "    ", ChangeDetail(result), "\n");
  } else if (IsWorse(result.verdict()) && !result.baseline().empty()) {
    absl::StrAppendFormat(&text, "    median %s, baseline %s (%s)\n",
                          WithUnit(result.median(), result.unit()),
                          WithUnit(result.baseline_median(), result.unit()), result.baseline());
  }
  if (result.has_unresolved()) {
    absl::StrAppend(&text, "    ", SettleText(result.unresolved()), "\n");
  }
  return text;
}

// "1234.5", or "1234.5 (-3.2%)" with the sign that the verdicts have: + is better.
std::string CountText(const MeasurementResult& result) {
  std::string text = FormatCount(result.median());
  switch (result.verdict()) {
    case NO_BASELINE:
      return text;
    case STABLE:
      if (std::abs(result.change_percent()) < 0.01) return text;
      break;
    default:
      break;
  }
  if (!HasChange(result.verdict())) return absl::StrCat(text, " ?");
  if (result.baseline_median() == 0) {
    return absl::StrCat(text, " ", Symbol(result.verdict()), " (none before)");
  }
  return absl::StrFormat(
      "%s %s(%+.2f%%)", text,
      result.verdict() == STABLE ? "" : absl::StrCat(Symbol(result.verdict()), " "),
      result.change_percent());
}

// A table with a row for each benchmark and a column for each thing that was counted.
std::string CountsText(const Report& report) {
  std::vector<std::string> kinds;
  // Names without what was counted, in order, and their titles.
  std::vector<std::string> names;
  std::map<std::string, std::string> titles;
  std::map<std::pair<std::string, std::string>, std::string> cells;
  for (const MeasurementResult& result : report.measurements()) {
    if (result.counted().empty()) continue;
    const std::string suffix =
        absl::StrCat(", ", absl::StrReplaceAll(result.counted(), {{"_", " "}}));
    const std::string name(absl::StripSuffix(result.name(), absl::StrCat(".", result.counted())));
    if (!absl::c_linear_search(kinds, result.counted())) kinds.push_back(result.counted());
    if (!absl::c_linear_search(names, name)) names.push_back(name);
    titles[name] = std::string(absl::StripSuffix(result.title(), suffix));
    cells[{name, result.counted()}] = CountText(result);
  }
  if (names.empty()) return "";
  std::vector<std::vector<std::string>> rows = {{"Benchmark"}};
  for (const std::string& kind : kinds) {
    rows[0].push_back(absl::StrReplaceAll(kind, {{"_", " "}}));
  }
  for (const std::string& name : names) {
    rows.push_back({titles[name]});
    for (const std::string& kind : kinds) rows.back().push_back(cells[{name, kind}]);
  }
  return absl::StrCat("\n", Subtitle("Counts of One Iteration"), Table(rows));
}

std::string RequirementsText(const Report& report, const TextOptions& options) {
  std::string text;
  for (const RequirementResult& result : report.requirements()) {
    if (!result.measured()) {
      if (!options.verbose) continue;
      absl::StrAppend(&text, "  - ", result.title(), ": not measured in this run\n");
      continue;
    }
    absl::StrAppend(&text, "  ", result.met() ? "✓" : "✗", " ", result.title(), ": ",
                    StatisticWord(result.requirement().statistic()), " ",
                    WithUnit(result.value(), result.requirement().unit()), ", required ",
                    Limit(result.requirement()), "\n");
    if (!result.met() && !result.requirement().why().empty()) {
      absl::StrAppend(&text, "      ", result.requirement().why(), "\n");
    }
  }
  return text.empty() ? "" : absl::StrCat("\n", Subtitle("Requirements"), text);
}

std::vector<std::vector<std::string>> StatusRows(const Report& report) {
  std::vector<std::vector<std::string>> rows = {{"Component", "Status", "Requirements", "Improved",
                                                 "Yellow", "Red", "Missing", "Unresolved", "Noisy",
                                                 "No baseline"}};
  for (const ComponentStatus& status : report.components()) {
    rows.push_back({status.component(), std::string(StatusText(status.status())),
                    absl::StrCat(status.num_requirements_met(), "/", status.num_requirements()),
                    absl::StrCat(status.num_improved()), absl::StrCat(status.num_yellow()),
                    absl::StrCat(status.num_red()), absl::StrCat(status.num_missing()),
                    absl::StrCat(status.num_unresolved()), absl::StrCat(status.num_noisy()),
                    absl::StrCat(status.num_without_baseline())});
  }
  return rows;
}

// What to do about missing measurements, said once for all.
constexpr char kAboutMissing[] =
    "Bring them back; or, if they were renamed or removed on purpose, store the baselines anew "
    "(--update_baselines).";
constexpr char kAboutGone[] =
    "Bring them back; or, if they were renamed or removed on purpose, compare with the revision "
    "that did so.";

absl::string_view AboutMissing(const Report& report) {
  // Only beside a revision is there no figure of a baseline.
  const bool beside = absl::c_all_of(report.measurements(), [](const MeasurementResult& result) {
    return !IsMissing(result) || result.unit().empty();
  });
  return beside ? kAboutGone : kAboutMissing;
}

// "audio.vad: the baseline has it, and no test measured it (25.5 ms, 0123456789ab of 2026-11-24)"
std::string MissingText(const MeasurementResult& result) {
  std::string text = absl::StrCat(result.name(), ": ", result.note());
  if (result.unit().empty()) return text;
  return absl::StrCat(text, " (", WithUnit(result.baseline_median(), result.unit()), ", ",
                      result.baseline(), ")");
}

// The order in which a reader wants them: what has to be acted on first.
int Rank(Verdict verdict) {
  switch (verdict) {
    case RED:
      return 0;
    case UNRESOLVED:
      return 1;
    case YELLOW:
      return 2;
    case IMPROVED:
      return 3;
    case NOT_COMPARABLE:
      return 4;
    case NO_BASELINE:
      return 5;
    default:
      return 6;
  }
}

std::string EscapeMarkdown(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"<", "&lt;"}, {"\n", " "}});
}

std::string MarkdownRow(const std::vector<std::string>& cells) {
  std::vector<std::string> escaped;
  for (const std::string& cell : cells) escaped.push_back(EscapeMarkdown(cell));
  return absl::StrCat("| ", absl::StrJoin(escaped, " | "), " |\n");
}

std::string MarkdownTable(const std::vector<std::vector<std::string>>& rows) {
  std::string text = MarkdownRow(rows.front());
  absl::StrAppend(&text, MarkdownRow(std::vector<std::string>(rows.front().size(), "---")));
  for (size_t i = 1; i < rows.size(); ++i) absl::StrAppend(&text, MarkdownRow(rows[i]));
  return text;
}

}  // namespace

std::string TextReport(const Report& report, const TextOptions& options) {
  std::string text = Title("Performance Test Report");
  for (const MeasurementResult& result : report.measurements()) {
    if (IsMissing(result)) continue;
    // The table below shows all counts; here are those to act on.
    const bool in_table_only = !result.counted().empty() && !options.verbose &&
                               result.verdict() != RED && result.verdict() != YELLOW &&
                               result.verdict() != UNRESOLVED;
    if (!in_table_only) absl::StrAppend(&text, "\n", MeasurementText(result, options));
  }
  absl::StrAppend(&text, CountsText(report));
  absl::StrAppend(&text, RequirementsText(report, options));
  if (!report.components().empty()) {
    absl::StrAppend(&text, "\n", Subtitle("Status"), Table(StatusRows(report)));
  }
  if (absl::c_any_of(report.measurements(), IsMissing)) {
    absl::StrAppend(&text, "\n", Subtitle("Missing"));
    for (const MeasurementResult& result : report.measurements()) {
      if (IsMissing(result)) absl::StrAppend(&text, "  ✗ ", MissingText(result), "\n");
    }
    absl::StrAppend(&text, "  ", AboutMissing(report), "\n");
  }
  if (!report.errors().empty()) {
    absl::StrAppend(&text, "\n", Subtitle("Could not measure"));
    for (const std::string& error : report.errors()) {
      absl::StrAppend(&text, "  ✗ ", absl::StrReplaceAll(error, {{"\n", "\n    "}}), "\n");
    }
  }
  absl::StrAppend(&text, "\n");
  for (const std::string& note : report.notes()) absl::StrAppend(&text, "Note: ", note, "\n");
  const Environment& environment = report.environment();
  absl::StrAppend(&text, "Machine: ", report.machine(), " (", environment.cpu_model(), ", ",
                  environment.num_cpus(), environment.num_cpus() == 1 ? " CPU" : " CPUs", ", ",
                  environment.compiler(), ")\n");
  if (options.verbose) {
    std::vector<std::string> details;
    const auto detail = [&](absl::string_view what, absl::string_view value) {
      if (!value.empty()) details.push_back(absl::StrCat(what, " ", value));
    };
    detail("kernel", environment.kernel());
    detail("hypervisor:", environment.hypervisor());
    detail("frequency governor", environment.scaling_governor());
    detail("turbo", environment.turbo());
    detail("multithreading", environment.smt());
    detail("built with:", environment.build_flags());
    absl::StrAppend(&text, "         ", absl::StrJoin(details, "; "), "\n");
  }
  absl::StrAppend(&text, "Measured: ", Commit(report), ", ", Profile(report),
                  report.selection().empty() ? "" : ", ", report.selection(), "\n");
  absl::StrAppend(&text, "Generated: ", GeneratedAt(report), "\n");
  absl::StrAppend(&text, "Result: ", Conclusion(report), "\n");
  return text;
}

std::string MarkdownReport(const Report& report) {
  std::string text = absl::StrCat("# Performance Test Report\n\n**", Conclusion(report), "**\n\n");
  if (!report.components().empty()) absl::StrAppend(&text, MarkdownTable(StatusRows(report)), "\n");
  if (!report.errors().empty()) {
    absl::StrAppend(&text, "## Could not measure\n\n");
    for (const std::string& error : report.errors()) {
      absl::StrAppend(&text, "- ", EscapeMarkdown(error), "\n");
    }
    absl::StrAppend(&text, "\n");
  }
  if (absl::c_any_of(report.measurements(), IsMissing)) {
    absl::StrAppend(&text, "## Missing\n\n");
    for (const MeasurementResult& result : report.measurements()) {
      if (IsMissing(result))
        absl::StrAppend(&text, "- ", EscapeMarkdown(MissingText(result)), "\n");
    }
    absl::StrAppend(&text, "\n", AboutMissing(report), "\n\n");
  }
  std::vector<std::vector<std::string>> rows = {
      {"Measurement", "Average", "Median", "99th percentile", "Verdict"}};
  std::vector<const MeasurementResult*> ordered;
  for (const MeasurementResult& result : report.measurements()) {
    if (!IsMissing(result)) ordered.push_back(&result);
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const MeasurementResult* a, const MeasurementResult* b) {
                     return Rank(a->verdict()) < Rank(b->verdict());
                   });
  for (const MeasurementResult* result : ordered) {
    rows.push_back({result->title(), WithUnit(result->mean(), result->unit()),
                    WithUnit(result->median(), result->unit()),
                    WithUnit(result->p99(), result->unit()), VerdictText(*result)});
  }
  if (rows.size() > 1) absl::StrAppend(&text, "## Measurements\n\n", MarkdownTable(rows), "\n");
  rows = {{"Requirement", "Measured", "Required", ""}};
  for (const RequirementResult& result : report.requirements()) {
    if (!result.measured()) continue;
    rows.push_back(
        {absl::StrCat(result.title(), ", ", StatisticWord(result.requirement().statistic())),
         WithUnit(result.value(), result.requirement().unit()), Limit(result.requirement()),
         result.met() ? "✓" : "✗ missed"});
  }
  if (rows.size() > 1) absl::StrAppend(&text, "## Requirements\n\n", MarkdownTable(rows), "\n");
  for (const std::string& note : report.notes()) {
    absl::StrAppend(&text, "> ", EscapeMarkdown(note), "\n\n");
  }
  absl::StrAppend(&text, "Machine `", report.machine(), "`, ", EscapeMarkdown(Commit(report)), ", ",
                  EscapeMarkdown(Profile(report)), ", generated ", GeneratedAt(report), ".\n");
  return text;
}

}  // namespace perf

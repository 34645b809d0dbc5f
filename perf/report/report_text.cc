#include "perf/report/report_text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "perf/explain/explanation_text.h"
#include "perf/report/report_words.h"
#include "perf/stats/figure_text.h"

namespace perf {
namespace {

bool IsWorse(Verdict verdict) {
  return verdict == RED || verdict == YELLOW || verdict == UNRESOLVED;
}

// Whole numbers are printed in full: a count is exact.
std::string FormatCount(double value) {
  return value == std::floor(value) ? absl::StrFormat("%.0f", value)
                                    : absl::StrFormat("%.2f", value);
}

std::string Title(absl::string_view title) {
  return absl::StrCat(title, "\n", std::string(title.size(), '='), "\n");
}

std::string Subtitle(absl::string_view title) {
  return absl::StrCat(title, "\n", std::string(title.size(), '-'), "\n");
}

std::string MeasurementText(const MeasurementResult& result, const TextOptions& options) {
  std::string text = absl::StrCat(result.title(), ":\n");
  // A test whose code is the same in both revisions was not run, so it has no figures.
  if (IsUnchanged(result)) return absl::StrCat(text, "  ", VerdictText(result), "\n");
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
  if (const std::string reminder = ReminderText(result); !reminder.empty()) {
    absl::StrAppend(&text, "    ", reminder, "\n");
  }
  if (const std::string ask = AskText(result); !ask.empty()) {
    absl::StrAppend(&text, "    ", ask, "\n");
  }
  if (result.has_explanation()) {
    const std::string why = WhyText(result);
    absl::StrAppend(&text, "    ", why, "\n");
    if (options.verbose) {
      // The line is said already.
      const std::vector<std::string> lines =
          absl::StrSplit(ExplanationDetails(result.explanation()), '\n', absl::SkipEmpty());
      for (const std::string& line : lines) absl::StrAppend(&text, "    ", line, "\n");
    } else {
      absl::StrAppend(&text, ExplanationNotes(result.explanation(), 6));
    }
  }
  if (result.has_unresolved()) {
    absl::StrAppend(&text, "    ", SettleText(result.unresolved()), ": ", result.command(), "\n");
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
    absl::StrAppend(&text, "  ",
                    result.met()       ? "✓"
                    : IsMissed(result) ? "✗"
                                       : "?",
                    " ", result.title(), ": ", RequirementText(result), "\n");
    if (!result.met() && !result.requirement().why().empty()) {
      absl::StrAppend(&text, "      ", result.requirement().why(), "\n");
    }
    if (const std::string ask = AskText(result); !ask.empty()) {
      absl::StrAppend(&text, "      ", ask, "\n");
    }
  }
  return text.empty() ? "" : absl::StrCat("\n", Subtitle("Requirements"), text);
}

}  // namespace

std::string TextReport(const Report& report, const TextOptions& options) {
  std::string text = Title("Performance Test Report");
  for (const MeasurementResult& result : report.measurements()) {
    if (IsMissing(result)) continue;
    // The table below shows all counts; here are those to act on.
    const bool in_table_only = !result.counted().empty() && !options.verbose &&
                               result.verdict() != RED && result.verdict() != YELLOW &&
                               result.verdict() != UNRESOLVED && result.verdict() != ACCEPTED;
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
      if (!IsMissing(result)) continue;
      absl::StrAppend(&text, "  ✗ ", MissingText(result), AskClause(result), "\n");
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

}  // namespace perf

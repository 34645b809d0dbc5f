#include "perf/report/forms/csv.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "perf/report/report_words.h"
#include "perf/report/text/safe_text.h"

namespace perf {
namespace {

// A field that holds text of others.
std::string Text(absl::string_view text) {
  std::string line = OneLine(text);
  // https://owasp.org/www-community/attacks/CSV_Injection
  if (!line.empty() && absl::StrContains("=+-@", line.front())) line = absl::StrCat("'", line);
  if (line.find_first_of(",\"") == std::string::npos) return line;
  return absl::StrCat("\"", absl::StrReplaceAll(line, {{"\"", "\"\""}}), "\"");
}

std::string Number(double value) { return std::isfinite(value) ? ExactNumber(value) : ""; }

// The columns of a measurement, with their names.
using Columns = std::vector<std::pair<absl::string_view, std::string>>;

Columns ColumnsOf(const Report& report, const MeasurementResult& result) {
  const bool measured = result.count() > 0;
  const bool has_percentage = HasPercentage(result);
  const bool has_baseline = !result.baseline().empty();
  const auto figure = [](bool there, double value) { return there ? Number(value) : ""; };
  return {
      {"generated",
       absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(report.generated().seconds()),
                        absl::UTCTimeZone())},
      {"commit", Text(report.commit())},
      {"uncommitted_changes", report.dirty() ? "1" : "0"},
      {"machine", Text(report.machine())},
      {"profile", Text(report.profile())},
      {"component", Text(result.component())},
      {"name", Text(result.name())},
      {"title", Text(result.title())},
      {"target", Text(result.target())},
      {"unit", Text(result.unit())},
      {"better", result.better() == BETTER_UNKNOWN
                     ? ""
                     : absl::AsciiStrToLower(Better_Name(result.better()))},
      {"verdict", absl::AsciiStrToLower(Word(result.verdict()))},
      {"change_percent", figure(has_percentage, result.change_percent())},
      {"change_percent_low", figure(has_percentage, result.change_percent_low())},
      {"change_percent_high", figure(has_percentage, result.change_percent_high())},
      {"count", absl::StrCat(result.count())},
      {"iterations", absl::StrCat(result.iterations())},
      {"mean", figure(measured, result.mean())},
      {"min", figure(measured, result.min())},
      {"max", figure(measured, result.max())},
      {"median", figure(measured, result.median())},
      {"p95", figure(measured, result.p95())},
      {"p99", figure(measured, result.p99())},
      {"baseline_median", figure(has_baseline, result.baseline_median())},
      {"baseline", Text(result.baseline())},
      {"attempts", absl::StrCat(result.attempts())},
      {"note", Text(result.note())},
      {"noise", Text(result.noise())},
      {"command", Text(result.command())},
      {"accepted_at_most_percent",
       figure(result.has_acceptance(), result.acceptance().stated().at_most_percent())},
      {"accepted_until", Text(result.acceptance().stated().until())},
      {"accepted_why", Text(result.acceptance().stated().why())},
      {"owners", Text(absl::StrJoin(result.owners(), " "))},
      {"explanation", Text(result.explanation().line())},
  };
}

std::string Record(const std::vector<std::string>& fields) {
  return absl::StrCat(absl::StrJoin(fields, ","), "\r\n");
}

}  // namespace

std::string CsvForm(const Report& report) {
  std::vector<std::string> fields;
  for (const auto& column : ColumnsOf(report, MeasurementResult())) {
    fields.emplace_back(column.first);
  }
  std::string text = Record(fields);
  for (const MeasurementResult& result : report.measurements()) {
    fields.clear();
    for (auto& column : ColumnsOf(report, result)) fields.push_back(std::move(column.second));
    absl::StrAppend(&text, Record(fields));
  }
  return text;
}

}  // namespace perf

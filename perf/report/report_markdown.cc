#include "perf/report/report_markdown.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "perf/report/report_words.h"

namespace perf {
namespace {

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

#include "perf/report/forms/form.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "command/file/file_kind.h"
#include "perf/report/forms/comment.h"
#include "perf/report/forms/csv.h"
#include "perf/report/forms/gbench_json.h"
#include "perf/report/forms/github_commands.h"
#include "perf/report/forms/junit.h"
#include "perf/report/forms/openmetrics.h"
#include "perf/report/html/html_report.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_json.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_summary.h"
#include "perf/report/report_text.h"
#include "perf/report/text/safe_text.h"

namespace perf {
namespace {

using Rendered = absl::StatusOr<std::string>;

constexpr Form kForms[] = {
    {"summary", "performance_report.summary.txt", &command::kTextFile, true, false,
     [](const Report& report, const FormInputs&) -> Rendered { return SummaryReport(report); }},
    {"text", "performance_report.txt", &command::kTextFile, true, false,
     [](const Report& report, const FormInputs& inputs) -> Rendered {
       return TextReport(report, {.verbose = inputs.verbose});
     }},
    {"markdown", "performance_report.md", &command::kTextFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered { return MarkdownReport(report); }},
    {"html", "performance_report.html", &command::kHtmlFile, false, true,
     [](const Report& report, const FormInputs& inputs) -> Rendered {
       ReportInputs records;
       records.runs.assign(inputs.runs.begin(), inputs.runs.end());
       return HtmlReport(report, {.records = records, .history = {}});
     }},
    {"json", "performance_report.json", &command::kJsonFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered { return ReportJson(report); }},
    {"junit", "performance_report.xml", &command::kTextFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered { return JunitForm(report); }},
    {"csv", "performance_report.csv", &command::kTextFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered { return CsvForm(report); }},
    {"openmetrics", "performance_report.openmetrics.txt", &command::kTextFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered { return OpenMetricsForm(report); }},
    {"github", "performance_report.github.txt", &command::kTextFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered {
       return GithubCommandsForm(report);
     }},
    {"comment", "performance_report.comment.md", &command::kTextFile, false, false,
     [](const Report& report, const FormInputs&) -> Rendered { return CommentForm(report); }},
    {"gbench", "performance_report.gbench.json", &command::kJsonFile, false, true,
     [](const Report& report, const FormInputs& inputs) -> Rendered {
       return GbenchJsonForm(report, inputs.runs);
     }},
};

}  // namespace

absl::Span<const Form> AllForms() { return kForms; }

std::string FormNames() {
  return absl::StrJoin(AllForms(), ", ", [](std::string* text, const Form& form) {
    absl::StrAppend(text, form.name);
  });
}

absl::StatusOr<std::vector<Form>> FindForms(absl::Span<const std::string> names) {
  const absl::Span<const Form> all = AllForms();
  std::vector<Form> forms;
  for (const std::string& name : names) {
    const auto is_it = [&](const Form& form) { return form.name == name; };
    const auto* known = absl::c_find_if(all, is_it);
    if (known == all.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no form '", OneLine(name, 100), "'; there are ", FormNames()));
    }
    if (absl::c_none_of(forms, is_it)) forms.push_back(*known);
  }
  if (forms.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("no form is named; there are ", FormNames()));
  }
  return forms;
}

}  // namespace perf

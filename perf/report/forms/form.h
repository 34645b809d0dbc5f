// Every form of the report, by the name that the command line has for it.
#ifndef PERF_REPORT_FORMS_FORM_H_
#define PERF_REPORT_FORMS_FORM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "command/file/file_kind.h"
#include "perf/record/result.pb.h"
#include "perf/report/report.pb.h"

namespace perf {

struct FormInputs {
  // The records that the report was made of, where they are there: forms that show samples have
  // them from here.
  absl::Span<const Run> runs = {};
  // The text has more of each measurement.
  bool verbose = false;
};

struct Form {
  // The name by which the command line asks for it: "junit".
  absl::string_view name;
  // The name of its file in an output folder: "performance_report.xml".
  absl::string_view file_name;
  // The kind by which the beginning of such a file is recognised.
  const command::FileKind* kind;
  // True if people read it in a terminal, where verdicts may have colours.
  bool is_for_terminals;
  // True if it shows more with FormInputs::runs.
  bool shows_samples;
  // An error only if protobuf cannot write the report as JSON.
  absl::StatusOr<std::string> (*render)(const Report& report, const FormInputs& inputs);
};

// All forms there are, in the order in which the help names them.
absl::Span<const Form> AllForms();

// "summary, text, markdown, …"
std::string FormNames();

// The forms of these names, each once, in this order. InvalidArgument for a name that there is not,
// with those that there are, and if there is none at all.
absl::StatusOr<std::vector<Form>> FindForms(absl::Span<const std::string> names);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_FORM_H_

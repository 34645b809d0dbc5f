// `bazel run //perf -- report`: renders a result of earlier, in any form.
#ifndef PERF_RUNNER_COMMAND_REPORT_COMMAND_H_
#define PERF_RUNNER_COMMAND_REPORT_COMMAND_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "perf/mode/services.h"
#include "perf/report/forms/form.h"

namespace perf {

struct ReportCommandOptions {
  // A performance_report.json, as the user typed it; "-" is standard input. The folder `records`
  // beside it, if it is there, gives forms that show samples theirs.
  std::string from;
  std::vector<Form> forms;
  // The place to write to, as the user typed it. Empty: standard output, one form after another. A
  // file for one form; a folder, which is made if need be, for several, and for one if it is there
  // already or ends with "/". In it, each form's file has the name that a run gives it.
  std::string output;
  bool verbose = false;
};

// Renders and writes. Errors name the file as typed: those of command::ReadInput and
// ParseReportJson, of records that are damaged, and of command::OutputFile, which writes over
// neither `from` nor files of other kinds. Nothing is written unless all forms could be rendered.
absl::Status RunReportCommand(const ReportCommandOptions& options, Services& services);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_REPORT_COMMAND_H_

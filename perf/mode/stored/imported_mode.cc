#include "perf/mode/stored/imported_mode.h"

#include <string>

#include "command/file/input_file.h"
#include "perf/mode/stored/event_findings.h"
#include "perf/record/environment.h"
#include "perf/record/text_proto.h"

namespace perf {

absl::StatusOr<Findings> ImportedMode::Measure(const RunContext& context,
                                               absl::Span<const SuiteTest> tests) {
  const SuiteOptions& options = context.options;
  const std::string& path = options.build_event_file;
  const absl::StatusOr<std::string> json =
      path == "-" ? command::ReadInput(path, kMaxFileBytes) : ReadFile(path);
  if (!json.ok()) return json.status();
  return FindingsOfEvents(
      *json, command::InputName(path), tests,
      {.run_id = "",
       .machine = options.machine.empty() ? MachineSlug(context.environment) : "",
       .pool = options.machine,
       .allow_any_mode = options.allow_any_mode},
      /*bazel_exit_code=*/0);
}

}  // namespace perf

// Reads what a `bazel test` measured from the build events that it wrote.
#ifndef PERF_MODE_STORED_EVENT_FINDINGS_H_
#define PERF_MODE_STORED_EVENT_FINDINGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/bazel/collector.h"
#include "perf/mode/mode.h"
#include "perf/suite/suite.pb.h"

namespace perf {

// The name of the file of build events in the output directory.
inline constexpr char kEventsFile[] = "build_events.json";

// Collects the records of `tests` that the events name, from the folders of their undeclared
// outputs. `source` is where the events come from, for messages. `bazel_exit_code` other than 0 is
// an error in the findings, if there is no better one. ParseBuildEvents' errors, with the source.
absl::StatusOr<Findings> FindingsOfEvents(absl::string_view json_lines, const std::string& source,
                                          absl::Span<const SuiteTest> tests,
                                          const CollectOptions& options, int bazel_exit_code);

}  // namespace perf

#endif  // PERF_MODE_STORED_EVENT_FINDINGS_H_

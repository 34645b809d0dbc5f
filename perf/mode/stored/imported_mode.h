// Judges the records of a `bazel test` that somebody else ran: --build_event_file. Nothing is run.
#ifndef PERF_MODE_STORED_IMPORTED_MODE_H_
#define PERF_MODE_STORED_IMPORTED_MODE_H_

#include "perf/mode/mode.h"

namespace perf {

class ImportedMode : public Mode {
 public:
  // Errors of ReadFile for the event file, and ParseBuildEvents'. Records of another machine
  // are refused, unless --machine declares the machines equal.
  absl::StatusOr<Findings> Measure(const RunContext& context,
                                   absl::Span<const SuiteTest> tests) override;
};

}  // namespace perf

#endif  // PERF_MODE_STORED_IMPORTED_MODE_H_

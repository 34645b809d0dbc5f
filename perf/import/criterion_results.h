// Results of criterion.rs (https://github.com/bheisler/criterion.rs): folders in target/criterion,
// each with a benchmark's last result in `new`.
#ifndef PERF_IMPORT_CRITERION_RESULTS_H_
#define PERF_IMPORT_CRITERION_RESULTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/import/imported_run.h"
#include "perf/record/result.pb.h"

namespace perf {

// A record for each benchmark in the folder `path` and the folders below, or of the one whose
// sample.json or estimates.json `path` is: times of an iteration, in ns. NotFound if there is no
// benchmark. Benchmarks that cannot be read are left out, and `failures` says why of each, with the
// file and the place in it: InvalidArgument for what is malformed.
absl::StatusOr<std::vector<Run>> ReadCriterionResults(const std::string& path,
                                                      const ImportOptions& options,
                                                      std::vector<absl::Status>& failures);

}  // namespace perf

#endif  // PERF_IMPORT_CRITERION_RESULTS_H_

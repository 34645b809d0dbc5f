// Results of other tools as records: the one way into this folder.
#ifndef PERF_IMPORT_IMPORTED_RESULTS_H_
#define PERF_IMPORT_IMPORTED_RESULTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/import/imported_run.h"
#include "perf/record/result.pb.h"

namespace perf {

struct ImportedResults {
  // Each with at least one measurement.
  std::vector<Run> runs;
  // Remarks that a reader of the results needs, such as what was left out.
  std::vector<std::string> notes;
  // Why benchmarks of a folder could not be read, with the file of each: `runs` are the others, and
  // there is one of both at least.
  std::vector<absl::Status> failures;
};

// Reads a file of Google Benchmark, hyperfine, pytest-benchmark or criterion, or a folder of
// criterion's; what it is, its content says. `path` is absolute, or "-" for standard input, which
// may have a file of the first three. Errors name the file: those of command::ReadInput; NotFound
// for a folder without results; InvalidArgument for JSON of no known kind, for what is malformed,
// and for results in which nothing was measured.
absl::StatusOr<ImportedResults> ImportResults(const std::string& path,
                                              const ImportOptions& options);

}  // namespace perf

#endif  // PERF_IMPORT_IMPORTED_RESULTS_H_

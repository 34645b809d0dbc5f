// Results of Google Benchmark (https://github.com/google/benchmark, docs/user_guide.md, "Output
// Formats").
#ifndef PERF_IMPORT_GBENCH_RESULTS_H_
#define PERF_IMPORT_GBENCH_RESULTS_H_

#include <string>

#include "absl/status/status.h"
#include "perf/import/imported_run.h"
#include "rapidjson/document.h"

namespace perf {

// True if the document looks like results of Google Benchmark.
bool AreGbenchResults(const rapidjson::Value& document);

// What ended with an error or was skipped, and is left out.
struct GbenchFailures {
  // Benchmarks of which nothing else is there.
  int benchmarks = 0;
  // Repetitions of benchmarks whose other ones are measurements.
  int repetitions = 0;

  // "1 benchmark and 2 repetitions of others", or "" if nothing failed.
  std::string Text() const;
};

// Adds a measurement for each benchmark, whose samples are the real times of its repetitions. Of a
// benchmark of which only aggregates are there, it is the median, or else the mean. `failures` is
// set. InvalidArgument, naming the benchmark, for what is malformed.
absl::Status AddGbenchResults(const rapidjson::Value& document, ImportedRun& run,
                              GbenchFailures& failures);

}  // namespace perf

#endif  // PERF_IMPORT_GBENCH_RESULTS_H_

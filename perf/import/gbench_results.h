// Results of Google Benchmark (https://github.com/google/benchmark, docs/user_guide.md, "Output
// Formats").
#ifndef PERF_IMPORT_GBENCH_RESULTS_H_
#define PERF_IMPORT_GBENCH_RESULTS_H_

#include "absl/status/status.h"
#include "perf/import/imported_run.h"
#include "rapidjson/document.h"

namespace perf {

// True if the document looks like results of Google Benchmark.
bool AreGbenchResults(const rapidjson::Value& document);

// Adds a measurement for each benchmark, whose samples are the real times of its repetitions. Of a
// benchmark of which only aggregates are there, it is the median, or else the mean. `num_failed`
// becomes the number of benchmarks that ended with an error, which are left out. InvalidArgument,
// naming the benchmark, for what is malformed.
absl::Status AddGbenchResults(const rapidjson::Value& document, ImportedRun& run, int& num_failed);

}  // namespace perf

#endif  // PERF_IMPORT_GBENCH_RESULTS_H_

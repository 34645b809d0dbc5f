// Results of pytest-benchmark (https://pytest-benchmark.readthedocs.io, --benchmark-json).
#ifndef PERF_IMPORT_PYTEST_RESULTS_H_
#define PERF_IMPORT_PYTEST_RESULTS_H_

#include "absl/status/status.h"
#include "perf/import/imported_run.h"
#include "rapidjson/document.h"

namespace perf {

// True if the document looks like results of pytest-benchmark.
bool ArePytestResults(const rapidjson::Value& document);

// Adds a measurement for each benchmark, in seconds, with the machine, the commit and the Python
// that the results name. Samples are there if the results were saved with --benchmark-save-data or
// --benchmark-json. InvalidArgument, naming the place, for what is malformed.
absl::Status AddPytestResults(const rapidjson::Value& document, ImportedRun& run);

}  // namespace perf

#endif  // PERF_IMPORT_PYTEST_RESULTS_H_

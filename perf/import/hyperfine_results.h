// Results of hyperfine (https://github.com/sharkdp/hyperfine, src/benchmark/benchmark_result.rs).
#ifndef PERF_IMPORT_HYPERFINE_RESULTS_H_
#define PERF_IMPORT_HYPERFINE_RESULTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "perf/import/imported_run.h"
#include "rapidjson/document.h"

namespace perf {

// True if the document looks like results of hyperfine.
bool AreHyperfineResults(const rapidjson::Value& document);

// Adds a measurement for each command, in seconds. Where two commands have one name, which
// --command-name allows, their parameters tell them apart, or else a number: "build (2)" is the
// second. Runs that failed, which --ignore-failure records, are no times of the command: they are
// left out, and `notes` says so; without them, a median or mean alone is nothing. InvalidArgument,
// naming the place, for what is malformed.
absl::Status AddHyperfineResults(const rapidjson::Value& document, ImportedRun& run,
                                 std::vector<std::string>& notes);

}  // namespace perf

#endif  // PERF_IMPORT_HYPERFINE_RESULTS_H_

// Why a measurement takes longer in one revision than in another.
#ifndef PERF_RUNNER_EXPLAIN_REVISIONS_H_
#define PERF_RUNNER_EXPLAIN_REVISIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/explain/explanation.pb.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct ExplainRevisionsOptions {
  // The suite of the working tree, and those of its tests that may have the measurement.
  const Suite& suite;
  std::vector<SuiteTest> tests;
  // Where and how Bazel is called, and the loads.
  const RunnerOptions& run;
  Services& services;
  // The measurement's name, as in records.
  std::string measurement;
  // Commits in full; `current` is empty for the working tree.
  std::string baseline;
  std::string current;
};

// Builds both revisions, and compares what the measurement's body executes in them. NotFound, with
// the name that comes nearest, if no Google Benchmark function of the tests has the measurement in
// both; FailedPrecondition, before anything is built, if there is no valgrind; Cancelled if the
// user interrupted it; otherwise errors of Checkout::Create, BuildTests and ExplainBenchmark, of
// which none is NotFound. A test that cannot be asked for its measurements is an error if no other
// has the measurement.
absl::StatusOr<Explanation> ExplainRevisions(const ExplainRevisionsOptions& options);

// NotFound: no Google Benchmark function has the measurement. Names the one of `seen` that comes
// nearest, or a few of them.
absl::Status NoSuchBenchmark(const std::string& measurement, const std::vector<std::string>& seen);

}  // namespace perf

#endif  // PERF_RUNNER_EXPLAIN_REVISIONS_H_

// Why a measurement takes longer in one revision than in another.
#ifndef PERF_RUNNER_COMMAND_EXPLAIN_REVISIONS_H_
#define PERF_RUNNER_COMMAND_EXPLAIN_REVISIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/bazel/test_program.h"
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
  // The options by which Bazel is called, and the loads.
  const SuiteOptions& run;
  Services& services;
  // The measurement's name, as in records.
  std::string measurement;
  // Commits in full; `current` is empty for the working tree.
  std::string baseline;
  std::string current;
};

// Builds both revisions, and compares what the measurement's body executes in them, or, of what is
// no Google Benchmark function, one run of its test. NotFound, with the name that comes nearest, if
// no test of both has the measurement; FailedPrecondition, before anything is built, if there is no
// valgrind; Cancelled if the user interrupted it; otherwise errors of Checkout::Create, BuildTests,
// ExplainBenchmark and ExplainProgram, of which none is NotFound. A test that cannot be asked for
// its measurements is an error if no other has the measurement.
absl::StatusOr<Explanation> ExplainRevisions(const ExplainRevisionsOptions& options);

// The tests to ask whether they have a measurement, the likeliest first: those that are Google
// Benchmark programs, or those that are not. Because each of the latter has to be run, only those
// of the component that the name begins with are asked, if there are any.
std::vector<SuiteTest> TestsToAsk(const Suite& suite, absl::Span<const SuiteTest> tests,
                                  absl::string_view measurement, bool benchmarks);

// Whether a test has the measurement; if not, those that it has are added to `seen`. A Google
// Benchmark program says what it measures; any other is run for it. `scratch`: a folder for what it
// writes, which is cleared. Cancelled if the user interrupted it; otherwise errors of
// MeasurementsOf and RunTestProgram.
absl::StatusOr<bool> Measures(const SuiteTest& test, const TestProgram& program,
                              const std::string& measurement, const std::string& scratch,
                              Services& services, std::vector<std::string>& seen);

// Why a test could not be asked: with its name, and not NotFound, which is kept for a measurement
// that there is not.
absl::Status CannotAsk(const SuiteTest& test, const absl::Status& status);

// NotFound: no test has the measurement. Names the one of `seen` that comes nearest, or a few of
// them.
absl::Status NoSuchMeasurement(const std::string& measurement,
                               const std::vector<std::string>& seen);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_EXPLAIN_REVISIONS_H_

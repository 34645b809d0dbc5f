// Counts what a suite's benchmarks do, for baselines that hold on every machine.
#ifndef PERF_RUNNER_COUNTING_H_
#define PERF_RUNNER_COUNTING_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/record/result.pb.h"
#include "perf/runner/runner.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct CountingResult {
  // One a test.
  std::vector<Run> runs;
  std::vector<std::string> errors;
  // Labels of the tests that errors are of.
  std::set<std::string> failed;
  std::vector<std::string> notes;
};

// Where counts are stored, among baselines of machines: they differ by the processor's instruction
// set only, "counts-x86_64".
std::string CountsSlug();

// Builds those of the tests whose bodies are Google Benchmark functions and counts, a benchmark,
// instructions, system calls, allocations and bytes of one iteration. Says on stderr what it does.
// What fails in one test is an error in the result; FailedPrecondition if nothing can be counted.
absl::StatusOr<CountingResult> CountSuite(const Suite& suite, absl::Span<const SuiteTest> tests,
                                          const Environment& environment,
                                          const RunnerOptions& options);

}  // namespace perf

#endif  // PERF_RUNNER_COUNTING_H_

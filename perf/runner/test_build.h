// Builds a suite's tests with Bazel, for what runs them without it.
#ifndef PERF_RUNNER_TEST_BUILD_H_
#define PERF_RUNNER_TEST_BUILD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/runner/runner.h"
#include "perf/suite/suite.pb.h"

namespace perf {

// A Bazel command of the options, with their flags where it takes any, and with a disk cache in
// `cache`, a directory, which all trees share.
std::vector<std::string> BazelCommand(const RunnerOptions& options, const std::string& cache,
                                      const std::string& command);

// Builds the tests in the tree at `directory`, which `what` names to the user. Returns the folder
// that the programs are in, absolute. FailedPrecondition if they do not build.
absl::StatusOr<std::string> BuildTests(absl::Span<const SuiteTest> tests,
                                       const std::string& directory, const std::string& what,
                                       const std::string& cache, const RunnerOptions& options);

}  // namespace perf

#endif  // PERF_RUNNER_TEST_BUILD_H_

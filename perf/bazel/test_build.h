// Builds a suite's tests with Bazel for callers that run the programs themselves.
#ifndef PERF_BAZEL_TEST_BUILD_H_
#define PERF_BAZEL_TEST_BUILD_H_

#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/process/program_runner.h"

namespace perf {

// The command by which Bazel is called.
struct BazelOptions {
  // The program with its start-up options.
  std::vector<std::string> program = {"bazel"};
  // The flags that are added to the command line of `build` and `test`.
  std::vector<std::string> flags = {};
};

struct TestBuildOptions {
  BazelOptions bazel;
  // An absolute folder; Bazel's disk cache is in it, which all trees share.
  std::string cache;
};

// Builds the targets in the tree at `directory`, which `what` names to the user: "the working
// tree". Calls `say` with a line for the user before it begins. Returns the folder that the
// programs are in, absolute. FailedPrecondition if they do not build.
absl::StatusOr<std::string> BuildTests(absl::Span<const std::string> labels,
                                       const std::string& directory, const std::string& what,
                                       const TestBuildOptions& options, ProgramRunner& programs,
                                       absl::FunctionRef<void(absl::string_view)> say);

// The canonical labels that the query expression finds in the tree at `directory`; targets that are
// not there are left out. FailedPrecondition if the query fails otherwise.
absl::StatusOr<std::set<std::string>> QueryLabels(const std::string& expression,
                                                  const std::string& directory,
                                                  const TestBuildOptions& options,
                                                  ProgramRunner& programs);

}  // namespace perf

#endif  // PERF_BAZEL_TEST_BUILD_H_

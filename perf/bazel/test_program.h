// A performance test as a program: how to run it without Bazel, and whether two builds of it
// measure the same.
#ifndef PERF_BAZEL_TEST_PROGRAM_H_
#define PERF_BAZEL_TEST_PROGRAM_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/code/linked_code.h"
#include "perf/suite/suite.pb.h"

namespace perf {

struct TestProgram {
  std::string label;
  // An absolute path.
  std::string executable;
  // The working directory: the workspace's folder in the runfiles.
  std::string directory;
  // The environment that Bazel's test runner would set, without the places for temporary files and
  // outputs.
  std::map<std::string, std::string> variables;
};

// Finds the program of a test that Bazel built into `bazel_bin`, an absolute folder.
// `workspace_name` is the one in WORKSPACE. NotFound if there is no such program.
absl::StatusOr<TestProgram> FindTestProgram(const SuiteTest& test, const std::string& bazel_bin,
                                            const std::string& workspace_name);

// Whether two builds of a test measure the same: the executable, and everything in the runfiles.
// Programs in there that Bazel linked are compared by their code, and of `requirements`, the
// requirements file's path in the workspace's folder of the runfiles, what the tests read: the
// component and its loads. All else is compared byte for byte. Unavailable if a file cannot be
// read.
absl::StatusOr<CodeComparison> CompareTestPrograms(const TestProgram& one, const TestProgram& other,
                                                   const std::string& requirements,
                                                   CodeComparer& comparer);

}  // namespace perf

#endif  // PERF_BAZEL_TEST_PROGRAM_H_

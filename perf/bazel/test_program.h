// A performance test as a program: how to run it without Bazel, and whether two builds of it
// differ.
#ifndef PERF_BAZEL_TEST_PROGRAM_H_
#define PERF_BAZEL_TEST_PROGRAM_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

// Whether both have the same content: the executable, and everything in the runfiles.
absl::StatusOr<bool> SameProgram(const TestProgram& one, const TestProgram& other);

}  // namespace perf

#endif  // PERF_BAZEL_TEST_PROGRAM_H_

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
  // Absolute.
  std::string executable;
  // Where it runs: its runfiles, in the folder of its workspace.
  std::string directory;
  // What Bazel's test runner would set, without the places for temporary files and outputs.
  std::map<std::string, std::string> variables;
};

// Of the test that Bazel built into `bazel_bin`, an absolute folder. `workspace_name` is the one in
// WORKSPACE. NotFound if it is not there.
absl::StatusOr<TestProgram> FindTestProgram(const SuiteTest& test, const std::string& bazel_bin,
                                            const std::string& workspace_name);

// Whether both have the same content: the executable, and everything in the runfiles.
absl::StatusOr<bool> SameProgram(const TestProgram& one, const TestProgram& other);

}  // namespace perf

#endif  // PERF_BAZEL_TEST_PROGRAM_H_

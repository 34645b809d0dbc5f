// Selects the tests of a suite that a command line asks for.
#ifndef PERF_SUITE_SUITE_SELECTION_H_
#define PERF_SUITE_SUITE_SELECTION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/suite/requirements.pb.h"
#include "perf/suite/suite.pb.h"

namespace perf {

// A suite with the requirements of its components.
struct Suite {
  SuiteManifest manifest;
  // Requirements by component.
  std::map<std::string, ComponentRequirements> requirements;
  // Components by the label of the test.
  std::map<std::string, std::string> component_of;
};

// Reads a manifest and the requirements files it names, relative to the current directory.
// InvalidArgument for a malformed one.
absl::StatusOr<Suite> ReadSuite(const std::string& manifest_path);

struct SelectionOptions {
  // The kinds of tests; empty, or "all" among them, means all.
  std::vector<std::string> kinds = {};
  std::vector<std::string> components = {};
  bool slow = true;
};

// Returns the tests that are asked for, in the suite's order. InvalidArgument, with what there is,
// for a kind or component that does not exist; NotFound if nothing is left.
absl::StatusOr<std::vector<SuiteTest>> SelectTests(const Suite& suite,
                                                   const SelectionOptions& options);

// "without //audio:vad_accuracy_test (not installed: codec2-examples)": what the suite leaves out
// here, for whoever reads that a run was not of everything. Empty if it has all of its members.
std::string LeftOut(const SuiteManifest& manifest);

// InvalidArgument if `overrides` ("iterations=10,audio.iterations=5") is malformed or names a load
// that no component of the suite states.
absl::Status CheckOverrides(const Suite& suite, const std::string& overrides);

}  // namespace perf

#endif  // PERF_SUITE_SUITE_SELECTION_H_

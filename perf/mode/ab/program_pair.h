// A test that two trees have built: its two programs, whether their code is the same, and the loads
// that both are run with.
#ifndef PERF_MODE_AB_PROGRAM_PAIR_H_
#define PERF_MODE_AB_PROGRAM_PAIR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/bazel/test_program.h"
#include "perf/code/linked_code.h"
#include "perf/mode/options.h"
#include "perf/suite/requirements.pb.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct ProgramPairOptions {
  // The suite of the current tree, which the test is a member of.
  const Suite& suite;
  SuiteTest test;
  // The label of the test in the baseline's tree.
  std::string baseline_label;
  // The folder of each tree's programs, as BuildTests returns it.
  std::string baseline_bin;
  std::string current_bin;
  // Profile, single loads and filter.
  const SuiteOptions& run;
};

struct ProgramPair {
  CodeComparison code;
  // The programs, with all variables that the tests need but for the places of temporary files and
  // outputs.
  TestProgram baseline;
  TestProgram current;
  std::string component;
  // The slowdowns that the baseline's tree accepts; none if what it states cannot be read.
  std::vector<AcceptedSlowdown> accepted_before;
  // Why both are run with quick loads though the profile is another; empty if they are not.
  std::string why_quick;
};

// Errors of FindTestProgram and CompareTestPrograms.
absl::StatusOr<ProgramPair> FindProgramPair(const ProgramPairOptions& options,
                                            CodeComparer& comparer);

}  // namespace perf

#endif  // PERF_MODE_AB_PROGRAM_PAIR_H_

// `bazel run //perf -- selfcheck --suite`: how often, and how soon, verdicts over this suite are
// right on this machine.
#ifndef PERF_RUNNER_COMMAND_SUITE_SELFCHECK_COMMAND_H_
#define PERF_RUNNER_COMMAND_SUITE_SELFCHECK_COMMAND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct SuiteSelfcheckCommandOptions {
  // Rounds are recorded for half of this with nothing else running, and for half beside a busy
  // neighbour.
  absl::Duration length = absl::Minutes(20);
  // A file of recorded rounds, as typed. If it is there, nothing is recorded; otherwise it is
  // written. Empty: none.
  std::string rounds_file;
};

// Builds the tests, records rounds of each compared with itself, draws suites from them, prints the
// tables, and returns the exit code: command::kNo if a promise was broken. FailedPrecondition if
// the tests do not build or too little can be recorded; InvalidArgument if the file is no such
// file.
absl::StatusOr<int> RunSuiteSelfcheckCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                             const SuiteOptions& options,
                                             const SuiteSelfcheckCommandOptions& command_options,
                                             Services& services);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_SUITE_SELFCHECK_COMMAND_H_

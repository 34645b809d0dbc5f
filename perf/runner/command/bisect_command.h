// `bisect NAME --good REVISION`: which commit changed a measurement.
#ifndef PERF_RUNNER_COMMAND_BISECT_COMMAND_H_
#define PERF_RUNNER_COMMAND_BISECT_COMMAND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct BisectCommandOptions {
  // The measurement's name, as in records.
  std::string measurement;
  // Revisions, as git understands them.
  std::string good;
  std::string bad = "HEAD";
};

// Searches among the commits that `bad` has and `good` has not, and prints what it finds, and what
// the measurement's body executes there that it did not in the commit before it, or, where that
// cannot be built, in `good`. `tests` may have the
// measurement. What was found so far is kept in bisect.textproto in the output directory, and a
// search for the same goes on from there. The exit code: kDone if the commit was found, or those of
// which it is one; kNo if the revisions do not differ. Errors as Bisect.
absl::StatusOr<int> RunBisectCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                     const SuiteOptions& options,
                                     const BisectCommandOptions& command_options,
                                     Services& services);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_BISECT_COMMAND_H_

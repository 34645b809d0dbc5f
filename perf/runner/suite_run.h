// Runs a suite: its tests through a mode, their records into a report.
#ifndef PERF_RUNNER_SUITE_RUN_H_
#define PERF_RUNNER_SUITE_RUN_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/mode/mode.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

// The mode that the options ask for. They have passed CheckOptions.
std::unique_ptr<Mode> MakeMode(const SuiteOptions& options);

// Runs `tests`, prints the report and writes it into the output directory. Returns the exit code: 0
// for green or yellow, 1 for a requirement missed or red, 2 where something could not be measured;
// or an error that kept it from reporting. FailedPrecondition, before anything is measured, if
// baselines are to be stored and the working tree is at no commit.
absl::StatusOr<int> RunSuite(const Suite& suite, absl::Span<const SuiteTest> tests,
                             const SuiteOptions& options, Mode& mode, Services& services);

}  // namespace perf

#endif  // PERF_RUNNER_SUITE_RUN_H_

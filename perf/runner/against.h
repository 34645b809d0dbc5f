// Measures a suite's tests beside those of an earlier revision.
#ifndef PERF_RUNNER_AGAINST_H_
#define PERF_RUNNER_AGAINST_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/record/result.pb.h"
#include "perf/report/report_builder.h"
#include "perf/runner/runner.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct AgainstResult {
  // Of the earlier revision, in full.
  std::string commit;
  // One a test: what this build measured.
  std::vector<Run> runs;
  // By measurement.
  std::map<std::string, AbResult> ab;
  // Component and label of tests whose builds are the same in both revisions.
  std::vector<std::pair<std::string, std::string>> identical;
  // What that revision has and this build has not.
  std::vector<GoneMeasurement> gone;
  std::vector<std::string> errors;
  std::vector<std::string> notes;
};

// Checks `revision` out, builds the tests in both trees, and compares them in rounds, within the
// options' time budget. Says on stderr what it does. What fails in one test is an error in the
// result; InvalidArgument or FailedPrecondition if there is no such revision or it does not build.
absl::StatusOr<AgainstResult> MeasureBeside(const Suite& suite, absl::Span<const SuiteTest> tests,
                                            const std::string& revision,
                                            const Environment& environment,
                                            const RunnerOptions& options);

}  // namespace perf

#endif  // PERF_RUNNER_AGAINST_H_

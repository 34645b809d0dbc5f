// Whether a red result is real: a busy neighbour makes one run red, a regression makes all of them
// red. So tests with a measurement that is red, that would be red or yellow but for noise, or that
// does not meet a requirement are measured again, and the best run of it counts.
//
// Which run is the best: one of a quiet machine before one of a noisy machine, whatever the
// figures; among equals, the one that meets more requirements, then the one with the better median;
// the earlier one if there is no difference.
#ifndef PERF_RUNNER_CONFIRMATION_H_
#define PERF_RUNNER_CONFIRMATION_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/mode/mode.h"
#include "perf/record/result.pb.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_builder.h"
#include "perf/suite/suite.pb.h"

namespace perf {

// Names of the measurements that are red, that do not meet a requirement other than one on their
// growth, or, with `noisy_too`, that are unresolved because the machine was noisy.
std::set<std::string> DoubtfulMeasurements(const Report& report, bool noisy_too = true);

// The `tests` that measured one of the measurements.
std::vector<SuiteTest> TestsThatMeasured(const std::set<std::string>& measurements,
                                         const Report& report, absl::Span<const SuiteTest> tests);

// Replaces the measurement `name` in the runs of `inputs` by the one in `again` if that is the
// better run of it, and counts in its attempts how often it was measured. Nothing changes if
// `again` has not got it.
void TakeBetterRun(const std::string& name, absl::Span<const Run> again, ReportInputs& inputs);

struct ConfirmOptions {
  // The tests of the run.
  absl::Span<const SuiteTest> tests;
  // How often to measure again, at most; what is only noisy is measured again twice at most.
  int confirmations = 0;
  std::function<absl::StatusOr<Findings>(absl::Span<const SuiteTest>)> measure;
  // Gets lines for the user.
  std::function<void(absl::string_view)> say;
};

// Measures again while something is doubtful, and keeps `inputs` and `report` up to date. What
// could not be measured again is an error in `inputs`. Returns an error of `measure`.
absl::Status ConfirmDoubtful(const ConfirmOptions& options, ReportInputs& inputs, Report& report);

}  // namespace perf

#endif  // PERF_RUNNER_CONFIRMATION_H_

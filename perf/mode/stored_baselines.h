// Reads the baselines that a run is compared with, and stores a run's figures as new ones.
#ifndef PERF_MODE_STORED_BASELINES_H_
#define PERF_MODE_STORED_BASELINES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/baseline/baseline.pb.h"
#include "perf/bazel/git.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_builder.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

// Reads the baselines of the components in `requirements` from one machine's folder, by component;
// what is not stored is left out. InvalidArgument for a malformed file.
absl::StatusOr<std::map<std::string, ComponentBaseline>> ReadBaselines(
    const std::string& directory, const std::string& machine,
    const std::map<std::string, ComponentRequirements>& requirements);

// FailedPrecondition, with what to do about it, unless the tree is in a state that a baseline can
// be traced to: a commit without changes. `tree`: what git says of it.
absl::Status CheckTraceable(const absl::StatusOr<WorkingTreeState>& tree);

struct StoreOptions {
  // The folder in which baselines are stored, absolute, and the machine's folder in it.
  std::string directory;
  std::string machine;
  // Whether every test of the components was to run, so that what was not measured is gone.
  bool complete = false;
  absl::Time now;
  // Why the figures change, for whoever reviews that; empty if nobody said.
  std::string why = {};
};

// A description of what was stored, in two forms.
struct StoredChanges {
  // The form for a terminal: a line for each measurement.
  std::string text;
  // The form for a review: BaselineChangesMarkdown.
  std::string markdown;
};

// Stores the figures of the run as the machine's baselines, all files or none. Returns what
// changes. FailedPrecondition if not everything could be measured or a requirement is not met;
// InvalidArgument if a figure cannot be stored.
absl::StatusOr<StoredChanges> StoreBaselines(const Report& report, const ReportInputs& inputs,
                                             const StoreOptions& options);

}  // namespace perf

#endif  // PERF_MODE_STORED_BASELINES_H_

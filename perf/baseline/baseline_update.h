// What a run changes in the stored baselines.
#ifndef PERF_BASELINE_BASELINE_UPDATE_H_
#define PERF_BASELINE_BASELINE_UPDATE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/baseline/baseline.pb.h"
#include "perf/baseline/baseline_changes.h"
#include "perf/record/result.pb.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

struct BaselineUpdate {
  // The files as they will be, by component.
  std::map<std::string, ComponentBaseline> baselines;
  // The figures that change: first those that were measured, in the order of the runs, then those
  // that are dropped.
  std::vector<BaselineChange> changes;
  // The number of figures that equal the stored ones, to the last digit that is stored.
  int unchanged = 0;
  // Remarks about a whole component: "audio: all figures of gcc 11 go; this is gcc 12".
  std::vector<std::string> remarks;
};

// All of that for people, a line each.
std::string UpdateText(const BaselineUpdate& update);

// What `runs` change in `stored`, the baselines of `machine` by component. Those of kAnyMachine get
// what is deterministic, those of any other machine the rest. `complete`: every test of the
// components ran, so that a stored measurement of this profile that was not measured now no longer
// exists, and is dropped. Figures of another compiler go too, as nothing is compared with them any
// more: they are what changes, or dropped where there is no new one. `why` is stored with each
// figure that changes; one that is as stored keeps what was said of it.
BaselineUpdate UpdateBaselines(absl::Span<const Run> runs,
                               const std::map<std::string, ComponentBaseline>& stored,
                               absl::string_view machine, bool complete, absl::string_view date,
                               absl::string_view why = "");

// The text of a performance_baseline.txt with this run's figures; lines of `previous` that the run
// did not measure stay as they are. A figure that is not positive, as a line has to be, leaves a
// comment line in its place that says so. InvalidArgument if `previous` is malformed.
absl::StatusOr<std::string> UpdateBaselineLines(
    absl::Span<const Run> runs, const std::map<std::string, ComponentRequirements>& requirements,
    absl::string_view previous, absl::string_view previous_source);

struct UpdateInputs {
  absl::Span<const Run> runs;
  const std::map<std::string, ComponentRequirements>& requirements;
  // Stored baselines by component: those of `machine`, and those of kAnyMachine.
  const std::map<std::string, ComponentBaseline>& baselines;
  const std::map<std::string, ComponentBaseline>& deterministic_baselines;
  std::string directory;
  std::string machine;
  // The arguments `complete`, `date` and `why` of UpdateBaselines.
  bool complete = false;
  std::string date;
  std::string why = {};
  // The text of the machine's performance_baseline.txt; empty if there is none.
  std::string previous_lines;
};

struct PreparedUpdate {
  // Path to content, for WriteTogether.
  std::map<std::string, std::string> files;
  // The changes, by machine, or kAnyMachine.
  std::vector<std::pair<std::string, BaselineUpdate>> updates;
  // The same for people, and what is left out of the lines.
  std::string description;
};

// Everything that an update writes. All of it is checked, before anything is written, to be
// readable again.
absl::StatusOr<PreparedUpdate> PrepareUpdate(const UpdateInputs& inputs);

}  // namespace perf

#endif  // PERF_BASELINE_BASELINE_UPDATE_H_

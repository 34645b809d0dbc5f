#include "perf/mode/stored_baselines.h"

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "perf/baseline/baseline_file.h"
#include "perf/baseline/baseline_update.h"
#include "perf/baseline/written_together.h"
#include "perf/record/text_proto.h"
#include "perf/suite/baseline_lines.h"

namespace perf {

absl::StatusOr<std::map<std::string, ComponentBaseline>> ReadBaselines(
    const std::string& directory, const std::string& machine,
    const std::map<std::string, ComponentRequirements>& requirements) {
  std::map<std::string, ComponentBaseline> baselines;
  for (const auto& entry : requirements) {
    const std::string& component = entry.first;
    absl::StatusOr<ComponentBaseline> baseline = ReadBaseline(directory, machine, component);
    if (baseline.ok()) {
      baselines[component] = *std::move(baseline);
    } else if (!absl::IsNotFound(baseline.status())) {
      return baseline.status();
    }
  }
  return baselines;
}

absl::Status CheckTraceable(const absl::StatusOr<WorkingTreeState>& tree) {
  constexpr absl::string_view kWhy =
      "--update_baselines: a baseline has to name the commit that it was measured at, and ";
  if (!tree.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        kWhy, tree.status().message(), "; run it where git knows the commit of the workspace"));
  }
  if (tree->commit.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(kWhy, "the repository has no commit yet; commit first"));
  }
  if (tree->dirty) {
    return absl::FailedPreconditionError(
        absl::StrCat(kWhy,
                     "the working tree has changes that are in no commit (git status lists "
                     "them); commit or stash them first"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> StoreBaselines(const Report& report, const ReportInputs& inputs,
                                           const StoreOptions& options) {
  if (!report.errors().empty()) {
    return absl::FailedPreconditionError(
        "the baselines stay as they are, because not everything could be measured");
  }
  for (const RequirementResult& requirement : report.requirements()) {
    if (requirement.measured() && !requirement.met()) {
      return absl::FailedPreconditionError(
          "the baselines stay as they are, because a requirement is missed");
    }
  }
  absl::StatusOr<std::string> previous =
      ReadFile(absl::StrCat(options.directory, "/", options.machine, "/", kBaselineLinesFile));
  if (!previous.ok() && !absl::IsNotFound(previous.status())) return previous.status();
  const absl::StatusOr<PreparedUpdate> update =
      PrepareUpdate({.runs = inputs.runs,
                     .requirements = inputs.requirements,
                     .baselines = inputs.baselines,
                     .deterministic_baselines = inputs.deterministic_baselines,
                     .directory = options.directory,
                     .machine = options.machine,
                     .complete = options.complete,
                     .date = absl::FormatTime("%Y-%m-%d", options.now, absl::UTCTimeZone()),
                     .previous_lines = previous.ok() ? *previous : ""});
  if (!update.ok()) {
    return absl::Status(update.status().code(), absl::StrCat("the baselines stay as they are: ",
                                                             update.status().message()));
  }
  if (absl::Status written = WriteTogether(update->files); !written.ok()) return written;
  return update->description;
}

}  // namespace perf

#include "perf/mode/stored_baselines.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "perf/baseline/baseline_changes.h"
#include "perf/baseline/baseline_file.h"
#include "perf/baseline/baseline_update.h"
#include "perf/baseline/written_together.h"
#include "perf/record/text_proto.h"
#include "perf/report/baseline_changes_markdown.h"
#include "perf/suite/accepted_slowdown.h"
#include "perf/suite/baseline_lines.h"

namespace perf {

namespace {

// What is accepted of figures that change: from now on it would count from the new ones.
std::vector<std::string> AcceptedOfChanged(const ReportInputs& inputs,
                                           const PreparedUpdate& update) {
  std::vector<std::string> remarks;
  for (const auto& [machine, changed] : update.updates) {
    for (const BaselineChange& change : changed.changes) {
      const auto requirements = inputs.requirements.find(change.component);
      if (!change.after.has_value() || requirements == inputs.requirements.end()) continue;
      const AcceptedSlowdown* accepted = FindAccepted(requirements->second, change.after->name());
      if (accepted == nullptr) continue;
      remarks.push_back(absl::StrCat(change.after->name(), ": at most ",
                                     accepted->at_most_percent(), " % worse is accepted until ",
                                     accepted->until(),
                                     ", and counts from the new figure on; "
                                     "take it out of the requirements of ",
                                     change.component, " if it is no longer meant"));
    }
  }
  return remarks;
}

}  // namespace

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

absl::StatusOr<StoredChanges> StoreBaselines(const Report& report, const ReportInputs& inputs,
                                             const StoreOptions& options) {
  if (!report.errors().empty()) {
    return absl::FailedPreconditionError(
        "the baselines stay as they are, because not everything could be measured");
  }
  for (const RequirementResult& requirement : report.requirements()) {
    if (requirement.measured() && !requirement.met()) {
      return absl::FailedPreconditionError(
          requirement.noise().empty()
              ? "the baselines stay as they are, because a requirement is missed"
              : "the baselines stay as they are, because a requirement was not met while the "
                "machine was noisy; measure again when it is quiet");
    }
  }
  absl::StatusOr<std::string> previous =
      ReadFile(absl::StrCat(options.directory, "/", options.machine, "/", kBaselineLinesFile));
  if (!previous.ok() && !absl::IsNotFound(previous.status())) return previous.status();
  const std::string date = absl::FormatTime("%Y-%m-%d", options.now, absl::UTCTimeZone());
  const absl::StatusOr<PreparedUpdate> update =
      PrepareUpdate({.runs = inputs.runs,
                     .requirements = inputs.requirements,
                     .baselines = inputs.baselines,
                     .deterministic_baselines = inputs.deterministic_baselines,
                     .directory = options.directory,
                     .machine = options.machine,
                     .complete = options.complete,
                     .date = date,
                     .why = options.why,
                     .previous_lines = previous.ok() ? *previous : ""});
  if (!update.ok()) {
    return absl::Status(update.status().code(), absl::StrCat("the baselines stay as they are: ",
                                                             update.status().message()));
  }
  if (absl::Status written = WriteTogether(update->files); !written.ok()) return written;
  const std::vector<std::string> remarks = AcceptedOfChanged(inputs, *update);
  StoredChanges changes;
  changes.text = update->description;
  for (const std::string& remark : remarks) absl::StrAppend(&changes.text, "Note: ", remark, "\n");
  changes.markdown = BaselineChangesMarkdown({.updates = update->updates,
                                              .why = options.why,
                                              .commit = report.commit(),
                                              .date = date,
                                              .remarks = remarks});
  return changes;
}

}  // namespace perf

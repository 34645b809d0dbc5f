#include "perf/mode/mode.h"

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/baseline/baseline_file.h"
#include "perf/mode/counts_key.h"
#include "perf/mode/stored_baselines.h"
#include "perf/record/environment.h"

namespace perf {

std::string Mode::BaselineKey(const SuiteOptions& options, const Environment& environment) const {
  return options.machine.empty() ? MachineSlug(environment) : options.machine;
}

absl::Status Mode::Prepare(const RunContext& context, ReportInputs& inputs) {
  auto baselines =
      ReadBaselines(context.options.baseline_dir, context.machine, inputs.requirements);
  if (!baselines.ok()) return baselines.status();
  inputs.baselines = *std::move(baselines);
  auto deterministic =
      ReadBaselines(context.options.baseline_dir, kAnyMachine, inputs.requirements);
  if (!deterministic.ok()) return deterministic.status();
  inputs.deterministic_baselines = *std::move(deterministic);
  return absl::OkStatus();
}

std::string Mode::NoBaselineNote(const RunContext& context) const {
  std::vector<std::string> others;
  std::error_code error;
  std::filesystem::directory_iterator entry(context.options.baseline_dir, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    if (!entry->is_directory(unknown)) continue;
    std::string name = entry->path().filename().string();
    // What holds on any machine is no other machine's.
    if (name != kAnyMachine && !absl::StartsWith(name, kCountsKeyPrefix)) {
      others.push_back(std::move(name));
    }
  }
  absl::c_sort(others);
  return absl::StrCat(
      "there is no baseline of this machine, ", context.machine,
      others.empty() ? ""
                     : absl::StrCat(" (there are baselines of: ", absl::StrJoin(others, ", "), ")"),
      ", and figures of different machines are not compared. To make one from a state "
      "you trust, run with --update_baselines.");
}

}  // namespace perf

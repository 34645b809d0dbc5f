#include "perf/mode/stored_mode.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/output_file.h"
#include "perf/mode/event_findings.h"
#include "perf/mode/timer_probe.h"
#include "perf/process/scratch_folder.h"
#include "perf/process/subprocess.h"
#include "perf/record/environment.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

std::vector<std::string> TestCommand(const RunnerOptions& options,
                                     absl::Span<const SuiteTest> tests,
                                     const std::string& events_file) {
  std::vector<std::string> command = options.bazel.program;
  command.insert(command.end(),
                 {"test", "--keep_going", "--runs_per_test=1", "--flaky_test_attempts=1",
                  "--test_summary=none", absl::StrCat("--build_event_json_file=", events_file)});
  if (options.verbose) command.emplace_back("--test_output=all");
  command.insert(command.end(), options.bazel.flags.begin(), options.bazel.flags.end());
  command.emplace_back("--");
  for (const SuiteTest& test : tests) command.push_back(test.label());
  return command;
}

}  // namespace

std::vector<std::string> StoredMode::FilesOfMeasure() const { return {kEventsFile}; }

absl::StatusOr<Findings> StoredMode::Measure(const RunContext& context,
                                             absl::Span<const SuiteTest> tests) {
  const RunnerOptions& options = context.options;
  const TimerProbe timers;
  const std::string run_id = context.services.NewRunId();
  // Bazel writes where there can be nothing of the user's or of an earlier invocation, which would
  // be read as this one's if Bazel ended before it wrote its own. What it wrote is kept beside the
  // report.
  const absl::StatusOr<ScratchFolder> scratch =
      ScratchFolder::Create(absl::StrCat(options.output_dir, "/scratch-"));
  if (!scratch.ok()) return scratch.status();
  const std::string written = absl::StrCat(scratch->path(), "/", kEventsFile);
  context.services.Say(absl::StrCat("running ", tests.size(),
                                    tests.size() == 1 ? " test" : " tests", " with ",
                                    options.profile, " loads, one at a time"));
  std::map<std::string, std::string> variables = {{"PERF_RUN_ID", run_id}};
  SetTestVariables(options.profile, options.load_overrides, options.filter, variables);
  const absl::StatusOr<SubprocessResult> bazel = context.services.programs().Run(
      {.arguments = TestCommand(options, tests, written), .variables = variables},
      SubprocessOutput::kInherit);
  if (!bazel.ok()) return bazel.status();
  const absl::StatusOr<std::string> json = ReadFile(written);
  if (!json.ok() && bazel->exit_code != 0) {
    return absl::InternalError(
        absl::StrCat("bazel ended with exit code ", bazel->exit_code, " before it ran a test"));
  }
  if (!json.ok()) return json.status();
  const std::string events_file = absl::StrCat(options.output_dir, "/", kEventsFile);
  if (absl::Status kept =
          command::WriteOutput(events_file, {.kind = command::kJsonFile, .keep = {}}, *json);
      !kept.ok()) {
    return kept;
  }
  absl::StatusOr<Findings> findings = FindingsOfEvents(*json, events_file, tests,
                                                       {.run_id = run_id,
                                                        .machine = MachineSlug(context.environment),
                                                        .allow_any_mode = options.allow_any_mode},
                                                       bazel->exit_code);
  if (!findings.ok()) return findings.status();
  const std::vector<TimerLateness> lateness = timers.Timers();
  for (Run& run : findings->runs) AddLateness(lateness, *run.mutable_health());
  return findings;
}

}  // namespace perf

#include "perf/mode/stored/stored_mode.h"

#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/file/output_file.h"
#include "perf/bazel/build_events.h"
#include "perf/mode/stored/event_findings.h"
#include "perf/mode/stored/timer_probe.h"
#include "perf/process/scratch_folder.h"
#include "perf/process/subprocess.h"
#include "perf/record/environment.h"
#include "perf/record/text_proto.h"
#include "perf/suite/label.h"

namespace perf {
namespace {

// Bazel's exit code if a target could not be built; others stand for interruptions and the like.
constexpr int kBuildFailed = 1;

std::vector<std::string> TestCommand(const SuiteOptions& options, absl::Span<const SuiteTest> tests,
                                     const std::string& events_file) {
  std::vector<std::string> command = options.bazel.program;
  // With an executor or a cache that speaks gRPC, the events would name the tests' outputs by its
  // addresses, and not where they are here.
  command.insert(command.end(),
                 {"test", "--keep_going", "--runs_per_test=1", "--flaky_test_attempts=1",
                  "--test_summary=none", "--nobuild_event_json_file_path_conversion",
                  absl::StrCat("--build_event_json_file=", events_file)});
  if (options.verbose) command.emplace_back("--test_output=all");
  command.insert(command.end(), options.bazel.flags.begin(), options.bazel.flags.end());
  command.emplace_back("--");
  for (const SuiteTest& test : tests) command.push_back(test.label());
  return command;
}

// What one call of Bazel said.
struct BazelRun {
  // One event a line.
  std::string events;
  int exit_code = 0;
};

// Runs the tests with `flags` beside those of the options, and with `variables`.
absl::StatusOr<BazelRun> RunTests(const RunContext& context, absl::Span<const SuiteTest> tests,
                                  const std::vector<std::string>& flags,
                                  const std::map<std::string, std::string>& variables) {
  // Bazel writes where there can be nothing of the user's or of an earlier invocation, which would
  // be read as this one's if Bazel ended before it wrote its own.
  const absl::StatusOr<ScratchFolder> scratch =
      ScratchFolder::Create(absl::StrCat(context.options.output_dir, "/scratch-"));
  if (!scratch.ok()) return scratch.status();
  const std::string written = absl::StrCat(scratch->path(), "/", kEventsFile);
  SuiteOptions options = context.options;
  options.bazel.flags.insert(options.bazel.flags.end(), flags.begin(), flags.end());
  const absl::StatusOr<SubprocessResult> bazel = context.services.programs().Run(
      {.arguments = TestCommand(options, tests, written), .variables = variables},
      SubprocessOutput::kInherit);
  if (!bazel.ok()) return bazel.status();
  absl::StatusOr<std::string> events = ReadFile(written);
  if (!events.ok() && bazel->exit_code != 0) {
    return absl::InternalError(
        absl::StrCat("bazel ended with exit code ", bazel->exit_code, " before it ran a test"));
  }
  if (!events.ok()) return events.status();
  return BazelRun{.events = *std::move(events), .exit_code = bazel->exit_code};
}

// The tests that could not be built with a remote cache. Its files are compared with their names,
// but the list of a step's files is taken as it comes: a damaged one lets the build fail.
std::vector<SuiteTest> NotBuiltWithCache(const BazelRun& run, absl::Span<const SuiteTest> tests) {
  std::vector<SuiteTest> not_built;
  if (run.exit_code != kBuildFailed) return not_built;
  const absl::StatusOr<BuildEvents> events = ParseBuildEvents(run.events);
  if (!events.ok() || !events->uses_remote_cache) return not_built;
  absl::c_copy_if(tests, std::back_inserter(not_built), [&](const SuiteTest& test) {
    return events->not_built.contains(CanonicalLabel(test.label()));
  });
  return not_built;
}

}  // namespace

std::vector<std::string> StoredMode::FilesOfMeasure() const { return {kEventsFile}; }

absl::StatusOr<Findings> StoredMode::Measure(const RunContext& context,
                                             absl::Span<const SuiteTest> tests) {
  const SuiteOptions& options = context.options;
  const TimerProbe timers;
  const std::string run_id = context.services.NewRunId();
  context.services.Say(absl::StrCat("running ", tests.size(),
                                    tests.size() == 1 ? " test" : " tests", " with ",
                                    options.profile, " loads, one at a time"));
  std::map<std::string, std::string> variables = {{"PERF_RUN_ID", run_id}};
  SetTestVariables(options.profile, options.load_overrides, options.filter, variables);
  absl::StatusOr<BazelRun> bazel = RunTests(context, tests, {}, variables);
  if (!bazel.ok()) return bazel.status();
  const std::vector<SuiteTest> not_built = NotBuiltWithCache(*bazel, tests);
  if (!not_built.empty()) {
    context.services.Say(absl::StrCat(
        not_built.size(), not_built.size() == 1 ? " test" : " tests",
        " could not be built; building again without what the remote cache holds, to be sure that "
        "it is not the cause"));
    absl::StatusOr<BazelRun> again =
        RunTests(context, not_built, {"--noremote_accept_cached"}, variables);
    if (!again.ok()) return again.status();
    // The later results of a test count.
    absl::StrAppend(&bazel->events, again->events);
    bazel->exit_code = again->exit_code;
  }
  // What Bazel wrote is kept beside the report.
  const std::string events_file = absl::StrCat(options.output_dir, "/", kEventsFile);
  if (absl::Status kept = command::WriteOutput(
          events_file, {.kind = command::kJsonFile, .keep = {}}, bazel->events);
      !kept.ok()) {
    return kept;
  }
  absl::StatusOr<Findings> findings = FindingsOfEvents(bazel->events, events_file, tests,
                                                       {.run_id = run_id,
                                                        .machine = MachineSlug(context.environment),
                                                        .pool = options.machine,
                                                        .allow_any_mode = options.allow_any_mode},
                                                       bazel->exit_code);
  if (!findings.ok()) return findings;
  if (const auto helped = absl::c_count_if(
          not_built,
          [&](const SuiteTest& test) { return !findings->failed.contains(test.label()); });
      helped > 0) {
    findings->notes.push_back(
        absl::StrCat(helped, helped == 1 ? " test" : " tests",
                     " could be built only without what the remote cache holds; it is damaged"));
  }
  // The timers were this machine's, and say nothing of a worker.
  if (findings->worker.has_value()) return findings;
  const std::vector<TimerLateness> lateness = timers.Timers();
  for (Run& run : findings->runs) AddLateness(lateness, *run.mutable_health());
  return findings;
}

}  // namespace perf

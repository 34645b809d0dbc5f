#include "perf/runner/command/bisect_command.h"

#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "command/exit_code.h"
#include "perf/bazel/revision.h"
#include "perf/bisect/bisect.h"
#include "perf/bisect/bisect_log.h"
#include "perf/bisect/git_graph.h"
#include "perf/bisect/revision_builder.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/explain/explanation.pb.h"
#include "perf/explain/explanation_text.h"
#include "perf/process/scratch_folder.h"
#include "perf/record/environment.h"
#include "perf/record/short_commit.h"
#include "perf/runner/command/explain_revisions.h"

namespace perf {
namespace {

constexpr char kLogName[] = "bisect.textproto";

// What every step has to be measured with, for one to be compared with the other.
std::string SettingsText(const SuiteOptions& options) {
  std::string text = absl::StrCat("profile ", options.profile);
  if (!options.load_overrides.empty()) absl::StrAppend(&text, ", loads ", options.load_overrides);
  if (!options.bazel.flags.empty()) {
    absl::StrAppend(&text, ", Bazel's flags ", absl::StrJoin(options.bazel.flags, " "));
  }
  const std::string machine =
      options.machine.empty() ? MachineSlug(CurrentEnvironment()) : options.machine;
  return absl::StrCat(text, ", machine ", machine);
}

// What a person reads in the end.
absl::StatusOr<std::string> ResultText(const BisectResult& result, const std::string& workspace,
                                       const BisectCommandOptions& options) {
  std::string text;
  const auto describe = [&](const std::string& commit) -> absl::Status {
    const absl::StatusOr<std::string> line = DescribeCommit(workspace, commit);
    if (!line.ok()) return line.status();
    absl::StrAppend(&text, "  ", *line, "\n");
    return absl::OkStatus();
  };
  absl::StrAppend(&text, options.measurement, " changed in ",
                  result.suspects.size() == 1 ? "this commit" : "one of these commits", ":\n");
  for (const std::string& commit : result.suspects) {
    if (absl::Status described = describe(commit); !described.ok()) return described;
  }
  absl::StrAppend(&text, "Beside ", options.good, ", it is ", ChangeText(result.change), " after ",
                  result.change.rounds, " rounds.\n");
  const std::string& last = result.suspects.back();
  if (result.suspects.size() > 1) {
    absl::StrAppend(&text, "All but the last could not be tried:\n");
    for (const BisectStep& step : result.steps) {
      if (step.outcome != BisectStep::Outcome::kSkipped) continue;
      absl::StrAppend(&text, "  ", ShortCommit(step.commit), ": ", step.why, "\n");
    }
  }
  absl::StrAppend(&text, "Next: git show ", ShortCommit(last), "\n");
  return text;
}

// What the measurement's body executes in the current commit of `options` that it did not in the
// commit before; or in the baseline, which the user calls `good`, where that one cannot be
// compared.
std::string WhatItExecutes(ExplainRevisionsOptions options, const std::string& good) {
  const auto text = [](absl::string_view since, const Explanation& explanation) {
    return absl::StrCat("\nWhat it executes since ", since, ":\n", ExplanationText(explanation));
  };
  if (absl::Status valgrind = CheckValgrind(options.services.programs()); !valgrind.ok()) {
    return text(good, NotExplained(valgrind.message()));
  }
  const std::string good_commit = options.baseline;
  std::string why;
  // Beside an earlier commit, what others have changed would be named, too.
  const absl::StatusOr<std::string> parent =
      ResolveRevision(options.run.workspace, absl::StrCat(options.current, "~1"));
  if (parent.ok() && *parent != good_commit) {
    options.baseline = *parent;
    const absl::StatusOr<Explanation> explanation = ExplainRevisions(options);
    const std::string shown(ShortCommit(*parent));
    if (explanation.ok()) return text(absl::StrCat("the commit before, ", shown), *explanation);
    if (absl::IsCancelled(explanation.status())) {
      return text(shown, NotExplained(explanation.status().message()));
    }
    why = absl::StrCat(", as the commit before, ", shown, ", cannot be compared (",
                       explanation.status().message(), ")");
    options.baseline = good_commit;
  }
  const absl::StatusOr<Explanation> explanation = ExplainRevisions(options);
  return text(absl::StrCat(good, why),
              explanation.ok() ? *explanation : NotExplained(explanation.status().message()));
}

}  // namespace

absl::StatusOr<int> RunBisectCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                     const SuiteOptions& options,
                                     const BisectCommandOptions& command_options,
                                     Services& services) {
  const absl::StatusOr<std::string> good = ResolveRevision(options.workspace, command_options.good);
  if (!good.ok()) return good.status();
  const absl::StatusOr<std::string> bad = ResolveRevision(options.workspace, command_options.bad);
  if (!bad.ok()) return bad.status();
  std::error_code error;
  std::filesystem::create_directories(options.output_dir, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", options.output_dir));
  }
  absl::StatusOr<BisectLog> log =
      BisectLog::Open(absl::StrCat(options.output_dir, "/", kLogName), command_options.measurement,
                      *good, *bad, SettingsText(options));
  if (!log.ok()) return log.status();
  const absl::StatusOr<ScratchFolder> scratch =
      ScratchFolder::Create(absl::StrCat(options.output_dir, "/scratch-"));
  if (!scratch.ok()) return scratch.status();
  absl::StatusOr<std::unique_ptr<RevisionBuilder>> builder =
      RevisionBuilder::Create({.suite = suite,
                               .tests = {tests.begin(), tests.end()},
                               .run = options,
                               .services = services,
                               .good = *good,
                               .bad = *bad,
                               .measurement = command_options.measurement,
                               .scratch = scratch->path()});
  if (!builder.ok()) return builder.status();
  GitGraph graph(options.workspace);
  std::mt19937_64 random(std::random_device{}());
  const absl::StatusOr<BisectResult> result =
      Bisect(graph, **builder,
             {.good = *good,
              .bad = *bad,
              .known = log->Steps(),
              .keep = [&](const BisectStep& step) { return log->Add(step); },
              .say = [&](absl::string_view line) { services.Say(line); },
              .progress = [&](absl::string_view line) { services.ShowProgress(line); },
              .interrupted = [&] { return services.Interrupted(); }},
             random);
  if (absl::IsNotFound(result.status())) {
    services.Print(absl::StrCat(result.status().message(), "\n"));
    return command::kNo;
  }
  if (!result.ok()) return result.status();
  const absl::StatusOr<std::string> text = ResultText(*result, options.workspace, command_options);
  if (!text.ok()) return text.status();
  services.Print(*text);
  // The folders of its commits are free from here on.
  builder->reset();
  services.Print(WhatItExecutes({.suite = suite,
                                 .tests = {tests.begin(), tests.end()},
                                 .run = options,
                                 .services = services,
                                 .measurement = command_options.measurement,
                                 .baseline = *good,
                                 .current = result->suspects.back()},
                                command_options.good));
  return command::kDone;
}

}  // namespace perf

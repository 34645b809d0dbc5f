#include "perf/runner/against.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/program.h"
#include "perf/ab/comparison.h"
#include "perf/ab/whole_process.h"
#include "perf/bazel/build_events.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_program.h"
#include "perf/process/scratch_folder.h"
#include "perf/process/subprocess.h"
#include "perf/runner/test_build.h"
#include "perf/stats/statistics.h"
#include "perf/suite/label.h"
#include "re2/re2.h"

namespace perf {
namespace {

using command::Say;

class AgainstRun {
 public:
  AgainstRun(const Suite& suite, absl::Span<const SuiteTest> tests, const Environment& environment,
             const RunnerOptions& options)
      : suite_(suite),
        tests_(tests.begin(), tests.end()),
        environment_(environment),
        options_(options) {}

  absl::StatusOr<AgainstResult> Execute(const std::string& name) {
    absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    cache_ = *std::move(cache);
    const absl::StatusOr<ScratchFolder> scratch =
        ScratchFolder::Create(absl::StrCat(options_.output_dir, "/scratch-"));
    if (!scratch.ok()) return scratch.status();
    scratch_ = scratch->path();
    absl::StatusOr<std::string> commit = ResolveRevision(options_.workspace, name);
    if (!commit.ok()) return commit.status();
    result_.commit = *std::move(commit);
    const std::string shown = result_.commit.substr(0, 12);
    // Kept to the end, so that no other run changes the tree that this one measures.
    const absl::StatusOr<Checkout> checkout =
        Checkout::Create(options_.workspace, result_.commit, cache_, [](const std::string& holder) {
          Say(absl::StrCat("waiting for ", holder, ": one comparison of a workspace at a time"));
        });
    if (!checkout.ok()) return checkout.status();
    const std::string& directory = checkout->directory();
    for (const std::string& submodule : checkout->empty_submodules()) {
      result_.notes.push_back(absl::StrCat("the submodule ", submodule, " is empty in ", shown,
                                           ", because it is here"));
    }

    absl::StatusOr<std::set<std::string>> old_labels = LabelsIn(directory);
    if (!old_labels.ok()) return old_labels.status();
    std::vector<SuiteTest> both;
    for (const SuiteTest& test : tests_) {
      if (old_labels->contains(test.label())) {
        both.push_back(test);
      } else {
        result_.notes.push_back(absl::StrCat(test.label(), " is new since ", shown));
      }
    }
    if (absl::Status added = AddRemovedTests(directory); !added.ok()) return added;
    if (both.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("none of the selected tests was there in ", shown));
    }
    absl::StatusOr<std::string> old_bin =
        BuildTests(both, directory, absl::StrCat(shown, ", in ", directory), cache_, options_);
    if (!old_bin.ok()) return old_bin.status();
    absl::StatusOr<std::string> new_bin =
        BuildTests(both, options_.workspace, "the working tree", cache_, options_);
    if (!new_bin.ok()) return new_bin.status();

    for (const SuiteTest& test : both) {
      if (absl::Status added = AddSource(test, *old_bin, *new_bin); !added.ok()) {
        result_.errors.push_back(absl::StrCat(test.label(), ": ", added.message()));
      }
    }
    result_.notes.push_back(
        absl::StrCat("compared with ", shown,
                     ", built and measured beside this build; the interval of a change "
                     "is of ",
                     absl::StrFormat("%.0f", (1 - kErrorRate) * 100), " %"));
    Compare();
    Collect();
    return std::move(result_);
  }

 private:
  // The labels that the tree in `directory` has of `expression`; what it has not is left out.
  absl::StatusOr<std::set<std::string>> Query(const std::string& expression,
                                              const std::string& directory) const {
    std::vector<std::string> command = BazelCommand(options_, cache_, "query");
    command.insert(command.end(),
                   {"--keep_going", "--noshow_progress", "--ui_event_filters=-error", expression});
    absl::StatusOr<SubprocessResult> query =
        RunProgram({.arguments = command, .directory = directory}, SubprocessOutput::kCapture);
    if (!query.ok()) return query.status();
    // 3: some do not exist.
    if (query->exit_code != 0 && query->exit_code != 3) {
      return absl::FailedPreconditionError(absl::StrCat(
          "bazel query in ", directory, " ended with ", DescribeExit(query->exit_code)));
    }
    std::set<std::string> found;
    for (absl::string_view line : absl::StrSplit(query->output, '\n', absl::SkipEmpty())) {
      found.insert(CanonicalLabel(line));
    }
    return found;
  }

  // Those of the tests that the tree in `directory` has.
  absl::StatusOr<std::set<std::string>> LabelsIn(const std::string& directory) const {
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    return Query(absl::StrCat("set(", absl::StrJoin(labels, " "), ")"), directory);
  }

  // Members of the earlier suite that are none any more, where all are asked for: all that they
  // measured is gone.
  absl::Status AddRemovedTests(const std::string& directory) {
    const SuiteManifest& manifest = suite_.manifest;
    if (!options_.selection.empty() || static_cast<int>(tests_.size()) < manifest.tests_size()) {
      return absl::OkStatus();
    }
    const absl::StatusOr<std::set<std::string>> members =
        Query(absl::StrCat("labels(tests, set(", manifest.suite(), "))"), directory);
    if (!members.ok()) return members.status();
    for (const std::string& member : *members) {
      if (suite_.component_of.contains(member)) continue;
      result_.gone.push_back({.component = "", .target = member, .name = member});
    }
    return absl::OkStatus();
  }

  absl::Status AddSource(const SuiteTest& test, const std::string& old_bin,
                         const std::string& new_bin) {
    const std::string& workspace_name = suite_.manifest.workspace_name();
    absl::StatusOr<TestProgram> baseline = FindTestProgram(test, old_bin, workspace_name);
    if (!baseline.ok()) return baseline.status();
    absl::StatusOr<TestProgram> current = FindTestProgram(test, new_bin, workspace_name);
    if (!current.ok()) return current.status();
    const std::string& component = suite_.component_of.at(test.label());
    absl::StatusOr<bool> same = SameProgram(*baseline, *current);
    if (!same.ok()) return same.status();
    if (*same && !options_.measure_identical) {
      result_.identical.emplace_back(component, test.label());
      return absl::OkStatus();
    }
    for (TestProgram* program : {&*baseline, &*current}) {
      program->variables["PERF_PROFILE"] = options_.profile;
      program->variables["PERF_OVERRIDES"] = options_.load_overrides;
      program->variables["PERF_FILTER"] = options_.filter;
    }
    if (test.benchmark()) {
      absl::Status epochs = AddEpochSource(component, *baseline, *current);
      if (!absl::IsUnimplemented(epochs)) return epochs;
      result_.notes.push_back(
          absl::StrCat(test.label(),
                       ": the earlier revision cannot run epochs on request, so whole "
                       "runs were compared, which takes longer"));
    }
    auto whole = WholeProcessSource::Create({.baseline = *baseline,
                                             .current = *current,
                                             .requirements = suite_.requirements.at(component),
                                             .scratch = scratch_ + "/whole"},
                                            &result_.notes);
    if (!whole.ok()) return whole.status();
    Say(absl::StrCat(test.label(), ": ", (*whole)->compared().size(), " measurements, whole runs"));
    sources_.push_back(*std::move(whole));
    return absl::OkStatus();
  }

  absl::Status AddEpochSource(const std::string& component, const TestProgram& baseline,
                              const TestProgram& current) {
    const auto program = [&](const TestProgram& side, const std::string& name) {
      BenchmarkProgram made{
          .path = side.executable, .directory = side.directory, .variables = side.variables};
      made.variables["TEST_TMPDIR"] = absl::StrCat(scratch_, "/", name);
      std::error_code error;
      std::filesystem::create_directories(made.variables["TEST_TMPDIR"], error);
      return made;
    };
    const auto filter = std::make_shared<re2::RE2>(options_.filter);
    const std::string label = current.label;
    auto source = EpochSource::Create({.target = label,
                                       .component = component,
                                       .baseline = program(baseline, "baseline"),
                                       .current = program(current, "current"),
                                       .selected =
                                           [filter, label](const std::string& name) {
                                             return re2::RE2::PartialMatch(label, *filter) ||
                                                    re2::RE2::PartialMatch(name, *filter);
                                           }},
                                      &result_.notes);
    if (!source.ok()) return source.status();
    Say(absl::StrCat(label, ": ", (*source)->compared().size(), " benchmarks, by epochs"));
    sources_.push_back(*std::move(source));
    return absl::OkStatus();
  }

  void Compare() {
    auto last_said = std::chrono::steady_clock::now();
    std::mt19937_64 random(std::random_device{}());
    RunComparison(sources_,
                  {.time_budget = options_.time_budget,
                   .progress =
                       [&](int rounds, int settled, int all) {
                         const auto now = std::chrono::steady_clock::now();
                         if (now - last_said < std::chrono::seconds(2) && settled < all) return;
                         last_said = now;
                         Say(absl::StrFormat("round %d: %d of %d settled", rounds, settled, all));
                       }},
                  random);
  }

  void Collect() {
    int unresolved = 0;
    for (const auto& source : sources_) {
      for (const RoundSource::Gone& gone : source->gone()) {
        result_.gone.push_back({.component = suite_.component_of.at(gone.target),
                                .target = gone.target,
                                .name = gone.name});
      }
      Run run;
      *run.mutable_environment() = environment_;
      run.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
      run.mutable_provenance()->set_total_shards(1);
      run.mutable_provenance()->set_profile(options_.profile);
      run.mutable_provenance()->set_filter(options_.filter);
      for (const Compared& compared : source->compared()) {
        run.mutable_provenance()->set_target(compared.target);
        if (!compared.status.ok()) {
          result_.errors.push_back(
              absl::StrCat(compared.target, ": ", compared.name, ": ", compared.status.message()));
          continue;
        }
        Measurement& measurement = *run.add_measurements();
        measurement.set_name(compared.name);
        measurement.set_title(compared.title);
        measurement.set_unit(compared.unit);
        measurement.set_better(compared.better);
        measurement.set_component(compared.component);
        measurement.mutable_samples()->Add(compared.current_samples.begin(),
                                           compared.current_samples.end());
        result_.ab[compared.name] = {.effect = compared.effect,
                                     .baseline_median = Summarize(compared.baseline_samples).median,
                                     .rounds = static_cast<int>(compared.log_ratios.size())};
        unresolved += compared.effect.verdict == UNRESOLVED;
      }
      run.set_num_measurements(run.measurements_size());
      if (run.measurements_size() > 0) result_.runs.push_back(std::move(run));
    }
    if (unresolved > 0) {
      result_.notes.push_back(
          absl::StrCat(unresolved, unresolved == 1 ? " measurement is" : " measurements are",
                       " unresolved: --time_budget ", absl::FormatDuration(options_.time_budget),
                       " or the machine's rest did not suffice"));
    }
  }

  const Suite& suite_;
  const std::vector<SuiteTest> tests_;
  const Environment& environment_;
  const RunnerOptions& options_;
  std::string scratch_;
  std::string cache_;
  std::vector<std::unique_ptr<RoundSource>> sources_;
  AgainstResult result_;
};

}  // namespace

absl::StatusOr<AgainstResult> MeasureBeside(const Suite& suite, absl::Span<const SuiteTest> tests,
                                            const std::string& revision,
                                            const Environment& environment,
                                            const RunnerOptions& options) {
  return AgainstRun(suite, tests, environment, options).Execute(revision);
}

}  // namespace perf

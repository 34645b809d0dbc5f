#include "perf/mode/ab/ab_mode.h"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "perf/ab/comparison.h"
#include "perf/ab/outlook.h"
#include "perf/ab/paired_effect.h"
#include "perf/ab/round_source.h"
#include "perf/ab/test_pairs.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/code/linked_code.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/explain/explanation.pb.h"
#include "perf/gbench/epoch_child.h"
#include "perf/mode/ab/program_pair.h"
#include "perf/mode/ab/round_sources.h"
#include "perf/process/scratch_folder.h"
#include "perf/record/short_commit.h"
#include "perf/stats/statistics.h"

namespace perf {
namespace {

// The one commit that the baselines were measured at.
absl::StatusOr<std::string> RevisionOf(const std::map<std::string, ComponentBaseline>& baselines,
                                       const std::string& machine) {
  std::set<std::string> commits;
  for (const auto& [component, baseline] : baselines) {
    for (const BaselineMeasurement& measurement : baseline.measurements()) {
      commits.insert(measurement.commit());
    }
  }
  if (commits.empty()) {
    return absl::NotFoundError(
        absl::StrCat("--against=baseline: there is no baseline of this machine, ", machine));
  }
  if (commits.size() > 1 || commits.begin()->empty() || commits.begin()->back() == '+') {
    return absl::FailedPreconditionError(
        absl::StrCat("--against=baseline: the baselines are of ", absl::StrJoin(commits, ", "),
                     ", which is not one commit (+ means with uncommitted changes). Name one, or "
                     "narrow the run by --component"));
  }
  return *commits.begin();
}

// One comparison of this tree with a revision.
class RevisionComparison {
 public:
  RevisionComparison(const RunContext& context, absl::Span<const SuiteTest> tests)
      : context_(context),
        suite_(context.suite),
        options_(context.options),
        tests_(tests.begin(), tests.end()),
        run_id_(context.services.NewRunId()),
        comparer_(context.suite.manifest.harness()) {}

  absl::StatusOr<Findings> Execute(const std::string& name) {
    absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    build_ = {.bazel = options_.bazel, .cache = *std::move(cache)};
    const absl::StatusOr<ScratchFolder> scratch =
        ScratchFolder::Create(absl::StrCat(options_.output_dir, "/scratch-"));
    if (!scratch.ok()) return scratch.status();
    scratch_ = scratch->path();
    const absl::StatusOr<std::string> commit = ResolveRevision(options_.workspace, name);
    if (!commit.ok()) return commit.status();
    shown_ = std::string(ShortCommit(*commit));
    findings_.ab_revision = shown_;
    // Kept to the end, so that no other run changes the tree that this one measures.
    const absl::StatusOr<Checkout> checkout = Checkout::Create(
        options_.workspace, *commit, build_.cache, [this](const std::string& holder) {
          Say(absl::StrCat("waiting for ", holder, ": one comparison of a workspace at a time"));
        });
    if (!checkout.ok()) return checkout.status();
    for (const std::string& submodule : checkout->empty_submodules()) {
      findings_.notes.push_back(absl::StrCat("the submodule ", submodule, " is empty in ", shown_,
                                             ", because it is empty in the working tree"));
    }
    if (absl::Status added = AddSources(checkout->directory()); !added.ok()) return added;
    findings_.notes.push_back(absl::StrCat(
        "compared with ",
        absl::StartsWith(*commit, name) ? shown_ : absl::StrCat(name, " (", shown_, ")"),
        ", which was built and measured beside this build; the interval "
        "of a change holds with ",
        absl::StrFormat("%.0f", (1 - kErrorRate) * 100), " % confidence"));
    Compare();
    AddFindings();
    Explain();
    return std::move(findings_);
  }

 private:
  // The programs that a source runs.
  struct Builds {
    TestProgram baseline;
    TestProgram current;
    bool benchmark = false;
  };

  void Say(absl::string_view line) { context_.services.Say(line); }

  absl::StatusOr<std::set<std::string>> Query(const std::string& expression,
                                              const std::string& directory) {
    return QueryLabels(expression, directory, build_, context_.services.programs());
  }

  // Pairs the tests with those of the tree in `directory`. Members of the earlier suite that are
  // none any more are gone with all that they measured, where all members were asked for.
  absl::StatusOr<std::vector<TestPair>> FindPairs(const std::string& directory) {
    const SuiteManifest& manifest = suite_.manifest;
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    const absl::StatusOr<std::set<std::string>> earlier_targets =
        Query(absl::StrCat("set(", absl::StrJoin(labels, " "), ")"), directory);
    if (!earlier_targets.ok()) return earlier_targets.status();
    const bool all =
        options_.selection.empty() && static_cast<int>(tests_.size()) == manifest.tests_size();
    std::set<std::string> earlier_members;
    if (all || earlier_targets->size() < labels.size()) {
      absl::StatusOr<std::set<std::string>> members =
          Query(absl::StrCat("labels(tests, set(", manifest.suite(), "))"), directory);
      if (!members.ok()) return members.status();
      earlier_members = *std::move(members);
    }
    std::set<std::string> members;
    for (const auto& [label, component] : suite_.component_of) members.insert(label);
    TestPairs pairs = PairTests(tests_, members, *earlier_targets, earlier_members);
    for (const std::string& label : pairs.added) {
      findings_.notes.push_back(absl::StrCat(label, " is new since ", shown_));
    }
    for (const TestPair& pair : pairs.pairs) {
      if (pair.baseline_label == pair.current.label()) continue;
      findings_.notes.push_back(absl::StrCat(pair.current.label(), " is compared with ",
                                             pair.baseline_label, " of ", shown_,
                                             ", the only test of that name which has gone"));
    }
    if (all) {
      for (const std::string& label : pairs.removed) {
        findings_.gone.push_back({.component = "", .target = label, .name = label});
      }
    }
    if (pairs.pairs.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("none of the selected tests existed in ", shown_));
    }
    return std::move(pairs.pairs);
  }

  // Builds both trees.
  absl::Status AddSources(const std::string& directory) {
    const absl::StatusOr<std::vector<TestPair>> pairs = FindPairs(directory);
    if (!pairs.ok()) return pairs.status();
    std::vector<std::string> old_labels;
    std::vector<std::string> labels;
    for (const TestPair& pair : *pairs) {
      old_labels.push_back(pair.baseline_label);
      labels.push_back(pair.current.label());
    }
    const auto say = [this](absl::string_view line) { Say(line); };
    ProgramRunner& programs = context_.services.programs();
    const absl::StatusOr<std::string> old_bin = BuildTests(
        old_labels, directory, absl::StrCat(shown_, ", in ", directory), build_, programs, say);
    if (!old_bin.ok()) return old_bin.status();
    const absl::StatusOr<std::string> bin =
        BuildTests(labels, options_.workspace, "the working tree", build_, programs, say);
    if (!bin.ok()) return bin.status();
    for (const TestPair& pair : *pairs) {
      if (absl::Status added = AddSource(pair, *old_bin, *bin); !added.ok()) {
        findings_.errors.push_back(absl::StrCat(pair.current.label(), ": ", added.message()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddSource(const TestPair& pair, const std::string& old_bin, const std::string& bin) {
    const SuiteTest& test = pair.current;
    absl::StatusOr<ProgramPair> programs = FindProgramPair({.suite = suite_,
                                                            .test = test,
                                                            .baseline_label = pair.baseline_label,
                                                            .baseline_bin = old_bin,
                                                            .current_bin = bin,
                                                            .run = options_},
                                                           comparer_);
    if (!programs.ok()) return programs.status();
    for (const AcceptedSlowdown& accepted : programs->accepted_before) {
      findings_.accepted_before[accepted.measurement()] = accepted.at_most_percent();
    }
    const CodeComparison& code = programs->code;
    if (code.sameness != Sameness::kChanged && !options_.measure_identical) {
      findings_.unchanged.push_back(
          {.component = programs->component, .label = test.label(), .difference = code.what});
      return absl::OkStatus();
    }
    if (!programs->why_quick.empty()) {
      findings_.notes.push_back(absl::StrCat(test.label(), ": measured with quick loads, because ",
                                             shown_, "'s cannot be read: ", programs->why_quick));
    }
    Builds builds = {.baseline = programs->baseline,
                     .current = programs->current,
                     .benchmark = test.benchmark()};
    auto source = MakeRoundSource({.baseline = std::move(programs->baseline),
                                   .current = std::move(programs->current),
                                   .benchmark = test.benchmark(),
                                   .component = programs->component,
                                   .filter = options_.filter,
                                   .requirements = suite_.requirements.at(programs->component),
                                   .scratch = scratch_},
                                  &findings_.notes);
    if (!source.ok()) return source.status();
    Say(absl::StrCat(test.label(), ": ", (*source)->compared().size(), " measurements; ",
                     code.sameness == Sameness::kChanged ? code.what : "unchanged code"));
    sources_.push_back(*std::move(source));
    builds_.push_back(std::move(builds));
    return absl::OkStatus();
  }

  void Compare() {
    std::mt19937_64 random(std::random_device{}());
    Services& services = context_.services;
    RunComparison(sources_,
                  {.time_budget = options_.time_budget,
                   .progress =
                       [&](const ComparisonProgress& progress) {
                         const std::string line = absl::StrFormat(
                             "%d of %d settled, at most %s left", progress.settled, progress.all,
                             absl::FormatDuration(absl::Trunc(
                                 options_.time_budget - progress.elapsed, absl::Seconds(1))));
                         if (progress.settled == progress.all) {
                           services.Say(line);
                         } else {
                           services.ShowProgress(line);
                         }
                       },
                   .interrupted = [&] { return services.Interrupted(); }},
                  random);
    if (services.Interrupted()) {
      findings_.notes.emplace_back("interrupted: what was not settled by then is unresolved");
    }
  }

  void AddFindings() {
    std::map<UnresolvedReason, int> unresolved;
    for (const auto& source : sources_) {
      for (const RoundSource::Gone& gone : source->gone()) {
        findings_.gone.push_back({.component = suite_.component_of.at(gone.target),
                                  .target = gone.target,
                                  .name = gone.name});
      }
      Run run;
      run.set_run_id(run_id_);
      *run.mutable_environment() = context_.environment;
      run.mutable_start_time()->set_seconds(absl::ToUnixSeconds(context_.services.Now()));
      run.mutable_provenance()->set_total_shards(1);
      run.mutable_provenance()->set_profile(options_.profile);
      run.mutable_provenance()->set_filter(options_.filter);
      for (const Compared& compared : source->compared()) {
        run.mutable_provenance()->set_target(compared.target);
        if (!compared.status.ok()) {
          findings_.errors.push_back(
              absl::StrCat(compared.target, ": ", compared.name, ": ", compared.status.message()));
          continue;
        }
        AbResult result = {.effect = compared.effect, .rounds = compared.rounds()};
        if (compared.effect.verdict == UNRESOLVED) {
          result.unresolved = Unresolved(compared, source->SharedCost());
          ++unresolved[result.unresolved.reason()];
        }
        // Without a round there are no figures.
        if (compared.log_ratios.empty()) continue;
        Measurement& measurement = *run.add_measurements();
        measurement.set_name(compared.name);
        measurement.set_title(compared.title);
        measurement.set_unit(compared.unit);
        measurement.set_better(compared.better);
        measurement.set_component(compared.component);
        measurement.set_deterministic(compared.deterministic);
        measurement.mutable_samples()->Add(compared.current_samples.begin(),
                                           compared.current_samples.end());
        result.baseline_median = Median(compared.baseline_samples);
        result.baseline_samples = compared.baseline_samples;
        findings_.ab[compared.name] = std::move(result);
      }
      run.set_num_measurements(run.measurements_size());
      if (run.measurements_size() > 0) findings_.runs.push_back(std::move(run));
    }
    NoteUnresolved(unresolved);
  }

  UnresolvedResult Unresolved(const Compared& compared, absl::Duration shared_cost) const {
    const Outlook outlook = OutlookOf(compared, shared_cost);
    UnresolvedResult unresolved;
    unresolved.set_reason(outlook.reason);
    if (outlook.reason == LOOKS_CHANGED) unresolved.set_likely(outlook.likely);
    unresolved.set_rounds(compared.rounds());
    unresolved.set_spread_percent(outlook.spread_percent);
    if (outlook.time_to_settle < absl::InfiniteDuration()) {
      unresolved.set_seconds_to_settle(absl::ToDoubleSeconds(outlook.time_to_settle));
    }
    return unresolved;
  }

  // What became slower of one program.
  struct Slower {
    const Compared* gravest = nullptr;
    const Builds* builds = nullptr;
    // All of it, of a program of which one run is explained.
    std::vector<std::string> names = {};
  };

  // Looks into the gravest of what became slower: Google Benchmark functions one by one, and of
  // other tests the run of one, which callgrind takes up to a minute for, of each build.
  void Explain() {
    if (!options_.explain) return;
    constexpr size_t kMaxBenchmarks = 5;
    constexpr size_t kMaxPrograms = 1;
    std::vector<Slower> benchmarks;
    std::vector<Slower> programs;
    for (size_t i = 0; i < sources_.size(); ++i) {
      Slower program = {.builds = &builds_[i]};
      for (const Compared& compared : sources_[i]->compared()) {
        const Verdict verdict = compared.effect.verdict;
        if (!compared.status.ok() || (verdict != RED && verdict != YELLOW)) continue;
        if (builds_[i].benchmark) {
          benchmarks.push_back(
              {.gravest = &compared, .builds = &builds_[i], .names = {compared.name}});
          continue;
        }
        program.names.push_back(compared.name);
        if (program.gravest == nullptr ||
            compared.effect.change_percent < program.gravest->effect.change_percent) {
          program.gravest = &compared;
        }
      }
      if (program.gravest != nullptr) programs.push_back(std::move(program));
    }
    ExplainGravest(kMaxBenchmarks, "Google Benchmark functions", std::move(benchmarks));
    ExplainGravest(kMaxPrograms, "tests of other kinds", std::move(programs));
  }

  void ExplainGravest(size_t most, absl::string_view what, std::vector<Slower> slower) {
    absl::c_stable_sort(slower, [](const Slower& one, const Slower& other) {
      return one.gravest->effect.change_percent < other.gravest->effect.change_percent;
    });
    if (slower.size() > most) {
      findings_.notes.push_back(absl::StrCat(
          most == 1 ? "the gravest" : absl::StrCat("the gravest ", most), " of ", slower.size(),
          " slower ", what, most == 1 ? " is" : " are", " explained; `explain NAME --against ",
          shown_, "` does so with any of them"));
      slower.resize(most);
    }
    for (const Slower& one : slower) {
      if (context_.services.Interrupted()) return;
      const Explanation explanation = ExplanationOf(*one.gravest, *one.builds);
      for (const std::string& name : one.names) findings_.explanations[name] = explanation;
    }
  }

  Explanation ExplanationOf(const Compared& compared, const Builds& builds) {
    Services& services = context_.services;
    // Paths of one length, as programs copy those that they are given.
    const auto program_of = builds.benchmark ? &BenchmarkProgramOf : &WholeProgramOf;
    const BenchmarkProgram baseline = program_of(builds.baseline, scratch_ + "/explain-0");
    const BenchmarkProgram current = program_of(builds.current, scratch_ + "/explain-1");
    const ProfileOptions options = {
        .measurement = compared.name,
        .scratch = scratch_,
        .programs = services.programs(),
        .progress = [&](absl::string_view line) { services.ShowProgress(line); },
        .interrupted = [&] { return services.Interrupted(); },
        .patience = absl::Minutes(1)};
    const absl::StatusOr<Explanation> explanation =
        builds.benchmark
            ? ExplainBenchmark(baseline, current, options,
                               TimePercent(compared.effect.ratio, compared.better == HIGHER))
            : ExplainProgram(baseline, current, options);
    if (explanation.ok()) return *explanation;
    const bool takes_long = absl::IsDeadlineExceeded(explanation.status());
    return NotExplained(absl::StrCat(explanation.status().message(),
                                     takes_long
                                         ? absl::StrCat("; `explain ", compared.name, " --against ",
                                                        shown_, "` gives it ten minutes")
                                         : ""));
  }

  // Says once for all how many are unresolved, and why.
  void NoteUnresolved(const std::map<UnresolvedReason, int>& unresolved) {
    std::vector<std::string> parts;
    int all = 0;
    for (const auto& [reason, count] : unresolved) {
      all += count;
      parts.push_back(absl::StrCat(count, reason == LOOKS_CHANGED ? " probably changed"
                                          : reason == TOO_NOISY   ? " too noisy"
                                                                  : " not reached"));
    }
    if (all == 0) return;
    findings_.notes.push_back(absl::StrCat(all, all == 1 ? " measurement is" : " measurements are",
                                           " unresolved (", absl::StrJoin(parts, ", "),
                                           "); --time_budget was ",
                                           absl::FormatDuration(options_.time_budget)));
  }

  const RunContext& context_;
  const Suite& suite_;
  const SuiteOptions& options_;
  const std::vector<SuiteTest> tests_;
  const std::string run_id_;
  // The revision, as the report names it.
  std::string shown_;
  std::string scratch_;
  TestBuildOptions build_;
  CodeComparer comparer_;
  std::vector<std::unique_ptr<RoundSource>> sources_;
  // One for each source.
  std::vector<Builds> builds_;
  Findings findings_;
};

}  // namespace

absl::Status AbMode::Prepare(const RunContext& context, ReportInputs& inputs) {
  if (absl::Status read = Mode::Prepare(context, inputs); !read.ok()) return read;
  if (revision_ != kBaselineRevision) return absl::OkStatus();
  absl::StatusOr<std::string> revision = RevisionOf(inputs.baselines, context.machine);
  if (!revision.ok()) return revision.status();
  revision_ = *std::move(revision);
  return absl::OkStatus();
}

absl::StatusOr<Findings> AbMode::Measure(const RunContext& context,
                                         absl::Span<const SuiteTest> tests) {
  return RevisionComparison(context, tests).Execute(revision_);
}

}  // namespace perf

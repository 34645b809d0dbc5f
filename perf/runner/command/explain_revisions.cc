#include "perf/runner/command/explain_revisions.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "command/nearest_name.h"
#include "perf/ab/whole_process.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/code/linked_code.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/gbench/epoch_child.h"
#include "perf/mode/ab/program_pair.h"
#include "perf/mode/ab/round_sources.h"
#include "perf/process/scratch_folder.h"
#include "perf/record/result.pb.h"
#include "perf/record/short_commit.h"

namespace perf {
namespace {

// NotFound is kept for a measurement that there is not.
absl::Status Failure(const absl::Status& status) {
  return absl::IsNotFound(status) ? absl::UnavailableError(status.message()) : status;
}

class RevisionExplanation {
 public:
  explicit RevisionExplanation(const ExplainRevisionsOptions& options) : options_(options) {}

  absl::StatusOr<Explanation> Execute() {
    if (options_.tests.empty()) return NoSuchMeasurement(options_.measurement, seen_);
    if (absl::Status valgrind = CheckValgrind(options_.services.programs()); !valgrind.ok()) {
      return valgrind;
    }
    absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    build_ = {.bazel = options_.run.bazel, .cache = *std::move(cache)};
    // Most measurements are of Google Benchmark functions, which say what they measure. Other tests
    // have to be run for that.
    for (const bool benchmarks : {true, false}) {
      const absl::StatusOr<std::optional<Explanation>> explanation = ExplainTests(benchmarks);
      if (!explanation.ok()) return explanation.status();
      if (explanation->has_value()) return **explanation;
    }
    return failed_.ok() ? NoSuchMeasurement(options_.measurement, seen_) : failed_;
  }

 private:
  void Say(absl::string_view line) { options_.services.Say(line); }

  // Explains the measurement, if one of those tests has it that are Google Benchmark programs, or
  // one of the others.
  absl::StatusOr<std::optional<Explanation>> ExplainTests(bool benchmarks) {
    tests_ = TestsToAsk(options_.suite, options_.tests, options_.measurement, benchmarks);
    if (tests_.empty()) return std::nullopt;
    // The folder of the baseline is that of --against, so that little has to be built.
    const absl::StatusOr<std::string> baseline_bin = Build(options_.baseline, "", baseline_);
    if (!baseline_bin.ok()) return baseline_bin.status();
    if (tests_.empty()) return std::nullopt;
    const absl::StatusOr<std::string> current_bin = Build(options_.current, "tried", current_);
    if (!current_bin.ok()) return current_bin.status();
    CodeComparer comparer(options_.suite.manifest.harness());
    for (const SuiteTest& test : tests_) {
      absl::StatusOr<std::optional<ProgramPair>> pair =
          PairThatMeasures(test, *baseline_bin, *current_bin, comparer);
      if (absl::IsCancelled(pair.status())) return pair.status();
      if (!pair.ok()) {
        failed_.Update(CannotAsk(test, pair.status()));
        continue;
      }
      if (!pair->has_value()) continue;
      absl::StatusOr<Explanation> explanation = Explain(**pair, benchmarks);
      if (!explanation.ok()) return explanation.status();
      return *std::move(explanation);
    }
    return std::nullopt;
  }

  // Builds those of the tests that the commit has, and keeps no others; nothing if there are none.
  // An empty commit stands for the working tree.
  absl::StatusOr<std::string> Build(const std::string& commit, const std::string& place,
                                    std::optional<Checkout>& kept) {
    std::string directory = options_.run.workspace;
    std::string what = "the working tree";
    if (!commit.empty() && !kept.has_value()) {
      absl::StatusOr<Checkout> checkout = Checkout::Create(
          options_.run.workspace, commit, build_.cache,
          [this](const std::string& holder) {
            Say(absl::StrCat("waiting for ", holder, ": one comparison of a workspace at a time"));
          },
          place);
      if (!checkout.ok()) return Failure(checkout.status());
      kept = *std::move(checkout);
    }
    if (kept.has_value()) {
      directory = kept->directory();
      what = absl::StrCat(ShortCommit(commit), ", in ", directory);
    }
    ProgramRunner& programs = options_.services.programs();
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    const absl::StatusOr<std::set<std::string>> there = QueryLabels(
        absl::StrCat("set(", absl::StrJoin(labels, " "), ")"), directory, build_, programs);
    if (!there.ok()) return Failure(there.status());
    std::erase_if(tests_, [&](const SuiteTest& test) { return !there->contains(test.label()); });
    if (tests_.empty()) return "";
    labels.clear();
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    absl::StatusOr<std::string> bin = BuildTests(labels, directory, what, build_, programs,
                                                 [this](absl::string_view line) { Say(line); });
    if (!bin.ok()) return Failure(bin.status());
    return bin;
  }

  // Its path is always of the same length, because programs copy the paths they are given.
  static absl::StatusOr<ScratchFolder> Scratch() {
    return ScratchFolder::Create("/tmp/perf-explain-");
  }

  BenchmarkProgram Program(const TestProgram& test, bool benchmark,
                           const std::string& temporary) const {
    BenchmarkProgram program =
        benchmark ? BenchmarkProgramOf(test, temporary) : WholeProgramOf(test, temporary);
    program.interrupted = [this] { return options_.services.Interrupted(); };
    return program;
  }

  // The programs of a test; nothing if it is not this test that has the measurement.
  absl::StatusOr<std::optional<ProgramPair>> PairThatMeasures(const SuiteTest& test,
                                                              const std::string& baseline_bin,
                                                              const std::string& current_bin,
                                                              CodeComparer& comparer) {
    absl::StatusOr<ProgramPair> pair = FindProgramPair({.suite = options_.suite,
                                                        .test = test,
                                                        .baseline_label = test.label(),
                                                        .baseline_bin = baseline_bin,
                                                        .current_bin = current_bin,
                                                        .run = options_.run},
                                                       comparer);
    if (!pair.ok()) return pair.status();
    const absl::StatusOr<ScratchFolder> scratch = Scratch();
    if (!scratch.ok()) return scratch.status();
    const absl::StatusOr<bool> measures =
        Measures(test, pair->current, options_.measurement, scratch->path() + "/explain-1",
                 options_.services, seen_);
    if (!measures.ok()) return measures.status();
    return *measures ? std::optional<ProgramPair>(*std::move(pair)) : std::nullopt;
  }

  absl::StatusOr<Explanation> Explain(const ProgramPair& pair, bool benchmark) {
    if (pair.code.sameness != Sameness::kChanged) {
      return NotExplained(absl::StrCat("the code of ", pair.current.label,
                                       " is the same in both revisions, so there is nothing to "
                                       "compare"));
    }
    const absl::StatusOr<ScratchFolder> scratch = Scratch();
    if (!scratch.ok()) return Failure(scratch.status());
    const BenchmarkProgram baseline =
        Program(pair.baseline, benchmark, scratch->path() + "/explain-0");
    const BenchmarkProgram current =
        Program(pair.current, benchmark, scratch->path() + "/explain-1");
    const ProfileOptions options = {
        .measurement = options_.measurement,
        .scratch = scratch->path(),
        .programs = options_.services.programs(),
        .progress = [this](absl::string_view line) { options_.services.ShowProgress(line); },
        .interrupted = [this] { return options_.services.Interrupted(); }};
    absl::StatusOr<Explanation> explanation = benchmark
                                                  ? ExplainBenchmark(baseline, current, options)
                                                  : ExplainProgram(baseline, current, options);
    if (explanation.ok() && !pair.why_quick.empty()) {
      explanation->add_notes(absl::StrCat("Both were run with quick loads, because the loads of ",
                                          ShortCommit(options_.baseline),
                                          " cannot be read: ", pair.why_quick));
    }
    return explanation;
  }

  const ExplainRevisionsOptions& options_;
  // Those that both revisions have.
  std::vector<SuiteTest> tests_;
  TestBuildOptions build_;
  // Kept to the end, so that no other run changes the trees.
  std::optional<Checkout> baseline_;
  std::optional<Checkout> current_;
  // The measurements that are there.
  std::vector<std::string> seen_;
  // Why the first of those tests could not be asked that could not.
  absl::Status failed_;
};

}  // namespace

std::vector<SuiteTest> TestsToAsk(const Suite& suite, absl::Span<const SuiteTest> tests,
                                  absl::string_view measurement, bool benchmarks) {
  std::vector<SuiteTest> asked;
  for (const SuiteTest& test : tests) {
    if (test.benchmark() == benchmarks) asked.push_back(test);
  }
  const auto others = absl::c_stable_partition(asked, [&](const SuiteTest& test) {
    const auto component = suite.component_of.find(test.label());
    return component != suite.component_of.end() &&
           absl::StartsWith(measurement, absl::StrCat(component->second, "."));
  });
  if (!benchmarks && others != asked.begin()) asked.erase(others, asked.end());
  return asked;
}

absl::StatusOr<bool> Measures(const SuiteTest& test, const TestProgram& program,
                              const std::string& measurement, const std::string& scratch,
                              Services& services, std::vector<std::string>& seen) {
  std::vector<std::string> names;
  if (test.benchmark()) {
    BenchmarkProgram asked = BenchmarkProgramOf(program, scratch);
    asked.interrupted = [&] { return services.Interrupted(); };
    absl::StatusOr<std::vector<std::string>> listed = MeasurementsOf(asked);
    if (!listed.ok()) return listed.status();
    names = *std::move(listed);
  } else {
    if (services.Interrupted()) return absl::CancelledError("interrupted");
    services.ShowProgress(absl::StrCat("running ", program.label));
    const absl::StatusOr<Run> run = RunTestProgram(program, scratch);
    if (!run.ok()) return run.status();
    for (const Measurement& measured : run->measurements()) names.push_back(measured.name());
  }
  if (absl::c_linear_search(names, measurement)) return true;
  seen.insert(seen.end(), names.begin(), names.end());
  return false;
}

absl::Status CannotAsk(const SuiteTest& test, const absl::Status& status) {
  return absl::Status(Failure(status).code(), absl::StrCat(test.label(), ": ", status.message()));
}

absl::Status NoSuchMeasurement(const std::string& measurement,
                               const std::vector<std::string>& seen) {
  const std::vector<absl::string_view> names(seen.begin(), seen.end());
  const absl::string_view nearest = command::NearestName(measurement, names);
  std::string known;
  if (!nearest.empty()) {
    known = absl::StrCat("; is ", nearest, " meant?");
  } else if (!names.empty()) {
    constexpr std::ptrdiff_t kShown = 3;
    const auto end = names.begin() + std::min<std::ptrdiff_t>(kShown, std::ssize(names));
    known = absl::StrCat("; there ", names.size() == 1 ? "is " : "are ",
                         end == names.end() ? "" : absl::StrCat(names.size(), ", such as "),
                         absl::StrJoin(names.begin(), end, ", "));
  }
  return absl::NotFoundError(absl::StrCat("no test measures '", measurement, "'", known));
}

absl::StatusOr<Explanation> ExplainRevisions(const ExplainRevisionsOptions& options) {
  return RevisionExplanation(options).Execute();
}

}  // namespace perf

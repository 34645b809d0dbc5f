#include "perf/runner/explain_revisions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/code/linked_code.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/mode/program_pair.h"
#include "perf/mode/round_sources.h"
#include "perf/process/scratch_folder.h"

namespace perf {
namespace {

constexpr size_t kShownDigits = 12;

// How long a beginning two names have in common.
size_t CommonBeginning(const std::string& one, const std::string& other) {
  const auto ends = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<size_t>(ends.first - one.begin());
}

class RevisionExplanation {
 public:
  explicit RevisionExplanation(const ExplainRevisionsOptions& options) : options_(options) {}

  absl::StatusOr<Explanation> Execute() {
    for (const SuiteTest& test : options_.tests) {
      if (test.benchmark()) tests_.push_back(test);
    }
    if (tests_.empty()) return NoSuchBenchmark(options_.measurement, seen_);
    absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    build_ = {.bazel = options_.run.bazel, .cache = *std::move(cache)};
    // The folder of the baseline is that of --against, so that little has to be built.
    const absl::StatusOr<std::string> baseline_bin = Build(options_.baseline, "", baseline_);
    if (!baseline_bin.ok()) return baseline_bin.status();
    const absl::StatusOr<std::string> current_bin = Build(options_.current, "tried", current_);
    if (!current_bin.ok()) return current_bin.status();
    CodeComparer comparer(options_.suite.manifest.harness());
    for (const SuiteTest& test : tests_) {
      const absl::StatusOr<ProgramPair> pair = FindProgramPair({.suite = options_.suite,
                                                                .test = test,
                                                                .baseline_label = test.label(),
                                                                .baseline_bin = *baseline_bin,
                                                                .current_bin = *current_bin,
                                                                .run = options_.run},
                                                               comparer);
      if (!pair.ok()) return pair.status();
      absl::StatusOr<std::optional<Explanation>> explanation = Explain(*pair);
      if (!explanation.ok()) return explanation.status();
      if (explanation->has_value()) return **std::move(explanation);
    }
    return NoSuchBenchmark(options_.measurement, seen_);
  }

 private:
  void Say(absl::string_view line) { options_.services.Say(line); }

  // Builds those of the tests that the commit has, and keeps no others. An empty commit stands for
  // the working tree.
  absl::StatusOr<std::string> Build(const std::string& commit, const std::string& place,
                                    std::optional<Checkout>& kept) {
    std::string directory = options_.run.workspace;
    std::string what = "the working tree";
    if (!commit.empty()) {
      absl::StatusOr<Checkout> checkout = Checkout::Create(
          options_.run.workspace, commit, build_.cache,
          [this](const std::string& holder) {
            Say(absl::StrCat("waiting for ", holder, ": one comparison of a workspace at a time"));
          },
          place);
      if (!checkout.ok()) return checkout.status();
      kept = *std::move(checkout);
      directory = kept->directory();
      what = absl::StrCat(commit.substr(0, kShownDigits), ", in ", directory);
    }
    ProgramRunner& programs = options_.services.programs();
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    const absl::StatusOr<std::set<std::string>> there = QueryLabels(
        absl::StrCat("set(", absl::StrJoin(labels, " "), ")"), directory, build_, programs);
    if (!there.ok()) return there.status();
    std::erase_if(tests_, [&](const SuiteTest& test) { return !there->contains(test.label()); });
    if (tests_.empty()) {
      return absl::NotFoundError(
          absl::StrCat("none of the tests was there in ", commit.substr(0, kShownDigits)));
    }
    labels.clear();
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    return BuildTests(labels, directory, what, build_, programs,
                      [this](absl::string_view line) { Say(line); });
  }

  // Nothing if it is not this test that has the measurement.
  absl::StatusOr<std::optional<Explanation>> Explain(const ProgramPair& pair) {
    // Its path is always of the same length, because programs copy the paths they are given.
    const absl::StatusOr<ScratchFolder> scratch = ScratchFolder::Create("/tmp/perf-explain-");
    if (!scratch.ok()) return scratch.status();
    const BenchmarkProgram current =
        BenchmarkProgramOf(pair.current, scratch->path() + "/explain-1");
    const absl::StatusOr<std::vector<std::string>> measurements = MeasurementsOf(current);
    if (!measurements.ok()) return measurements.status();
    if (!absl::c_linear_search(*measurements, options_.measurement)) {
      seen_.insert(seen_.end(), measurements->begin(), measurements->end());
      return std::nullopt;
    }
    if (pair.code.sameness != Sameness::kChanged) {
      return NotExplained(absl::StrCat("the code of ", pair.current.label,
                                       " is the same in both revisions, so there is nothing to "
                                       "compare"));
    }
    return ExplainBenchmark(
        BenchmarkProgramOf(pair.baseline, scratch->path() + "/explain-0"), current,
        {.measurement = options_.measurement,
         .scratch = scratch->path(),
         .programs = options_.services.programs(),
         .progress = [this](absl::string_view line) { options_.services.ShowProgress(line); }});
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
};

}  // namespace

absl::Status NoSuchBenchmark(const std::string& measurement, std::vector<std::string> seen) {
  absl::c_stable_sort(seen, [&](const std::string& one, const std::string& other) {
    return CommonBeginning(one, measurement) > CommonBeginning(other, measurement);
  });
  constexpr size_t kShown = 3;
  if (seen.size() > kShown) seen.resize(kShown);
  return absl::NotFoundError(
      absl::StrCat("no Google Benchmark function measures '", measurement, "'",
                   seen.empty() ? "" : "; the nearest are ", absl::StrJoin(seen, ", "),
                   ". If it is a measurement of a GoogleTest function: ", kWhyNotGoogleTest));
}

absl::StatusOr<Explanation> ExplainRevisions(const ExplainRevisionsOptions& options) {
  return RevisionExplanation(options).Execute();
}

}  // namespace perf

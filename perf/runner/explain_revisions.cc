#include "perf/runner/explain_revisions.h"

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
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "command/nearest_name.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bazel/test_program.h"
#include "perf/code/linked_code.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explain_benchmark.h"
#include "perf/gbench/epoch_child.h"
#include "perf/mode/program_pair.h"
#include "perf/mode/round_sources.h"
#include "perf/process/scratch_folder.h"

namespace perf {
namespace {

constexpr size_t kShownDigits = 12;

// NotFound is kept for a measurement that there is not.
absl::Status Failure(const absl::Status& status) {
  return absl::IsNotFound(status) ? absl::UnavailableError(status.message()) : status;
}

class RevisionExplanation {
 public:
  explicit RevisionExplanation(const ExplainRevisionsOptions& options) : options_(options) {}

  absl::StatusOr<Explanation> Execute() {
    for (const SuiteTest& test : options_.tests) {
      if (test.benchmark()) tests_.push_back(test);
    }
    if (tests_.empty()) return NoSuchBenchmark(options_.measurement, seen_);
    if (absl::Status valgrind = CheckValgrind(options_.services.programs()); !valgrind.ok()) {
      return valgrind;
    }
    absl::StatusOr<std::string> cache = CacheDirectory();
    if (!cache.ok()) return cache.status();
    build_ = {.bazel = options_.run.bazel, .cache = *std::move(cache)};
    // The folder of the baseline is that of --against, so that little has to be built.
    const absl::StatusOr<std::string> baseline_bin = Build(options_.baseline, "", baseline_);
    if (!baseline_bin.ok()) return baseline_bin.status();
    const absl::StatusOr<std::string> current_bin = Build(options_.current, "tried", current_);
    if (!current_bin.ok()) return current_bin.status();
    CodeComparer comparer(options_.suite.manifest.harness());
    // Why the first of those tests could not be asked that could not.
    absl::Status failed;
    for (const SuiteTest& test : tests_) {
      absl::StatusOr<std::optional<ProgramPair>> pair =
          PairThatMeasures(test, *baseline_bin, *current_bin, comparer);
      if (absl::IsCancelled(pair.status())) return pair.status();
      if (!pair.ok()) {
        failed.Update(absl::Status(Failure(pair.status()).code(),
                                   absl::StrCat(test.label(), ": ", pair.status().message())));
        continue;
      }
      if (pair->has_value()) return Explain(**pair);
    }
    return failed.ok() ? NoSuchBenchmark(options_.measurement, seen_) : failed;
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
      if (!checkout.ok()) return Failure(checkout.status());
      kept = *std::move(checkout);
      directory = kept->directory();
      what = absl::StrCat(commit.substr(0, kShownDigits), ", in ", directory);
    }
    ProgramRunner& programs = options_.services.programs();
    std::vector<std::string> labels;
    for (const SuiteTest& test : tests_) labels.push_back(test.label());
    const absl::StatusOr<std::set<std::string>> there = QueryLabels(
        absl::StrCat("set(", absl::StrJoin(labels, " "), ")"), directory, build_, programs);
    if (!there.ok()) return Failure(there.status());
    std::erase_if(tests_, [&](const SuiteTest& test) { return !there->contains(test.label()); });
    if (tests_.empty()) {
      return absl::NotFoundError(
          absl::StrCat("none of the tests was there in ", commit.substr(0, kShownDigits)));
    }
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

  BenchmarkProgram Program(const TestProgram& test, const std::string& temporary) const {
    BenchmarkProgram program = BenchmarkProgramOf(test, temporary);
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
    const absl::StatusOr<std::vector<std::string>> measurements =
        MeasurementsOf(Program(pair->current, scratch->path() + "/explain-1"));
    if (!measurements.ok()) return measurements.status();
    if (absl::c_linear_search(*measurements, options_.measurement)) {
      return std::optional<ProgramPair>(*std::move(pair));
    }
    seen_.insert(seen_.end(), measurements->begin(), measurements->end());
    return std::optional<ProgramPair>();
  }

  absl::StatusOr<Explanation> Explain(const ProgramPair& pair) {
    if (pair.code.sameness != Sameness::kChanged) {
      return NotExplained(absl::StrCat("the code of ", pair.current.label,
                                       " is the same in both revisions, so there is nothing to "
                                       "compare"));
    }
    const absl::StatusOr<ScratchFolder> scratch = Scratch();
    if (!scratch.ok()) return Failure(scratch.status());
    absl::StatusOr<Explanation> explanation = ExplainBenchmark(
        Program(pair.baseline, scratch->path() + "/explain-0"),
        Program(pair.current, scratch->path() + "/explain-1"),
        {.measurement = options_.measurement,
         .scratch = scratch->path(),
         .programs = options_.services.programs(),
         .progress = [this](absl::string_view line) { options_.services.ShowProgress(line); },
         .interrupted = [this] { return options_.services.Interrupted(); }});
    if (explanation.ok() && !pair.why_quick.empty()) {
      explanation->add_notes(absl::StrCat("Both were run with quick loads, because the loads of ",
                                          options_.baseline.substr(0, kShownDigits),
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
};

}  // namespace

absl::Status NoSuchBenchmark(const std::string& measurement, const std::vector<std::string>& seen) {
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
                         absl::StrJoin(names.begin(), end, ", "), ".");
  } else {
    known = ".";
  }
  return absl::NotFoundError(
      absl::StrCat("no Google Benchmark function measures '", measurement, "'", known,
                   " If it is a measurement of a GoogleTest function: ", kWhyNotGoogleTest));
}

absl::StatusOr<Explanation> ExplainRevisions(const ExplainRevisionsOptions& options) {
  return RevisionExplanation(options).Execute();
}

}  // namespace perf

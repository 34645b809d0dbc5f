#include "perf/bisect/revision_builder.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/code/linked_code.h"
#include "perf/mode/ab/program_pair.h"
#include "perf/mode/ab/round_sources.h"
#include "perf/record/short_commit.h"
#include "re2/re2.h"

namespace perf {
namespace {

// How long a beginning two names have in common.
size_t CommonBeginning(const std::string& one, const std::string& other) {
  const auto ends = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return static_cast<size_t>(ends.first - one.begin());
}

}  // namespace

absl::StatusOr<std::unique_ptr<RevisionBuilder>> RevisionBuilder::Create(
    RevisionBuilderOptions options) {
  absl::StatusOr<std::string> cache = CacheDirectory();
  if (!cache.ok()) return cache.status();
  auto builder = std::unique_ptr<RevisionBuilder>(new RevisionBuilder(std::move(options)));
  builder->build_ = {.bazel = builder->options_.run.bazel, .cache = *std::move(cache)};
  absl::StatusOr<Tree> good = builder->BuildTree(builder->options_.good, "good");
  if (!good.ok()) {
    return absl::Status(good.status().code(),
                        absl::StrCat("the good revision: ", good.status().message()));
  }
  builder->good_ = *std::move(good);
  return builder;
}

absl::StatusOr<RevisionBuilder::Tree> RevisionBuilder::BuildTree(const std::string& commit,
                                                                 const std::string& place) {
  const std::string shown(ShortCommit(commit));
  ProgramRunner& programs = options_.services.programs();
  const auto say = [this](absl::string_view line) { options_.services.Say(line); };
  absl::StatusOr<Checkout> checkout = Checkout::Create(
      options_.run.workspace, commit, build_.cache,
      [&](const std::string& holder) {
        say(absl::StrCat("waiting for ", holder, ": one search in a workspace at a time"));
      },
      place);
  if (!checkout.ok()) return checkout.status();
  const std::string directory = checkout->directory();
  std::vector<std::string> labels;
  for (const SuiteTest& test : options_.tests) labels.push_back(test.label());
  const absl::StatusOr<std::set<std::string>> there = QueryLabels(
      absl::StrCat("set(", absl::StrJoin(labels, " "), ")"), directory, build_, programs);
  if (!there.ok()) return there.status();
  Tree tree = {.checkout = *std::move(checkout), .bin = "", .tests = {}};
  labels.clear();
  for (const SuiteTest& test : options_.tests) {
    if (!there->contains(test.label())) continue;
    tree.tests.push_back(test);
    labels.push_back(test.label());
  }
  if (labels.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("none of the tests existed in ", shown));
  }
  absl::StatusOr<std::string> bin =
      BuildTests(labels, directory, absl::StrCat(shown, ", in ", directory), build_, programs, say);
  if (!bin.ok()) return bin.status();
  tree.bin = *std::move(bin);
  return tree;
}

absl::StatusOr<Candidate> RevisionBuilder::Build(const std::string& commit) {
  if (commit == options_.bad) {
    absl::StatusOr<Tree> tree = BuildTree(commit, "bad");
    if (!tree.ok()) return tree.status();
    bad_ = *std::move(tree);
    return CandidateOf(commit, *bad_);
  }
  // The folder of the one before is used again.
  tried_.reset();
  absl::StatusOr<Tree> tree = BuildTree(commit, "tried");
  if (!tree.ok()) return tree.status();
  tried_ = *std::move(tree);
  return CandidateOf(commit, *tried_);
}

absl::StatusOr<Candidate> RevisionBuilder::CandidateOf(const std::string& commit,
                                                       const Tree& tree) {
  // What it has read of files of another commit in the same folder would not hold.
  CodeComparer comparer(options_.suite.manifest.harness());
  std::vector<std::string> seen;
  bool all_same = true;
  for (const SuiteTest& test : tree.tests) {
    const bool was_there = absl::c_any_of(
        good_->tests, [&](const SuiteTest& other) { return other.label() == test.label(); });
    if (!was_there) continue;
    // A body of GoogleTest has another name than its measurements, and is run as a whole.
    SuiteOptions run = options_.run;
    run.filter = test.benchmark() ? re2::RE2::QuoteMeta(options_.measurement) : "";
    const auto pair_with = [&](const std::string& bin) {
      return FindProgramPair({.suite = options_.suite,
                              .test = test,
                              .baseline_label = test.label(),
                              .baseline_bin = bin,
                              .current_bin = tree.bin,
                              .run = run},
                             comparer);
    };
    absl::StatusOr<ProgramPair> pair = pair_with(good_->bin);
    if (!pair.ok()) return pair.status();
    if (pair->code.sameness != Sameness::kChanged) continue;
    all_same = false;
    // A search that goes on from its log has not built the bad revision.
    if (commit != options_.bad && options_.tests.size() == 1 && bad_.has_value()) {
      const absl::StatusOr<ProgramPair> beside_bad = pair_with(bad_->bin);
      if (!beside_bad.ok()) return beside_bad.status();
      if (beside_bad->code.sameness != Sameness::kChanged) {
        return Candidate{.same = Candidate::Same::kBad, .source = nullptr};
      }
    }
    std::vector<std::string> notes;
    absl::StatusOr<std::unique_ptr<RoundSource>> source =
        MakeRoundSource({.baseline = std::move(pair->baseline),
                         .current = std::move(pair->current),
                         .benchmark = test.benchmark(),
                         .component = pair->component,
                         .filter = run.filter,
                         .requirements = options_.suite.requirements.at(pair->component),
                         .scratch = options_.scratch},
                        &notes);
    if (!source.ok()) return source.status();
    const std::vector<Compared>& compared = (*source)->compared();
    for (size_t i = 0; i < compared.size(); ++i) {
      seen.push_back(compared[i].name);
      if (compared[i].name != options_.measurement) continue;
      // From now on it is known which test has it.
      options_.tests = {test};
      return Candidate{.source = *std::move(source), .index = i};
    }
  }
  if (all_same) return Candidate{.same = Candidate::Same::kGood, .source = nullptr};
  return UnknownMeasurement(seen);
}

absl::Status RevisionBuilder::UnknownMeasurement(const std::vector<std::string>& seen) const {
  std::vector<std::string> nearest = seen;
  absl::c_stable_sort(nearest, [&](const std::string& one, const std::string& other) {
    return CommonBeginning(one, options_.measurement) >
           CommonBeginning(other, options_.measurement);
  });
  constexpr size_t kShown = 3;
  if (nearest.size() > kShown) nearest.resize(kShown);
  return absl::NotFoundError(absl::StrCat(
      "no test whose code has changed since the good revision measures '", options_.measurement,
      "'", nearest.empty() ? "" : "; the nearest are ", absl::StrJoin(nearest, ", ")));
}

}  // namespace perf

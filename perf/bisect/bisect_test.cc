#include "perf/bisect/bisect.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Commit(int number) { return absl::StrCat("c", number); }

int Number(const std::string& commit) {
  int number = -1;
  EXPECT_TRUE(absl::SimpleAtoi(commit.substr(1), &number)) << commit;
  return number;
}

// c0, c1, c2, …, each the parent of the next.
class Line : public CommitGraph {
 public:
  absl::StatusOr<std::vector<std::string>> Suspects(const std::string& bad,
                                                    absl::Span<const std::string> good) override {
    int last_good = -1;
    for (const std::string& commit : good) last_good = std::max(last_good, Number(commit));
    const int last = Number(bad);
    std::vector<int> numbers;
    for (int i = last_good + 1; i <= last; ++i) numbers.push_back(i);
    // As git has it: what leaves as many on either side is first.
    std::stable_sort(numbers.begin(), numbers.end(), [&](int one, int other) {
      const auto divides = [&](int i) { return std::min(i - last_good, last - i); };
      return divides(one) > divides(other);
    });
    std::vector<std::string> commits;
    for (const int number : numbers) commits.push_back(Commit(number));
    return commits;
  }
};

// Rounds of one measurement, with the noise of a shared machine: one in ten meets a neighbour.
class NoisyRounds : public RoundSource {
 public:
  // Changes that are too small to matter count as none, in each round.
  NoisyRounds(double change, bool exact) : change_(change), exact_(exact) {
    compared_.push_back(
        {.target = "//a:t", .name = "a.b", .title = "A", .unit = "ns", .component = "a"});
  }
  void RunRound(absl::Span<const size_t> /*which*/, std::mt19937_64& random) override {
    std::normal_distribution<double> noise(0, 0.04);
    std::normal_distribution<double> neighbour(0, 0.3);
    if (exact_) {
      compared_[0].log_ratios.push_back(change_);
      return;
    }
    const bool disturbed = random() % 10 == 0;
    compared_[0].log_ratios.push_back(change_ + (disturbed ? neighbour(random) : noise(random)));
  }

 private:
  const double change_;
  const bool exact_;
};

// Commits from `first_slow` on take so much longer.
class History : public CandidateBuilder {
 public:
  History(int first_slow, double percent)
      : first_slow_(first_slow), change_(std::log1p(percent / 100)) {}

  absl::StatusOr<Candidate> Build(const std::string& commit) override {
    built.push_back(commit);
    const int number = Number(commit);
    if (broken.contains(number)) return absl::FailedPreconditionError("it does not build");
    Candidate candidate;
    if (same_as_good.contains(number)) {
      candidate.same = Candidate::Same::kGood;
    } else {
      candidate.source = std::make_unique<NoisyRounds>(number >= first_slow_ ? change_ : 0, exact);
    }
    return candidate;
  }

  std::vector<std::string> built;
  std::set<int> broken;
  std::set<int> same_as_good;
  bool exact = false;

 private:
  const int first_slow_;
  const double change_;
};

absl::StatusOr<BisectResult> Find(History& history, uint64_t seed, int commits = 64,
                                  BisectOptions options = {}) {
  Line line;
  std::mt19937_64 random(seed);
  options.good = Commit(0);
  options.bad = Commit(commits);
  return Bisect(line, history, options, random);
}

TEST(BisectTest, FindsTheCommitAmongSixtyFourDespiteNoise) {
  constexpr int kTrials = 100;
  int right = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::mt19937_64 random(static_cast<uint64_t>(trial));
    const int slow = 1 + static_cast<int>(random() % 64);
    History history(slow, 13);
    const absl::StatusOr<BisectResult> found = Find(history, random());
    ASSERT_THAT(found, IsOk());
    right += found->suspects == std::vector<std::string>{Commit(slow)};
    EXPECT_LE(history.built.size(), 8u);
  }
  EXPECT_GE(right, 95);
}

TEST(BisectTest, AnImprovementIsFoundLikewise) {
  History history(17, -20);
  const absl::StatusOr<BisectResult> found = Find(history, 1);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->suspects, ElementsAre("c17"));
  EXPECT_NEAR(found->change.change, std::log(0.8), 0.05);
  EXPECT_LT(found->change.low, found->change.change);
  EXPECT_GT(found->change.high, found->change.change);
}

TEST(BisectTest, CommitsThatDoNotBuildAreSkippedAndNamed) {
  History history(17, 30);
  history.broken = {16, 32};
  const absl::StatusOr<BisectResult> found = Find(history, 1);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->suspects, ElementsAre("c16", "c17")) << "c16 may have done it as well";
  const auto skipped = std::find_if(found->steps.begin(), found->steps.end(),
                                    [](const auto& step) { return step.commit == "c32"; });
  ASSERT_NE(skipped, found->steps.end());
  EXPECT_EQ(skipped->outcome, BisectStep::Outcome::kSkipped);
  EXPECT_EQ(skipped->why, "it does not build");
}

TEST(BisectTest, WhereTheNeighboursDoNotBuildOneIsStillNamedAlone) {
  History history(17, 30);
  history.broken = {30, 31, 32, 33, 34};
  const absl::StatusOr<BisectResult> found = Find(history, 1);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->suspects, ElementsAre("c17"));
}

TEST(BisectTest, CodeThatIsTheSameIsNotMeasured) {
  History history(60, 13);
  for (int i = 1; i < 60; ++i) history.same_as_good.insert(i);
  const absl::StatusOr<BisectResult> found = Find(history, 1);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->suspects, ElementsAre("c60"));
  for (const BisectStep& step : found->steps) {
    EXPECT_EQ(step.rounds == 0, Number(step.commit) < 60) << step.commit;
  }
}

TEST(BisectTest, WithoutAChangeThereIsNothingToFind) {
  History history(100, 13);
  BisectOptions options;
  options.max_rounds = 200;
  EXPECT_THAT(Find(history, 1, 64, options),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("there is no change to look for")));
  History same(100, 13);
  same.same_as_good = {64};
  EXPECT_THAT(Find(same, 1), StatusIs(absl::StatusCode::kNotFound, HasSubstr("its code is that")));
}

TEST(BisectTest, RoundsThatAreExactlyEqualAreNoChange) {
  History history(100, 13);
  history.exact = true;
  BisectOptions options;
  options.max_rounds = 50;
  EXPECT_THAT(Find(history, 1, 64, options), StatusIs(absl::StatusCode::kNotFound));
  History changed(17, 13);
  changed.exact = true;
  const absl::StatusOr<BisectResult> found = Find(changed, 1);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->suspects, ElementsAre("c17"));
}

TEST(BisectTest, ABadRevisionThatCannotBeTriedOrIsTheGoodOneIsAnError) {
  History history(17, 30);
  history.broken = {64};
  EXPECT_THAT(Find(history, 1), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         HasSubstr("cannot be tried: it does not build")));
  EXPECT_THAT(Find(history, 1, 0),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the same commit")));
}

TEST(BisectTest, GoesOnWhereItWasInterrupted) {
  BisectOptions options;
  std::vector<BisectStep> kept;
  options.keep = [&](const BisectStep& step) {
    kept.push_back(step);
    return absl::OkStatus();
  };
  options.interrupted = [&] { return kept.size() >= 3; };
  History history(17, 13);
  EXPECT_THAT(Find(history, 1, 64, options), StatusIs(absl::StatusCode::kCancelled));
  ASSERT_EQ(kept.size(), 3u);
  const size_t built = history.built.size();
  options.interrupted = [] { return false; };
  options.known = kept;
  const absl::StatusOr<BisectResult> found = Find(history, 2, 64, options);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->suspects, ElementsAre("c17"));
  // What was known was not built again.
  for (size_t i = built; i < history.built.size(); ++i) {
    for (size_t known = 0; known < 3; ++known) EXPECT_NE(history.built[i], kept[known].commit);
  }
}

}  // namespace
}  // namespace perf

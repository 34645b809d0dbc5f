#include "perf/ab/comparison.h"

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::StatusIs;

// Each benchmark has one ratio, with a small spread; a ratio of 0 fails.
class FakeSource : public RoundSource {
 public:
  explicit FakeSource(const std::vector<double>& ratios) : ratios_(ratios) {
    compared_.resize(ratios.size());
  }
  void RunRound(absl::Span<const size_t> which, std::mt19937_64& random) override {
    ++rounds;
    AddSharedCost(absl::Milliseconds(10));
    for (const size_t i : which) {
      if (ratios_[i] == 0) {
        compared_[i].status = absl::UnavailableError("died");
      } else {
        compared_[i].log_ratios.push_back(std::log(ratios_[i]) +
                                          0.02 * (static_cast<double>(random() % 100) / 100 - 0.5));
      }
    }
  }
  int rounds = 0;

 private:
  const std::vector<double> ratios_;
};

struct Result {
  std::vector<Compared> compared;
  int rounds = 0;
};

Result Compare(const std::vector<double>& ratios, const ComparisonOptions& options) {
  std::mt19937_64 random(1);
  std::vector<std::unique_ptr<RoundSource>> sources;
  auto fake = std::make_unique<FakeSource>(ratios);
  FakeSource& source = *fake;
  sources.push_back(std::move(fake));
  RunComparison(sources, options, random);
  return {source.compared(), source.rounds};
}

TEST(RunComparison, StopsWhenEverythingIsSettled) {
  const Result result = Compare({1.0, 1.3, 0.8}, {});
  EXPECT_LT(result.rounds, 20);
  EXPECT_EQ(result.compared[0].effect.verdict, STABLE);
  EXPECT_EQ(result.compared[1].effect.verdict, RED);
  EXPECT_EQ(result.compared[2].effect.verdict, IMPROVED);
}

TEST(RunComparison, OnlyWhatIsNotSettledGoesOn) {
  // 6 % is worth the full number of rounds.
  const Result result = Compare({1.0, 1.06}, {});
  EXPECT_EQ(result.rounds, kEpochThoroughness.full_rounds);
  EXPECT_LT(result.compared[0].rounds(), 20);
  EXPECT_EQ(result.compared[1].rounds(), kEpochThoroughness.full_rounds);
}

TEST(RunComparison, EndsWhenTheTimeIsSpent) {
  absl::Duration now = absl::ZeroDuration();
  const Result result = Compare({1.5}, {.time_budget = absl::Seconds(5), .clock = [&] {
                                          now += absl::Seconds(1);
                                          return now;
                                        }});
  EXPECT_EQ(result.rounds, 4);
  EXPECT_EQ(result.compared[0].effect.verdict, UNRESOLVED);
  EXPECT_FALSE(result.compared[0].effect.settled);
}

TEST(RunComparison, EndsWhenItIsInterruptedAndKeepsWhatIsKnown) {
  int asked = 0;
  const Result result = Compare({1.0, 1.5}, {.interrupted = [&] { return ++asked > 10; }});
  EXPECT_EQ(result.rounds, 10);
  EXPECT_EQ(result.compared[0].effect.verdict, STABLE);
  EXPECT_EQ(result.compared[1].effect.verdict, UNRESOLVED);
  EXPECT_EQ(result.compared[1].effect.likely, RED);
}

TEST(RunComparison, SaysHowFarItIs) {
  std::vector<ComparisonProgress> said;
  Compare({1.0, 1.3},
          {.progress = [&](const ComparisonProgress& progress) { said.push_back(progress); }});
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.front().settled, 0);
  EXPECT_EQ(said.back().settled, 2);
  EXPECT_EQ(said.back().all, 2);
}

TEST(RunComparison, WhatFailsKeepsItsErrorAndHoldsNobodyUp) {
  const Result result = Compare({0, 1.3}, {});
  EXPECT_THAT(result.compared[0].status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(result.compared[1].effect.verdict, RED);
}

}  // namespace
}  // namespace perf

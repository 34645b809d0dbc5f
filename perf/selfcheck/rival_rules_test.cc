#include "perf/selfcheck/rival_rules.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

std::vector<double> Samples(uint64_t seed, size_t count, double mean, double deviation) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> distribution(mean, deviation);
  std::vector<double> samples(count);
  for (double& sample : samples) sample = distribution(random);
  return samples;
}

using Rule = int (*)(absl::Span<const double>, absl::Span<const double>);

int Criterion(absl::Span<const double> baseline, absl::Span<const double> current) {
  return CriterionRule(baseline, current, 1);
}

constexpr Rule kRules[] = {MeanBeyondTenPercent, MannWhitney, Criterion, SeparateIntervals};

TEST(RivalRules, SeeAClearDifferenceInEitherDirection) {
  const std::vector<double> low = Samples(1, 50, 100, 2);
  const std::vector<double> high = Samples(2, 50, 125, 2);
  for (const Rule rule : kRules) {
    EXPECT_EQ(rule(low, high), 1);
    EXPECT_EQ(rule(high, low), -1);
    EXPECT_EQ(rule(low, low), 0);
  }
}

// On samples as their textbooks assume them, each errs as often as it says. 400 comparisons.
TEST(RivalRules, ErrAtTheirNominalRates) {
  int mann_whitney = 0;
  int criterion = 0;
  int separate = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    const std::vector<double> one = Samples(2 * i + 1, 30, 100, 10);
    const std::vector<double> other = Samples(2 * i + 2, 30, 100, 10);
    mann_whitney += MannWhitney(one, other) != 0;
    criterion += CriterionRule(one, other, i) != 0;
    separate += SeparateIntervals(one, other) != 0;
  }
  // 5 % and three deviations either way.
  EXPECT_NEAR(mann_whitney, 20, 13);
  // 5 %, and less by the lines at 1 %.
  EXPECT_LE(criterion, 33);
  EXPECT_GE(criterion, 5);
  // Intervals that do not touch are rarer by far: P(|Z| > 2.576 sqrt 2) = 0.03 %.
  EXPECT_LE(separate, 2);
}

TEST(RivalRules, MannWhitneyCorrectsForTies) {
  EXPECT_EQ(MannWhitney({1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}), 0);
  EXPECT_EQ(MannWhitney({1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}), 1);
  EXPECT_EQ(MannWhitney({1, 2, 3}, {4, 5, 6}), 0);
}

}  // namespace
}  // namespace perf

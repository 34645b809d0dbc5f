#include "perf/stats/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(StatisticsTest, SummarizesUnsortedSamples) {
  const Summary summary = Summarize({5, 1, 4, 2, 3});
  EXPECT_EQ(summary.count, 5);
  EXPECT_DOUBLE_EQ(summary.mean, 3);
  EXPECT_DOUBLE_EQ(summary.min, 1);
  EXPECT_DOUBLE_EQ(summary.max, 5);
  EXPECT_DOUBLE_EQ(summary.median, 3);
  EXPECT_DOUBLE_EQ(summary.p90, 4.6);
  EXPECT_DOUBLE_EQ(summary.relative_quartile_deviation, 1.0 / 3);
}

TEST(StatisticsTest, SummarizesOneSample) {
  const Summary summary = Summarize({7});
  EXPECT_DOUBLE_EQ(summary.median, 7);
  EXPECT_DOUBLE_EQ(summary.p99, 7);
}

TEST(StatisticsTest, SummarizesNone) { EXPECT_EQ(Summarize({}).count, 0); }

TEST(StatisticsTest, QuantileInterpolatesAsType7) {
  const std::vector<double> sorted = {10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0), 10);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0.25), 17.5);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 0.5), 25);
  EXPECT_DOUBLE_EQ(Quantile(sorted, 1), 40);
}

// Conover 1999, table A3: with n = 20 and p = 1/2, P(Y <= 3) = 0.0013, P(Y <= 4) = 0.0059 and
// P(Y <= 5) = 0.0207, so a 99 % interval runs from the 4th to the 17th order statistic, a 95 % one
// from the 6th to the 15th.
TEST(StatisticsTest, MedianIntervalIsTheSignTests) {
  std::vector<double> sorted(20);
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = static_cast<double>(i + 1);
  EXPECT_DOUBLE_EQ(MedianInterval(sorted, 0.99).low, 4);
  EXPECT_DOUBLE_EQ(MedianInterval(sorted, 0.99).high, 17);
  EXPECT_DOUBLE_EQ(MedianInterval(sorted, 0.95).low, 6);
  EXPECT_DOUBLE_EQ(MedianInterval(sorted, 0.95).high, 15);
}

TEST(StatisticsTest, MedianIntervalOfFewSamplesIsTheirRange) {
  EXPECT_DOUBLE_EQ(MedianInterval({1, 2, 3}, 0.99).low, 1);
  EXPECT_DOUBLE_EQ(MedianInterval({1, 2, 3}, 0.99).high, 3);
  EXPECT_DOUBLE_EQ(MedianInterval({4}, 0.99).low, 4);
}

TEST(StatisticsTest, MedianIntervalCoversAsOftenAsItSays) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  std::exponential_distribution<double> distribution(1);
  const double median = 0.6931471805599453;
  int covered = 0;
  constexpr int kTrials = 2000;
  for (int i = 0; i < kTrials; ++i) {
    std::vector<double> samples(50);
    for (double& sample : samples) sample = distribution(random);
    std::sort(samples.begin(), samples.end());
    const Interval interval = MedianInterval(samples, 0.95);
    covered += interval.low <= median && median <= interval.high;
  }
  // At least 95 %; the discrete distribution leaves it at 96.7 % for 50 samples.
  EXPECT_GE(covered, kTrials * 94 / 100) << "seed " << kSeed;
  EXPECT_LE(covered, kTrials * 99 / 100) << "seed " << kSeed;
}

TEST(StatisticsTest, ValueOfEveryStatistic) {
  const Summary summary{.count = 1,
                        .mean = 1,
                        .min = 2,
                        .max = 3,
                        .median = 4,
                        .p90 = 5,
                        .p95 = 6,
                        .p99 = 7,
                        .relative_quartile_deviation = 0};
  EXPECT_EQ(Value(summary, MEAN), 1);
  EXPECT_EQ(Value(summary, MINIMUM), 2);
  EXPECT_EQ(Value(summary, MAXIMUM), 3);
  EXPECT_EQ(Value(summary, MEDIAN), 4);
  EXPECT_EQ(Value(summary, P90), 5);
  EXPECT_EQ(Value(summary, P95), 6);
  EXPECT_EQ(Value(summary, P99), 7);
}

TEST(Normal, QuantilesAndTails) {
  EXPECT_NEAR(NormalQuantile(0.5), 0, 1e-9);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963985, 1e-8);
  EXPECT_NEAR(NormalTail(1.644853627), 0.05, 1e-9);
}

TEST(ProportionInterval, KnownValues) {
  // The rule of three: 1 - 0.025^(1/3000).
  const Interval none = ProportionInterval(0, 3000, 0.95);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.001229, 1e-6);
  // Clopper and Pearson's chart: 10 of 100.
  const Interval some = ProportionInterval(10, 100, 0.95);
  EXPECT_NEAR(some.low, 0.0490, 1e-4);
  EXPECT_NEAR(some.high, 0.1762, 1e-4);
  EXPECT_EQ(ProportionInterval(5, 5, 0.95).high, 1);
}

TEST(BinomialTail, KnownValues) {
  EXPECT_NEAR(BinomialTail(2, 16, 0.5), 137.0 / 65536, 1e-12);
  EXPECT_EQ(BinomialTail(16, 16, 0.5), 1);
  EXPECT_EQ(BinomialTail(-1, 16, 0.5), 0);
}

TEST(EvenSignsProbability, IsTheBinomialTestOfOnes) {
  const std::vector<int> tosses = {1, 1, -1, 1, 1, 1, -1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  EXPECT_NEAR(EvenSignsProbability(tosses), 2 * BinomialTail(2, 16, 0.5), 1e-12);
}

TEST(EvenSignsProbability, CountsWhatIsIndependentOnce) {
  // Four trials of nine that all agree are four tosses, not 36.
  EXPECT_NEAR(EvenSignsProbability({9, 9, 9, 9}), 2.0 / 16, 1e-12);
  EXPECT_NEAR(EvenSignsProbability({9, -9, 9, -9}), 1, 1e-12);
  // Two of the four sums +-3 +-1 are as far from zero as 4.
  EXPECT_NEAR(EvenSignsProbability({3, 1}), 0.5, 1e-12);
  EXPECT_NEAR(EvenSignsProbability({3, -1}), 1, 1e-12);
}

TEST(EvenSignsProbability, IsOneOfNothingAndZeros) {
  EXPECT_EQ(EvenSignsProbability({}), 1);
  EXPECT_EQ(EvenSignsProbability({0, 0}), 1);
}

TEST(StatisticsTest, TheLargestDoublesHaveAFiniteSummary) {
  constexpr double kMax = std::numeric_limits<double>::max();
  const Summary large = Summarize(std::vector<double>{kMax, kMax, kMax, kMax});
  EXPECT_TRUE(std::isfinite(large.mean));
  EXPECT_EQ(large.median, kMax);
  const Summary both = Summarize(std::vector<double>{-kMax, kMax});
  EXPECT_EQ(both.median, 0);
  EXPECT_TRUE(std::isfinite(both.p99));
}

}  // namespace
}  // namespace perf

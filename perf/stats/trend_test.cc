#include "perf/stats/trend.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

std::vector<double> Times(int count) {
  std::vector<double> times(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) times[static_cast<size_t>(i)] = i;
  return times;
}

TEST(TheilSen, FindsTheSlopeOfALine) {
  const std::vector<double> times = Times(10);
  std::vector<double> values;
  for (const double time : times) values.push_back(3 + 2 * time);
  const Trend trend = TheilSen(times, values, 0.99);
  EXPECT_DOUBLE_EQ(trend.slope, 2);
  EXPECT_DOUBLE_EQ(trend.growth, 18);
  EXPECT_DOUBLE_EQ(trend.slope_interval.low, 2);
  EXPECT_DOUBLE_EQ(trend.slope_interval.high, 2);
}

TEST(TheilSen, FewPointsGiveTheWholeRange) {
  const Trend trend = TheilSen(Times(4), {1, 5, 2, 9}, 0.99);
  EXPECT_DOUBLE_EQ(trend.slope_interval.low, -3);
  EXPECT_DOUBLE_EQ(trend.slope_interval.high, 7);
}

TEST(TheilSen, ASlowLeakIsSeenUnderTheAllocatorsNoise) {
  std::mt19937_64 random(20240607);
  std::normal_distribution<double> noise(0, 64);
  std::vector<double> leak;
  for (int i = 0; i < 100; ++i) leak.push_back(50000 + 4.0 * i + noise(random));
  // One step of the allocator, which is no leak.
  leak[30] += 4096;
  const Trend trend = TheilSen(Times(100), leak, 0.99);
  EXPECT_GT(trend.slope_interval.low, 0);
  EXPECT_NEAR(trend.slope, 4, 1);
}

// As often as its confidence says: 300 series without a trend, of which about three may show one.
TEST(TheilSen, NoiseIsNoTrend) {
  std::mt19937_64 random(20240608);
  std::cauchy_distribution<double> noise(0, 1);
  int false_trends = 0;
  for (int series = 0; series < 300; ++series) {
    std::vector<double> values;
    for (int i = 0; i < 40; ++i) values.push_back(noise(random));
    const Trend trend = TheilSen(Times(40), values, 0.99);
    if (trend.slope_interval.low > 0 || trend.slope_interval.high < 0) ++false_trends;
  }
  EXPECT_LE(false_trends, 9);
}

TEST(TheilSen, TooFewOrTooManyPointsGiveNothing) {
  EXPECT_EQ(TheilSen(Times(2), {1, 2}, 0.99).slope, 0);
  EXPECT_EQ(TheilSen(Times(3001), std::vector<double>(3001, 1.0), 0.99).growth, 0);
}

TEST(JudgeGrowth, NeedsBothATrendAndASize) {
  std::mt19937_64 random(20240607);
  std::normal_distribution<double> noise(0, 64);
  std::vector<double> leak;
  std::vector<double> filled;
  std::vector<double> steady;
  for (int i = 0; i < 200; ++i) {
    leak.push_back(50000 + 4.0 * i + noise(random));
    filled.push_back(50000 + 100.0 * std::min(i, 80) + noise(random));
    steady.push_back(50000 + noise(random));
  }
  const std::vector<double> work = Times(200);
  EXPECT_TRUE(JudgeGrowth(work, leak, 100).grows);
  EXPECT_NEAR(JudgeGrowth(work, leak, 100).trend.growth, 400, 60);
  // The same, where so much does not matter.
  EXPECT_FALSE(JudgeGrowth(work, leak, 1000).grows);
  EXPECT_FALSE(JudgeGrowth(work, filled, 0).grows);
  EXPECT_FALSE(JudgeGrowth(work, steady, 0).grows);
  EXPECT_FALSE(JudgeGrowth({}, {}, 0).grows);
}

// However many readings there are, a leak is one.
TEST(JudgeGrowth, ManyReadingsAreJudged) {
  for (const int count : {6000, 6001, 20000}) {
    std::vector<double> leak;
    for (int i = 0; i < count; ++i) leak.push_back(50000 + 4.0 * i);
    const Growth growth = JudgeGrowth(Times(count), leak, 100);
    EXPECT_TRUE(growth.grows) << count;
    EXPECT_DOUBLE_EQ(growth.trend.slope, 4) << count;
    EXPECT_FALSE(JudgeGrowth(Times(count), std::vector<double>(leak.size(), 7), 0).grows) << count;
  }
}

// Readings that rise all the way, of which half are judged: seven may do so by chance more often
// than the confidence allows, eight may not.
TEST(JudgeGrowth, FewReadingsProveNothing) {
  for (const int count : {3, 6, 14, 15, 16}) {
    std::vector<double> rising;
    for (int i = 0; i < count; ++i) rising.push_back(10 + 5 * i);
    EXPECT_EQ(JudgeGrowth(Times(count), rising, 0.1).grows, count >= 15) << count;
  }
}

}  // namespace
}  // namespace perf

#include "perf/history/change_points.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "perf/history/change_point_proof.h"

namespace perf {
namespace {

// `count` points around `level`, with noise of 1 %.
std::vector<double> Noise(size_t count, double level, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(level, level / 100);
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

std::vector<double> Joined(std::vector<double> values, const std::vector<double>& more) {
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

TEST(FindChangePoints, FindsAStepAndItsSize) {
  const auto changes = FindChangePoints(Joined(Noise(40, 100, 1), Noise(30, 112, 2)));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].index, 40u);
  EXPECT_NEAR(changes[0].before, 100, 1);
  EXPECT_NEAR(changes[0].after, 112, 1);
}

TEST(FindChangePoints, ReportsALevelShiftOnceHoweverLongItLasts) {
  for (const size_t since : {5, 20, 100}) {
    const auto changes = FindChangePoints(Joined(Noise(40, 100, 1), Noise(since, 120, 2)));
    ASSERT_EQ(changes.size(), 1u) << since;
    EXPECT_EQ(changes[0].index, 40u);
  }
}

TEST(FindChangePoints, OnePointIsNoChange) {
  for (const size_t at : {0, 1, 30, 58, 59}) {
    std::vector<double> values = Noise(60, 100, 3);
    values[at] = 900;
    EXPECT_TRUE(FindChangePoints(values).empty()) << at;
  }
}

// A spike is no reason to miss a step beside it.
TEST(FindChangePoints, ASpikeHidesNoStep) {
  std::vector<double> values = Joined(Noise(20, 10, 1), Noise(20, 12, 2));
  values[10] = 50;
  const auto changes = FindChangePoints(values);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].index, 20u);
}

TEST(FindChangePoints, ThereAndBackAreTwo) {
  const auto changes =
      FindChangePoints(Joined(Joined(Noise(30, 100, 1), Noise(20, 130, 2)), Noise(30, 100, 3)));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].index, 30u);
  EXPECT_EQ(changes[1].index, 50u);
}

TEST(FindChangePoints, IsTheSameEveryTime) {
  const Series series = GenerateSeries(SeriesKind::kHeavyTails, 42);
  const auto once = FindChangePoints(series.values);
  const auto again = FindChangePoints(series.values);
  ASSERT_EQ(once.size(), again.size());
  for (size_t i = 0; i < once.size(); ++i) EXPECT_EQ(once[i].index, again[i].index);
}

TEST(FindChangePoints, TooShortConstantOrBrokenSeriesHaveNone) {
  EXPECT_TRUE(FindChangePoints({}).empty());
  EXPECT_TRUE(FindChangePoints({1, 2, 3}).empty());
  EXPECT_TRUE(FindChangePoints(std::vector<double>(100, 5.0)).empty());
  std::vector<double> broken = Noise(60, 100, 4);
  broken[0] = std::numeric_limits<double>::quiet_NaN();
  broken[10] = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(FindChangePoints(broken).empty());
}

TEST(FindChangePoints, ExactCountsChangeByTheLeastStepThatMatters) {
  const auto changes =
      FindChangePoints(Joined(std::vector<double>(20, 1000.0), std::vector<double>(20, 1030.0)));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].index, 20u);
  EXPECT_TRUE(
      FindChangePoints(Joined(std::vector<double>(20, 1000.0), std::vector<double>(20, 1010.0)))
          .empty());
}

// What is promised over 200 seeded series of 200 points. A place that is more than 2 points off
// counts as a false one and a missed one.
TEST(ChangePointProof, KeepsItsPromises) {
  const ChangePointProof proof = ProveChangePoints(200, 0);
  SCOPED_TRACE(ChangePointTable(proof));
  EXPECT_EQ(proof.all.series, 200);
  EXPECT_GE(proof.all.true_changes, 100);
  EXPECT_GE(proof.all.Precision(), 0.95);
  EXPECT_GE(proof.all.Recall(), 0.95);
  EXPECT_EQ(proof.kinds[static_cast<size_t>(SeriesKind::kSpikes)].found, 0);
}

TEST(GenerateSeries, MakesWhatItSays) {
  EXPECT_TRUE(GenerateSeries(SeriesKind::kLevel, 1).changes.empty());
  EXPECT_EQ(GenerateSeries(SeriesKind::kStep, 1).changes.size(), 1u);
  EXPECT_EQ(GenerateSeries(SeriesKind::kSteps, 0).changes.size(), 2u);
  EXPECT_EQ(GenerateSeries(SeriesKind::kSteps, 8).changes.size(), 3u);
  const Series spikes = GenerateSeries(SeriesKind::kSpikes, 1);
  int high = 0;
  for (const double value : spikes.values) high += value > 120;
  EXPECT_EQ(high, 5);
  EXPECT_EQ(spikes.values, GenerateSeries(SeriesKind::kSpikes, 1).values);
  EXPECT_NE(spikes.values, GenerateSeries(SeriesKind::kSpikes, 2).values);
}

}  // namespace
}  // namespace perf

#include "perf/stats/verdict.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

Figure Narrow(double median) { return {.median = median, .interval = {median, median}}; }

struct VerdictCase {
  std::string name;
  Figure current;
  Figure baseline;
  Better better;
  double min_effect;
  Verdict verdict;
  double change_percent;
};

class VerdictTest : public testing::TestWithParam<VerdictCase> {};

TEST_P(VerdictTest, Compares) {
  const VerdictCase& c = GetParam();
  const Comparison comparison = Compare(c.current, c.baseline, c.better, c.min_effect);
  EXPECT_EQ(Verdict_Name(comparison.verdict), Verdict_Name(c.verdict));
  EXPECT_NEAR(comparison.change_percent, c.change_percent, 1e-9);
  EXPECT_LE(comparison.change_percent_interval.low, comparison.change_percent + 1e-9);
  EXPECT_GE(comparison.change_percent_interval.high, comparison.change_percent - 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    All, VerdictTest,
    testing::ValuesIn(std::vector<VerdictCase>{
        {"Unchanged", Narrow(10), Narrow(10), LOWER, 0, STABLE, 0},
        {"TimeThatFellIsPlus", Narrow(9), Narrow(10), LOWER, 0, IMPROVED, 10},
        {"ThroughputThatRoseIsPlus", Narrow(110), Narrow(100), HIGHER, 0, IMPROVED, 10},
        {"TimeThatRoseIsMinus", Narrow(10.5), Narrow(10), LOWER, 0, STABLE, -5},
        {"ThroughputThatFellIsMinus", Narrow(95), Narrow(100), HIGHER, 0, STABLE, -5},
        {"TenPercentWorseIsStable", Narrow(11), Narrow(10), LOWER, 0, STABLE, -10},
        {"BeyondTenIsYellow", Narrow(11.1), Narrow(10), LOWER, 0, YELLOW, -11},
        {"TwentyPercentWorseIsYellow", Narrow(12), Narrow(10), LOWER, 0, YELLOW, -20},
        {"BeyondTwentyIsRed", Narrow(12.1), Narrow(10), LOWER, 0, RED, -21},
        {"ThroughputBeyondTwentyIsRed", Narrow(79), Narrow(100), HIGHER, 0, RED, -21},
        {"RedNeedsTheNearEndBeyondTen", {12.5, {10.5, 14}}, Narrow(10), LOWER, 0, YELLOW, -25},
        {"TooWideToTell", {12.5, {9, 14}}, Narrow(10), LOWER, 0, UNRESOLVED, -25},
        {"YellowNeedsTheNearEndWorse", {11.5, {9.9, 14}}, Narrow(10), LOWER, 0, STABLE, -15},
        {"TheBaselineSpreadsToo", Narrow(12.5), {10, {9, 12}}, LOWER, 0, YELLOW, -25},
        {"ImprovementNeedsTheNearEndBetter", {8, {7, 10.1}}, Narrow(10), LOWER, 0, STABLE, 20},
        {"TooSmallToMatter", Narrow(15), Narrow(10), LOWER, 6, STABLE, -50},
        {"NothingStaysNothing", Narrow(0), Narrow(0), LOWER, 0, STABLE, 0},
        {"WorseThanExactlyZeroIsRed", Narrow(3), Narrow(0), LOWER, 0, RED, 0},
        {"LittleWorseThanExactlyZeroIsRed", Narrow(1e-9), Narrow(0), LOWER, 0, RED, 0},
        {"WorseThanZeroByTheLeastEffectIsRed", Narrow(0.5), Narrow(0), LOWER, 0.5, RED, 0},
        {"WorseThanMinusZeroIsRed", Narrow(3), Narrow(-0.0), LOWER, 0, RED, 0},
        {"WorseThanTheSmallestDoubleIsRed", Narrow(3), Narrow(5e-324), LOWER, 0, RED, 0},
        {"LessThanZeroIsRedWhereHigherIsBetter", Narrow(-3), Narrow(0), HIGHER, 0, RED, 0},
        {"MoreThanZeroWhereHigherIsBetter", Narrow(3), Narrow(0), HIGHER, 0, IMPROVED, 0},
        {"LessThanZeroWhereLowerIsBetter", Narrow(-3), Narrow(0), LOWER, 0, IMPROVED, 0},
        {"PerhapsWorseThanZero", {3, {0, 5}}, Narrow(0), LOWER, 0, UNRESOLVED, 0},
        {"ZeroThatSpreads", {3, {1, 5}}, {0, {0, 2}}, LOWER, 0, UNRESOLVED, 0},
        {"WorseThanAZeroThatSpreads", {3, {2.5, 5}}, {0, {0, 2}}, LOWER, 0, RED, 0},
        {"WorseThanABaselineThatMayBeZero", Narrow(30), {1, {0, 2}}, LOWER, 0, RED, -2900},
        {"HigherIsBetterThanABaselineThatMayBeZero",
         {1, {0, 5}},
         {2, {0, 3}},
         HIGHER,
         0,
         UNRESOLVED,
         -50},
        {"NothingAndLittle", Narrow(3), Narrow(0), LOWER, 5, STABLE, 0},
        {"MoreThanLessThanNothingIsRed", Narrow(3), Narrow(-2), LOWER, 0, RED, -250},
        {"QuieterIsBetter", Narrow(-60), Narrow(-40), LOWER, 0, IMPROVED, 50},
        {"LittleLouderIsStable", Narrow(-39), Narrow(-40), LOWER, 0, STABLE, -2.5},
        {"LouderIsRed", Narrow(-30), Narrow(-40), LOWER, 0, RED, -25},
        {"WorseByAsMuchAsADoubleHolds", Narrow(1e308), Narrow(1e-300), LOWER, 0, RED, -1e9},
    }),
    [](const testing::TestParamInfo<VerdictCase>& test_case) { return test_case.param.name; });

// What the interval is for: the same code, measured twice with the spread of a busy machine.
TEST(VerdictTest, TheSameDistributionIsNeverRed) {
  constexpr uint64_t kSeed = 20261124;
  std::mt19937_64 random(kSeed);
  std::lognormal_distribution<double> distribution(0, 0.4);
  const auto sample = [&] {
    std::vector<double> samples(40);
    for (double& value : samples) value = distribution(random);
    return FigureOf(samples);
  };
  int num_red = 0;
  for (int i = 0; i < 1000; ++i) num_red += Compare(sample(), sample(), LOWER, 0).verdict == RED;
  EXPECT_EQ(num_red, 0) << "seed " << kSeed;
}

TEST(VerdictTest, ThirtyPercentMoreIsRedWithUsualSpread) {
  constexpr uint64_t kSeed = 20261124;
  std::mt19937_64 random(kSeed);
  std::lognormal_distribution<double> distribution(0, 0.1);
  const auto sample = [&](double factor) {
    std::vector<double> samples(100);
    for (double& value : samples) value = factor * distribution(random);
    return FigureOf(samples);
  };
  int num_red = 0;
  for (int i = 0; i < 100; ++i) num_red += Compare(sample(1.3), sample(1), LOWER, 0).verdict == RED;
  EXPECT_EQ(num_red, 100) << "seed " << kSeed;
}

}  // namespace
}  // namespace perf

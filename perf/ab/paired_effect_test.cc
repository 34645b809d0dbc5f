#include "perf/ab/paired_effect.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

// Rounds whose figures are spread evenly by +-`spread` around a ratio.
std::vector<double> Rounds(int count, double ratio, double spread) {
  std::vector<double> rounds;
  for (int i = 0; i < count; ++i) {
    rounds.push_back(std::log(ratio) + spread * (2.0 * i / (count - 1) - 1));
  }
  return rounds;
}

EpochPair Pair(int64_t baseline_ns, int64_t current_ns) {
  EpochPair pair;
  pair.baseline.set_wall_ns(baseline_ns);
  pair.current.set_wall_ns(current_ns);
  return pair;
}

TEST(RoundLogRatio, IsTheMedianOverPairs) {
  EXPECT_DOUBLE_EQ(RoundLogRatio({Pair(100, 110), Pair(100, 900), Pair(100, 120)}), std::log(1.2));
  EXPECT_TRUE(std::isfinite(RoundLogRatio({Pair(0, 0)})));
}

TEST(LogRatio, IsOfPositiveFigures) {
  EXPECT_DOUBLE_EQ(LogRatio(10, 12, 0), std::log(1.2));
  EXPECT_DOUBLE_EQ(LogRatio(12, 10, 0), -std::log(1.2));
  EXPECT_EQ(LogRatio(10, 10.4, 0.5), 0);
}

// What is small is not taken for what makes no difference: whatever differs by min_effect is judged
// by how many times as much it is, as stored baselines are.
TEST(LogRatio, TakesSmallFiguresAsTheyAre) {
  EXPECT_DOUBLE_EQ(LogRatio(0.05, 1.06, 1), std::log(1.06 / 0.05));
  EXPECT_DOUBLE_EQ(LogRatio(1.06, 0.05, 1), std::log(0.05 / 1.06));
  EXPECT_EQ(LogRatio(0.05, 1.04, 1), 0);
  EXPECT_DOUBLE_EQ(LogRatio(-0.05, 1.06, 1), std::log(1 + 1.11 / 0.05));
}

TEST(LogRatio, MeasuresNegativeFiguresByTheirSize) {
  EXPECT_DOUBLE_EQ(LogRatio(-10, -12, 0), std::log(0.8));
  EXPECT_DOUBLE_EQ(LogRatio(-10, -8, 0), std::log(1.2));
  EXPECT_LT(LogRatio(-10, -30, 0), std::log(0.5));
  EXPECT_GT(LogRatio(-10, 5, 0), std::log(2));
}

TEST(LogRatio, SeesWhatBecomesOrWasZero) {
  EXPECT_EQ(LogRatio(0, 0, 0), 0);
  EXPECT_GT(LogRatio(0, 1, 0), 1);
  EXPECT_LT(LogRatio(0, -5, 1), -1);
  EXPECT_LT(LogRatio(5, 0, 0), -1);
  EXPECT_LT(LogRatio(5, -1, 0), -1);
  EXPECT_DOUBLE_EQ(LogRatio(0, 3, 1), std::log(4));
}

TEST(JudgeRounds, Verdicts) {
  const struct {
    const char* what;
    int rounds;
    double ratio;
    double spread;
    Verdict verdict;
    bool settled;
  } cases[] = {
      {"equal and quiet", 16, 1.0, 0.02, STABLE, true},
      {"equal, and the interval is not yet narrow", 16, 1.0, 0.12, STABLE, false},
      {"a little slower: worth the full number of rounds", 16, 1.05, 0.01, STABLE, false},
      {"a little slower, in full", 256, 1.05, 0.01, STABLE, true},
      {"yellow", 16, 1.13, 0.02, YELLOW, true},
      {"yellow, and may be red", 16, 1.15, 0.10, YELLOW, false},
      {"yellow in full, and may be red", 256, 1.19, 0.20, YELLOW, true},
      {"red", 16, 1.25, 0.02, RED, true},
      {"beyond red, but only surely yellow", 16, 1.25, 0.20, YELLOW, false},
      {"beyond red, and nothing is sure", 16, 1.25, 0.60, UNRESOLVED, false},
      {"beyond yellow, and nothing is sure", 16, 1.13, 0.40, UNRESOLVED, false},
      {"improved", 16, 0.85, 0.02, IMPROVED, true},
      {"better, and nothing is sure", 16, 0.85, 0.40, UNRESOLVED, false},
      {"too few rounds to say that it is red", 8, 1.5, 0.01, UNRESOLVED, false},
      {"so wide that even red is not excluded", 256, 1.0, 0.9, UNRESOLVED, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const PairedEffect effect = JudgeRounds(Rounds(c.rounds, c.ratio, c.spread), 10, LOWER);
    EXPECT_EQ(Verdict_Name(effect.verdict), Verdict_Name(c.verdict));
    EXPECT_EQ(effect.settled, c.settled);
    EXPECT_NEAR(effect.ratio, c.ratio, 1e-9);
  }
}

TEST(JudgeRounds, IsSignedByWhatIsBetter) {
  EXPECT_NEAR(JudgeRounds(Rounds(16, 1.25, 0.01), 1, LOWER).change_percent, -25, 1e-9);
  const PairedEffect higher = JudgeRounds(Rounds(16, 1.25, 0.01), 1, HIGHER);
  EXPECT_NEAR(higher.change_percent, 25, 1e-9);
  EXPECT_EQ(higher.verdict, IMPROVED);
  EXPECT_EQ(JudgeRounds(Rounds(16, 0.75, 0.01), 1, HIGHER).verdict, RED);
}

TEST(JudgeRounds, MoreComparisonsNeedMoreEvidence) {
  // One round of sixteen goes against it.
  std::vector<double> rounds = Rounds(16, 1.15, 0.01);
  rounds[0] = -0.1;
  EXPECT_EQ(JudgeRounds(rounds, 2, LOWER).verdict, YELLOW);
  EXPECT_EQ(JudgeRounds(rounds, 100, LOWER).verdict, UNRESOLVED);
  EXPECT_EQ(JudgeRounds(rounds, 100, LOWER).likely, YELLOW);
}

TEST(JudgeRounds, SaysWhatIsLikelyAndWhetherTenPercentAreExcluded) {
  EXPECT_EQ(JudgeRounds(Rounds(6, 1.3, 0.01), 100, LOWER).likely, RED);
  EXPECT_EQ(JudgeRounds(Rounds(6, 0.8, 0.01), 100, LOWER).likely, IMPROVED);
  EXPECT_EQ(JudgeRounds(Rounds(6, 1.0, 0.01), 100, LOWER).likely, STABLE);
  EXPECT_TRUE(JudgeRounds(Rounds(16, 1.0, 0.05), 100, LOWER).ten_percent_excluded);
  EXPECT_FALSE(JudgeRounds(Rounds(16, 1.05, 0.08), 100, LOWER).ten_percent_excluded);
  EXPECT_FALSE(JudgeRounds(Rounds(16, 0.95, 0.08), 100, LOWER).ten_percent_excluded);
}

TEST(JudgeRounds, ProcessesAreSettledWhenTenPercentAreExcluded) {
  EXPECT_FALSE(JudgeRounds(Rounds(16, 1.0, 0.08), 10, LOWER).settled);
  EXPECT_TRUE(JudgeRounds(Rounds(16, 1.0, 0.08), 10, LOWER, kProcessThoroughness).settled);
}

TEST(JudgeDeterministic, IsSettledByOneRound) {
  const PairedEffect same = JudgeDeterministic(0, LOWER);
  EXPECT_EQ(same.verdict, STABLE);
  EXPECT_TRUE(same.settled);
  EXPECT_EQ(JudgeDeterministic(std::log(1.5), LOWER).verdict, RED);
  EXPECT_EQ(JudgeDeterministic(std::log(1.5), HIGHER).verdict, IMPROVED);
  EXPECT_EQ(JudgeDeterministic(std::log(1.15), LOWER).verdict, YELLOW);
}

TEST(ForecastRounds, TellsHowMuchMoreIsNeeded) {
  // All on one side: the smallest n with 2^n / sqrt(pi n) beyond 10,000 is 17.
  const int sure = ForecastRounds(Rounds(6, 1.3, 0.01), 100, LOWER);
  EXPECT_GE(sure, 16);
  EXPECT_LE(sure, 20);
  EXPECT_EQ(ForecastRounds(Rounds(16, 1.0, 0.02), 100, LOWER), 16);
  const int wide = ForecastRounds(Rounds(16, 1.0, 0.2), 100, LOWER);
  EXPECT_GT(wide, 16);
  EXPECT_LE(wide, kEpochThoroughness.full_rounds);
  EXPECT_EQ(ForecastRounds(Rounds(4, 1.25, 2), 100, LOWER), kNeverSettled);
}

struct Rates {
  int missed = 0;
  int coloured = 0;
};

// How many of `series` comparisons of equal builds, which are looked at after each of 256 rounds,
// ever have an interval without 1, and ever a colour, in a world where processes differ by 15 % and
// a tenth of them by anything.
Rates EqualBuilds(int series, int num_comparisons) {
  std::mt19937_64 random(20240609);
  std::normal_distribution<double> process(0, 0.15);
  std::cauchy_distribution<double> trouble(0, 0.5);
  Rates rates;
  for (int i = 0; i < series; ++i) {
    std::vector<double> rounds;
    bool misses = false;
    bool coloured = false;
    for (int round = 1; round <= 256; ++round) {
      rounds.push_back(random() % 10 == 0 ? trouble(random) : process(random));
      const PairedEffect effect = JudgeRounds(rounds, num_comparisons, LOWER);
      misses |= effect.ratio_interval.low > 1 || effect.ratio_interval.high < 1;
      coloured |= effect.verdict != STABLE && effect.verdict != UNRESOLVED;
    }
    rates.missed += misses;
    rates.coloured += coloured;
  }
  return rates;
}

TEST(JudgeRounds, KeepsItsErrorRateOverAllRounds) {
  const Rates rates = EqualBuilds(2000, 1);
  // 1 % and three deviations.
  EXPECT_LE(rates.missed, 33);
  EXPECT_GT(rates.missed, 0);
  EXPECT_LE(rates.coloured, rates.missed);
}

// A change of just what shall be visible is taken for none as seldom as promised.
TEST(JudgeRounds, SeldomSettlesEarlyOnAVisibleChange) {
  std::mt19937_64 random(20240610);
  int settled = 0;
  constexpr int kSeries = 2000;
  for (int series = 0; series < kSeries; ++series) {
    std::normal_distribution<double> round(std::log(1 + kEpochThoroughness.visible_percent / 100),
                                           series % 2 == 0 ? 0.04 : 0.1);
    std::vector<double> rounds;
    bool stopped = false;
    for (int i = 1; i < kEpochThoroughness.full_rounds && !stopped; ++i) {
      rounds.push_back(round(random));
      const PairedEffect effect = JudgeRounds(rounds, 1, LOWER);
      stopped = effect.verdict == STABLE && effect.settled;
    }
    settled += stopped;
  }
  // 2 % and three deviations.
  EXPECT_LE(settled, 58);
  EXPECT_GT(settled, 0);
}

}  // namespace
}  // namespace perf

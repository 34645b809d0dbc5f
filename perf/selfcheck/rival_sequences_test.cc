#include "perf/selfcheck/rival_sequences.h"

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::HasSubstr;

// The round at which a rule shows a side, of figures that a normal distribution draws; 0 if it
// never does.
int RoundsToShow(const NamedRule& rule, double mean, int side, std::mt19937_64& random) {
  std::normal_distribution<double> figure(mean, 1);
  const auto begun = rule.begin();
  for (int round = 1; round <= 256; ++round) {
    begun->Add(figure(random));
    if (begun->Side(0.01) == side) return round;
  }
  return 0;
}

TEST(SequentialRules, ShowTheSideOfACentreFarFromZero) {
  std::mt19937_64 random(1);
  for (const NamedRule& rule : SequentialRules()) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_GT(RoundsToShow(rule, 4, 1, random), 3) << rule.name;
      EXPECT_GT(RoundsToShow(rule, -4, -1, random), 3) << rule.name;
    }
  }
}

TEST(SequentialRules, SeldomShowASideOfZero) {
  constexpr int kSequences = 1000;
  std::mt19937_64 random(1);
  for (const NamedRule& rule : SequentialRules()) {
    int wrong = 0;
    for (int i = 0; i < kSequences; ++i) wrong += RoundsToShow(rule, 0, 1, random) > 0;
    // A rule that errs with 0.5 % on one side does so more than 15 times with 10^-4. The asymptotic
    // one is not valid after few rounds, not even of normal figures.
    EXPECT_LE(wrong, std::string(rule.name) == "mean, asymptotic" ? 100 : 15) << rule.name;
  }
}

TEST(SequentialRules, TheSignTestByBettingNeedsTenRoundsOnOneSide) {
  const auto rule = SequentialRules()[0].begin();
  for (int round = 1; round < 10; ++round) {
    rule->Add(1);
    EXPECT_EQ(rule->Side(0.01), 0) << round;
  }
  rule->Add(1);
  EXPECT_EQ(rule->Side(0.01), 1);
}

TEST(SequentialRules, AFigureOfExactlyZeroSpeaksForNoSide) {
  for (const NamedRule& rule : SequentialRules()) {
    const auto begun = rule.begin();
    for (int round = 0; round < 256; ++round) {
      begun->Add(0);
      EXPECT_EQ(begun->Side(0.01), 0) << rule.name;
    }
  }
}

TEST(CompareSequentialRules, HasALineForEachRule) {
  std::mt19937_64 random(1);
  const std::vector<std::vector<double>> recorded(14, {0.01, -0.02, 0.03, -0.005});
  const std::string table = CompareSequentialRules(recorded, random);
  for (const NamedRule& rule : SequentialRules()) EXPECT_THAT(table, HasSubstr(rule.name));
  // Less than one in a hundred of equal builds is called unequal.
  EXPECT_THAT(table, HasSubstr("sign, betting (ours)              0."));
}

}  // namespace
}  // namespace perf

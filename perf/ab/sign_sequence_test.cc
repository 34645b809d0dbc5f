#include "perf/ab/sign_sequence.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(LogSignCapital, IsFairAtEachRound) {
  // A martingale: the mean over both signs of the next round is what one has.
  for (int rounds = 1; rounds < 60; ++rounds) {
    for (int below = 0; below <= rounds; ++below) {
      const double now = std::exp(LogSignCapital(rounds, below));
      const double next = (std::exp(LogSignCapital(rounds + 1, below)) +
                           std::exp(LogSignCapital(rounds + 1, below + 1))) /
                          2;
      EXPECT_NEAR(next / now, 1, 1e-9) << rounds << ", " << below;
    }
  }
  EXPECT_NEAR(LogSignCapital(0, 0), 0, 1e-12);
}

TEST(SignBoundary, NeedsRoundsForAnyInterval) {
  EXPECT_EQ(SignBoundary(0, 0.01), 0);
  EXPECT_EQ(SignBoundary(9, 0.01), 0);
  EXPECT_EQ(SignBoundary(10, 0.01), 1);
  // 2^n / sqrt(pi n), nearly: 9,243 and 17,934.
  EXPECT_EQ(SignBoundary(16, 0.0001), 0);
  EXPECT_EQ(SignBoundary(17, 0.0001), 1);
}

TEST(SignBoundary, IsWhereTheCapitalFallsBelowTheLimit) {
  for (const double rate : {0.04, 0.01, 0.0001}) {
    for (int rounds = 20; rounds <= 2000; rounds += 33) {
      const int boundary = SignBoundary(rounds, rate);
      ASSERT_GT(boundary, 0);
      EXPECT_LE(boundary, (rounds + 1) / 2);
      EXPECT_LT(LogSignCapital(rounds, boundary), -std::log(rate));
      EXPECT_GE(LogSignCapital(rounds, boundary - 1), -std::log(rate));
    }
  }
}

// Signs of fair coins leave the boundary at some round of two thousand as seldom as they may.
TEST(SignBoundary, HoldsOverAllRounds) {
  std::mt19937_64 random(20241128);
  constexpr double kRate = 0.05;
  constexpr int kSeries = 2000;
  constexpr int kRounds = 2000;
  int left = 0;
  for (int series = 0; series < kSeries; ++series) {
    int below = 0;
    for (int rounds = 1; rounds <= kRounds; ++rounds) {
      below += static_cast<int>(random() & 1);
      const int fewer = below < rounds - below ? below : rounds - below;
      if (LogSignCapital(rounds, fewer) >= -std::log(kRate)) {
        ++left;
        break;
      }
    }
  }
  // 5 % and three deviations.
  EXPECT_LE(left, 129);
  EXPECT_GT(left, 0);
}

}  // namespace
}  // namespace perf

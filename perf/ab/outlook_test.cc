#include "perf/ab/outlook.h"

#include <cmath>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "perf/ab/paired_effect.h"

namespace perf {
namespace {

// Rounds of a second each, spread evenly by +-`spread` around a ratio, and judged among 100.
Compared Made(int rounds, double ratio, double spread) {
  Compared compared;
  for (int i = 0; i < rounds; ++i) {
    compared.log_ratios.push_back(std::log(ratio) + spread * (2.0 * i / (rounds - 1) - 1));
  }
  compared.spent = absl::Seconds(rounds);
  compared.effect = JudgeRounds(compared.log_ratios, 100, LOWER);
  return compared;
}

TEST(OutlookOf, SaysWhatAChangeProbablyIsAndWhatSettlesIt) {
  const Compared compared = Made(8, 1.3, 0.02);
  ASSERT_EQ(compared.effect.verdict, UNRESOLVED);
  const Outlook outlook = OutlookOf(compared, absl::Seconds(1));
  EXPECT_EQ(outlook.reason, LOOKS_CHANGED);
  EXPECT_EQ(outlook.likely, RED);
  // About ten rounds suffice for one that is alone.
  EXPECT_GE(outlook.time_to_settle, absl::Seconds(16));
  EXPECT_LE(outlook.time_to_settle, absl::Seconds(28));
  EXPECT_EQ(OutlookOf(Made(8, 0.8, 0.02), absl::Seconds(1)).likely, IMPROVED);
}

TEST(OutlookOf, CallsNoisyWhatNoNumberOfRoundsSettles) {
  const Outlook outlook = OutlookOf(Made(30, 1.05, 3), absl::Seconds(1));
  EXPECT_EQ(outlook.reason, TOO_NOISY);
  EXPECT_EQ(outlook.time_to_settle, absl::InfiniteDuration());
  EXPECT_GT(outlook.spread_percent, 100);
}

TEST(OutlookOf, OtherwiseTheTimeWasOver) {
  EXPECT_EQ(OutlookOf(Compared(), absl::Seconds(1)).reason, NOT_REACHED);
  const Outlook outlook = OutlookOf(Made(5, 1.0, 0.02), absl::Seconds(1));
  EXPECT_EQ(outlook.reason, NOT_REACHED);
  EXPECT_LT(outlook.time_to_settle, absl::Minutes(1));
}

}  // namespace
}  // namespace perf

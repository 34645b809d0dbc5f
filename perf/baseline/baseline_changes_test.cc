#include "perf/baseline/baseline_changes.h"

#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

BaselineMeasurement Stored(double low, double median, double high) {
  BaselineMeasurement stored;
  stored.set_name("audio.a");
  stored.set_unit("ms");
  stored.set_better(LOWER);
  stored.set_profile("default");
  stored.set_count(30);
  stored.set_median(median);
  if (low == high) return stored;
  stored.set_median_low(low);
  stored.set_median_high(high);
  return stored;
}

BaselineChange Change(const BaselineMeasurement& before, const BaselineMeasurement& after) {
  return {.component = "audio", .before = before, .after = after};
}

TEST(BaselineChangesTest, TheRatioLiesBetweenTheExtremesOfBothIntervals) {
  const BaselineChange change = Change(Stored(8, 10, 12.5), Stored(10, 11, 12));
  const std::optional<BaselineRatio> ratio = RatioOf(change);
  ASSERT_TRUE(ratio.has_value());
  EXPECT_DOUBLE_EQ(ratio->ratio, 1.1);
  ASSERT_TRUE(ratio->interval.has_value());
  EXPECT_DOUBLE_EQ(ratio->interval->low, 0.8);
  EXPECT_DOUBLE_EQ(ratio->interval->high, 1.5);
  EXPECT_NEAR(*ChangePercentOf(change), -10, 1e-9);
  EXPECT_EQ(ChangesText({change}),
            "  audio.a (default): 10.0 ms -> 11.0 ms (-10.0%), 1.10 times (0.8 to 1.50)\n");
}

TEST(BaselineChangesTest, SingleFiguresHaveNoInterval) {
  EXPECT_EQ(ChangesText({Change(Stored(10, 10, 10), Stored(8, 8, 8))}),
            "  audio.a (default): 10.0 ms -> 8.00 ms (+20.0%), 0.8 times\n");
}

TEST(BaselineChangesTest, WhatHasNoRatioHasNone) {
  BaselineMeasurement seconds = Stored(10, 10, 10);
  seconds.set_unit("s");
  BaselineMeasurement higher = Stored(10, 10, 10);
  higher.set_better(HIGHER);
  for (const BaselineMeasurement& other :
       {seconds, higher, Stored(0, 0, 0), Stored(-2, -1, 1), Stored(-3, -2, -1)}) {
    EXPECT_FALSE(RatioOf(Change(Stored(10, 10, 10), other)).has_value());
    EXPECT_FALSE(RatioOf(Change(other, Stored(10, 10, 10))).has_value());
  }
  EXPECT_EQ(ChangesText({Change(Stored(10, 10, 10), seconds)}),
            "  audio.a (default): 10.0 ms -> 10.0 s\n");
  EXPECT_EQ(ChangesText({Change(Stored(0, 0, 0), Stored(1, 1, 1))}),
            "  audio.a (default): 0.0 ms -> 1.00 ms\n");
  // A level in decibels, say: a share of its size is a percentage, and no ratio.
  EXPECT_EQ(ChangesText({Change(Stored(-10, -10, -10), Stored(-9, -9, -9))}),
            "  audio.a (default): -10.0 ms -> -9.00 ms (-10.0%)\n");
}

TEST(BaselineChangesTest, WhatIsNewOrDroppedSaysSo) {
  BaselineMeasurement gone = Stored(5, 5, 5);
  gone.set_commit("0123456789abcdef");
  EXPECT_EQ(ChangesText({{.component = "audio", .after = Stored(5, 5, 5)},
                         {.component = "audio", .before = gone, .why_dropped = "no test"}}),
            "  audio.a (default): new: 5.00 ms\n"
            "  dropped: audio.a (was 5.00 ms at 0123456789ab, profile default): no test\n");
}

}  // namespace
}  // namespace perf

#include "pipeline/runtime/duration_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

TEST(DurationHistogramTest, NothingIsZero) {
  const DurationHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.largest(), absl::ZeroDuration());
  EXPECT_EQ(histogram.Percentile(0.99), absl::ZeroDuration());
}

TEST(DurationHistogramTest, OneIsEveryPercentile) {
  DurationHistogram histogram;
  histogram.Add(absl::Milliseconds(7));
  for (const double part : {0.0, 0.001, 0.5, 0.99, 1.0}) {
    EXPECT_EQ(histogram.Percentile(part), absl::Milliseconds(7)) << part;
  }
}

TEST(DurationHistogramTest, WhatIsOutOfRangeCountsAsItsEnd) {
  DurationHistogram histogram;
  histogram.Add(-absl::Seconds(1));
  histogram.Add(-absl::InfiniteDuration());
  EXPECT_EQ(histogram.Percentile(1), absl::ZeroDuration());
  histogram.Add(absl::InfiniteDuration());
  histogram.Add(absl::Hours(2));
  EXPECT_EQ(histogram.count(), 4);
  EXPECT_EQ(histogram.largest(), absl::Hours(1));
  EXPECT_EQ(histogram.Percentile(1), absl::Hours(1));
  EXPECT_EQ(histogram.Percentile(0.5), absl::ZeroDuration());
}

// Against what sorting gives, over all magnitudes.
TEST(DurationHistogramTest, PercentilesAreNeverTooSmallAndHardlyTooLarge) {
  constexpr uint64_t kSeed = 20260301;
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<double> log_of_nanoseconds(0, 41.7);
  for (int trial = 0; trial < 50; ++trial) {
    DurationHistogram histogram;
    std::vector<int64_t> all;
    for (int i = 0; i < 1 + trial * 7; ++i) {
      all.push_back(static_cast<int64_t>(std::exp2(log_of_nanoseconds(random))));
      histogram.Add(absl::Nanoseconds(all.back()));
    }
    std::sort(all.begin(), all.end());
    ASSERT_EQ(histogram.largest(), absl::Nanoseconds(all.back()));
    for (const double part : {0.01, 0.25, 0.5, 0.9, 0.99, 1.0}) {
      const auto rank = static_cast<size_t>(
          std::max(std::ceil(part * static_cast<double>(all.size()) - 1e-9), 1.0));
      const int64_t exact = all[rank - 1];
      const int64_t found = absl::ToInt64Nanoseconds(histogram.Percentile(part));
      ASSERT_GE(found, exact) << "seed " << kSeed << " trial " << trial << " part " << part;
      ASSERT_LE(static_cast<double>(found), static_cast<double>(exact) * 1.0625)
          << "seed " << kSeed << " trial " << trial << " part " << part;
    }
  }
}

TEST(DurationHistogramTest, AddingAHistogramIsAddingItsDurations) {
  DurationHistogram a;
  DurationHistogram b;
  DurationHistogram both;
  for (int i = 0; i < 100; ++i) {
    const absl::Duration duration = absl::Microseconds(i * i);
    (i % 3 == 0 ? a : b).Add(duration);
    both.Add(duration);
  }
  a.Add(b);
  EXPECT_EQ(a.count(), both.count());
  EXPECT_EQ(a.largest(), both.largest());
  for (const double part : {0.1, 0.5, 0.95, 1.0}) {
    EXPECT_EQ(a.Percentile(part), both.Percentile(part)) << part;
  }
}

}  // namespace
}  // namespace parlance::pipeline

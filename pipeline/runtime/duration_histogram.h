// How long things took, in fixed memory: a log-linear histogram, as HdrHistogram's.
//
// G. Tene, "How NOT to Measure Latency", 2013; https://github.com/HdrHistogram/HdrHistogram. A
// bucket is 1/16 of its power of two wide, so a percentile is at most 6.25 % too large, and never
// too small.
#ifndef PIPELINE_RUNTIME_DURATION_HISTOGRAM_H_
#define PIPELINE_RUNTIME_DURATION_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/numeric/bits.h"
#include "absl/time/time.h"

namespace parlance::pipeline {

// Threads: one at a time. Copying is a snapshot. Add allocates nothing.
class DurationHistogram {
 public:
  // Adds a duration. One below zero counts as zero, and one of more than an hour as an hour.
  void Add(absl::Duration duration) {
    const int64_t nanoseconds = std::clamp(absl::ToInt64Nanoseconds(duration), int64_t{0},
                                           absl::ToInt64Nanoseconds(absl::Hours(1)));
    ++counts_[BucketOf(static_cast<uint64_t>(nanoseconds))];
    ++count_;
    largest_ = std::max(largest_, nanoseconds);
  }
  void Add(const DurationHistogram& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    largest_ = std::max(largest_, other.largest_);
  }

  // Returns what was added since `earlier`, which is a copy of this one. The largest is that of
  // all.
  DurationHistogram Since(const DurationHistogram& earlier) const {
    DurationHistogram since = *this;
    for (size_t i = 0; i < counts_.size(); ++i) since.counts_[i] -= earlier.counts_[i];
    since.count_ -= earlier.count_;
    return since;
  }

  int64_t count() const { return count_; }
  absl::Duration largest() const { return absl::Nanoseconds(largest_); }
  // The least bound that `part` (0 to 1) of the durations do not exceed; zero if there are none.
  absl::Duration Percentile(double part) const {
    const auto rank =
        std::max<int64_t>(static_cast<int64_t>(part * static_cast<double>(count_) + 0.9999999), 1);
    int64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (count_ > 0 && seen >= rank) {
        return absl::Nanoseconds(std::min(static_cast<int64_t>(EndOf(i)), largest_));
      }
    }
    return absl::ZeroDuration();
  }

 private:
  static constexpr int kBitsOfPart = 4;
  static constexpr uint64_t kParts = uint64_t{1} << kBitsOfPart;

  static size_t BucketOf(uint64_t value) {
    if (value < kParts) return static_cast<size_t>(value);
    const int shift = static_cast<int>(absl::bit_width(value)) - 1 - kBitsOfPart;
    return static_cast<size_t>((static_cast<uint64_t>(shift) + 1) * kParts + (value >> shift) -
                               kParts);
  }
  // The largest value of a bucket.
  static uint64_t EndOf(size_t bucket) {
    if (bucket < kParts) return bucket;
    const uint64_t shift = bucket / kParts - 1;
    return ((bucket % kParts + kParts + 1) << shift) - 1;
  }

  // An hour has 42 bits of nanoseconds.
  std::array<int64_t, (43 - kBitsOfPart + 1)* kParts> counts_ = {};
  int64_t count_ = 0;
  int64_t largest_ = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_DURATION_HISTOGRAM_H_

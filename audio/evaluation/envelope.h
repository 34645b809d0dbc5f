// The lowest and highest samples of a stretch of sound, for it to be drawn.
#ifndef AUDIO_EVALUATION_ENVELOPE_H_
#define AUDIO_EVALUATION_ENVELOPE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace parlance::audio {

// The envelope of a stream of any length, in 512 KiB: it begins with a part for each sample, and
// joins parts in pairs whenever there are too many, so that there are always more than 32,768 of
// them once there were as many samples. Threads: one at a time. Allocation: in the constructor.
class Envelope {
 public:
  struct Part {
    int16_t low = 0;
    int16_t high = 0;
  };

  Envelope() { parts_.reserve(kMaxParts); }

  void Push(absl::Span<const int16_t> samples) {
    for (const int16_t sample : samples) {
      if (in_part_ == 0) {
        if (parts_.size() == kMaxParts) Join();
        parts_.push_back({sample, sample});
      } else {
        Part& part = parts_.back();
        part.low = std::min(part.low, sample);
        part.high = std::max(part.high, sample);
      }
      if (++in_part_ == samples_per_part_) in_part_ = 0;
      ++num_samples_;
    }
  }

  // In order; the last may hold fewer samples.
  absl::Span<const Part> parts() const { return parts_; }
  int64_t samples_per_part() const { return samples_per_part_; }
  int64_t num_samples() const { return num_samples_; }

 private:
  static constexpr size_t kMaxParts = 1 << 16;

  // All parts are full.
  void Join() {
    for (size_t i = 0; i < kMaxParts / 2; ++i) {
      const Part& a = parts_[2 * i];
      const Part& b = parts_[2 * i + 1];
      parts_[i] = {std::min(a.low, b.low), std::max(a.high, b.high)};
    }
    parts_.resize(kMaxParts / 2);
    samples_per_part_ *= 2;
  }

  std::vector<Part> parts_;
  int64_t samples_per_part_ = 1;
  int64_t in_part_ = 0;
  int64_t num_samples_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_ENVELOPE_H_

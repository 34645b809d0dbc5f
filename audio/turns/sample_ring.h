// The last samples of a stream, found by their positions in it.
#ifndef AUDIO_TURNS_SAMPLE_RING_H_
#define AUDIO_TURNS_SAMPLE_RING_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace parlance::audio {

// Threads: one at a time. Allocation: in the constructor only. Memory: two bytes a sample.
class SampleRing {
 public:
  // How many samples are kept; with 0, none.
  explicit SampleRing(size_t capacity) : samples_(capacity) {}

  // The next samples of the stream, any number. They take the place of the oldest.
  void Push(absl::Span<const int16_t> samples) {
    end_ += static_cast<int64_t>(samples.size());
    // Only the last ones would stay.
    samples.remove_prefix(samples.size() - std::min(samples.size(), samples_.size()));
    while (!samples.empty()) {
      const size_t count = std::min(samples.size(), samples_.size() - next_);
      std::copy_n(samples.begin(), count, samples_.begin() + static_cast<ptrdiff_t>(next_));
      next_ = (next_ + count) % samples_.size();
      samples.remove_prefix(count);
    }
  }

  // The samples from `position` to end(), as far as they are kept: the second span goes on where
  // the first one ends. Either may be empty. They are valid until Push or Clear.
  std::array<absl::Span<const int16_t>, 2> From(int64_t position) const {
    const auto kept = std::min<int64_t>(end_, static_cast<int64_t>(samples_.size()));
    const auto count = static_cast<size_t>(std::clamp<int64_t>(end_ - position, 0, kept));
    const auto all = absl::MakeConstSpan(samples_);
    if (count <= next_) return {all.subspan(next_ - count, count), {}};
    return {all.last(count - next_), all.first(next_)};
  }

  // The position behind the last sample: how many were pushed.
  int64_t end() const { return end_; }

  // Forgets the stream: the next sample is at position 0.
  void Clear() {
    next_ = 0;
    end_ = 0;
  }

 private:
  std::vector<int16_t> samples_;
  // The index in samples_ that the next sample goes to.
  size_t next_ = 0;
  int64_t end_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_TURNS_SAMPLE_RING_H_

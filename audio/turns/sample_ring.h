// The last samples of a stream, found by their positions in it.
#ifndef AUDIO_TURNS_SAMPLE_RING_H_
#define AUDIO_TURNS_SAMPLE_RING_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace parlance::audio {

// Keeps the samples that were not forgotten, up to a bound. Threads: one at a time. Memory: two
// bytes for each of the usual number, and for each of the bound while more than usual is kept.
// Allocation: in the constructor; when more is kept than usual; and when that was not so for
// kPatience pushes.
class SampleRing {
 public:
  static constexpr int kPatience = 100;

  // At most `max_samples` are kept, none if it is 0, and usually `usual_samples`. The samples of a
  // push count as well.
  explicit SampleRing(size_t max_samples) : SampleRing(max_samples, max_samples) {}
  SampleRing(size_t max_samples, size_t usual_samples)
      : max_samples_(max_samples),
        usual_samples_(std::min(max_samples, usual_samples)),
        samples_(usual_samples_) {}

  // The next samples of the stream, any number. Beyond the bound they take the place of the oldest.
  void Push(absl::Span<const int16_t> samples) {
    end_ += static_cast<int64_t>(samples.size());
    // Only the last ones would stay.
    samples.remove_prefix(samples.size() - std::min(samples.size(), max_samples_));
    if (samples.empty()) return;
    size_ = std::min(size_, max_samples_ - samples.size());
    Fit(size_ + samples.size());
    size_ += samples.size();
    while (!samples.empty()) {
      const size_t count = std::min(samples.size(), samples_.size() - next_);
      std::copy_n(samples.begin(), count, samples_.begin() + static_cast<ptrdiff_t>(next_));
      next_ = (next_ + count) % samples_.size();
      samples.remove_prefix(count);
    }
  }

  // Tells that samples before `position` are not needed any more.
  void Forget(int64_t position) {
    size_ = std::min(size_, static_cast<size_t>(std::max<int64_t>(end_ - position, 0)));
  }

  // The samples from `position` to end(), as far as they are kept: the second span goes on where
  // the first one ends. Either may be empty. They are valid until Push or Clear.
  std::array<absl::Span<const int16_t>, 2> From(int64_t position) const {
    const auto count =
        static_cast<size_t>(std::clamp<int64_t>(end_ - position, 0, static_cast<int64_t>(size_)));
    return LastOnes(count);
  }

  // The position behind the last sample: how many were pushed.
  int64_t end() const { return end_; }
  // The number of samples that there is memory for.
  size_t capacity() const { return samples_.size(); }

  // Forgets the stream: the next sample is at position 0.
  void Clear() {
    size_ = 0;
    end_ = 0;
  }

 private:
  std::array<absl::Span<const int16_t>, 2> LastOnes(size_t count) const {
    const auto all = absl::MakeConstSpan(samples_);
    if (count <= next_) return {all.subspan(next_ - count, count), {}};
    return {all.last(count - next_), all.first(next_)};
  }

  // Makes room for this many, or gives room back.
  void Fit(size_t needed) {
    if (needed > usual_samples_) {
      num_usual_pushes_ = 0;
      if (samples_.size() < max_samples_) Reallocate(max_samples_);
    } else if (samples_.size() > usual_samples_ && ++num_usual_pushes_ >= kPatience) {
      Reallocate(usual_samples_);
    }
  }

  void Reallocate(size_t capacity) {
    std::vector<int16_t> samples;
    samples.reserve(capacity);
    for (const auto part : LastOnes(size_)) samples.insert(samples.end(), part.begin(), part.end());
    samples.resize(capacity);
    samples_ = std::move(samples);
    next_ = size_ % capacity;
  }

  size_t max_samples_;
  size_t usual_samples_;
  std::vector<int16_t> samples_;
  // The index in samples_ that the next sample goes to, and how many before it are kept.
  size_t next_ = 0;
  size_t size_ = 0;
  int64_t end_ = 0;
  int num_usual_pushes_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_TURNS_SAMPLE_RING_H_

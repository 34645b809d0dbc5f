// Cuts a stream into frames of one size.
#ifndef AUDIO_FRAMER_H_
#define AUDIO_FRAMER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace parlance::audio {

// Threads: one at a time. Allocation: none after construction.
class Framer {
 public:
  // At least 1.
  explicit Framer(size_t frame_samples) : frame_(frame_samples) {}

  // Calls `on_frame` with each frame that is complete, an absl::Span<const int16_t> that is valid
  // during the call. The rest waits for more.
  template <typename OnFrame>
  void Push(absl::Span<const int16_t> samples, OnFrame&& on_frame) {
    while (!samples.empty()) {
      if (size_ == 0 && samples.size() >= frame_.size()) {
        on_frame(samples.first(frame_.size()));
        samples.remove_prefix(frame_.size());
        continue;
      }
      const size_t count = std::min(samples.size(), frame_.size() - size_);
      std::copy_n(samples.begin(), count, frame_.begin() + static_cast<ptrdiff_t>(size_));
      size_ += count;
      samples.remove_prefix(count);
      if (size_ == frame_.size()) {
        size_ = 0;
        on_frame(absl::MakeConstSpan(frame_));
      }
    }
  }

  // Completes the last frame with zeros, if there is one.
  template <typename OnFrame>
  void Flush(OnFrame&& on_frame) {
    if (size_ == 0) return;
    std::fill(frame_.begin() + static_cast<ptrdiff_t>(size_), frame_.end(), int16_t{0});
    size_ = 0;
    on_frame(absl::MakeConstSpan(frame_));
  }

 private:
  std::vector<int16_t> frame_;
  size_t size_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_FRAMER_H_

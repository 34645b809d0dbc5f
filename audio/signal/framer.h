// Cuts a stream into frames of one size, each with its position.
#ifndef AUDIO_SIGNAL_FRAMER_H_
#define AUDIO_SIGNAL_FRAMER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace parlance::audio {

// Threads: one at a time. Allocation: none after construction. A frame's position is that of its
// first sample: how many samples were pushed before it.
class Framer {
 public:
  // Frames of 10, 20 or 30 ms. InvalidArgument for another duration, a rate that is not positive,
  // and one that has no whole number of samples in a frame, such as 11025 Hz in 10 ms.
  static absl::StatusOr<Framer> Create(int sample_rate_hz, int frame_ms) {
    if (frame_ms != 10 && frame_ms != 20 && frame_ms != 30) {
      return absl::InvalidArgumentError(
          absl::StrCat("frames of ", frame_ms, " ms; there are those of 10, 20 and 30 ms"));
    }
    const int64_t scaled = static_cast<int64_t>(sample_rate_hz) * frame_ms;
    if (scaled <= 0 || scaled % 1000 != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          frame_ms, " ms at ", sample_rate_hz, " Hz are not a whole number of samples; resample"));
    }
    return Framer(static_cast<size_t>(scaled / 1000));
  }

  // `frame_samples`: at least 1.
  explicit Framer(size_t frame_samples) : frame_(frame_samples) {}

  // Calls `on_frame` with the position (int64_t) and the samples (absl::Span<const int16_t>, valid
  // during the call) of each frame that is complete. The rest waits for more.
  template <typename OnFrame>
  void Push(absl::Span<const int16_t> samples, OnFrame&& on_frame) {
    while (!samples.empty()) {
      if (size_ == 0 && samples.size() >= frame_.size()) {
        Emit(samples.first(frame_.size()), on_frame);
        samples.remove_prefix(frame_.size());
        continue;
      }
      const size_t count = std::min(samples.size(), frame_.size() - size_);
      std::copy_n(samples.begin(), count, frame_.begin() + static_cast<ptrdiff_t>(size_));
      size_ += count;
      samples.remove_prefix(count);
      if (size_ == frame_.size()) {
        size_ = 0;
        Emit(frame_, on_frame);
      }
    }
  }

  // Completes the last frame with zeros, if there is one. Afterwards the framer is as new: the next
  // frame is at position 0.
  template <typename OnFrame>
  void Flush(OnFrame&& on_frame) {
    if (size_ != 0) {
      std::fill(frame_.begin() + static_cast<ptrdiff_t>(size_), frame_.end(), int16_t{0});
      size_ = 0;
      Emit(frame_, on_frame);
    }
    position_ = 0;
  }

  size_t frame_samples() const { return frame_.size(); }

 private:
  // The position goes on first, so that the callback finds the framer as it will be.
  template <typename OnFrame>
  void Emit(absl::Span<const int16_t> frame, OnFrame&& on_frame) {
    const int64_t position = position_;
    position_ += static_cast<int64_t>(frame.size());
    on_frame(position, frame);
  }

  std::vector<int16_t> frame_;
  size_t size_ = 0;
  // The position of the next frame.
  int64_t position_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_SIGNAL_FRAMER_H_

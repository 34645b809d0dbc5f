#include "audio/endpointer.h"

#include <algorithm>

#include "absl/status/status.h"

namespace parlance::audio {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(10);

int64_t Frames(absl::Duration duration) { return absl::Ceil(duration, kFrame) / kFrame; }

}  // namespace

absl::StatusOr<Endpointer> Endpointer::Create(const Options& options) {
  if (!(options.stop_probability >= 0 && options.stop_probability <= options.start_probability &&
        options.start_probability <= 1)) {
    return absl::InvalidArgumentError("probabilities must be 0 <= stop <= start <= 1");
  }
  if (options.sample_rate_hz < 100 || options.min_speech <= absl::ZeroDuration() ||
      options.endpoint_silence <= absl::ZeroDuration() || options.padding < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the rate and the durations must be positive");
  }
  if (options.max_segment < options.min_speech + 2 * options.padding + options.endpoint_silence) {
    return absl::InvalidArgumentError(
        "max_segment is shorter than min_speech, the padding and endpoint_silence");
  }
  return Endpointer(options);
}

Endpointer::Endpointer(const Options& options)
    : options_(options),
      frame_samples_(options.sample_rate_hz / 100),
      min_speech_(Frames(options.min_speech)),
      endpoint_silence_(Frames(options.endpoint_silence)),
      padding_(Frames(options.padding)),
      max_segment_(Frames(options.max_segment)) {}

std::optional<EndpointerEvent> Endpointer::Push(float probability) {
  const int64_t frame = num_frames_++;
  const bool speech =
      probability >= (in_speech_ ? options_.stop_probability : options_.start_probability);
  if (!in_speech_) {
    if (!speech) {
      run_frames_ = 0;
      return std::nullopt;
    }
    if (run_frames_++ == 0) run_begin_ = frame;
    if (run_frames_ < min_speech_) return std::nullopt;
    in_speech_ = true;
    begin_ = std::max(run_begin_ - padding_, last_end_);
    last_speech_ = num_frames_;
    return EndpointerEvent{.kind = EndpointerEvent::Kind::kSpeechStart,
                           .segment = {.begin = begin_ * frame_samples_, .end = 0},
                           .speech_end = 0,
                           .decided = num_frames_ * frame_samples_};
  }
  if (speech) last_speech_ = num_frames_;
  if (num_frames_ - last_speech_ >= endpoint_silence_) {
    return End(std::min(last_speech_ + padding_, num_frames_));
  }
  if (num_frames_ - begin_ >= max_segment_) return End(num_frames_);
  return std::nullopt;
}

std::optional<EndpointerEvent> Endpointer::Flush() {
  std::optional<EndpointerEvent> event;
  if (in_speech_) event = End(std::min(last_speech_ + padding_, num_frames_));
  *this = Endpointer(options_);
  return event;
}

EndpointerEvent Endpointer::End(int64_t end_frame) {
  in_speech_ = false;
  run_frames_ = 0;
  last_end_ = end_frame;
  return {.kind = EndpointerEvent::Kind::kSpeechEnd,
          .segment = {.begin = begin_ * frame_samples_, .end = end_frame * frame_samples_},
          .speech_end = last_speech_ * frame_samples_,
          .decided = num_frames_ * frame_samples_};
}

}  // namespace parlance::audio

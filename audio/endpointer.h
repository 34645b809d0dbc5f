// Turns frame probabilities into segments of speech, and says when one has ended.
#ifndef AUDIO_ENDPOINTER_H_
#define AUDIO_ENDPOINTER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parlance::audio {

// Positions count samples from the start of the stream.
struct SpeechSegment {
  int64_t begin = 0;
  int64_t end = 0;
};

struct EndpointerEvent {
  enum class Kind {
    // Speech began at segment.begin; the end is not known yet.
    kSpeechStart,
    // It was `segment`.
    kSpeechEnd,
  };
  Kind kind = Kind::kSpeechStart;
  SpeechSegment segment;
  // Where the last frame of speech ended, without padding; zero at a start.
  int64_t speech_end = 0;
  // Where in the stream this was decided: `decided` less `speech_end` is the silence that was
  // waited for.
  int64_t decided = 0;
};

// Threads: one at a time. Allocates nothing.
class Endpointer {
 public:
  struct Options {
    int sample_rate_hz = 16000;
    // Speech begins when the probability reaches the first, and pauses when it falls below the
    // second.
    float start_probability = 0.6F;
    float stop_probability = 0.35F;
    // Of frames of speech, before a start is believed: shorter ones are clicks.
    absl::Duration min_speech = absl::Milliseconds(60);
    // The pause that ends a segment.
    absl::Duration endpoint_silence = absl::Milliseconds(500);
    // Added on either side: quiet consonants begin and end words.
    absl::Duration padding = absl::Milliseconds(200);
    // A segment is ended at this length, whether or not there is a pause.
    absl::Duration max_segment = absl::Seconds(30);
  };

  // InvalidArgument for probabilities that are not 0 <= stop <= start <= 1, durations that are not
  // positive, or a segment shorter than its parts.
  static absl::StatusOr<Endpointer> Create(const Options& options);

  // The next 10 ms.
  std::optional<EndpointerEvent> Push(float probability);
  // The stream ends: ends the segment, if there is one. Afterwards the endpointer is as new.
  std::optional<EndpointerEvent> Flush();

  bool in_speech() const { return in_speech_; }

 private:
  explicit Endpointer(const Options& options);
  EndpointerEvent End(int64_t end_frame);

  Options options_;
  int64_t frame_samples_;
  // In frames.
  int64_t min_speech_;
  int64_t endpoint_silence_;
  int64_t padding_;
  int64_t max_segment_;

  int64_t num_frames_ = 0;
  bool in_speech_ = false;
  // Of the run of speech frames that may become a start.
  int64_t run_begin_ = 0;
  int64_t run_frames_ = 0;
  // Where the segment begins, with its padding; where its last speech frame ends.
  int64_t begin_ = 0;
  int64_t last_speech_ = 0;
  // Where the last segment ended: padding reaches back no further.
  int64_t last_end_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_ENDPOINTER_H_

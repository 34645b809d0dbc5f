// Voice activity detection: is this 10 ms of sound speech?
#ifndef AUDIO_VAD_VAD_H_
#define AUDIO_VAD_VAD_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace parlance::audio {

// A detector of a stream. Threads: one at a time. Implementations allocate nothing, take no lock
// and make no system call in Process.
class VoiceActivityDetector {
 public:
  virtual ~VoiceActivityDetector() = default;

  virtual int sample_rate_hz() const = 0;
  // 10 ms.
  size_t frame_samples() const { return static_cast<size_t>(sample_rate_hz()) / 100; }

  // `frame`: mono PCM16, frame_samples() of it, the next of the stream; a Framer cuts it so.
  // Returns the probability of speech, 0 to 1, that the sound so far gives the frame that came
  // look_ahead_frames() before this one; what is returned before there was one means nothing.
  virtual float Process(absl::Span<const int16_t> frame) = 0;

  // The number of frames after a frame that the detector hears before it answers for it; each is 10
  // ms of delay. Constant.
  virtual int look_ahead_frames() const { return 0; }
  // What is known by now of the look_ahead_frames() frames that Process has not answered for yet,
  // the oldest first, so that the last is about the frame that it was given last: what the sound so
  // far gives them. Process answers for each of them later, and better. Of frames before the stream
  // it means nothing. Valid until the next call of Process or Reset. Empty for a detector that
  // knows nothing before it answers.
  virtual absl::Span<const float> provisional() const { return {}; }
  // The number of frames by which the probability of a sound that the detector is sure of outlasts
  // the sound, by smoothing: 0 to 50.
  virtual int hangover_frames() const { return 0; }

  // Forgets the stream.
  virtual void Reset() = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_VAD_VAD_H_

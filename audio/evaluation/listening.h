// Hears a recording with a detector, and cuts it into segments exactly as an agent would: by
// SpeechSegmenter.
#ifndef AUDIO_EVALUATION_LISTENING_H_
#define AUDIO_EVALUATION_LISTENING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audio/evaluation/envelope.h"
#include "audio/evaluation/labels.h"
#include "audio/signal/level_meter.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/turns/endpointer.h"

namespace parlance::audio {

struct ListeningOptions {
  // A detector by its name, and how many frames of what follows it waits for: CreateDetector's.
  std::string detector;
  int look_ahead_frames = 0;
  // The options of the endpointer that cuts the segments. The sample rate, the look-ahead and the
  // hang-over are set from the detector.
  Endpointer::Options endpointer = {};
  // Heard::probabilities and Heard::envelope are filled only if these are set.
  bool keeps_probabilities = false;
  bool keeps_envelope = false;
};

// A recording's segments of speech, and the figures of its sound.
struct Heard {
  int sample_rate_hz = 0;
  // The recording's own channels, 1 or 2; what was heard is mono.
  int num_channels = 1;
  int64_t num_samples = 0;
  // The stretches of speech, in order, within the recording.
  std::vector<TimeSpan> segments;
  // The probability of speech of each frame of 10 ms.
  std::vector<float> probabilities;
  Envelope envelope;
  // The greatest magnitude, and how many samples are clipped: at the end of the scale in runs of
  // three and more.
  float peak_dbfs = LevelMeter::kSilenceDbfs;
  int64_t num_clipped = 0;

  double seconds() const { return static_cast<double>(num_samples) / sample_rate_hz; }
};

// Reads `sound` to its end. `on_probability` is called with the probability of each frame of 10 ms,
// in order, as soon as it is known; `on_piece` with what was heard so far, after each piece that
// was read, and an error of it ends the listening. Errors: those of CreateDetector, of
// SpeechSegmenter::Create, of the sound and of `on_piece`. A recording without samples is no error.
absl::StatusOr<Heard> Listen(SoundReader& sound, const ListeningOptions& options,
                             absl::FunctionRef<void(float probability)> on_probability,
                             absl::FunctionRef<absl::Status(const Heard& so_far)> on_piece);

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_LISTENING_H_

// The detectors there are, by name: what a command offers, and what a comparison compares.
#ifndef AUDIO_VAD_DETECTORS_H_
#define AUDIO_VAD_DETECTORS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"

namespace parlance::audio {

struct DetectorInfo {
  absl::string_view name;
  // A line for a help text.
  absl::string_view description;
  // The number of frames after a frame that the detector can wait for before it answers.
  int max_look_ahead_frames = 0;
};

// The first is the default.
absl::Span<const DetectorInfo> Detectors();

// A detector at 16000 Hz. `look_ahead_frames`: 0 up to the detector's most. NotFound for a name
// that Detectors does not have; InvalidArgument for another look-ahead.
absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateDetector(absl::string_view name,
                                                                      int look_ahead_frames = 0);

}  // namespace parlance::audio

#endif  // AUDIO_VAD_DETECTORS_H_

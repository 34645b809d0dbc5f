// The voice activity detectors that conversations hear with, by the names that their records have.
#ifndef PIPELINE_CONVERSATION_DETECTOR_H_
#define PIPELINE_CONVERSATION_DETECTOR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "audio/vad/vad.h"

namespace parlance::pipeline {

// The one that is used: the neural detector, which is asked again about each frame 30 ms later, so
// that beginnings are confirmed. It delays nothing: see audio/turns/endpointer.h.
inline constexpr absl::string_view kDetector = "neural_30ms";

// NotFound for a name that no detector has. Others than kDetector: "neural", the same without
// look-ahead, with which older records were made.
absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> CreateDetector(
    absl::string_view name = kDetector);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_DETECTOR_H_

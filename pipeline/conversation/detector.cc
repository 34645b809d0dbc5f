#include "pipeline/conversation/detector.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audio/vad/neural_vad.h"

namespace parlance::pipeline {

absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> CreateDetector(
    absl::string_view name) {
  if (name == kDetector) return audio::CreateNeuralVad(/*look_ahead_frames=*/3);
  if (name == "neural") return audio::CreateNeuralVad(/*look_ahead_frames=*/0);
  return absl::NotFoundError(absl::StrCat("there is no detector of the name ", name));
}

}  // namespace parlance::pipeline

// Voices of speech synthesisers that are no part of Parlance, to hear what it was not tuned with.
// Each sentence is said by a program that a test runs; a call blocks until it has ended.
#ifndef PIPELINE_TESTING_SYNTHETIC_VOICES_H_
#define PIPELINE_TESTING_SYNTHETIC_VOICES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace parlance::pipeline {

enum class VoiceKind {
  // Made of what a person said (Flite, Festival).
  kHumanLike,
  // Resonators that are moved by rules (eSpeak NG).
  kFormants,
};

enum class Rate { kSlow, kUsual, kFast };

struct SyntheticVoice {
  VoiceKind kind = VoiceKind::kHumanLike;
  // Sought in PATH: flite, festival or espeak-ng.
  std::string program;
  // As the program calls it.
  std::string name;
};

// Those that nothing in Parlance was tuned with: the other speakers of Flite and Festival, and
// other variants of eSpeak NG than the constants of the recogniser were fitted to.
absl::Span<const SyntheticVoice> ReportedVoices();

// One sound for each of `texts`, which are words in lower case and spaces: mono PCM16 at 16 kHz.
// Files are made below `folder`, which exists. NotFound, with the Debian package, if there is no
// such program; Unavailable, with what it wrote, if it fails; errors of WavReader.
absl::StatusOr<std::vector<std::vector<int16_t>>> SayAll(const SyntheticVoice& voice, Rate rate,
                                                         const std::vector<std::string>& texts,
                                                         const std::string& folder);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TESTING_SYNTHETIC_VOICES_H_

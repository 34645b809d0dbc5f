// The rounds that callers go through again and again: an utterance, and the silence in which it is
// answered.
#ifndef PIPELINE_RUNTIME_LOAD_ROUNDS_H_
#define PIPELINE_RUNTIME_LOAD_ROUNDS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace parlance::pipeline {

struct Round {
  // Whole frames of 20 ms: the utterance and the silence after it, with a noise that nobody hears.
  std::vector<int16_t> samples;
  // Where the last sound of the utterance ends, before the silence that voices end with. 0: nothing
  // is said.
  size_t speech_end = 0;
};

// A round for each utterance, of which `speech_part` (0 to 0.6) is the utterance, but at least 1.2
// s silence, so that the answer fits in. One of 10 s of silence if nobody speaks, for 0 or no
// utterances. The rate is in steps of 50 Hz. The same seed makes the same noise.
std::vector<Round> MakeRounds(absl::Span<const std::vector<int16_t>> utterances, double speech_part,
                              int sample_rate_hz, uint64_t seed);

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_LOAD_ROUNDS_H_

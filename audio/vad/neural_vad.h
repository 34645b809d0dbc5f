// A detector that has learned what speech is: a small recurrent network.
//
// What it hears of each 10 ms is in vad_features.h: 32 bands above their tracked noise, the shape
// of the spectrum (the bands less their mean), harmonicity and pitch. Three frames of that go
// through 48 rectified units, a gated recurrent unit of 128 (K. Cho et al., "Learning phrase
// representations using RNN encoder-decoder", 2014) and six outputs: the probability of speech in
// this frame, in the one before and so on to 50 ms ago. Whoever can wait takes a later answer about
// the same frame, which is a better one. 78,678 weights, of 8 bits but for the biases; products in
// integers.
//
// How it was trained, with what, and what it cannot do: audio/training/MODEL_CARD.md.
#ifndef AUDIO_VAD_NEURAL_VAD_H_
#define AUDIO_VAD_NEURAL_VAD_H_

#include <array>
#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "audio/vad/kernels/vad_kernels.h"
#include "audio/vad/vad.h"
#include "audio/vad/vad_features.h"

namespace parlance::audio {

inline constexpr int kMaxNeuralLookAhead = 5;

// 16 kHz. `look_ahead_frames`: 0 to kMaxNeuralLookAhead; InvalidArgument otherwise. `kernels`: for
// tests. State: 3 kB. Allocation: here, and for the weights on the first call in a process (90 kB).
absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateNeuralVad(
    int look_ahead_frames, const VadKernels& kernels = BestVadKernels());

// The inputs of the network for a frame, each about -1 to 1. Training asks for them, too.
inline constexpr size_t kNumNeuralInputs = 2 * kNumVadBands + 2;
std::array<float, kNumNeuralInputs> NeuralVadInputs(const VadFrame& frame);

}  // namespace parlance::audio

#endif  // AUDIO_VAD_NEURAL_VAD_H_

// A detector without a network: 28 measures of the sound, and 94 fitted weights.
//
// The measures are energies above tracked noise in six regions, harmonicity and pitch, the
// spectrum's shape and how it changes, and how all that fluctuates over a second: what is steady or
// has steady pitches is a machine or music, and what glides and pauses speaks (E. Scheirer and M.
// Slaney, "Construction and evaluation of a robust multifeature speech/music discriminator", ICASSP
// 1997). Three leaky sums of squashed combinations of them decide.
//
// It is fitted together with the network of neural_vad.h: audio/training/MODEL_CARD.md.
#ifndef AUDIO_VAD_CLASSIC_VAD_H_
#define AUDIO_VAD_CLASSIC_VAD_H_

#include <array>
#include <cstddef>
#include <memory>

#include "audio/vad/kernels/vad_kernels.h"
#include "audio/vad/vad.h"
#include "audio/vad/vad_features.h"

namespace parlance::audio {

// 16 kHz. `kernels`: for tests. State: 2 kB. Allocation: here only.
std::unique_ptr<VoiceActivityDetector> CreateClassicVad(
    const VadKernels& kernels = BestVadKernels());

// The measures, each about -1 to 1. Training asks for them. Threads: one at a time. Allocation:
// none.
inline constexpr size_t kNumClassicInputs = 28;
class ClassicVadInputs {
 public:
  ClassicVadInputs() { Reset(); }

  // Of the next frame of the stream.
  std::array<float, kNumClassicInputs> Next(const VadFrame& frame);
  void Reset();

 private:
  using Bands = std::array<float, kNumVadBands>;
  static constexpr size_t kNumCepstra = 5;
  struct Past {
    Bands log_energy;
    std::array<float, kNumCepstra> cepstra;
    float lag;
  };

  // The last four frames, round and round; the oldest is at place_.
  std::array<Past, 4> past_;
  size_t place_;
  bool is_first_;
  float harmonicity_;
  // Leaky means.
  Bands mean_above_noise_;
  float mean_level_;
  float level_deviation_;
  float band_deviation_;
  float gliding_;
  float steady_;
  float steady_share_;
  float quiet_share_;
  float harmonicity_change_;
  float mean_harmonicity_;
};

}  // namespace parlance::audio

#endif  // AUDIO_VAD_CLASSIC_VAD_H_

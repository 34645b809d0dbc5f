// A detector without a network: 28 features of the sound, and 156 fitted weights.
//
// The features are energies above tracked noise in six regions, harmonicity and pitch, the
// spectrum's shape and how it changes, and how all that fluctuates over a second: what is steady or
// has steady pitches is a machine or music, and what glides and pauses speaks (E. Scheirer and M.
// Slaney, "Construction and evaluation of a robust multifeature speech/music discriminator", ICASSP
// 1997). Five leaky integrators of tanh units decide: a unit is the hyperbolic tangent of a
// weighted sum of the features, and a logistic function of the weighted integrators is the
// probability.
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

// The features of a stream's frames, each about -1 to 1. Training asks for them. Threads: one at a
// time. Allocation: none.
class ClassicFeatures {
 public:
  // The order of the features, which is that of the weights: where it changes, they have to be
  // fitted again. What is said to be of late is a leaky mean over half a second to a second.
  enum Feature : size_t {
    // The levels of six regions of the spectrum, from low to high, above the noise.
    kRegion1AboveNoise,
    kRegion2AboveNoise,
    kRegion3AboveNoise,
    kRegion4AboveNoise,
    kRegion5AboveNoise,
    kRegion6AboveNoise,
    kHarmonicity,
    // The difference of the lag of the pitch from that of the frame before.
    kLagChange,
    // The deviation of the bands' energies from their mean: how far the spectrum is from flat.
    kSpectralDeviation,
    // The mean change of a band since the frame before, of either sign.
    kSpectralFlux,
    // The level of the loudest band above the noise.
    kPeakAboveNoise,
    kMeanEnergy,
    kLag,
    // The fluctuation of the level of late.
    kLevelDeviation,
    // The harmonicity of late where the pitch glides, and where it does not move; 0 elsewhere.
    kGlidingHarmonicity,
    kSteadyHarmonicity,
    // The share of frames of late that are quiet beside the mean level.
    kQuietShare,
    // The change of the harmonicity of late.
    kHarmonicityChange,
    // The change of the first cepstra over three frames.
    kCepstralChange,
    kMeanHarmonicity,
    // The fluctuation of each band of late, in the mean of the bands.
    kBandDeviation,
    // The share of frames of late that are harmonic with a pitch that does not move.
    kSteadyShare,
    kCepstrum1,
    kCepstrum2,
    kCepstrum3,
    // The mean rise of a band over three frames.
    kSpectralRise,
    // The difference of the lag from that of four frames before.
    kLagChangeOverFour,
    kMeanLevel,
    kCount,
  };

  ClassicFeatures() { Reset(); }

  // The features of the next frame of the stream.
  std::array<float, kCount> Next(const VadFrame& frame);
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

// The features of 10 ms that detectors of speech decide by: the energy in bands, and how harmonic
// the sound is.
#ifndef AUDIO_VAD_VAD_FEATURES_H_
#define AUDIO_VAD_VAD_FEATURES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "audio/vad/kernels/vad_kernels.h"

namespace parlance::audio {

inline constexpr int kVadRateHz = 16000;
inline constexpr size_t kVadFrame = 160;
inline constexpr size_t kNumVadBands = 32;

struct VadFrame {
  // log2 of the energy in each band, from 80 to 7800 Hz, of triangular bands equally far apart on
  // the mel scale; 0 is about full scale, -28 silence.
  std::array<float, kNumVadBands> log_energy;
  // The energy of each band above the noise that is tracked there: the least of the smoothed
  // energy, which is forgotten by 1 (3 dB) a second. It is 0 in a steady sound.
  std::array<float, kNumVadBands> above_noise;
  // 0 to 1: the greatest autocorrelation at lags of 2.4 to 14 ms (70 to 420 Hz) of what lies below
  // 4 kHz, whose magnitudes, not powers, are taken, so that formants hide the pitch less
  // (generalised autocorrelation: T. Tolonen and M. Karjalainen, "A computationally efficient
  // multipitch analysis model", IEEE Trans. Speech Audio Process. 8(6), 2000).
  float harmonicity;
  // The lag of that autocorrelation, in samples at 8 kHz: 19 to 113.
  float lag;
};

// The features of a stream of PCM16 at 16 kHz, frame by frame. The window is of 32 ms and ends with
// the frame; it rises over 24 ms and falls within 8, so that little of it is past. The samples are
// differentiated (less 0.97 of the one before), which lowers an offset by 30 dB and lifts high
// frequencies.
//
// Threads: one at a time. Allocation: none, but for tables on the first use in a process. The state
// is 1 kB.
class VadFeatures {
 public:
  explicit VadFeatures(const VadKernels& kernels = BestVadKernels());

  // `frame`: kVadFrame samples, the next of the stream.
  void Process(absl::Span<const int16_t> frame, VadFrame& features);
  void Reset();

 private:
  static constexpr size_t kWindow = 512;

  class Tables;

  const VadKernels* kernels_;
  const Tables* tables_;
  // The samples before the next frame, with one before the window.
  std::array<int16_t, kWindow - kVadFrame + 1> history_;
  size_t num_unsettled_;
  std::array<float, kNumVadBands> smoothed_;
  std::array<float, kNumVadBands> noise_;
};

}  // namespace parlance::audio

#endif  // AUDIO_VAD_VAD_FEATURES_H_

// A recording in memory.
#ifndef AUDIO_SOUND_FILE_WAVEFORM_H_
#define AUDIO_SOUND_FILE_WAVEFORM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace parlance::audio {

// PCM16. Samples of several channels are interleaved, so their number is a multiple of
// num_channels.
struct Waveform {
  int sample_rate_hz = 0;
  int num_channels = 1;
  std::vector<int16_t> samples;
};

// The mean of the channels, rounded towards zero, one sample for each moment: `mono` has as many
// as `interleaved` has moments. They may begin at the same place. Allocates nothing.
inline void MixToMono(absl::Span<const int16_t> interleaved, int num_channels,
                      absl::Span<int16_t> mono) {
  const auto channels = static_cast<size_t>(num_channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    int sum = 0;
    for (size_t channel = 0; channel < channels; ++channel)
      sum += interleaved[i * channels + channel];
    mono[i] = static_cast<int16_t>(sum / num_channels);
  }
}

inline std::vector<int16_t> MonoSamples(const Waveform& waveform) {
  if (waveform.num_channels == 1) return waveform.samples;
  std::vector<int16_t> mono(waveform.samples.size() / static_cast<size_t>(waveform.num_channels));
  MixToMono(waveform.samples, waveform.num_channels, absl::MakeSpan(mono));
  return mono;
}

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_WAVEFORM_H_

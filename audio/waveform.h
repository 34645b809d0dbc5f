// A recording in memory.
#ifndef AUDIO_WAVEFORM_H_
#define AUDIO_WAVEFORM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parlance::audio {

// PCM16. Samples of several channels are interleaved, so their number is a multiple of
// num_channels.
struct Waveform {
  int sample_rate_hz = 0;
  int num_channels = 1;
  std::vector<int16_t> samples;
};

// The mean of the channels, one sample for each moment.
inline std::vector<int16_t> MonoSamples(const Waveform& waveform) {
  if (waveform.num_channels == 1) return waveform.samples;
  const auto channels = static_cast<size_t>(waveform.num_channels);
  std::vector<int16_t> mono(waveform.samples.size() / channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    int sum = 0;
    for (size_t channel = 0; channel < channels; ++channel)
      sum += waveform.samples[i * channels + channel];
    mono[i] = static_cast<int16_t>(sum / waveform.num_channels);
  }
  return mono;
}

}  // namespace parlance::audio

#endif  // AUDIO_WAVEFORM_H_

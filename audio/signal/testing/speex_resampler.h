// SpeexDSP's resampler, to measure beside ours.
#ifndef AUDIO_SIGNAL_TESTING_SPEEX_RESAMPLER_H_
#define AUDIO_SIGNAL_TESTING_SPEEX_RESAMPLER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"

// SpeexDSP's, in the global namespace.
struct SpeexResamplerState_;

namespace parlance::audio {

// Mono PCM16. Quality 3, which delays by 3 ms from 8 to 16 kHz. Threads: one at a time.
class SpeexResampler {
 public:
  // Ends the process for rates that SpeexDSP refuses.
  SpeexResampler(int from_hz, int to_hz);

  // Appends what `input` gives to `output`. Allocates nothing if that has room.
  void Process(absl::Span<const int16_t> input, std::vector<int16_t>& output);

 private:
  struct Destroyer {
    void operator()(SpeexResamplerState_* state) const;
  };

  std::unique_ptr<SpeexResamplerState_, Destroyer> state_;
  int from_hz_;
  int to_hz_;
};

}  // namespace parlance::audio

#endif  // AUDIO_SIGNAL_TESTING_SPEEX_RESAMPLER_H_

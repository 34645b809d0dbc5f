// Changes the sample rate of a stream (SpeexDSP's windowed sinc, after J. O. Smith, "Digital Audio
// Resampling").
#ifndef AUDIO_RESAMPLER_H_
#define AUDIO_RESAMPLER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

// SpeexDSP's, in the global namespace.
struct SpeexResamplerState_;

namespace parlance::audio {

// Mono PCM16. The output is the same whatever the sizes of the chunks. Its delay is taken off at
// the start, so that a sample keeps its moment; the last few milliseconds come with Flush. Threads:
// one at a time. Allocation: none but what `output` needs to grow.
class Resampler {
 public:
  // Rates from 8000 to 48000 Hz. `quality`: 0 (fast) to 10; 3 delays by 3 ms from 8 to 16 kHz.
  // InvalidArgument otherwise.
  static absl::StatusOr<Resampler> Create(int from_hz, int to_hz, int quality = 3);

  // Appends what `input` gives to `output`.
  void Process(absl::Span<const int16_t> input, std::vector<int16_t>& output);
  // Appends what is still inside. Afterwards the resampler is as new.
  void Flush(std::vector<int16_t>& output);

 private:
  struct Destroyer {
    void operator()(SpeexResamplerState_* state) const;
  };
  Resampler(SpeexResamplerState_* state, int from_hz, int to_hz);

  std::unique_ptr<SpeexResamplerState_, Destroyer> state_;
  int from_hz_;
  int to_hz_;
};

}  // namespace parlance::audio

#endif  // AUDIO_RESAMPLER_H_

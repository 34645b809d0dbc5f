// Changes the sample rate of a stream, by a polyphase filter of the windowed-sinc kind (J. O.
// Smith, "Digital Audio Resampling"; J. F. Kaiser, "Nonrecursive Digital Filter Design Using the
// I0-sinh Window Function", 1974).
#ifndef AUDIO_SIGNAL_RESAMPLER_H_
#define AUDIO_SIGNAL_RESAMPLER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/signal/rational_clock.h"

namespace parlance::audio {

class ResamplerFilter;

// Mono PCM16. Output sample n lies at the time n / to_hz of the input, and N input samples give
// ceil(N * to_hz / from_hz) in all. The output is the same, bit for bit, whatever the sizes of the
// chunks.
//
// Frequencies up to 0.425 of the lower rate (3400 of 8000 Hz, 6800 of 16000 Hz) pass within 0.01
// dB; a tone of -1 dBFS comes out with a signal-to-noise ratio of at least 90 dB. To a lower rate,
// what is above half of it is 90 dB down, or 84 dB where the lower rate is a whole part of the
// higher one. To a higher rate, the images of what is below 0.425 of the lower rate are 90 dB down.
//
// Delay: an output sample comes when lookahead_samples() input samples after its own have been
// heard. That is 24 input samples to a higher rate, 3 ms from 8 kHz; 40 output samples to a lower
// one, 2.5 ms to 16 kHz, or 36 to a whole part; none between equal rates.
//
// Threads: one at a time. Allocation: in Process and Flush none but what `output` needs to grow,
// and 9 kB of stack. Memory: two bytes for each tap (96 bytes from 8 to 16 kHz, at most 1 kB) and
// 100 more; the coefficients are shared by all that change the same rates at the same time (384
// bytes from 8 to 16 kHz, 1 kB from 48 to 16 kHz, 143 kB from 44.1 to 16 kHz, 600 kB at most).
class Resampler {
 public:
  // Rates from 8000 to 48000 Hz, InvalidArgument otherwise. Makes the coefficients if nobody has
  // them: some milliseconds where the rates have little in common.
  static absl::StatusOr<Resampler> Create(int from_hz, int to_hz);

  // Appends what `input` gives to `output`.
  void Process(absl::Span<const int16_t> input, std::vector<int16_t>& output);
  // Appends what is still inside, as if silence followed. Afterwards the resampler is as new.
  void Flush(std::vector<int16_t>& output);

  // The number of input samples after its own that an output sample waits for.
  int lookahead_samples() const;

 private:
  Resampler(std::shared_ptr<const ResamplerFilter> filter, RationalClock clock);

  void ProcessBlock(absl::Span<const int16_t> block, std::vector<int16_t>& output);

  // Null between equal rates.
  std::shared_ptr<const ResamplerFilter> filter_;
  // The position of the next output sample; sample 0 is the one whose last tap is the next input
  // sample.
  RationalClock clock_;
  // The last input samples, one less than there are taps.
  std::vector<int16_t> history_;
};

// A whole recording at another rate. The same rates and errors as Create.
absl::StatusOr<std::vector<int16_t>> Resample(absl::Span<const int16_t> samples, int from_hz,
                                              int to_hz);

}  // namespace parlance::audio

#endif  // AUDIO_SIGNAL_RESAMPLER_H_

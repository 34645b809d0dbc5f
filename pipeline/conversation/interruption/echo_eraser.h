// Takes bands of a sound out, and puts noise as loud as the room's own in their place: a detector
// of speech, or a recogniser, that is not to hear the agent's echo would find a hole as remarkable.
//
// A filter of linear phase has a gain for each band; what it takes out of the sound, it leaves of
// the noise, by working on their difference. So the sound comes out 2 ms late. The room's noise is
// taken to be white, and as loud as the least of what was heard.
//
// Threads: one at a time. Allocation: none, but for a table of 8 kB on the first use in a process.
// The state is 3 kB.
#ifndef PIPELINE_CONVERSATION_INTERRUPTION_ECHO_ERASER_H_
#define PIPELINE_CONVERSATION_INTERRUPTION_ECHO_ERASER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "audio/vad/vad_features.h"

namespace parlance::pipeline {

class EchoEraser {
 public:
  // By how many samples the sound is late.
  static constexpr size_t kDelay = 32;
  // The bands of VadFeatures.
  using Bands = std::array<float, audio::kNumVadBands>;

  EchoEraser();

  // `frame`: the next 10 ms, mono PCM16 at 16 kHz. `kept`: the part of each band that stays, 0 to
  // 1; it is reached over the frame, so that there are no clicks.
  void Erase(const Bands& kept, absl::Span<int16_t> frame);

 private:
  static constexpr size_t kFrame = audio::kVadFrame;
  static constexpr size_t kNumTaps = 2 * kDelay + 1;
  using Taps = std::array<float, kNumTaps>;
  // Samples of this frame, and those before it that the filter reaches back to.
  using Samples = std::array<float, 2 * kDelay + kFrame>;
  class Tables;

  // The filter of these gains.
  Taps Design(const Bands& gains) const;
  void FollowNoise(absl::Span<const int16_t> frame);
  float Noise();

  const Tables* tables_;
  Taps taps_;
  Samples difference_{};
  Samples noise_{};
  // The energies of the sound, smoothed, and of the noise; -1 before the first frame.
  float energy_ = -1;
  float noise_energy_ = 0;
  uint32_t random_ = 1;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_INTERRUPTION_ECHO_ERASER_H_

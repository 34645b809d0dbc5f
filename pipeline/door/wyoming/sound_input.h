// Sound of any format that a house sends, as what the services hear: mono PCM16 at 16 kHz; and the
// other way.
#ifndef PIPELINE_DOOR_WYOMING_SOUND_INPUT_H_
#define PIPELINE_DOOR_WYOMING_SOUND_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/signal/resampler.h"

namespace parlance::pipeline::door {

inline constexpr int kHouseRateHz = 16000;

struct SoundFormat {
  int64_t rate_hz = 0;
  // Bytes of a sample, a signed number with its low byte first.
  int64_t width = 0;
  // Interleaved.
  int64_t channels = 0;

  friend bool operator==(const SoundFormat&, const SoundFormat&) = default;
};

// Threads: one at a time.
class SoundInput {
 public:
  // InvalidArgument for a rate that is not 8000 to 48000 Hz, a width that is not 1 to 4 bytes, and
  // channels that are not 1 to 8.
  static absl::StatusOr<SoundInput> Create(const SoundFormat& format);

  // Appends what the bytes give. InvalidArgument if they are no whole number of moments.
  absl::Status Add(absl::string_view bytes, std::vector<int16_t>& samples);
  // Appends what is still inside; the sound has ended.
  void End(std::vector<int16_t>& samples);

  const SoundFormat& format() const { return format_; }

 private:
  SoundInput(const SoundFormat& format, audio::Resampler resampler);

  SoundFormat format_;
  audio::Resampler resampler_;
  std::vector<int16_t> mono_;
};

// Samples as two bytes each, the low one first.
std::string Pcm16Bytes(absl::Span<const int16_t> samples);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WYOMING_SOUND_INPUT_H_

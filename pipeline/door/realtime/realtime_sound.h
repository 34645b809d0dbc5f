// Sound as the Realtime protocol carries it: base64 of PCM at 24 kHz or G.711 at 8 kHz, in pieces
// of any size.
//
// Threads: one at a time. Allocation: buffers that are used again.
#ifndef PIPELINE_DOOR_REALTIME_REALTIME_SOUND_H_
#define PIPELINE_DOOR_REALTIME_REALTIME_SOUND_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/signal/resampler.h"
#include "pipeline/door/realtime/realtime_settings.h"

namespace parlance::pipeline::door {

// The rate that the conversation hears; sound of other rates is made that.
inline constexpr int kSessionHz = 16000;

// The sound that a client sends, as samples at the session's rate.
class RealtimeInput {
 public:
  // What was inside of another format is dropped; the same one changes nothing.
  void SetFormat(RealtimeFormat format, int sample_rate_hz);

  // The samples of the next piece, valid until the next call. Half a sample waits for the rest of
  // it. InvalidArgument for what is no base64.
  absl::StatusOr<absl::Span<const int16_t>> Decode(absl::string_view base64);
  // How many samples so many characters are, within a few.
  size_t NumSamples(size_t num_characters) const;
  // The same for sound that stands alone.
  absl::StatusOr<std::vector<int16_t>> DecodeWhole(absl::string_view base64) const;

 private:
  std::optional<RealtimeFormat> format_;
  int sample_rate_hz_ = 0;
  std::optional<audio::Resampler> resampler_;
  std::optional<uint8_t> half_;
  std::vector<uint8_t> bytes_;
  std::vector<int16_t> line_;
  std::vector<int16_t> samples_;
};

// What a client is sent, from samples at the synthesiser's rate.
class RealtimeOutput {
 public:
  void SetFormat(RealtimeFormat format, int sample_rate_hz);

  // A new answer: nothing of the last one is left.
  void Begin();
  // The bytes of the next samples, valid until the next call.
  absl::Span<const uint8_t> Encode(absl::Span<const int16_t> samples);
  // What is still inside.
  absl::Span<const uint8_t> Finish();

 private:
  absl::Span<const uint8_t> Bytes();

  std::optional<RealtimeFormat> format_;
  int sample_rate_hz_ = 0;
  std::optional<audio::Resampler> resampler_;
  std::vector<int16_t> line_;
  std::vector<uint8_t> bytes_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_REALTIME_REALTIME_SOUND_H_

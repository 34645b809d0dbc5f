// How a telephone line writes samples as bytes.
//
// Source: ITU-T G.711 (mu-law and A-law); RFC 3551, 4.5.11 (L16, which has its high byte first).
#ifndef PIPELINE_DOOR_TELEPHONY_LINE_CODEC_H_
#define PIPELINE_DOOR_TELEPHONY_LINE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::pipeline::door {

enum class LineCodec {
  // One byte a sample.
  kMuLaw,
  kALaw,
  // Two bytes a sample, the low one first, as most vendors have it whatever they call it.
  kPcm16,
  // Two bytes, the high one first.
  kPcm16HighFirst,
};

constexpr size_t BytesPerSample(LineCodec codec) {
  return codec == LineCodec::kMuLaw || codec == LineCodec::kALaw ? 1 : 2;
}

// Appends the bytes of samples.
void EncodeLine(LineCodec codec, absl::Span<const int16_t> samples, std::vector<uint8_t>& bytes);

// Bytes as they come, in pieces of any size: half a sample waits for the rest of it. Threads: one
// at a time.
class LineDecoder {
 public:
  explicit LineDecoder(LineCodec codec) : codec_(codec) {}

  // Appends the samples that are complete.
  void Decode(absl::Span<const uint8_t> bytes, std::vector<int16_t>& samples);

 private:
  LineCodec codec_;
  std::optional<uint8_t> half_ = {};
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_TELEPHONY_LINE_CODEC_H_

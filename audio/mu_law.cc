#include "audio/mu_law.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace parlance::audio {
namespace {

// In the 16-bit scale, where G.711's 14 bits are shifted left by two.
constexpr int kBias = 33 << 2;
constexpr int kClip = 32635;

constexpr int16_t Decode(uint8_t code) {
  const uint8_t bits = static_cast<uint8_t>(~code);
  const int exponent = (bits >> 4) & 7;
  const int mantissa = bits & 15;
  const int magnitude = (((mantissa << 3) + kBias) << exponent) - kBias;
  return static_cast<int16_t>((bits & 0x80) != 0 ? -magnitude : magnitude);
}

constexpr std::array<int16_t, 256> kDecoded = [] {
  std::array<int16_t, 256> table{};
  for (int code = 0; code < 256; ++code) {
    table[static_cast<size_t>(code)] = Decode(static_cast<uint8_t>(code));
  }
  return table;
}();

}  // namespace

uint8_t EncodeMuLaw(int16_t sample) {
  const int sign = sample < 0 ? 0x80 : 0;
  const int magnitude = std::min(std::abs(static_cast<int>(sample)), kClip) + kBias;
  // The segment is the place of the leading bit; the bias puts it at 7 or above.
  const int exponent =
      std::max(static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))) - 8, 0);
  const int mantissa = (magnitude >> (exponent + 3)) & 15;
  return static_cast<uint8_t>(~(sign | (exponent << 4) | mantissa));
}

int16_t DecodeMuLaw(uint8_t code) { return kDecoded[code]; }

void EncodeMuLaw(absl::Span<const int16_t> input, absl::Span<uint8_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = EncodeMuLaw(input[i]);
}

void DecodeMuLaw(absl::Span<const uint8_t> input, absl::Span<int16_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = kDecoded[input[i]];
}

}  // namespace parlance::audio

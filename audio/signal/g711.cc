#include "audio/signal/g711.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>

namespace parlance::audio {
namespace {

// The bias and the limit of mu-law in the 16-bit scale, where G.711's 14 bits of mu-law are shifted
// left by two.
constexpr int kBias = 33 << 2;
constexpr int kMuLawClip = 32635;

// The bits that A-law inverts, as silence would otherwise be a long row of zeros on the line.
constexpr int kInvertedBits = 0x55;

constexpr int16_t DecodeMu(uint8_t code) {
  const uint8_t bits = static_cast<uint8_t>(~code);
  const int exponent = (bits >> 4) & 7;
  const int mantissa = bits & 15;
  const int magnitude = (((mantissa << 3) + kBias) << exponent) - kBias;
  return static_cast<int16_t>((bits & 0x80) != 0 ? -magnitude : magnitude);
}

constexpr int16_t DecodeA(uint8_t code) {
  const int bits = code ^ kInvertedBits;
  const int segment = (bits >> 4) & 7;
  const int mantissa = bits & 15;
  // The middle of the step. The first two segments have steps of the same size.
  const int step_middle = (mantissa << 4) + 8;
  const int magnitude = segment == 0 ? step_middle : (step_middle + 256) << (segment - 1);
  return static_cast<int16_t>((bits & 0x80) != 0 ? magnitude : -magnitude);
}

template <int16_t (*kDecode)(uint8_t)>
constexpr std::array<int16_t, 256> DecodedTable() {
  std::array<int16_t, 256> table{};
  for (int code = 0; code < 256; ++code) {
    table[static_cast<size_t>(code)] = kDecode(static_cast<uint8_t>(code));
  }
  return table;
}

constexpr std::array<int16_t, 256> kMuLaw = DecodedTable<DecodeMu>();
constexpr std::array<int16_t, 256> kALaw = DecodedTable<DecodeA>();

// The place of the leading bit.
int LeadingBit(int value) { return static_cast<int>(std::bit_width(static_cast<unsigned>(value))); }

}  // namespace

uint8_t EncodeMuLaw(int16_t sample) {
  const int sign = sample < 0 ? 0x80 : 0;
  const int magnitude = std::min(std::abs(static_cast<int>(sample)), kMuLawClip) + kBias;
  // The bias puts the leading bit at 8 or above.
  const int exponent = LeadingBit(magnitude) - 8;
  const int mantissa = (magnitude >> (exponent + 3)) & 15;
  return static_cast<uint8_t>(~(sign | (exponent << 4) | mantissa));
}

uint8_t EncodeALaw(int16_t sample) {
  const int sign = sample < 0 ? 0 : 0x80;
  const int magnitude = std::min(std::abs(static_cast<int>(sample)), 32767);
  const int segment = std::max(LeadingBit(magnitude) - 8, 0);
  const int mantissa = (magnitude >> (std::max(segment, 1) + 3)) & 15;
  return static_cast<uint8_t>((sign | (segment << 4) | mantissa) ^ kInvertedBits);
}

int16_t DecodeMuLaw(uint8_t code) { return kMuLaw[code]; }
int16_t DecodeALaw(uint8_t code) { return kALaw[code]; }

void EncodeMuLaw(absl::Span<const int16_t> input, absl::Span<uint8_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = EncodeMuLaw(input[i]);
}

void DecodeMuLaw(absl::Span<const uint8_t> input, absl::Span<int16_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = kMuLaw[input[i]];
}

void EncodeALaw(absl::Span<const int16_t> input, absl::Span<uint8_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = EncodeALaw(input[i]);
}

void DecodeALaw(absl::Span<const uint8_t> input, absl::Span<int16_t> output) {
  for (size_t i = 0; i < input.size(); ++i) output[i] = kALaw[input[i]];
}

}  // namespace parlance::audio

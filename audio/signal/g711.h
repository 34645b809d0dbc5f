// G.711, the codes of telephone lines: mu-law in North America and Japan, A-law elsewhere (ITU-T
// G.711, 1988, tables 2a and 1a).
#ifndef AUDIO_SIGNAL_G711_H_
#define AUDIO_SIGNAL_G711_H_

#include <cstdint>

#include "absl/types/span.h"

namespace parlance::audio {

// One sample, in the 16-bit scale: mu-law goes up to 32124, A-law up to 32256, and what is louder
// becomes that. A sample between two decision values gets the code between them, one on a decision
// value the code of the greater magnitude, whatever its sign. Decoding then encoding gives the same
// code, but for mu-law's 0x7F, the negative zero, which becomes 0xFF. A-law codes are as on the
// line, with every other bit inverted.
uint8_t EncodeMuLaw(int16_t sample);
int16_t DecodeMuLaw(uint8_t code);
uint8_t EncodeALaw(int16_t sample);
int16_t DecodeALaw(uint8_t code);

// All samples or codes of `input`; `output` must have the same size. Allocates nothing.
void EncodeMuLaw(absl::Span<const int16_t> input, absl::Span<uint8_t> output);
void DecodeMuLaw(absl::Span<const uint8_t> input, absl::Span<int16_t> output);
void EncodeALaw(absl::Span<const int16_t> input, absl::Span<uint8_t> output);
void DecodeALaw(absl::Span<const uint8_t> input, absl::Span<int16_t> output);

}  // namespace parlance::audio

#endif  // AUDIO_SIGNAL_G711_H_

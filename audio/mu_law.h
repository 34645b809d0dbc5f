// G.711 mu-law, the code of telephone lines in North America and Japan (ITU-T G.711, 1988, table
// 2a).
#ifndef AUDIO_MU_LAW_H_
#define AUDIO_MU_LAW_H_

#include <cstdint>

#include "absl/types/span.h"

namespace parlance::audio {

// One sample. Decoding then encoding gives the same code, but for 0x7F, the negative zero, which
// becomes 0xFF.
uint8_t EncodeMuLaw(int16_t sample);
int16_t DecodeMuLaw(uint8_t code);

// As many as there are in `input`; `output` must have the same size. Allocates nothing.
void EncodeMuLaw(absl::Span<const int16_t> input, absl::Span<uint8_t> output);
void DecodeMuLaw(absl::Span<const uint8_t> input, absl::Span<int16_t> output);

}  // namespace parlance::audio

#endif  // AUDIO_MU_LAW_H_

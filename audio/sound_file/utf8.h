// Is it UTF-8? (RFC 3629)
#ifndef AUDIO_SOUND_FILE_UTF8_H_
#define AUDIO_SOUND_FILE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace parlance::audio {

// Bytes of the character that `text` begins with, 1 to 4; 0 if it begins with none, as text that
// ends too early, an overlong form, a surrogate, or nothing. Allocates nothing.
size_t Utf8CharacterSize(absl::string_view text);

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_UTF8_H_

// What a file or a pipe carries, told by how it begins.
#ifndef AUDIO_SOUND_FILE_SOUND_KIND_H_
#define AUDIO_SOUND_FILE_SOUND_KIND_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/sound_file/byte_reader.h"

namespace parlance::audio {

struct SoundKind {
  enum class Kind {
    // RIFF, RIFX, RF64 or BW64, with WAVE.
    kWav,
    // Another container, a file of another sort, or text: nothing whose bytes are samples.
    kOther,
    // Nothing that is known: it may be samples.
    kUnknown,
  };
  Kind kind = Kind::kUnknown;
  // A word for messages, such as "FLAC": what kOther is, and what kUnknown may be if it is no
  // samples.
  std::string name;
};

// No more than this is looked at.
inline constexpr size_t kMaxSoundKindBytes = 512;

// `begin`: the first bytes; `is_all`: nothing follows them. Nothing yet if what follows decides;
// raw sound is told by its first bytes, which are the beginning of nothing else.
//
// Text is UTF-8 with white space: codes of a silent telephone line may be letters, but white space
// is loud.
std::optional<SoundKind> RecognizeSound(absl::Span<const uint8_t> begin, bool is_all);

// Tells the kind of what is ahead, and waits for as many bytes as decide. Errors as ByteReader.
absl::StatusOr<SoundKind> RecognizeSound(ByteReader& bytes);

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_SOUND_KIND_H_

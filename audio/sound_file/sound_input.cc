#include "audio/sound_file/sound_input.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/byte_reader.h"
#include "audio/sound_file/sound_kind.h"
#include "audio/sound_file/wav.h"

namespace parlance::audio {

absl::StatusOr<std::unique_ptr<SoundReader>> OpenSound(int fd, const std::string& name,
                                                       const PcmReader::Options& raw,
                                                       std::string* remark) {
  // What is wrong with the options is known before anything comes.
  if (const auto usable = PcmReader::Create(fd, raw); !usable.ok()) return usable.status();
  ByteReader bytes(fd);
  const absl::StatusOr<SoundKind> kind = RecognizeSound(bytes);
  if (!kind.ok()) {
    return absl::Status(kind.status().code(), absl::StrCat(name, ": ", kind.status().message()));
  }
  switch (kind->kind) {
    case SoundKind::Kind::kWav:
      return WavReader::Open(bytes, name);
    case SoundKind::Kind::kOther:
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": it is ", kind->name,
                       ", which would be noise; send a WAV file or raw samples instead"));
    case SoundKind::Kind::kUnknown:
      break;
  }
  if (remark != nullptr) {
    // Codes of one byte begin so more often.
    const bool is_suspect = !kind->name.empty() && raw.encoding == PcmEncoding::kS16;
    *remark = is_suspect ? absl::StrCat(name, ": it is taken as raw sound of ", raw.sample_rate_hz,
                                        " Hz, but begins like ", kind->name,
                                        "; if that is what it is, convert it to a WAV file first, "
                                        "such as with ffmpeg")
                         : "";
  }
  absl::StatusOr<PcmReader> reader = PcmReader::Create(bytes, raw);
  if (!reader.ok()) return reader.status();
  return std::make_unique<PcmReader>(*std::move(reader));
}

}  // namespace parlance::audio

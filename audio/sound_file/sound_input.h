// The sound that standard input or another pipe carries, whatever its form.
#ifndef AUDIO_SOUND_FILE_SOUND_INPUT_H_
#define AUDIO_SOUND_FILE_SOUND_INPUT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/sound_file/sound_reader.h"

namespace parlance::audio {

// A WAV file, which says its own form, is recognised by its beginning and read as WavReader does;
// everything else is samples as `raw` says. Raw sound is not held back: its first bytes tell.
//
// `fd` is open for reading, blocking, and open for as long as the reader; it is not closed. `name`:
// for messages, such as "standard input". InvalidArgument as PcmReader::Create and WavReader::Open,
// and for text and other containers, which would be noise as samples; errors of reading. `remark`,
// if given, is set to what somebody should know who sent it: that 16-bit samples begin like MP3,
// AAC or gzip, which they may, too. Mostly it is "".
absl::StatusOr<std::unique_ptr<SoundReader>> OpenSound(int fd, const std::string& name,
                                                       const PcmReader::Options& raw,
                                                       std::string* remark = nullptr);

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_SOUND_INPUT_H_

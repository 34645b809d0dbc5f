// The sound of a recording's file, whatever its form, for scenes and for what detectors are judged
// with.
#ifndef AUDIO_SCENES_RECORDING_FILE_H_
#define AUDIO_SCENES_RECORDING_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::audio {

// The first channel of a file at 16 kHz. Its form is told by how its name ends: wav, flac and ogg
// (libsndfile), g722 (64 kbit/s), and without a header gsm (GSM 06.10, 8 kHz), alaw and au (A-law
// and mu-law, 8 kHz), raw (PCM16, 16 kHz, the low byte first) and ALS (PCM8, 11025 Hz). Nothing if
// it cannot be read or is none of these. Takes the memory of the whole file and of its sound.
std::vector<int16_t> ReadRecordingFile(const std::string& path);

// The same of a file in memory that says its own form, as WAV, FLAC, Ogg or MP3 do.
std::vector<int16_t> DecodeRecording(absl::string_view bytes);

}  // namespace parlance::audio

#endif  // AUDIO_SCENES_RECORDING_FILE_H_

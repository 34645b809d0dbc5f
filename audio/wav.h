// WAV files (RIFF WAVE; Microsoft's multimedia standards update, 1994).
#ifndef AUDIO_WAV_H_
#define AUDIO_WAV_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audio/waveform.h"

namespace parlance::audio {

// Reads PCM of 8 to 32 bits, floating point, mu-law and A-law as PCM16; one or two channels, 8 to
// 48 kHz, at most one hour. What a header promises is not believed: memory grows with what the file
// really has. NotFound or PermissionDenied for what cannot be opened; InvalidArgument, with the
// reason, for a file that is no WAV, has no sample, another rate or more channels; OutOfRange if it
// is too long.
absl::StatusOr<Waveform> ReadWav(const std::string& path);

// Writes PCM16, by way of a temporary file beside it, so that a full disk leaves no half file.
// InvalidArgument for a rate or number of channels that ReadWav would not read; otherwise the
// operating system's error, with the path.
absl::Status WriteWav(const std::string& path, const Waveform& waveform);

}  // namespace parlance::audio

#endif  // AUDIO_WAV_H_

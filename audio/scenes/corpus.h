// Recordings from folders and archives, for scenes.
#ifndef AUDIO_SCENES_CORPUS_H_
#define AUDIO_SCENES_CORPUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "audio/scenes/scene.h"

namespace parlance::audio {

// Adds the clean recordings below `path` whose names end in `ending`, labelled, in the order of
// their names; what cannot be labelled is left out. Endings: wav, flac, ogg and gsm (libsndfile),
// g722 (64 kbit/s), alaw (8 kHz), ALS (PCM8, 11025 Hz), and 1c: the archive of "Flight of the
// Amazon Queen", with an MP3 of each line, in ScummVM's container. Where `num_voices` is more than
// 1, recordings are spread over as many speakers by the first four letters of their names, which
// begin with the character's in games. NotFound if there is nothing.
absl::Status AddSpeech(const std::string& path, absl::string_view ending, absl::string_view speaker,
                       int num_voices, std::vector<Recording>& recordings);

// Adds what is below `path`, whole and at 16 kHz, unlabelled.
absl::Status AddMusic(const std::string& path, std::vector<std::vector<int16_t>>& music);

}  // namespace parlance::audio

#endif  // AUDIO_SCENES_CORPUS_H_

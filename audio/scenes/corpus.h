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

// The way in which recordings are labelled as they are read. With kByLevel LabelCleanSpeech does
// it, and recordings that it cannot label are left out. With kNone they are not labelled yet, and
// those shorter than 300 ms are left out.
enum class Labelling { kByLevel, kNone };

// Adds the recordings below `path` whose names end in `ending`, in the order of their names.
// An ending with a dot, such as _fr.ogg, is the end of the name; one without is what comes after
// the last dot. Those that can be read: wav, flac, ogg and gsm (libsndfile), g722 (64 kbit/s), alaw
// (8 kHz), ALS (PCM8, 11025 Hz), and 1c: the archive of "Flight of the Amazon Queen", with an MP3
// of each line, in ScummVM's container. Where `num_voices` is more than 1, recordings are spread
// over as many speakers by the first four letters of their names, which begin with the character's
// in games. NotFound if there is nothing.
absl::Status AddSpeech(const std::string& path, absl::string_view ending, absl::string_view speaker,
                       int num_voices, Labelling labelling, std::vector<Recording>& recordings);

// Adds what is below `path`, whole and at 16 kHz, unlabelled. Sounds below a second are joined,
// with pauses, to pieces of ten seconds.
absl::Status AddMusic(const std::string& path, std::vector<std::vector<int16_t>>& music);

}  // namespace parlance::audio

#endif  // AUDIO_SCENES_CORPUS_H_

// Real recordings, of which it was seen in their spectrograms where somebody speaks: sound and
// labels.
#ifndef AUDIO_LABELLED_BY_HAND_LABELLED_CLIPS_H_
#define AUDIO_LABELLED_BY_HAND_LABELLED_CLIPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audio/labelled_by_hand/clip_labels.h"

namespace parlance::audio {

struct LabelledClip {
  // "librivox-02".
  std::string name;
  // "librivox".
  std::string source;
  Half half = Half::kChoosing;
  // Mono, 16 kHz; the loudest of its source is .7 of full scale, as in the pictures. 160 for each
  // of `frames`.
  std::vector<int16_t> samples;
  std::vector<LabelledAs> frames;
};

// All clips, in the order of clips.tsv: those of a source follow one another and are, together, its
// sound without a break. Reads the tables of this folder and //third_party/speech_samples, which
// the library names as data, below the current folder, as in a test. NotFound for a file that is
// not there or has no sound; FailedPrecondition if a source is shorter than its clips, as of
// another version of its package; errors of ParseClipTables. Takes 20 MB and a second.
absl::StatusOr<std::vector<LabelledClip>> ReadLabelledClips();

}  // namespace parlance::audio

#endif  // AUDIO_LABELLED_BY_HAND_LABELLED_CLIPS_H_

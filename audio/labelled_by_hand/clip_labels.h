// Which recordings were labelled by eye, and what two readers of their pictures found: the tables
// in this folder, without the sound. README.md says how the labels were made.
#ifndef AUDIO_LABELLED_BY_HAND_CLIP_LABELS_H_
#define AUDIO_LABELLED_BY_HAND_CLIP_LABELS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::audio {

// What a frame of 10 ms is.
enum class LabelledAs : uint8_t {
  kNoSpeech,
  kSpeech,
  // The two passes differ.
  kDisputed,
};

// Thresholds and rules are chosen with one half, and figures are reported of the other.
enum class Half : uint8_t { kChoosing, kReporting };

// Recordings one after the other, most often of one person.
struct LabelledSource {
  std::string name;
  Half half = Half::kChoosing;
  // GROUP/PATH below //third_party/speech_samples, in the order of the sound.
  std::vector<std::string> files;
};

// A part of a source, as long as one picture.
struct ClipLabels {
  std::string name;
  // Which of ClipTables::sources it is of.
  size_t source = 0;
  // In frames of the source.
  size_t begin_frame = 0;
  // One for each frame of the clip, 1 to 1000.
  std::vector<LabelledAs> frames;
};

struct ClipTables {
  // In the order of the table, each with a file and a clip at least.
  std::vector<LabelledSource> sources;
  // Those of a source follow one another without a gap, from its frame 0.
  std::vector<ClipLabels> clips;
};

// Reads the texts of recordings.tsv, clips.tsv, pass_a.tsv and pass_b.tsv: lines of fields with
// tabs between, `#` beginning a comment. Times are seconds with two decimals. InvalidArgument, as
// "TABLE:LINE: what is wrong", for a line of another form, a path that leaves its group, a clip
// that does not begin where the one before it ends, labels that overlap, are out of order, empty or
// beyond their clip, and for what a table lacks or names that the table before it has not.
absl::StatusOr<ClipTables> ParseClipTables(absl::string_view recordings, absl::string_view clips,
                                           absl::string_view pass_a, absl::string_view pass_b);

// Disputed frames are decided by the nearest frame before or after that is not, by the one before
// if both are as near, so that a border lies in the middle of where the passes have it. 1 for
// speech; 0 if all are disputed.
std::vector<uint8_t> SettledSpeech(const std::vector<LabelledAs>& frames);

}  // namespace parlance::audio

#endif  // AUDIO_LABELLED_BY_HAND_CLIP_LABELS_H_

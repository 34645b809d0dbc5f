// Labels of a recording: where in it there is speech (Audacity's label tracks,
// https://manual.audacityteam.org/man/importing_and_exporting_labels.html).
//
// A line is a label: begin TAB end TAB text, in seconds from the start. With equal times, or
// without the end, it is a point. A line that begins with a backslash is the frequency range of the
// label before it, and is skipped, as are empty lines. Lines may end in CR LF, and the file may
// begin with a byte order mark.
#ifndef AUDIO_EVALUATION_LABELS_H_
#define AUDIO_EVALUATION_LABELS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::audio {

struct Label {
  // Seconds, 0 <= begin_s <= end_s <= 10,000,000.
  double begin_s = 0;
  double end_s = 0;
  // UTF-8.
  std::string text;
};

// A stretch of time in seconds, begin_s < end_s.
struct TimeSpan {
  double begin_s = 0;
  double end_s = 0;
};

// All labels of `text`, in its order. InvalidArgument, as "NAME:LINE: what is wrong", for a time
// that is missing, no number (one with a decimal comma is pointed out), negative, beyond the limit
// or before the begin, and for what is not UTF-8.
absl::StatusOr<std::vector<Label>> ParseLabels(absl::string_view text, absl::string_view name);

// What ParseLabels reads: a label a line, times to the microsecond. What would end a field or a
// line of a text becomes a space.
std::string FormatLabels(absl::Span<const Label> labels);

// What a detector found, as labels of the text "speech". That of the last one has a mark, "speech
// (vad 1a2b3c4d)", a checksum of the text before it: so labels that somebody made by hand, or that
// somebody has corrected since, are told from them. To readers the mark is a part of the text.
std::string FormatFoundSpeech(absl::Span<const TimeSpan> spans);

// Whether it is what FormatFoundSpeech returned, unchanged, and not nothing.
bool IsFoundSpeech(absl::string_view text);

// Whether it labels speech. Every text does, but "noise", "music", "silence" and "nonspeech",
// whatever their case and the spaces around them.
bool IsSpeech(const Label& label);

// Where the labels say that there is speech, in order: labels that overlap or touch are merged,
// points and labels of something else left out.
std::vector<TimeSpan> SpeechSpans(absl::Span<const Label> labels);

// For each frame of 10 ms, 1 if its middle lies within a span, otherwise 0. `spans`: in order,
// none overlapping, as SpeechSpans gives them. What lies behind the last frame is left out.
std::vector<uint8_t> SpeechFrames(absl::Span<const TimeSpan> spans, size_t num_frames);

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_LABELS_H_

// Draws what a detector heard, as SVG 1.1: the waveform, the probability of speech with its
// threshold, the segments that were found, and labels beside them.
//
// 1200 pixels wide. Up to 30 s take one row; what is longer takes rows of equal lengths, at most
// twelve (of 1 min for 10 min, of 1 h for 8 h). The waveform is scaled to its peak, which is named.
// Nothing is loaded from elsewhere, and what a name or a label has that XML cannot hold is shown as
// U+FFFD.
#ifndef AUDIO_EVALUATION_VAD_PLOT_H_
#define AUDIO_EVALUATION_VAD_PLOT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/evaluation/envelope.h"
#include "audio/evaluation/labels.h"

namespace parlance::audio {

struct VadPlot {
  // The name of the recording, as the drawing shows it; it may have any bytes.
  absl::string_view name;
  absl::string_view detector;
  // The sound, at `sample_rate_hz`; not null.
  const Envelope* envelope = nullptr;
  int sample_rate_hz = 16000;
  // The probability of speech of each 10 ms, 0 to 1.
  absl::Span<const float> probabilities;
  float threshold = 0.5F;
  // The stretches in which speech was found, in order.
  absl::Span<const TimeSpan> segments;
  // Drawn if there are some, in any order.
  std::optional<std::vector<Label>> labels;
};

// InvalidArgument without a sample or a frame, or for a rate that is not positive; OutOfRange for
// more than 24 h.
absl::StatusOr<std::string> DrawVad(const VadPlot& plot);

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_VAD_PLOT_H_

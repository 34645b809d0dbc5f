// What the `vad` command prints, as text.
#ifndef AUDIO_EVALUATION_VAD_REPORT_H_
#define AUDIO_EVALUATION_VAD_REPORT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "audio/evaluation/listening.h"
#include "audio/evaluation/vad_metrics.h"

namespace parlance::audio {

// The lines of a CSV file of frames: time_s,probability,speech. A frame is speech from `threshold`
// on.
inline constexpr char kFramesHeader[] = "time_s,probability,speech\n";
std::string FrameLine(int64_t frame, float probability, float threshold);

// A line about the recording, and a table of its segments if there are any.
std::string SegmentsText(absl::string_view name, const Heard& heard);

// What is wrong with the level of a recording so that its detector cannot be trusted: almost
// silent, or clipped; "" if nothing is.
std::string LevelRemark(const Heard& heard);

// The detector, the files and the settings that the figures of MetricsText are about.
struct MetricsContext {
  std::string detector;
  int num_files = 1;
  // The length of all files together.
  double seconds = 0;
  float threshold = 0.5F;
  int collar_frames = 0;
};
// A table of the metrics with their intervals, and where the intervals come from.
std::string MetricsText(const MetricsContext& context, const VadMetrics& metrics);

}  // namespace parlance::audio

#endif  // AUDIO_EVALUATION_VAD_REPORT_H_

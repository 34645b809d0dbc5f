#include "audio/evaluation/vad_report.h"

#include <cmath>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audio/signal/level_meter.h"

namespace parlance::audio {
namespace {

// A recording whose loudest sample is below is almost silent: speech at a usual level peaks some 40
// dB higher.
constexpr float kMinPeakDbfs = -50;
// A recording of which a greater share is clipped is distorted.
constexpr double kMaxClippedShare = 0.001;

// A row of the table. `format`: printf's, of the value times `scale`.
void AppendMetric(std::string& text, absl::string_view name,
                  const std::optional<Estimate>& estimate, double scale, const char* format) {
  absl::StrAppendFormat(&text, "%-38s", name);
  const auto number = [&](double value) {
    char digits[32];
    std::snprintf(digits, sizeof(digits), format, value * scale);
    return std::string(digits);
  };
  if (!estimate.has_value()) {
    absl::StrAppendFormat(&text, "%10s", "-");
  } else {
    absl::StrAppendFormat(&text, "%10s", number(estimate->value));
    if (estimate->interval.has_value()) {
      absl::StrAppendFormat(&text, "   %s to %s", number(estimate->interval->low),
                            number(estimate->interval->high));
    }
  }
  text += '\n';
}

}  // namespace

std::string FrameLine(int64_t frame, float probability, float threshold) {
  return absl::StrFormat("%d.%02d,%.6g,%d\n", frame / 100, frame % 100, probability,
                         probability >= threshold ? 1 : 0);
}

std::string SegmentsText(absl::string_view name, const Heard& heard) {
  double speech = 0;
  for (const TimeSpan& segment : heard.segments) speech += segment.end_s - segment.begin_s;
  std::string text =
      absl::StrFormat("%s: %.2f s, %d Hz, %s; ", name, heard.seconds(), heard.sample_rate_hz,
                      heard.num_channels == 1 ? "mono" : "stereo");
  if (heard.segments.empty()) return absl::StrCat(text, "no speech\n");
  absl::StrAppendFormat(&text, "%d %s, %.2f s of speech (%.0f %%)\n", heard.segments.size(),
                        heard.segments.size() == 1 ? "segment" : "segments", speech,
                        100 * speech / heard.seconds());
  absl::StrAppendFormat(&text, "%10s %10s %10s\n", "BEGIN", "END", "LENGTH");
  for (const TimeSpan& segment : heard.segments) {
    absl::StrAppendFormat(&text, "%10.2f %10.2f %10.2f\n", segment.begin_s, segment.end_s,
                          segment.end_s - segment.begin_s);
  }
  return text;
}

std::string LevelRemark(const Heard& heard) {
  if (heard.num_samples == 0) return "";
  if (heard.peak_dbfs <= LevelMeter::kSilenceDbfs) return "it is silent: all its samples are 0";
  if (heard.peak_dbfs < kMinPeakDbfs) {
    return absl::StrFormat("it is almost silent: its loudest sample is at %.0f dBFS",
                           heard.peak_dbfs);
  }
  const double clipped =
      static_cast<double>(heard.num_clipped) / static_cast<double>(heard.num_samples);
  if (clipped > kMaxClippedShare) {
    return absl::StrFormat("it is clipped: %.1f %% of its samples are cut off at full scale",
                           100 * clipped);
  }
  return "";
}

std::string MetricsText(const MetricsContext& context, const VadMetrics& metrics) {
  std::string text = absl::StrFormat(
      "\nDetector %s against the labels of %d %s: %d segments, %.2f s of speech in %.2f s",
      context.detector, context.num_files, context.num_files == 1 ? "file" : "files",
      metrics.num_segments, static_cast<double>(metrics.num_speech_frames) / 100,
      static_cast<double>(metrics.num_frames) / 100);
  if (context.collar_frames > 0) {
    absl::StrAppendFormat(&text, ", without %d ms around each border", 10 * context.collar_frames);
  }
  absl::StrAppendFormat(&text, "\n\n%-38s%10s   %s\n", "", "VALUE", "95 % INTERVAL");
  AppendMetric(text, "Area under the ROC curve", metrics.auc, 1, "%.4f");
  AppendMetric(text, absl::StrFormat("Precision at %g", context.threshold), metrics.precision, 100,
               "%.1f %%");
  AppendMetric(text, absl::StrFormat("Recall at %g", context.threshold), metrics.recall, 100,
               "%.1f %%");
  AppendMetric(text, absl::StrFormat("F1 at %g", context.threshold), metrics.f1, 100, "%.1f %%");
  AppendMetric(text, "False positives at a recall of 95 %", metrics.false_positive_rate_at_recall,
               100, "%.1f %%");
  AppendMetric(text, "Segments missed", metrics.missed, 100, "%.1f %%");
  AppendMetric(text, "Onset delay, median", metrics.onset_delay_p50_ms, 1, "%.0f ms");
  AppendMetric(text, "Onset delay, 95th percentile", metrics.onset_delay_p95_ms, 1, "%.0f ms");
  AppendMetric(text, "Offset delay, median", metrics.offset_delay_p50_ms, 1, "%.0f ms");
  AppendMetric(text, "Offset delay, 95th percentile", metrics.offset_delay_p95_ms, 1, "%.0f ms");
  AppendMetric(text, absl::StrFormat("Gaps bridged, of %d of 200 ms or more", metrics.num_gaps),
               metrics.bridged, 100, "%.1f %%");
  if (metrics.num_resampled_units < 2) {
    text += "\nThere are no intervals, because there is only one second to draw.\n";
    return text;
  }
  absl::StrAppendFormat(
      &text, "\nIntervals are by drawing %s 1000 times.\n",
      context.num_files > 1
          ? absl::StrCat("the ", context.num_files, " files")
          : absl::StrFormat(
                "%d blocks of %.0f s", metrics.num_resampled_units,
                std::ceil(context.seconds / static_cast<double>(metrics.num_resampled_units))));
  return text;
}

}  // namespace parlance::audio

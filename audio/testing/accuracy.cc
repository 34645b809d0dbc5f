#include "audio/testing/accuracy.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"

namespace parlance::audio {
namespace {

constexpr char kRow[] = "%-10s %-12s %-20s %-20s %-20s %-16s %-18s %-18s %-14s\n";

// "0.950 (0.940-0.960)" for the format "%.3f", times `scale`; "-" for none.
std::string Shown(const std::optional<Estimate>& estimate, const char* format, double scale) {
  const auto one = [&](double value) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), format, scale * value);
    return std::string(text.data());
  };
  if (!estimate.has_value()) return "-";
  std::string shown = one(estimate->value);
  if (estimate->interval.has_value()) {
    absl::StrAppend(&shown, " (", one(estimate->interval->low), "-", one(estimate->interval->high),
                    ")");
  }
  return shown;
}

}  // namespace

std::vector<float> Hear(const Contestant& contestant, absl::Span<const int16_t> samples) {
  auto segmenter = *SpeechSegmenter::Create(contestant.create(), {.input_sample_rate_hz = 16000});
  class Probabilities : public TurnObserver {
   public:
    void OnProbability(float probability) override { all.push_back(probability); }
    std::vector<float> all;
  } probabilities;
  segmenter.Push(samples, probabilities);
  segmenter.Flush(probabilities);
  return std::move(probabilities.all);
}

void PrintAccuracyHead(const char* first) {
  std::printf(kRow, first, "detector", "AUC", "F1 at .5, %", "FP at recall .95, %", "onset p95, ms",
              "offset p50, ms", "offset p95, ms", "bridged, %");
}

void PrintAccuracy(const char* heard, const Contestant& contestant, const VadMetrics& metrics) {
  std::printf(kRow, heard, contestant.name, Shown(metrics.auc, "%.3f", 1).c_str(),
              Shown(metrics.f1, "%.1f", 100).c_str(),
              Shown(metrics.false_positive_rate_at_recall, "%.1f", 100).c_str(),
              Shown(metrics.onset_delay_p95_ms, "%.0f", 1).c_str(),
              Shown(metrics.offset_delay_p50_ms, "%.0f", 1).c_str(),
              Shown(metrics.offset_delay_p95_ms, "%.0f", 1).c_str(),
              Shown(metrics.bridged, "%.1f", 100).c_str());
}

void RecordAccuracy(const std::string& name, const std::string& title, const std::string& unit,
                    perf::Better better, double value,
                    const std::map<std::string, double>& counters) {
  perf::Recorder recorder(
      {.name = name, .title = title, .unit = unit, .better = better, .deterministic = true});
  recorder.Add(value);
  for (const auto& [counter, figure] : counters) recorder.SetCounter(counter, figure);
}

void RecordAuc(const std::string& name, const std::string& cost_name, const std::string& title,
               const VadMetrics& metrics) {
  const double auc = metrics.auc->value;
  RecordAccuracy(name, absl::StrCat(title, ", AUC"), "AUC", perf::HIGHER, auc,
                 {{"low", metrics.auc->interval->low}, {"high", metrics.auc->interval->high}});
  RecordAccuracy(cost_name, absl::StrCat(title, ", Cost of Missing AUC"), "x", perf::LOWER,
                 std::pow(1.11, (1 - auc) / 0.005), {});
}

}  // namespace parlance::audio

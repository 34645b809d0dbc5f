#include "audio/testing/accuracy.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"

namespace parlance::audio {

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

void RecordAccuracy(const std::string& name, const std::string& title, const std::string& unit,
                    perf::Better better, double value,
                    const std::map<std::string, double>& counters) {
  perf::Recorder recorder(
      {.name = name, .title = title, .unit = unit, .better = better, .deterministic = true});
  recorder.Add(value);
  for (const auto& [counter, figure] : counters) recorder.SetCounter(counter, figure);
}

double AucCost(double auc) { return std::pow(1.11, (1 - auc) / 0.005); }

}  // namespace parlance::audio

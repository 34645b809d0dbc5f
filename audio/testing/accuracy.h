// What tests of accuracy have in common: detectors that hear the same, and figures that are shown
// and recorded alike.
#ifndef AUDIO_TESTING_ACCURACY_H_
#define AUDIO_TESTING_ACCURACY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "audio/evaluation/vad_metrics.h"
#include "audio/vad/vad.h"
#include "perf/recorder.h"

namespace parlance::audio {

struct Contestant {
  // The part of the names of measurements.
  const char* name;
  const char* title;
  std::unique_ptr<VoiceActivityDetector> (*create)();
};

// What a new detector of the contestant's gives for each whole 10 ms of `samples`, 16 kHz, heard as
// an agent would.
std::vector<float> Hear(const Contestant& contestant, absl::Span<const int16_t> samples);

// Prints the heads of the columns that PrintAccuracy fills: `first` is that of the first one.
void PrintAccuracyHead(const char* first);

// Prints a row: what was heard, by whom, and how well, with intervals.
void PrintAccuracy(const char* heard, const Contestant& contestant, const VadMetrics& metrics);

// Records a figure that depends on the build alone, with side figures by name.
void RecordAccuracy(const std::string& name, const std::string& title, const std::string& unit,
                    perf::Better better, double value,
                    const std::map<std::string, double>& counters);

// Records the area under the ROC curve with its interval as `name`, and as `cost_name` what is
// missing in it, so that .005 more of that is a change of 11 %, which is yellow, and .01 red,
// wherever on the scale it is. `metrics` has the area and its interval.
void RecordAuc(const std::string& name, const std::string& cost_name, const std::string& title,
               const VadMetrics& metrics);

}  // namespace parlance::audio

#endif  // AUDIO_TESTING_ACCURACY_H_

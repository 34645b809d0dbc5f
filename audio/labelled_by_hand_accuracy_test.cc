// How well detectors hear real recordings, by labels that were made by eye. Nothing here depends on
// time: the same build gives the same figures on every run.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "audio/evaluation/vad_metrics.h"
#include "audio/labelled_by_hand/clip_labels.h"
#include "audio/labelled_by_hand/labelled_clips.h"
#include "audio/testing/accuracy.h"
#include "audio/vad/detectors.h"
#include "audio/vad/testing/speex_vad.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/recorder.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;

constexpr std::array kContestants = {
    Contestant{"neural", "Neural VAD", [] { return *CreateDetector("neural"); }},
    Contestant{"neural_30ms", "Neural VAD, 30 ms Later",
               [] { return *CreateDetector("neural", 3); }},
    Contestant{"neural_50ms", "Neural VAD, 50 ms Later",
               [] { return *CreateDetector("neural", 5); }},
    Contestant{"classic", "Classic VAD", [] { return *CreateDetector("classic"); }},
    Contestant{"webrtc", "WebRTC VAD", [] { return *CreateDetector("webrtc"); }},
    Contestant{"speex", "SpeexDSP VAD", [] { return CreateSpeexVad(); }},
};

// A source: its clips one after the other, which is how an agent would hear it. What is drawn for
// the intervals is a source, too, because clips of one speaker tell the same.
struct Heard {
  std::vector<int16_t> samples;
  std::vector<LabelledAs> frames;
};

std::vector<Heard> Sources(const std::vector<LabelledClip>& clips, Half half) {
  std::vector<Heard> sources;
  std::string last;
  for (const LabelledClip& clip : clips) {
    if (clip.half != half) continue;
    if (clip.source != last) sources.emplace_back();
    last = clip.source;
    Heard& source = sources.back();
    source.samples.insert(source.samples.end(), clip.samples.begin(), clip.samples.end());
    source.frames.insert(source.frames.end(), clip.frames.begin(), clip.frames.end());
  }
  return sources;
}

std::vector<ScoredFrames> HearAll(const Contestant& contestant, const std::vector<Heard>& sources) {
  std::vector<ScoredFrames> heard;
  for (const Heard& source : sources) {
    std::vector<uint8_t> left_out;
    for (const LabelledAs frame : source.frames) {
      left_out.push_back(frame == LabelledAs::kDisputed);
    }
    heard.push_back({.probabilities = Hear(contestant, source.samples),
                     .speech = SettledSpeech(source.frames),
                     .left_out = std::move(left_out)});
  }
  return heard;
}

void Record(const Contestant& contestant, const VadMetrics& metrics) {
  const std::string name = absl::StrCat("audio.accuracy.", contestant.name, ".by_hand");
  const std::string title = absl::StrCat(contestant.title, ", Labelled by Eye");
  RecordAuc(absl::StrCat(name, ".auc"), absl::StrCat(name, ".auc_cost"), title, metrics);
  RecordAccuracy(absl::StrCat(name, ".false_positives"),
                 absl::StrCat(title, ", False Positives at Recall .95"), "%", perf::LOWER,
                 100 * metrics.false_positive_rate_at_recall->value, {});
  RecordAccuracy(absl::StrCat(name, ".onset_p95"), absl::StrCat(title, ", Onset Delay p95"),
                 "frames of 10 ms", perf::LOWER, metrics.onset_delay_p95_ms->value / 10, {});
  RecordAccuracy(absl::StrCat(name, ".offset_p50"), absl::StrCat(title, ", Offset Delay p50"),
                 "frames of 10 ms", perf::LOWER, metrics.offset_delay_p50_ms->value / 10, {});
}

TEST(AudioAccuracy, LabelledByHand) {
  const absl::StatusOr<std::vector<LabelledClip>> clips = ReadLabelledClips();
  ASSERT_THAT(clips, IsOk());
  PrintAccuracyHead("half");
  for (const Half half : {Half::kChoosing, Half::kReporting}) {
    const std::vector<Heard> sources = Sources(*clips, half);
    for (const Contestant& contestant : kContestants) {
      const absl::StatusOr<VadMetrics> metrics = MeasureVad(HearAll(contestant, sources));
      ASSERT_THAT(metrics, IsOk());
      ASSERT_TRUE(metrics->auc.has_value() && metrics->auc->interval.has_value() &&
                  metrics->offset_delay_p50_ms.has_value());
      PrintAccuracy(half == Half::kChoosing ? "choosing" : "reporting", contestant, *metrics);
      if (half == Half::kReporting) Record(contestant, *metrics);
    }
  }
}

}  // namespace
}  // namespace parlance::audio

// How well detectors hear, on scenes of recordings that none was trained with. Nothing here depends
// on time: the same build gives the same figures on every run.
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "audio/evaluation/vad_metrics.h"
#include "audio/scenes/held_out.h"
#include "audio/scenes/scene.h"
#include "audio/testing/accuracy.h"
#include "audio/vad/detectors.h"
#include "audio/vad/testing/speex_vad.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;

constexpr double kSceneSeconds = 12;
constexpr uint64_t kFirstSeed = 77'000'000;

constexpr std::array kContestants = {
    Contestant{"neural", "Neural VAD", [] { return *CreateDetector("neural"); }},
    Contestant{"neural_30ms", "Neural VAD, 30 ms Later",
               [] { return *CreateDetector("neural", 3); }},
    Contestant{"classic", "Classic VAD", [] { return *CreateDetector("classic"); }},
    Contestant{"webrtc", "WebRTC VAD", [] { return *CreateDetector("webrtc"); }},
    Contestant{"speex", "SpeexDSP VAD", [] { return CreateSpeexVad(); }},
};

struct Setting {
  Condition condition;
  const char* name;
  const char* title;
};
constexpr std::array kWithSpeech = {
    Setting{Condition::kUsual, "usual", "Usual Recordings"},
    Setting{Condition::kAny, "any", "Anything"},
    Setting{Condition::kClean, "clean", "Clean Speech"},
    Setting{Condition::kPink5dB, "pink_5db", "Pink Noise, 5 dB"},
    Setting{Condition::kPink0dB, "pink_0db", "Pink Noise, 0 dB"},
    Setting{Condition::kBabble5dB, "babble_5db", "Babble, 5 dB"},
    Setting{Condition::kTelephone, "telephone", "Telephone"},
};
constexpr std::array kWithoutSpeech = {
    Setting{Condition::kMusic, "music", "Music"},
    Setting{Condition::kBursts, "bursts", "Clicks, Keys, Knocks, Breaths and Coughs"},
    Setting{Condition::kSteadyNoise, "steady_noise", "Steady Noise"},
};

std::vector<ScoredFrames> HearAll(const Contestant& contestant, const std::vector<Scene>& scenes) {
  std::vector<ScoredFrames> heard;
  for (const Scene& scene : scenes) {
    heard.push_back({.probabilities = Hear(contestant, scene.samples), .speech = scene.speech});
  }
  return heard;
}

std::vector<Scene> Scenes(const SceneMaker& maker, Condition condition) {
  std::vector<Scene> scenes;
  for (int64_t i = 0; i < perf::Load("accuracy_scenes"); ++i) {
    scenes.push_back(maker.Make(condition, kFirstSeed + static_cast<uint64_t>(i), kSceneSeconds));
  }
  return scenes;
}

TEST(AudioAccuracy, Speech) {
  const SceneMaker maker = HeldOutScenes();
  PrintAccuracyHead("scenes");
  for (const Setting& setting : kWithSpeech) {
    const std::vector<Scene> scenes = Scenes(maker, setting.condition);
    for (const Contestant& contestant : kContestants) {
      const absl::StatusOr<VadMetrics> metrics = MeasureVad(HearAll(contestant, scenes));
      ASSERT_THAT(metrics, IsOk());
      ASSERT_TRUE(metrics->auc.has_value() && metrics->offset_delay_p50_ms.has_value());
      PrintAccuracy(setting.name, contestant, *metrics);
      const std::string name = absl::StrCat("audio.accuracy.", contestant.name, ".", setting.name);
      const std::string title = absl::StrCat(contestant.title, ", ", setting.title);
      RecordAuc(absl::StrCat(name, ".auc"), absl::StrCat(name, ".auc_cost"), title, *metrics);
      if (setting.condition != Condition::kUsual) continue;
      RecordAccuracy(absl::StrCat(name, ".onset_p95"), absl::StrCat(title, ", Onset Delay p95"),
                     "frames of 10 ms", perf::LOWER, metrics->onset_delay_p95_ms->value / 10, {});
      RecordAccuracy(absl::StrCat(name, ".bridged"), absl::StrCat(title, ", Bridged Gaps"), "%",
                     perf::LOWER, 100 * metrics->bridged->value, {});
    }
  }
}

TEST(AudioAccuracy, NoSpeech) {
  const SceneMaker maker = HeldOutScenes();
  for (const Setting& setting : kWithoutSpeech) {
    const std::vector<Scene> scenes = Scenes(maker, setting.condition);
    for (const Contestant& contestant : kContestants) {
      int64_t num_frames = 0;
      int64_t num_flagged = 0;
      for (const ScoredFrames& scored : HearAll(contestant, scenes)) {
        for (const float probability : scored.probabilities) num_flagged += probability >= 0.5F;
        num_frames += static_cast<int64_t>(scored.probabilities.size());
      }
      ASSERT_GT(num_frames, 0);
      const double percent =
          100 * static_cast<double>(num_flagged) / static_cast<double>(num_frames);
      std::printf("%-14s %-12s %5.1f %% of frames taken for speech\n", setting.name,
                  contestant.name, percent);
      RecordAccuracy(
          absl::StrCat("audio.accuracy.", contestant.name, ".", setting.name, ".flagged"),
          absl::StrCat(contestant.title, ", ", setting.title, " Taken for Speech"), "%",
          perf::LOWER, percent, {});
    }
  }
}

}  // namespace
}  // namespace parlance::audio

// What listening costs.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/vad/testing/vad_under_test.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/memory_recorder.h"
#include "perf/recorder.h"

namespace parlance::audio {
namespace {

constexpr int kSampleRateHz = 16000;
constexpr size_t kSecond = kSampleRateHz;

// All recordings, one after the other.
std::vector<int16_t> AllSpeech() {
  std::vector<int16_t> all;
  for (const std::string& name : SpeechRecordings()) {
    const std::vector<int16_t> speech = RecordedSpeech(name, kSampleRateHz);
    all.insert(all.end(), speech.begin(), speech.end());
  }
  return all;
}

// Whole frames only. Returns how many were speech.
int Listen(VoiceActivityDetector& vad, absl::Span<const int16_t> samples) {
  int num_speech = 0;
  const size_t frame = vad.frame_samples();
  for (size_t i = 0; i + frame <= samples.size(); i += frame) {
    num_speech += vad.Process(samples.subspan(i, frame)) >= 0.5F;
  }
  return num_speech;
}

// One second of recorded speech after the other, from warm caches; in an agent other work runs in
// between.
TEST(AudioPerformance, VadProcessingSpeed) {
  const std::vector<int16_t> speech = AllSpeech();
  const std::unique_ptr<VoiceActivityDetector> vad = CreateVadUnderTest();
  perf::Recorder latency({.name = "audio.vad.process_1s",
                          .title = "VAD Processing",
                          .unit = "ms",
                          .better = perf::LOWER});
  perf::Recorder speed({.name = "audio.vad.realtime_factor",
                        .title = "VAD Speed",
                        .unit = "x",
                        .better = perf::HIGHER});
  Listen(*vad, speech);
  int num_speech = 0;
  const size_t num_seconds = speech.size() / kSecond;
  for (int64_t i = 0; i < perf::Load("iterations"); ++i) {
    const auto second = absl::MakeConstSpan(speech).subspan(
        static_cast<size_t>(i) % num_seconds * kSecond, kSecond);
    const auto start = std::chrono::steady_clock::now();
    num_speech += Listen(*vad, second);
    const absl::Duration duration = absl::FromChrono(std::chrono::steady_clock::now() - start);
    latency.Add(duration);
    speed.Add(1 / absl::ToDoubleSeconds(duration));
  }
  EXPECT_GT(num_speech, 0);
}

TEST(AudioPerformance, VadMemoryUse) {
  const std::vector<int16_t> speech = AllSpeech();
  perf::MemoryRecorder memory({.name = "audio.vad", .title = "VAD", .work_unit = "call of 50 s"});
  const std::unique_ptr<VoiceActivityDetector> vad = CreateVadUnderTest();
  Listen(*vad, speech);
  for (int64_t i = 0; i < perf::Load("iterations"); ++i) {
    EXPECT_GT(Listen(*vad, speech), 0);
    memory.Sample(i + 1);
  }
}

}  // namespace
}  // namespace parlance::audio

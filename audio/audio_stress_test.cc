// Listening without a pause, as in a call that never ends.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/testing/vad_under_test.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/memory_recorder.h"
#include "perf/recorder.h"

namespace parlance::audio {
namespace {

// Sound goes from 48 kHz through the resampler, the detector and the endpointer; segments are
// counted in every round, and have to be the same in each.
TEST(StressAudio, ContinuousVad) {
  std::vector<int16_t> speech;
  for (const std::string& name : SpeechRecordings()) {
    const std::vector<int16_t> recording = RecordedSpeech(name, 48000);
    speech.insert(speech.end(), recording.begin(), recording.end());
    speech.insert(speech.end(), 48000, 0);
  }
  SpeechSegmenter::Options options;
  options.input_sample_rate_hz = 48000;
  auto segmenter = *SpeechSegmenter::Create(CreateVadUnderTest(), options);
  const auto listen = [&] {
    class Count : public TurnObserver {
     public:
      void OnTurnEnd(const EndpointerEvent&) override { ++num_segments; }
      int num_segments = 0;
    } count;
    for (absl::Span<const int16_t> rest = speech; !rest.empty();) {
      const auto chunk = rest.first(std::min<size_t>(rest.size(), 960));
      rest.remove_prefix(chunk.size());
      segmenter.Push(chunk, count);
    }
    segmenter.Flush(count);
    return count.num_segments;
  };
  perf::Recorder speed({.name = "audio.stream.realtime_factor",
                        .title = "Audio Stream Speed",
                        .unit = "x",
                        .better = perf::HIGHER});
  perf::MemoryRecorder memory(
      {.name = "audio.stream", .title = "Audio Stream", .work_unit = "round"});
  const int expected = listen();
  EXPECT_GE(expected, 13);
  const double audio_seconds = static_cast<double>(speech.size()) / 48000;
  const auto end =
      std::chrono::steady_clock::now() +
      absl::ToChronoNanoseconds(absl::Milliseconds(perf::LoadValue("stress_duration_ms")));
  int64_t num_rounds = 0;
  do {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(listen(), expected);
    speed.Add(audio_seconds /
              absl::ToDoubleSeconds(absl::FromChrono(std::chrono::steady_clock::now() - start)));
    memory.Sample(++num_rounds);
  } while (std::chrono::steady_clock::now() < end);
}

}  // namespace
}  // namespace parlance::audio

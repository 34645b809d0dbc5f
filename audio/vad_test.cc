#include "audio/vad.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "audio/endpointer.h"
#include "audio/framer.h"
#include "audio/statistical_vad.h"
#include "audio/testing/sounds.h"
#include "gtest/gtest.h"
#include "perf/allocations.h"

namespace parlance::audio {
namespace {

std::vector<float> Probabilities(absl::Span<const int16_t> samples, int sample_rate_hz) {
  const auto vad = *CreateStatisticalVad(sample_rate_hz);
  Framer framer(vad->frame_samples());
  std::vector<float> probabilities;
  framer.Push(samples, [&](int64_t, absl::Span<const int16_t> frame) {
    probabilities.push_back(vad->Process(frame));
  });
  return probabilities;
}

double SpeechFraction(absl::Span<const float> probabilities) {
  double count = 0;
  for (const float probability : probabilities) count += probability >= 0.5;
  return probabilities.empty() ? 0 : count / static_cast<double>(probabilities.size());
}

std::vector<SpeechSegment> Segments(absl::Span<const int16_t> samples, int sample_rate_hz) {
  Endpointer::Options options;
  options.sample_rate_hz = sample_rate_hz;
  auto endpointer = *Endpointer::Create(options);
  std::vector<SpeechSegment> segments;
  const auto add = [&](const std::optional<EndpointerEvent>& event) {
    if (event && event->kind == EndpointerEvent::Kind::kSpeechEnd)
      segments.push_back(event->segment);
  };
  for (const float probability : Probabilities(samples, sample_rate_hz)) {
    add(endpointer.Push(probability));
  }
  add(endpointer.Flush());
  return segments;
}

class VadTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Rates, VadTest, testing::Values(8000, 16000));

TEST_P(VadTest, SteadySoundIsNoSpeech) {
  const int rate_hz = GetParam();
  const auto seconds = [&](int count) {
    return static_cast<size_t>(rate_hz) * static_cast<size_t>(count);
  };
  EXPECT_EQ(SpeechFraction(Probabilities(std::vector<int16_t>(seconds(5), 0), rate_hz)), 0);
  for (const double level : {10.0, 300.0, 3000.0}) {
    EXPECT_LT(SpeechFraction(Probabilities(WhiteNoise(seconds(20), level, 3), rate_hz)), 0.01)
        << level;
    EXPECT_LT(SpeechFraction(Probabilities(Hum(seconds(20), rate_hz, 50, level), rate_hz)), 0.01)
        << level;
    EXPECT_LT(SpeechFraction(Probabilities(Hum(seconds(20), rate_hz, 440, level), rate_hz)), 0.01)
        << level;
  }
}

TEST_P(VadTest, RecordingsAreMostlySpeech) {
  for (const std::string& name : SpeechRecordings()) {
    const double fraction =
        SpeechFraction(Probabilities(RecordedSpeech(name, GetParam()), GetParam()));
    EXPECT_GT(fraction, 0.35) << name;
  }
}

TEST_P(VadTest, ProbabilitiesAreProbabilities) {
  std::vector<int16_t> loud(16000);
  for (size_t i = 0; i < loud.size(); ++i) loud[i] = i / 40 % 2 == 0 ? 32767 : -32768;
  for (const auto& samples :
       {WhiteNoise(16000, 30000, 1), loud, std::vector<int16_t>(16000, -32768)}) {
    for (const float probability : Probabilities(samples, GetParam())) {
      ASSERT_GE(probability, 0);
      ASSERT_LE(probability, 1);
    }
  }
}

// Two utterances between pauses, in noise at about 15 dB: found where they are.
TEST_P(VadTest, FindsUtterancesInNoise) {
  const int rate_hz = GetParam();
  const std::vector<int16_t> first = RecordedSpeech("pocketsphinx/goforward.raw", rate_hz);
  const std::vector<int16_t> second = RecordedSpeech("pocketsphinx/cards/001.wav", rate_hz);
  const size_t pause = 2 * static_cast<size_t>(rate_hz);
  std::vector<int16_t> clean(pause, 0);
  clean.insert(clean.end(), first.begin(), first.end());
  clean.insert(clean.end(), pause, 0);
  const size_t second_begin = clean.size();
  clean.insert(clean.end(), second.begin(), second.end());
  clean.insert(clean.end(), pause, 0);
  const std::vector<int16_t> noisy = Mix(clean, WhiteNoise(clean.size(), Level(first) / 5.6, 11));
  const std::vector<SpeechSegment> segments = Segments(noisy, rate_hz);
  ASSERT_EQ(segments.size(), 2u);
  const auto near = static_cast<double>(rate_hz) * 0.7;
  EXPECT_NEAR(static_cast<double>(segments[0].begin), static_cast<double>(pause), near);
  EXPECT_NEAR(static_cast<double>(segments[0].end), static_cast<double>(pause + first.size()),
              near);
  EXPECT_NEAR(static_cast<double>(segments[1].begin), static_cast<double>(second_begin), near);
  EXPECT_NEAR(static_cast<double>(segments[1].end),
              static_cast<double>(second_begin + second.size()), near);
}

TEST(StatisticalVadTest, ResetForgets) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", 16000);
  const auto vad = *CreateStatisticalVad(16000);
  const auto run = [&] {
    std::vector<float> probabilities;
    Framer framer(vad->frame_samples());
    framer.Push(speech, [&](int64_t, absl::Span<const int16_t> frame) {
      probabilities.push_back(vad->Process(frame));
    });
    return probabilities;
  };
  const std::vector<float> first = run();
  vad->Reset();
  EXPECT_EQ(run(), first);
}

TEST(StatisticalVadTest, AllocatesNothing) {
  const std::vector<int16_t> noise = WhiteNoise(16000, 1000, 1);
  const auto vad = *CreateStatisticalVad(16000);
  auto endpointer = *Endpointer::Create({});
  Framer framer(vad->frame_samples());
  EXPECT_EQ(perf::CountAllocations([&] {
              framer.Push(noise, [&](int64_t, absl::Span<const int16_t> frame) {
                endpointer.Push(vad->Process(frame));
              });
            }),
            0);
}

TEST(StatisticalVadTest, RefusesOtherRates) {
  EXPECT_EQ(CreateStatisticalVad(44100).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parlance::audio

// What both of our detectors promise, whatever their weights; and that they hear speech.
#include "audio/vad/vad.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/vad/classic_vad.h"
#include "audio/vad/kernels/vad_kernels.h"
#include "audio/vad/neural_vad.h"
#include "audio/vad/testing/warm_path.h"
#include "audio/vad/vad_features.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

constexpr int kRateHz = kVadRateHz;
constexpr size_t kSecond = kVadRateHz;

struct Detector {
  std::string name;
  std::unique_ptr<VoiceActivityDetector> (*create)(const VadKernels& kernels);
  int look_ahead_frames;
  // What a stream may occupy.
  int64_t most_bytes;
  // By how much another variant of the kernels may move a probability.
  double rounding;
  // What share of steady noise may be speech, and how many of 54 hums.
  double most_of_noise;
  int most_hums;
};

void PrintTo(const Detector& detector, std::ostream* out) { *out << detector.name; }

template <int look_ahead_frames>
std::unique_ptr<VoiceActivityDetector> Neural(const VadKernels& kernels) {
  return *CreateNeuralVad(look_ahead_frames, kernels);
}

// Measured: streams of 1,800 bytes (classic) and 1,680; rounding of 4e-3, because a measure that
// counts frames may count one more, and of 3e-5.
std::vector<Detector> OurDetectors() {
  return {
      {.name = "Classic",
       .create = [](const VadKernels& kernels) { return CreateClassicVad(kernels); },
       .look_ahead_frames = 0,
       .most_bytes = 4 << 10,
       .rounding = 2e-2,
       .most_of_noise = 0.03,
       .most_hums = 16},
      {.name = "Neural",
       .create = Neural<0>,
       .look_ahead_frames = 0,
       .most_bytes = 16 << 10,
       .rounding = 3e-4,
       .most_of_noise = 0,
       .most_hums = 0},
      {.name = "NeuralLooksAhead",
       .create = Neural<kMaxNeuralLookAhead>,
       .look_ahead_frames = kMaxNeuralLookAhead,
       .most_bytes = 16 << 10,
       .rounding = 3e-4,
       .most_of_noise = 0,
       .most_hums = 0},
  };
}

std::vector<float> Listen(VoiceActivityDetector& vad, absl::Span<const int16_t> samples) {
  Framer framer(vad.frame_samples());
  std::vector<float> probabilities;
  framer.Push(samples, [&](int64_t, absl::Span<const int16_t> frame) {
    probabilities.push_back(vad.Process(frame));
  });
  return probabilities;
}

std::vector<uint32_t> Bits(const std::vector<float>& probabilities) {
  std::vector<uint32_t> bits;
  for (const float probability : probabilities)
    bits.push_back(std::bit_cast<uint32_t>(probability));
  return bits;
}

double SpeechFraction(absl::Span<const float> probabilities) {
  double count = 0;
  for (const float probability : probabilities) count += probability >= 0.5;
  return probabilities.empty() ? 0 : count / static_cast<double>(probabilities.size());
}

std::vector<int16_t> Repeated(size_t num_samples, std::vector<int16_t> period) {
  std::vector<int16_t> samples(num_samples);
  for (size_t i = 0; i < num_samples; ++i) samples[i] = period[i % period.size()];
  return samples;
}

std::vector<int16_t> SquareWave(size_t half_period) {
  std::vector<int16_t> period(half_period, 32767);
  period.resize(2 * half_period, -32768);
  return Repeated(3 * kSecond, period);
}

std::vector<int16_t> ExtremeNoise() {
  std::mt19937_64 random(7);
  std::vector<int16_t> samples(3 * kSecond);
  for (int16_t& sample : samples) sample = random() % 2 == 0 ? 32767 : -32768;
  return samples;
}

std::vector<int16_t> ClickIn(std::vector<int16_t> samples) {
  samples[samples.size() / 2] = 32767;
  return samples;
}

class VadTest : public testing::TestWithParam<Detector> {
 protected:
  static std::unique_ptr<VoiceActivityDetector> Create(
      const VadKernels& kernels = BestVadKernels()) {
    return GetParam().create(kernels);
  }
};
INSTANTIATE_TEST_SUITE_P(Detectors, VadTest, testing::ValuesIn(OurDetectors()),
                         [](const testing::TestParamInfo<Detector>& info) {
                           return info.param.name;
                         });

TEST_P(VadTest, SaysWhatItIs) {
  const auto vad = Create();
  EXPECT_EQ(vad->sample_rate_hz(), 16000);
  EXPECT_EQ(vad->frame_samples(), 160u);
  EXPECT_EQ(vad->look_ahead_frames(), GetParam().look_ahead_frames);
  EXPECT_GE(vad->hangover_frames(), 0);
  EXPECT_LE(vad->hangover_frames(), 50);
}

TEST_P(VadTest, ProbabilitiesAreProbabilities) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  const struct {
    const char* name;
    std::vector<int16_t> samples;
  } cases[] = {
      {"silence", std::vector<int16_t>(3 * kSecond, 0)},
      {"one frame", std::vector<int16_t>(kVadFrame, 1000)},
      {"highest sample", std::vector<int16_t>(3 * kSecond, 32767)},
      {"lowest sample", std::vector<int16_t>(3 * kSecond, -32768)},
      {"square wave", SquareWave(40)},
      {"slow square wave", SquareWave(1600)},
      {"alternating samples", SquareWave(1)},
      {"noise of extremes", ExtremeNoise()},
      {"loud noise", WhiteNoise(3 * kSecond, 30000, 1)},
      {"a click in silence", ClickIn(std::vector<int16_t>(3 * kSecond, 0))},
      {"a click in noise", ClickIn(WhiteNoise(3 * kSecond, 30, 1))},
      {"hum", Hum(3 * kSecond, kRateHz, 50, 20000)},
      {"speech", speech},
      {"speech cut at full scale", Mix(Mix(speech, speech), Mix(speech, speech))},
      {"silence after noise",
       [] {
         std::vector<int16_t> samples = ExtremeNoise();
         samples.resize(samples.size() + 3 * kSecond, 0);
         return samples;
       }()},
  };
  for (const VadKernels* kernels : {&BestVadKernels(), &PortableVadKernels()}) {
    for (const auto& test : cases) {
      const std::vector<float> probabilities = Listen(*Create(*kernels), test.samples);
      ASSERT_EQ(probabilities.size(), test.samples.size() / kVadFrame) << test.name;
      for (const float probability : probabilities) {
        // Neither is true of no number.
        ASSERT_TRUE(probability >= 0 && probability <= 1)
            << test.name << " " << kernels->name << " " << probability;
      }
    }
  }
}

// How much of a steady sound of 20 s is speech, but for the first second.
double SteadySpeechFraction(VoiceActivityDetector& vad, const std::vector<int16_t>& samples) {
  vad.Reset();
  const std::vector<float> probabilities = Listen(vad, samples);
  return SpeechFraction(absl::MakeConstSpan(probabilities).subspan(100));
}

TEST_P(VadTest, SilenceIsNoSpeech) {
  const auto vad = Create();
  for (const int16_t value : std::initializer_list<int16_t>{0, 1, -1, 12000, 32767, -32768}) {
    EXPECT_EQ(SteadySpeechFraction(*vad, std::vector<int16_t>(20 * kSecond, value)), 0) << value;
  }
}

// Measured: at most 1.3 % of the classic one's frames, and none of the neural one's.
TEST_P(VadTest, SteadyNoiseIsNoSpeech) {
  const auto vad = Create();
  for (const double level : {10.0, 100.0, 300.0, 1000.0, 3000.0, 8000.0}) {
    EXPECT_LE(SteadySpeechFraction(*vad, WhiteNoise(20 * kSecond, level, 3)),
              GetParam().most_of_noise)
        << level;
  }
}

// The classic one takes some hums for speech: most at the mains frequency, where the lag of the
// greatest autocorrelation goes to and fro between frames as if a pitch were gliding. Measured: 11
// of 54.
TEST_P(VadTest, HumIsNoSpeech) {
  const auto vad = Create();
  int num_speech = 0;
  for (const double level : {10.0, 100.0, 300.0, 1000.0, 3000.0, 8000.0}) {
    for (const double hz : {49.9, 50.0, 50.2, 60.0, 100.0, 120.0, 150.0, 440.0, 1000.0}) {
      num_speech += SteadySpeechFraction(*vad, Hum(20 * kSecond, kRateHz, hz, level)) > 0;
    }
  }
  RecordProperty("hums_of_54", num_speech);
  EXPECT_LE(num_speech, GetParam().most_hums);
}

TEST_P(VadTest, RecordingsAreMostlySpeech) {
  for (const std::string& name : SpeechRecordings()) {
    const double fraction = SpeechFraction(Listen(*Create(), RecordedSpeech(name, kRateHz)));
    EXPECT_GT(fraction, 0.35) << name;
  }
}

// A telephone's 8 kHz come through a resampler, with nothing above 4 kHz.
TEST_P(VadTest, SpeechFromATelephoneIsSpeech) {
  for (const std::string& name : SpeechRecordings()) {
    auto resampler = Resampler::Create(8000, kRateHz);
    ASSERT_THAT(resampler, IsOk());
    std::vector<int16_t> samples;
    resampler->Process(RecordedSpeech(name, 8000), samples);
    const double fraction = SpeechFraction(Listen(*Create(), samples));
    EXPECT_GT(fraction, 0.35) << name;
  }
}

// Two utterances between pauses, in noise at about 15 dB: found where they are.
TEST_P(VadTest, FindsUtterancesInNoise) {
  const std::vector<int16_t> first = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  const std::vector<int16_t> second = RecordedSpeech("pocketsphinx/cards/001.wav", kRateHz);
  const size_t pause = 2 * kSecond;
  std::vector<int16_t> clean(pause, 0);
  clean.insert(clean.end(), first.begin(), first.end());
  clean.insert(clean.end(), pause, 0);
  const size_t second_begin = clean.size();
  clean.insert(clean.end(), second.begin(), second.end());
  clean.insert(clean.end(), pause, 0);
  const std::vector<int16_t> noisy = Mix(clean, WhiteNoise(clean.size(), Level(first) / 5.6, 11));

  const auto vad = Create();
  Endpointer::Options options;
  options.look_ahead_frames = vad->look_ahead_frames();
  options.hangover_frames = vad->hangover_frames();
  auto endpointer = *Endpointer::Create(options);
  std::vector<SpeechSegment> segments;
  const auto add = [&](const std::optional<EndpointerEvent>& event) {
    if (event && event->kind == EndpointerEvent::Kind::kSpeechEnd) {
      segments.push_back(event->segment);
    }
  };
  for (const float probability : Listen(*vad, noisy)) add(endpointer.Push(probability));
  add(endpointer.Flush());

  ASSERT_EQ(segments.size(), 2u);
  const double near = 0.7 * kRateHz;
  EXPECT_NEAR(static_cast<double>(segments[0].begin), static_cast<double>(pause), near);
  EXPECT_NEAR(static_cast<double>(segments[0].end), static_cast<double>(pause + first.size()),
              near);
  EXPECT_NEAR(static_cast<double>(segments[1].begin), static_cast<double>(second_begin), near);
  EXPECT_NEAR(static_cast<double>(segments[1].end),
              static_cast<double>(second_begin + second.size()), near);
}

// Compares them in all recordings, in noise of three levels. Rounding passes through a second of
// memory.
TEST_P(VadTest, PortableKernelsAgree) {
  double greatest = 0;
  for (const double noise : {0.0, 30.0, 1000.0}) {
    for (const std::string& name : SpeechRecordings()) {
      std::vector<int16_t> sound = RecordedSpeech(name, kRateHz);
      sound = Mix(sound, WhiteNoise(sound.size(), noise, 4));
      const std::vector<float> best = Listen(*Create(), sound);
      const std::vector<float> portable = Listen(*Create(PortableVadKernels()), sound);
      for (size_t i = 0; i < best.size(); ++i) {
        greatest = std::max<double>(greatest, std::abs(best[i] - portable[i]));
      }
    }
  }
  RecordProperty("greatest_difference", absl::StrCat(greatest));
  EXPECT_LT(greatest, GetParam().rounding);
}

TEST_P(VadTest, ResetForgets) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  const std::vector<uint32_t> expected = Bits(Listen(*Create(), speech));
  const auto vad = Create();
  Listen(*vad, WhiteNoise(kSecond, 9000, 1));
  vad->Reset();
  EXPECT_EQ(Bits(Listen(*vad, speech)), expected);
  vad->Reset();
  EXPECT_EQ(Bits(Listen(*vad, speech)), expected);
}

TEST_P(VadTest, StreamsShareNothing) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  const std::vector<int16_t> other = RecordedSpeech("pocketsphinx/numbers.raw", kRateHz);
  const size_t num_frames = std::min(speech.size(), other.size()) / kVadFrame;
  const auto speech_alone = Listen(*Create(), speech);
  const auto other_alone = Listen(*Create(), other);
  const auto speech_vad = Create();
  const auto other_vad = Create();
  std::vector<float> speech_heard;
  std::vector<float> other_heard;
  for (size_t i = 0; i < num_frames; ++i) {
    const auto frame = [&](const std::vector<int16_t>& samples) {
      return absl::MakeConstSpan(samples).subspan(i * kVadFrame, kVadFrame);
    };
    speech_heard.push_back(speech_vad->Process(frame(speech)));
    other_heard.push_back(other_vad->Process(frame(other)));
  }
  const auto first = [&](const std::vector<float>& probabilities) {
    return Bits(
        {probabilities.begin(), probabilities.begin() + static_cast<ptrdiff_t>(num_frames)});
  };
  EXPECT_EQ(Bits(speech_heard), first(speech_alone));
  EXPECT_EQ(Bits(other_heard), first(other_alone));
}

// The promise holds from the first frame on.
TEST_P(VadTest, AllocatesLocksAndCallsNothing) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  const auto vad = Create();
  float sum = 0;
  const auto listen = [&] {
    for (size_t i = 0; i + kVadFrame <= speech.size(); i += kVadFrame) {
      sum += vad->Process(absl::MakeConstSpan(speech).subspan(i, kVadFrame));
    }
    vad->Reset();
  };
  EXPECT_EQ(perf::CountAllocations(listen), 0);
  EXPECT_GT(sum, 0);
  if (!kCanSeeWarmPath) GTEST_SKIP() << "locks and calls: not with a sanitizer";
  EXPECT_EQ(CountLocks(listen), 0);
  EXPECT_EQ(FirstSystemCall(listen), kNoSystemCall);
}

// What one stream occupies; tables and weights are shared, and made by the first.
TEST_P(VadTest, AStreamIsSmall) {
  const auto first = Create();
  const int64_t before = perf::ThreadAllocations().bytes;
  const auto second = Create();
  const int64_t bytes = perf::ThreadAllocations().bytes - before;
  RecordProperty("bytes_per_stream", absl::StrCat(bytes));
  EXPECT_GT(bytes, 0);
  EXPECT_LE(bytes, GetParam().most_bytes);
}

TEST(NeuralVadTest, LookAheadIsAnotherAnswer) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  const std::vector<float> at_once = Listen(*Neural<0>(BestVadKernels()), speech);
  for (int frames = 1; frames <= kMaxNeuralLookAhead; ++frames) {
    const auto vad = *CreateNeuralVad(frames);
    EXPECT_EQ(vad->look_ahead_frames(), frames);
    // Not the same later either.
    const std::vector<float> late = Listen(*vad, speech);
    EXPECT_NE(late, at_once) << frames;
    double difference = 0;
    for (size_t i = static_cast<size_t>(frames); i < late.size(); ++i) {
      difference += std::abs(late[i] - at_once[i - static_cast<size_t>(frames)]);
    }
    EXPECT_GT(difference, 0.1) << frames;
  }
}

// What it knows of a frame before it answers is what it would answer with less look-ahead.
TEST(NeuralVadTest, WhatIsProvisionalIsTheAnswerOfLessLookAhead) {
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", kRateHz);
  std::vector<std::vector<float>> answers;
  for (int frames = 0; frames <= kMaxNeuralLookAhead; ++frames) {
    answers.push_back(Listen(**CreateNeuralVad(frames), speech));
  }
  for (size_t look_ahead = 0; look_ahead < answers.size(); ++look_ahead) {
    const auto vad = *CreateNeuralVad(static_cast<int>(look_ahead));
    for (size_t frame = 0; (frame + 1) * kVadFrame <= speech.size(); ++frame) {
      vad->Process(absl::MakeConstSpan(speech).subspan(frame * kVadFrame, kVadFrame));
      const absl::Span<const float> provisional = vad->provisional();
      ASSERT_EQ(provisional.size(), look_ahead);
      for (size_t age = 0; age < look_ahead; ++age) {
        ASSERT_EQ(provisional[look_ahead - 1 - age], answers[age][frame]) << frame;
      }
    }
  }
}

TEST(NeuralVadTest, RefusesOtherLookAheads) {
  for (const int frames : {-1, kMaxNeuralLookAhead + 1, 1 << 30}) {
    EXPECT_THAT(CreateNeuralVad(frames), StatusIs(absl::StatusCode::kInvalidArgument)) << frames;
  }
}

}  // namespace
}  // namespace parlance::audio

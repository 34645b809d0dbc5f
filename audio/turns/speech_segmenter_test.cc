#include "audio/turns/speech_segmenter.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/classic_vad.h"
#include "audio/vad/neural_vad.h"
#include "audio/vad/testing/warm_path.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = EndpointerEvent::Kind;

// Loud is speech.
class LoudnessVad : public VoiceActivityDetector {
 public:
  explicit LoudnessVad(int sample_rate_hz, int look_ahead_frames = 0)
      : sample_rate_hz_(sample_rate_hz), owed_(static_cast<size_t>(look_ahead_frames)) {
    LoudnessVad::Reset();
  }
  int sample_rate_hz() const override { return sample_rate_hz_; }
  int look_ahead_frames() const override { return static_cast<int>(owed_.size()); }
  float Process(absl::Span<const int16_t> frame) override {
    float probability = std::abs(frame[frame.size() / 2]) > 1000 ? 0.99F : 0.01F;
    if (!owed_.empty()) std::swap(probability, owed_[num_frames_++ % owed_.size()]);
    return probability;
  }
  // What is answered before the first frame's turn means nothing.
  void Reset() override {
    std::fill(owed_.begin(), owed_.end(), 1);
    num_frames_ = 0;
  }

 private:
  const int sample_rate_hz_;
  std::vector<float> owed_;
  size_t num_frames_ = 0;
};

// Is that certain of loud frames.
class UnsureVad : public LoudnessVad {
 public:
  explicit UnsureVad(float certainty) : LoudnessVad(16000), certainty_(certainty) {}
  float Process(absl::Span<const int16_t> frame) override {
    return LoudnessVad::Process(frame) > 0.5F ? certainty_ : 0.01F;
  }

 private:
  const float certainty_;
};

// Stays sure for so many frames after each loud one.
class LingeringVad : public LoudnessVad {
 public:
  explicit LingeringVad(int hangover_frames) : LoudnessVad(16000), hangover_(hangover_frames) {}
  int hangover_frames() const override { return hangover_; }
  float Process(absl::Span<const int16_t> frame) override {
    const float probability = LoudnessVad::Process(frame);
    num_quiet_ = probability > 0.5F ? 0 : num_quiet_ + 1;
    return num_quiet_ <= hangover_ ? 0.99F : 0.01F;
  }
  void Reset() override {
    LoudnessVad::Reset();
    num_quiet_ = hangover_;
  }

 private:
  const int hangover_;
  int num_quiet_ = hangover_;
};

// Does what no detector may.
class MisbehavingVad : public LoudnessVad {
 public:
  enum class How { kAllocates, kLocks, kCalls };
  explicit MisbehavingVad(How how) : LoudnessVad(16000), how_(how) {}
  float Process(absl::Span<const int16_t> frame) override {
    switch (how_) {
      case How::kAllocates:
        copy_ = std::vector<int16_t>(frame.begin(), frame.end());
        break;
      case How::kLocks: {
        const std::lock_guard lock(mutex_);
        break;
      }
      case How::kCalls:
        parent_ = getppid();
        break;
    }
    return LoudnessVad::Process(frame);
  }

 private:
  const How how_;
  std::vector<int16_t> copy_;
  std::mutex mutex_;
  pid_t parent_ = 0;
};

// Says of each frame what its first sample is, in hundredths, so many frames later.
class LateVad : public VoiceActivityDetector {
 public:
  explicit LateVad(int look_ahead) : look_ahead_(look_ahead) {}
  int sample_rate_hz() const override { return 16000; }
  int look_ahead_frames() const override { return look_ahead_; }
  float Process(absl::Span<const int16_t> frame) override {
    firsts_.push_back(frame[0]);
    const auto late = static_cast<size_t>(look_ahead_);
    return firsts_.size() > late ? static_cast<float>(firsts_[firsts_.size() - 1 - late]) / 100
                                 : 0.99F;
  }
  void Reset() override { firsts_.clear(); }

 private:
  const int look_ahead_;
  std::vector<int16_t> firsts_;
};

// All that a stream gave.
struct Heard {
  std::vector<uint32_t> probability_bits;
  std::vector<uint32_t> at_once_bits;
  std::vector<std::string> events;
  // The sound of each turn.
  std::vector<std::vector<int16_t>> turns;

  friend bool operator==(const Heard&, const Heard&) = default;
};

std::string Text(const EndpointerEvent& event) {
  return absl::StrCat(event.kind == Kind::kSpeechStart ? "start " : "end ", event.segment.begin,
                      "-", event.segment.end, " from ", event.edge, " @", event.decided, " ",
                      event.end_reason);
}

// A segmenter and what it has given so far.
class Listener : private TurnObserver {
 public:
  explicit Listener(SpeechSegmenter segmenter) : segmenter_(std::move(segmenter)) {}

  void Push(absl::Span<const int16_t> samples) { segmenter_.Push(samples, *this); }
  Heard Flush() {
    segmenter_.Flush(*this);
    return std::exchange(heard_, {});
  }
  SpeechSegmenter& segmenter() { return segmenter_; }
  const std::vector<EndpointerEvent>& events() const { return events_; }
  const Heard& heard() const { return heard_; }

 private:
  void OnTurnBegin(const EndpointerEvent& start) override {
    EXPECT_EQ(start.kind, Kind::kSpeechStart);
    Add(start);
    heard_.turns.emplace_back();
  }
  void OnTurnSound(absl::Span<const int16_t> samples) override {
    ASSERT_FALSE(heard_.turns.empty());
    EXPECT_FALSE(samples.empty());
    heard_.turns.back().insert(heard_.turns.back().end(), samples.begin(), samples.end());
  }
  void OnTurnEnd(const EndpointerEvent& end) override {
    EXPECT_EQ(end.kind, Kind::kSpeechEnd);
    Add(end);
  }
  void OnFrameHeard(float probability) override {
    heard_.at_once_bits.push_back(std::bit_cast<uint32_t>(probability));
  }
  void OnProbability(float probability) override {
    heard_.probability_bits.push_back(std::bit_cast<uint32_t>(probability));
  }
  void Add(const EndpointerEvent& event) {
    heard_.events.push_back(Text(event));
    events_.push_back(event);
  }

  SpeechSegmenter segmenter_;
  Heard heard_;
  std::vector<EndpointerEvent> events_;
};

SpeechSegmenter::Options At(int input_sample_rate_hz) {
  return {.input_sample_rate_hz = input_sample_rate_hz, .endpointer = {}, .gives_sound = true};
}

SpeechSegmenter Create(std::unique_ptr<VoiceActivityDetector> vad,
                       const SpeechSegmenter::Options& options) {
  auto segmenter = SpeechSegmenter::Create(std::move(vad), options);
  EXPECT_THAT(segmenter, IsOk());
  return *std::move(segmenter);
}

SpeechSegmenter Create(int input_sample_rate_hz, std::unique_ptr<VoiceActivityDetector> vad) {
  return Create(std::move(vad), At(input_sample_rate_hz));
}

SpeechSegmenter CreateNeural(int input_sample_rate_hz, int look_ahead_frames = 0) {
  return Create(input_sample_rate_hz, *CreateNeuralVad(look_ahead_frames));
}

// Makes a segmenter that keeps no sound, of which thousands fit into memory.
SpeechSegmenter CreateSoundless(int input_sample_rate_hz,
                                std::unique_ptr<VoiceActivityDetector> vad) {
  SpeechSegmenter::Options options = At(input_sample_rate_hz);
  options.gives_sound = false;
  return Create(std::move(vad), options);
}

// A second of faint noise, an utterance, and a second and a half of faint noise.
std::vector<int16_t> Utterance(int sample_rate_hz) {
  const auto second = static_cast<size_t>(sample_rate_hz);
  std::vector<int16_t> sound(second, 0);
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", sample_rate_hz);
  sound.insert(sound.end(), speech.begin(), speech.end());
  sound.resize(sound.size() + second + second / 2, 0);
  return Mix(sound, WhiteNoise(sound.size(), 20, 5));
}

// Loud from the one sample to the other.
std::vector<int16_t> Loud(size_t num_samples, size_t begin, size_t end) {
  std::vector<int16_t> sound(num_samples, 0);
  std::fill(sound.begin() + static_cast<ptrdiff_t>(begin),
            sound.begin() + static_cast<ptrdiff_t>(end), int16_t{20000});
  return sound;
}

Heard HeardInChunks(SpeechSegmenter segmenter, absl::Span<const int16_t> samples, size_t chunk) {
  Listener listener(std::move(segmenter));
  while (!samples.empty()) {
    const auto now = samples.first(std::min(chunk, samples.size()));
    samples.remove_prefix(now.size());
    listener.Push(now);
  }
  return listener.Flush();
}

void PushAll(SpeechSegmenter& segmenter, absl::Span<const int16_t> samples, size_t chunk) {
  TurnObserver observer;
  for (; !samples.empty(); samples.remove_prefix(std::min(chunk, samples.size()))) {
    segmenter.Push(samples.first(std::min(chunk, samples.size())), observer);
  }
}

class SegmenterRateTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Rates, SegmenterRateTest,
                         testing::Values(8000, 11025, 16000, 22050, 44100, 48000));

TEST_P(SegmenterRateTest, FindsAnUtteranceWhereItIs) {
  const int rate_hz = GetParam();
  const std::vector<int16_t> sound = Utterance(rate_hz);
  for (const int look_ahead : {0, kMaxNeuralLookAhead}) {
    Listener listener(CreateNeural(rate_hz, look_ahead));
    listener.Push(sound);
    ASSERT_EQ(listener.events().size(), 2u);
    const EndpointerEvent& end = listener.events()[1];
    const double near = 0.7 * rate_hz;
    EXPECT_NEAR(static_cast<double>(end.segment.begin), rate_hz, near);
    EXPECT_NEAR(static_cast<double>(end.segment.end),
                static_cast<double>(sound.size()) - 1.5 * rate_hz, near);
    // Looking ahead delays nothing.
    EXPECT_NEAR(static_cast<double>(end.delay()), 0.5 * rate_hz, 0.01 * rate_hz);
  }
}

TEST_P(SegmenterRateTest, ChunksMakeNoDifference) {
  const int rate_hz = GetParam();
  const std::vector<int16_t> sound = Utterance(rate_hz);
  const Heard whole = HeardInChunks(CreateNeural(rate_hz), sound, sound.size());
  ASSERT_EQ(whole.events.size(), 2u);
  EXPECT_EQ(whole.probability_bits.size(), (sound.size() * 100 + GetParam() - 1) / GetParam());
  ASSERT_EQ(whole.turns.size(), 1u);
  EXPECT_GT(whole.turns[0].size(), 32000u);
  for (const size_t chunk : {1u, 7u, 160u, 441u, 4800u}) {
    EXPECT_EQ(HeardInChunks(CreateNeural(rate_hz), sound, chunk), whole) << chunk;
  }
  constexpr uint64_t kSeed = 99;
  std::mt19937_64 random(kSeed);
  Listener listener(CreateNeural(rate_hz));
  for (absl::Span<const int16_t> rest = sound; !rest.empty();) {
    const auto chunk = rest.first(std::min<size_t>(rest.size(), random() % 2000));
    rest.remove_prefix(chunk.size());
    listener.Push(chunk);
  }
  EXPECT_EQ(listener.Flush(), whole) << "seed " << kSeed;
}

// An event comes with the very sample that it says.
TEST_P(SegmenterRateTest, DecidedIsWhatHadToBeHeard) {
  for (const int look_ahead : {0, 3}) {
    const auto second = static_cast<size_t>(GetParam());
    const std::vector<int16_t> sound = Loud(3 * second, second + 17, 2 * second);
    SpeechSegmenter segmenter =
        Create(GetParam(), std::make_unique<LoudnessVad>(16000, look_ahead));
    Listener listener(std::move(segmenter));
    for (size_t i = 0; i < sound.size(); ++i) {
      const size_t num_events = listener.events().size();
      listener.Push(absl::MakeConstSpan(sound).subspan(i, 1));
      if (listener.events().size() > num_events) {
        EXPECT_EQ(listener.events().back().decided, i + 1) << look_ahead;
      }
    }
    EXPECT_EQ(listener.events().size(), 2u);
  }
}

TEST_P(SegmenterRateTest, IsAsNewAfterFlush) {
  const std::vector<int16_t> sound = Utterance(GetParam());
  Listener listener(CreateNeural(GetParam()));
  listener.Push(sound);
  const Heard first = listener.Flush();
  listener.Push(sound);
  EXPECT_EQ(listener.Flush(), first);
}

// A burst each ten seconds for ten minutes: the last one is found as exactly as the first.
TEST_P(SegmenterRateTest, PositionsDoNotDrift) {
  const int rate_hz = GetParam();
  const auto second = static_cast<size_t>(rate_hz);
  const std::vector<int16_t> sound = Loud(10 * second, 3 * second, 4 * second);
  SpeechSegmenter::Options options = At(rate_hz);
  options.endpointer.speech_pad = absl::ZeroDuration();
  Listener listener(Create(std::make_unique<LoudnessVad>(16000), options));
  for (int i = 0; i < 60; ++i) listener.Push(sound);
  ASSERT_EQ(listener.events().size(), 120u);
  for (size_t i = 0; i < 60; ++i) {
    const auto begin = static_cast<int64_t>((10 * i + 3) * second);
    const SpeechSegment& segment = listener.events()[2 * i + 1].segment;
    // The middle of a frame decides it, and bursts begin and end with frames.
    EXPECT_EQ(segment.begin, begin) << i;
    EXPECT_EQ(segment.end, begin + rate_hz) << i;
  }
}

// Where in the sound at 16 kHz an event's position is.
size_t FramePosition(int64_t input_position, int input_sample_rate_hz) {
  return static_cast<size_t>((input_position * 100 + input_sample_rate_hz - 1) /
                             input_sample_rate_hz * 160);
}

// Bursts of noise, so that no piece of the sound is like another: loud ones of 0.3 to 1.2 s between
// faint pauses of 0.6 to 2 s. The first begins with the stream, and the last is cut off by its end.
std::vector<int16_t> Bursts(int sample_rate_hz, int num_bursts, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto samples = [&](int ms) {
    return static_cast<size_t>(ms) * static_cast<size_t>(sample_rate_hz) / 1000 + random() % 100;
  };
  std::vector<int16_t> sound;
  for (int i = 0; i < num_bursts; ++i) {
    for (size_t left = samples(300 + static_cast<int>(random() % 900)); left > 0; --left) {
      // The detector looks at one sample of a frame, so all of them are loud.
      const auto loud = static_cast<int16_t>(5000 + random() % 20000);
      sound.push_back(loud);
    }
    if (i + 1 == num_bursts) break;
    for (size_t left = samples(600 + static_cast<int>(random() % 1400)); left > 0; --left) {
      sound.push_back(static_cast<int16_t>(random() % 500));
    }
  }
  return sound;
}

// The sound of each turn is that of the stream, sample by sample: from where the turn begins, which
// may be the stream's first sample, to what was heard when it ended.
TEST_P(SegmenterRateTest, ATurnHasItsSoundFromItsBeginOn) {
  const int rate_hz = GetParam();
  constexpr int kBursts = 40;
  for (const int look_ahead : {0, 3}) {
    for (const uint64_t seed : {1u, 2u}) {
      const std::vector<int16_t> sound = Bursts(rate_hz, kBursts, seed);
      std::vector<int16_t> resampled = *Resample(sound, rate_hz, 16000);
      resampled.resize((resampled.size() + 159) / 160 * 160);
      Listener listener(Create(rate_hz, std::make_unique<LoudnessVad>(16000, look_ahead)));
      for (absl::Span<const int16_t> rest = sound; !rest.empty();) {
        const auto chunk = rest.first(std::min<size_t>(rest.size(), 997));
        rest.remove_prefix(chunk.size());
        listener.Push(chunk);
      }
      const Heard heard = listener.Flush();
      ASSERT_EQ(heard.turns.size(), static_cast<size_t>(kBursts)) << seed;
      ASSERT_EQ(listener.events().size(), 2 * heard.turns.size());
      EXPECT_EQ(listener.events()[0].segment.begin, 0);
      for (size_t i = 0; i < heard.turns.size(); ++i) {
        const EndpointerEvent& end = listener.events()[2 * i + 1];
        const size_t begin = FramePosition(end.segment.begin, rate_hz);
        const std::vector<int16_t>& turn = heard.turns[i];
        // All that had been heard, but what the resampler still held of it.
        const size_t heard_until = std::min(
            resampled.size(),
            static_cast<size_t>((end.decided * 16000 + rate_hz - 1) / rate_hz / 160 * 160));
        ASSERT_GE(turn.size(), FramePosition(end.segment.end, rate_hz) - begin) << i;
        ASSERT_LE(begin + turn.size(), i + 1 == heard.turns.size() ? resampled.size() : heard_until)
            << i;
        ASSERT_TRUE(
            std::equal(turn.begin(), turn.end(), resampled.begin() + static_cast<ptrdiff_t>(begin)))
            << "turn " << i << " of seed " << seed << ", look-ahead " << look_ahead;
      }
    }
  }
}

// A turn may begin long before it is known: with a detector that is hardly sure, and with padding.
TEST(SpeechSegmenterTest, ALongPreRollIsWhole) {
  const std::vector<int16_t> sound =
      Mix(Loud(16000 * 12, 16000 * 8, 16000 * 10), WhiteNoise(16000 * 12, 100, 7));
  for (const float certainty : {0.99F, 0.51F}) {
    for (const absl::Duration padding : {absl::ZeroDuration(), absl::Seconds(5)}) {
      SpeechSegmenter::Options options = At(16000);
      options.endpointer.speech_pad = padding;
      Listener listener(Create(std::make_unique<UnsureVad>(certainty), options));
      listener.Push(sound);
      ASSERT_EQ(listener.heard().turns.size(), 1u);
      const EndpointerEvent& start = listener.events()[0];
      const int64_t begin = 16000 * 8 - absl::ToInt64Milliseconds(padding) * 16;
      EXPECT_EQ(start.segment.begin, begin);
      // Each frame of the less certain one is a quarter of the evidence.
      EXPECT_EQ(start.delay(), certainty > 0.9F ? 13 * 160 : 4 * 13 * 160);
      const std::vector<int16_t>& turn = listener.heard().turns[0];
      EXPECT_GT(turn.size(), 32000u + 8000 - 1);
      ASSERT_TRUE(std::equal(turn.begin(), turn.end(), sound.begin() + begin)) << padding;
    }
  }
}

// A turn that is cut goes on in the next one without a sample missing or twice between their
// positions.
TEST_P(SegmenterRateTest, ACutTurnGoesOnWithTheNextSample) {
  SpeechSegmenter::Options options = At(GetParam());
  options.endpointer.max_speech_duration = absl::Seconds(3);
  const auto second = static_cast<size_t>(GetParam());
  std::vector<int16_t> sound(second, 0);
  for (const int16_t sample : WhiteNoise(10 * second, 2000, 4)) {
    sound.push_back(static_cast<int16_t>(15000 + sample));
  }
  std::vector<int16_t> resampled = *Resample(sound, GetParam(), 16000);
  resampled.resize((resampled.size() + 159) / 160 * 160);
  Listener listener(Create(std::make_unique<LoudnessVad>(16000), options));
  listener.Push(sound);
  const Heard heard = listener.Flush();
  ASSERT_GE(heard.turns.size(), 3u);
  std::vector<int16_t> joined;
  for (size_t i = 0; i < heard.turns.size(); ++i) {
    const SpeechSegment& segment = listener.events()[2 * i + 1].segment;
    if (i > 0) {
      EXPECT_EQ(segment.begin, listener.events()[2 * i - 1].segment.end);
    }
    const size_t size =
        FramePosition(segment.end, GetParam()) - FramePosition(segment.begin, GetParam());
    ASSERT_GE(heard.turns[i].size(), size);
    joined.insert(joined.end(), heard.turns[i].begin(),
                  heard.turns[i].begin() + static_cast<ptrdiff_t>(size));
  }
  const size_t begin = FramePosition(listener.events()[0].segment.begin, GetParam());
  ASSERT_EQ(joined.size(), resampled.size() - begin);
  EXPECT_TRUE(
      std::equal(joined.begin(), joined.end(), resampled.begin() + static_cast<ptrdiff_t>(begin)));
}

// In ten minutes of turns their sound does not drift away from their positions.
TEST(SpeechSegmenterTest, PreRollDoesNotDrift) {
  for (const int rate_hz : {11025, 44100}) {
    SpeechSegmenter::Options options = At(rate_hz);
    options.endpointer.speech_pad = absl::ZeroDuration();
    SpeechSegmenter segmenter = Create(std::make_unique<LoudnessVad>(16000), options);
    const auto second = static_cast<size_t>(rate_hz);
    const std::vector<int16_t> sound = Loud(10 * second, 3 * second, 4 * second);
    // Only the first sample of each turn's sound is looked at.
    class FirstSamples : public TurnObserver {
     public:
      void OnTurnBegin(const EndpointerEvent&) override { is_first_ = true; }
      void OnTurnSound(absl::Span<const int16_t> samples) override {
        // The filter rings around the edge, which lies between this sample and the one before.
        if (is_first_) wrong_ += samples[0] < 8000 || samples[40] < 19000 || samples[40] > 21000;
        is_first_ = false;
      }
      void OnTurnEnd(const EndpointerEvent&) override { ++num_turns_; }
      int num_turns() const { return num_turns_; }
      int wrong() const { return wrong_; }

     private:
      bool is_first_ = false;
      int num_turns_ = 0;
      int wrong_ = 0;
    } first_samples;
    constexpr int kRounds = 60;
    for (int i = 0; i < kRounds; ++i) segmenter.Push(sound, first_samples);
    EXPECT_EQ(first_samples.num_turns(), kRounds);
    EXPECT_EQ(first_samples.wrong(), 0) << rate_hz;
  }
}

TEST(SpeechSegmenterTest, WithoutBeingAskedItGivesNoSound) {
  Listener listener(CreateSoundless(16000, std::make_unique<LoudnessVad>(16000)));
  listener.Push(Loud(48000, 16000, 32000));
  const Heard heard = listener.Flush();
  EXPECT_EQ(heard.events.size(), 2u);
  EXPECT_THAT(heard.turns, ElementsAre(IsEmpty()));
}

TEST_P(SegmenterRateTest, FlushGoesNotBeyondTheInput) {
  for (const size_t extra : {0u, 1u, 79u, 100u}) {
    const auto size = static_cast<size_t>(GetParam()) / 2 + extra;
    Listener listener(Create(GetParam(), std::make_unique<LoudnessVad>(16000)));
    listener.Push(Loud(size, 0, size));
    listener.Flush();
    ASSERT_EQ(listener.events().size(), 2u);
    const EndpointerEvent& end = listener.events()[1];
    EXPECT_EQ(end.segment.begin, 0);
    EXPECT_EQ(end.segment.end, size);
    EXPECT_EQ(end.decided, size);
    EXPECT_EQ(end.end_reason, EndpointerEvent::EndReason::kEndOfStream);
  }
}

// 230 million samples.
TEST(SpeechSegmenterTest, EightHours) {
  constexpr int64_t kBlock = 80000;
  const std::vector<int16_t> sound = Loud(kBlock, 16000, 24000);
  Listener listener(CreateSoundless(8000, std::make_unique<LoudnessVad>(8000)));
  for (int i = 0; i < 8 * 360; ++i) listener.Push(sound);
  ASSERT_EQ(listener.events().size(), 2u * 8 * 360);
  for (size_t i = 0; i < 8 * 360; ++i) {
    const EndpointerEvent& end = listener.events()[2 * i + 1];
    const auto block = static_cast<int64_t>(i) * kBlock;
    ASSERT_EQ(end.segment.begin, block + 16000 - 1600);
    ASSERT_EQ(end.segment.end, block + 24000 + 1600);
    ASSERT_EQ(end.edge, block + 24000);
    ASSERT_EQ(end.decided, block + 28000);
  }
}

// A detector that answers late moves decisions only, also at the end.
TEST(SpeechSegmenterTest, LookAheadMovesDecisionsOnly) {
  std::vector<int16_t> sound = Loud(48000, 4800, 14400);
  sound.resize(sound.size() + 8000, 20000);
  Listener now(Create(16000, std::make_unique<LoudnessVad>(16000)));
  Listener late(Create(16000, std::make_unique<LoudnessVad>(16000, 5)));
  EXPECT_EQ(late.segmenter().look_ahead_frames(), 5);
  for (Listener* listener : {&now, &late}) {
    listener->Push(sound);
    listener->Flush();
  }
  ASSERT_EQ(now.events().size(), 4u);
  ASSERT_EQ(late.events().size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(late.events()[i].segment.begin, now.events()[i].segment.begin) << i;
    EXPECT_EQ(late.events()[i].segment.end, now.events()[i].segment.end) << i;
    EXPECT_EQ(late.events()[i].edge, now.events()[i].edge) << i;
    EXPECT_EQ(late.events()[i].decided, now.events()[i].decided + (i < 3 ? 800 : 0)) << i;
  }
}

// What a detector makes of a frame at once does not wait for its look-ahead.
TEST(SpeechSegmenterTest, EachFrameIsToldAtOnce) {
  const std::vector<int16_t> sound = Utterance(16000);
  const Heard early = HeardInChunks(CreateNeural(16000, 0), sound, 4800);
  const Heard late = HeardInChunks(CreateNeural(16000, 5), sound, 4800);
  EXPECT_EQ(early.at_once_bits, early.probability_bits);
  EXPECT_EQ(late.at_once_bits, early.at_once_bits);
  EXPECT_NE(late.probability_bits, late.at_once_bits);
}

// A detector that outlasts each sound makes no cough a word, and no turn longer.
TEST(SpeechSegmenterTest, AHangoverIsNoSpeech) {
  for (const int hangover : {0, 7}) {
    Listener listener(Create(16000, std::make_unique<LingeringVad>(hangover)));
    listener.Push(Loud(32000, 16000, 16000 + 120 * 16));
    EXPECT_TRUE(listener.events().empty()) << hangover;
    listener.Push(Loud(32000, 16000, 16000 + 150 * 16));
    ASSERT_EQ(listener.events().size(), 2u) << hangover;
    const EndpointerEvent& end = listener.events()[1];
    EXPECT_EQ(end.segment.begin, 48000 - 3200) << hangover;
    EXPECT_EQ(end.edge, 48000 + 150 * 16) << hangover;
    EXPECT_EQ(end.delay(), 8000) << hangover;
  }
}

struct SoundCase {
  std::string name;
  std::vector<int16_t> (*make)(size_t num_samples);
  // None of its frames may be speech.
  bool silent;
};

void PrintTo(const SoundCase& sound, std::ostream* out) { *out << sound.name; }

class SoundTest : public testing::TestWithParam<SoundCase> {};

INSTANTIATE_TEST_SUITE_P(
    Sounds, SoundTest,
    testing::ValuesIn(std::vector<SoundCase>{
        {"Silence", [](size_t n) { return std::vector<int16_t>(n, 0); }, true},
        {"DirectCurrent", [](size_t n) { return std::vector<int16_t>(n, 12000); }, true},
        {"LowestSample", [](size_t n) { return std::vector<int16_t>(n, -32768); }, true},
        {"SquareWaveAtFullScale",
         [](size_t n) {
           std::vector<int16_t> sound(n);
           for (size_t i = 0; i < n; ++i) sound[i] = i / 40 % 2 == 0 ? 32767 : -32768;
           return sound;
         },
         false},
        {"AlternatingSamplesAtFullScale",
         [](size_t n) {
           std::vector<int16_t> sound(n);
           for (size_t i = 0; i < n; ++i) sound[i] = i % 2 == 0 ? 32767 : -32768;
           return sound;
         },
         false},
        {"LoudNoise", [](size_t n) { return WhiteNoise(n, 30000, 1); }, false},
    }),
    [](const testing::TestParamInfo<SoundCase>& info) { return info.param.name; });

TEST_P(SoundTest, GivesProbabilitiesAndTurnsWithinIt) {
  for (const int rate_hz : {8000, 16000, 44100, 48000}) {
    const std::vector<int16_t> sound = GetParam().make(static_cast<size_t>(rate_hz) * 5);
    Listener listener(CreateNeural(rate_hz));
    listener.Push(sound);
    const Heard heard = listener.Flush();
    for (const uint32_t bits : heard.probability_bits) {
      const auto probability = std::bit_cast<float>(bits);
      ASSERT_TRUE(probability >= 0 && probability <= 1) << probability << " at " << rate_hz;
      if (GetParam().silent) {
        ASSERT_LT(probability, 0.5F) << rate_hz;
      }
    }
    for (const EndpointerEvent& event : listener.events()) {
      ASSERT_GE(event.position(), 0);
      ASSERT_LE(event.position(), sound.size());
      ASSERT_GE(event.decided, event.position());
      ASSERT_LE(event.decided, sound.size());
    }
    if (GetParam().silent) {
      EXPECT_TRUE(heard.events.empty()) << rate_hz;
    }
    EXPECT_FALSE(listener.segmenter().in_speech());
  }
}

TEST(SpeechSegmenterTest, AlmostNothing) {
  for (const int rate_hz : {8000, 16000, 48000}) {
    Listener listener(CreateNeural(rate_hz));
    listener.Push({});
    EXPECT_EQ(listener.Flush(), Heard{}) << rate_hz;
    listener.Push(std::vector<int16_t>{1234});
    const Heard heard = listener.Flush();
    EXPECT_EQ(heard.probability_bits.size(), 1u) << rate_hz;
    EXPECT_TRUE(heard.events.empty()) << rate_hz;
  }
}

TEST(SpeechSegmenterTest, EachProbabilityIsOfItsFrame) {
  const struct {
    const char* name;
    int look_ahead;
    size_t num_samples;
    size_t chunk;
    std::vector<float> expected;
  } cases[] = {
      {"at once", 0, 480, 480, {0.01F, 0.02F, 0.03F}},
      {"the last frame is completed", 0, 481, 100, {0.01F, 0.02F, 0.03F, 0.04F}},
      {"later by one", 1, 480, 7, {0.01F, 0.02F, 0.03F}},
      {"later by two", 2, 480, 480, {0.01F, 0.02F, 0.03F}},
      {"later than the sound is long", 9, 480, 160, {0.01F, 0.02F, 0.03F}},
      {"nothing", 3, 0, 1, {}},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    std::vector<int16_t> samples(test.num_samples);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<int16_t>(1 + i / 160);
    std::vector<uint32_t> expected;
    for (const float probability : test.expected) {
      expected.push_back(std::bit_cast<uint32_t>(probability));
    }
    Listener listener(Create(16000, std::make_unique<LateVad>(test.look_ahead)));
    // Twice, as after Flush it is as new.
    for (int round = 0; round < 2; ++round) {
      for (absl::Span<const int16_t> rest = samples; !rest.empty();) {
        const auto chunk = rest.first(std::min(rest.size(), test.chunk));
        rest.remove_prefix(chunk.size());
        listener.Push(chunk);
      }
      EXPECT_EQ(listener.Flush().probability_bits, expected);
    }
  }
}

TEST(SpeechSegmenterTest, AnyRateHasAHundredFramesASecond) {
  for (const int rate_hz : {8000, 11025, 16000, 44100, 48000}) {
    Listener listener(Create(rate_hz, std::make_unique<LateVad>(5)));
    listener.Push(std::vector<int16_t>(static_cast<size_t>(rate_hz) * 3));
    EXPECT_EQ(listener.Flush().probability_bits.size(), 300u) << rate_hz;
  }
}

TEST(SpeechSegmenterTest, RefusesWhatCannotBeUsed) {
  const auto create = [](std::unique_ptr<VoiceActivityDetector> vad, int rate_hz) {
    return SpeechSegmenter::Create(std::move(vad), At(rate_hz));
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(create(nullptr, 16000), StatusIs(kInvalid));
  EXPECT_THAT(create(std::make_unique<LoudnessVad>(16000), 1000), StatusIs(kInvalid));
  EXPECT_THAT(create(std::make_unique<LoudnessVad>(16000), 0), StatusIs(kInvalid));
  EXPECT_THAT(create(std::make_unique<LoudnessVad>(96000), 96000), StatusIs(kInvalid));
  SpeechSegmenter::Options options = At(8000);
  options.endpointer.threshold = 2;
  EXPECT_THAT(SpeechSegmenter::Create(std::make_unique<LoudnessVad>(16000), options),
              StatusIs(kInvalid));
}

// Each from the first sample on, through a turn and its end.
TEST_P(SegmenterRateTest, PushAllocatesNothing) {
  const std::vector<int16_t> sound = Utterance(GetParam());
  SpeechSegmenter segmenter = CreateNeural(GetParam());
  TurnObserver observer;
  EXPECT_EQ(perf::CountAllocations([&] {
              PushAll(segmenter, sound, 997);
              segmenter.Flush(observer);
            }),
            0);
}

// Memory for the beginning of a sound comes when there is one, and goes a second after its last.
TEST_P(SegmenterRateTest, WhatIsIdleIsSmall) {
  SpeechSegmenter::Options options = At(GetParam());
  options.gives_sound = true;
  options.small_when_idle = true;
  SpeechSegmenter segmenter = Create(*CreateNeuralVad(0), options);
  const auto second = static_cast<size_t>(GetParam());
  const std::vector<int16_t> silence(2 * second);
  const auto allocations = [&](const std::vector<int16_t>& sound) {
    return perf::CountAllocations([&] { PushAll(segmenter, sound, 997); });
  };
  EXPECT_EQ(allocations(silence), 0);
  EXPECT_GE(allocations(Utterance(GetParam())), 1);
  EXPECT_LE(allocations(silence), 1);
  EXPECT_EQ(allocations(silence), 0);
}

// What is kept is what is needed: the sound is the same, however little there is room for.
TEST_P(SegmenterRateTest, SmallWhenIdleGivesTheSameSound) {
  const auto heard = [&](bool small) {
    SpeechSegmenter::Options options = At(GetParam());
    options.gives_sound = true;
    options.small_when_idle = small;
    Listener listener(Create(*CreateNeuralVad(0), options));
    for (int i = 0; i < 3; ++i) {
      listener.Push(std::vector<int16_t>(static_cast<size_t>(GetParam()) * 3));
      listener.Push(Utterance(GetParam()));
    }
    return listener.Flush();
  };
  const Heard all = heard(false);
  const Heard small = heard(true);
  EXPECT_EQ(all.turns, small.turns);
  EXPECT_FALSE(all.turns.empty());
}

TEST_P(SegmenterRateTest, PushTakesNoLock) {
  if (!kCanSeeWarmPath) GTEST_SKIP() << "not with a sanitizer";
  const std::vector<int16_t> sound = Utterance(GetParam());
  SpeechSegmenter segmenter = CreateNeural(GetParam());
  TurnObserver observer;
  EXPECT_EQ(CountLocks([&] {
              PushAll(segmenter, sound, 997);
              segmenter.Flush(observer);
            }),
            0);
}

TEST_P(SegmenterRateTest, PushMakesNoSystemCall) {
  if (!kCanSeeWarmPath) GTEST_SKIP() << "not with a sanitizer";
  const std::vector<int16_t> sound = Utterance(GetParam());
  SpeechSegmenter segmenter = CreateNeural(GetParam());
  TurnObserver observer;
  EXPECT_EQ(FirstSystemCall([&] {
              PushAll(segmenter, sound, 997);
              segmenter.Flush(observer);
            }),
            kNoSystemCall);
}

// The three checks see what they are for.
TEST(SpeechSegmenterTest, AMisbehavingDetectorIsCaught) {
  using How = MisbehavingVad::How;
  const std::vector<int16_t> sound = Loud(16000, 0, 16000);
  for (const How how : {How::kAllocates, How::kLocks, How::kCalls}) {
    SpeechSegmenter segmenter = Create(16000, std::make_unique<MisbehavingVad>(how));
    const auto push = [&] { PushAll(segmenter, sound, 320); };
    EXPECT_EQ(perf::CountAllocations(push), how == How::kAllocates ? 100 : 0);
    if (!kCanSeeWarmPath) continue;
    EXPECT_EQ(CountLocks(push), how == How::kLocks ? 100 : 0);
    EXPECT_EQ(FirstSystemCall(push), how == How::kCalls ? SYS_getppid : kNoSystemCall);
  }
}

// What a stream occupies, its temporaries while it is made included; with sound, the pre-roll more.
TEST_P(SegmenterRateTest, AStreamIsSmall) {
  const auto bytes_of = [&](bool gives_sound) {
    SpeechSegmenter::Options options = At(GetParam());
    options.gives_sound = gives_sound;
    // The coefficients of a rate may be shared, and made by the first.
    const SpeechSegmenter first = Create(*CreateNeuralVad(0), options);
    const int64_t before = perf::ThreadAllocations().bytes;
    const SpeechSegmenter second = Create(*CreateNeuralVad(0), options);
    return perf::ThreadAllocations().bytes - before + static_cast<int64_t>(sizeof(SpeechSegmenter));
  };
  const int64_t bytes = bytes_of(false);
  RecordProperty("bytes_per_stream", absl::StrCat(bytes));
  EXPECT_LE(bytes, 20 << 10);
  EXPECT_LE(bytes_of(true), (20 << 10) + (40 << 10));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    defined(PERF_UNDEFINED_SANITIZER)
constexpr size_t kStreams = 500;
#else
constexpr size_t kStreams = 10000;
#endif

// One thread that serves all streams in turns, each a little further on, must give to each what it
// would get alone.
TEST(SpeechSegmenterTest, TenThousandInterleavedStreamsAreAsEachAlone) {
  struct Source {
    int rate_hz;
    size_t chunk;
    SpeechSegmenter (*create)(int rate_hz);
    std::vector<int16_t> sound;
    Heard alone;
  };
  constexpr size_t kSources = 36;
  // Half of them neural, of which some answer late.
  constexpr SpeechSegmenter (*kCreate[])(int) = {
      [](int rate_hz) { return CreateSoundless(rate_hz, *CreateNeuralVad(0)); },
      [](int rate_hz) { return CreateSoundless(rate_hz, CreateClassicVad()); },
      [](int rate_hz) { return CreateSoundless(rate_hz, *CreateNeuralVad(3)); },
      [](int rate_hz) { return CreateSoundless(rate_hz, CreateClassicVad()); }};
  const std::vector<std::string> recordings = SpeechRecordings();
  std::vector<Source> sources(kSources);
  size_t num_events = 0;
  for (size_t i = 0; i < kSources; ++i) {
    Source& source = sources[i];
    source.rate_hz = i % 6 == 0 ? 8000 : i % 6 == 1 ? 48000 : 16000;
    source.chunk = static_cast<size_t>(source.rate_hz / 50) - i % 3;
    source.create = kCreate[i % 4];
    const std::vector<int16_t> speech =
        RecordedSpeech(recordings[i % recordings.size()], source.rate_hz);
    const auto second = static_cast<size_t>(source.rate_hz);
    const size_t begin = i * second / 20;
    const auto take = std::min(2 * second, speech.size() - std::min(begin, speech.size() / 2));
    const size_t from = std::min(begin, speech.size() - take);
    source.sound.assign(speech.begin() + static_cast<ptrdiff_t>(from),
                        speech.begin() + static_cast<ptrdiff_t>(from + take));
    source.alone = HeardInChunks(source.create(source.rate_hz), source.sound, source.sound.size());
    num_events += source.alone.events.size();
  }
  EXPECT_GT(num_events, kSources);

  // A stream, which compares what it hears with what its source gives alone.
  struct Stream : public TurnObserver {
    Stream(const Source& stream_source, SpeechSegmenter stream_segmenter)
        : source(&stream_source), segmenter(std::move(stream_segmenter)) {}
    void OnTurnBegin(const EndpointerEvent& start) override { Compare(start); }
    void OnTurnEnd(const EndpointerEvent& end) override { Compare(end); }
    void Compare(const EndpointerEvent& event) {
      same = same && num_events < source->alone.events.size() &&
             source->alone.events[num_events] == Text(event);
      ++num_events;
    }
    void OnProbability(float probability) override {
      same = same && num_frames < source->alone.probability_bits.size() &&
             source->alone.probability_bits[num_frames] == std::bit_cast<uint32_t>(probability);
      ++num_frames;
    }

    const Source* source;
    SpeechSegmenter segmenter;
    size_t place = 0;
    size_t num_frames = 0;
    size_t num_events = 0;
    bool same = true;
  };
  std::vector<Stream> streams;
  streams.reserve(kStreams);
  for (size_t i = 0; i < kStreams; ++i) {
    const Source& source = sources[i % kSources];
    streams.emplace_back(source, source.create(source.rate_hz));
  }
  size_t num_left = kStreams;
  for (size_t round = 0; num_left > 0; ++round) {
    num_left = 0;
    for (size_t i = 0; i < kStreams; ++i) {
      Stream& stream = streams[i];
      const Source& source = *stream.source;
      // They begin at different times.
      if (round < i % 7 || stream.place > source.sound.size()) continue;
      ++num_left;
      if (stream.place == source.sound.size()) {
        stream.segmenter.Flush(stream);
        ++stream.place;
        continue;
      }
      const auto chunk = absl::MakeConstSpan(source.sound).subspan(stream.place, source.chunk);
      stream.place += chunk.size();
      stream.segmenter.Push(chunk, stream);
    }
    // All of them wait at first.
    if (round < 7) num_left = kStreams;
  }
  for (size_t i = 0; i < kStreams; ++i) {
    ASSERT_TRUE(streams[i].same) << i;
    ASSERT_EQ(streams[i].num_frames, streams[i].source->alone.probability_bits.size()) << i;
    ASSERT_EQ(streams[i].num_events, streams[i].source->alone.events.size()) << i;
  }
}

// Hears a stream of loud sound, and changes it on the way.
class Preparing : public TurnObserver {
 public:
  // What part of the sound is left.
  explicit Preparing(int16_t divisor) : divisor_(divisor) {}
  void PrepareFrame(absl::Span<int16_t> frame) override {
    for (int16_t& sample : frame) sample = static_cast<int16_t>(sample / divisor_);
  }
  void OnTurnBegin(const EndpointerEvent&) override { ++num_turns; }
  void OnTurnSound(absl::Span<const int16_t> samples) override {
    for (const int16_t sample : samples) loudest = std::max(loudest, sample);
  }

  int num_turns = 0;
  int16_t loudest = 0;

 private:
  const int16_t divisor_;
};

void HearLoudSound(Preparing& observer) {
  auto segmenter = SpeechSegmenter::Create(std::make_unique<LoudnessVad>(16000),
                                           {.input_sample_rate_hz = 16000, .gives_sound = true});
  ASSERT_THAT(segmenter, IsOk());
  segmenter->Push(std::vector<int16_t>(16000, 6000), observer);
}

TEST(SpeechSegmenterTest, WhatIsTakenOutOfAFrameIsHeardByNobody) {
  Preparing half(2);
  HearLoudSound(half);
  EXPECT_EQ(half.num_turns, 1);
  EXPECT_EQ(half.loudest, 3000) << "also in what was heard before the turn was known";
  Preparing tenth(10);
  HearLoudSound(tenth);
  EXPECT_EQ(tenth.num_turns, 0) << "the detector hears what is left";
}

}  // namespace
}  // namespace parlance::audio

#include "audio/evaluation/listening.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/detectors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A recording in memory, read in pieces of a size; at its end an error, if there is one.
class MemorySound : public SoundReader {
 public:
  MemorySound(std::vector<int16_t> samples, int sample_rate_hz, size_t piece = 1000,
              absl::Status end = absl::OkStatus())
      : samples_(std::move(samples)),
        sample_rate_hz_(sample_rate_hz),
        piece_(piece),
        end_(std::move(end)) {}
  int sample_rate_hz() const override { return sample_rate_hz_; }
  int num_channels() const override { return 1; }
  absl::StatusOr<size_t> Read(absl::Span<int16_t> samples) override {
    const size_t count = std::min({samples.size(), piece_, samples_.size() - place_});
    if (count == 0 && !end_.ok()) return end_;
    std::copy_n(samples_.begin() + static_cast<ptrdiff_t>(place_), count, samples.begin());
    place_ += count;
    return count;
  }

 private:
  const std::vector<int16_t> samples_;
  const int sample_rate_hz_;
  const size_t piece_;
  const absl::Status end_;
  size_t place_ = 0;
};

std::vector<int16_t> Prose(int sample_rate_hz) {
  std::vector<int16_t> sound = RecordedSpeech(
      "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav", sample_rate_hz);
  sound.resize(sound.size() + static_cast<size_t>(sample_rate_hz), 0);
  const std::vector<int16_t> command = RecordedSpeech("pocketsphinx/goforward.raw", sample_rate_hz);
  sound.insert(sound.end(), command.begin(), command.end());
  return sound;
}

ListeningOptions Options(int look_ahead_frames = 0) {
  ListeningOptions options;
  options.detector = "neural";
  options.look_ahead_frames = look_ahead_frames;
  options.endpointer.min_endpointing_delay = absl::Milliseconds(300);
  options.endpointer.max_endpointing_delay = absl::Milliseconds(300);
  return options;
}

absl::StatusOr<Heard> ListenTo(SoundReader& sound, const ListeningOptions& options) {
  return Listen(
      sound, options, [](float) {}, [](const Heard&) { return absl::OkStatus(); });
}

// What a SpeechSegmenter, which an agent hears by, gives of the same sound.
class Agent : public TurnObserver {
 public:
  Agent(absl::Span<const int16_t> samples, int sample_rate_hz, int look_ahead_frames)
      : sample_rate_hz_(sample_rate_hz) {
    auto segmenter = SpeechSegmenter::Create(*CreateDetector("neural", look_ahead_frames),
                                             {.input_sample_rate_hz = sample_rate_hz,
                                              .endpointer = Options().endpointer,
                                              .gives_sound = false});
    EXPECT_THAT(segmenter, IsOk());
    segmenter->Push(samples, *this);
    segmenter->Flush(*this);
  }
  void OnTurnEnd(const EndpointerEvent& end) override {
    segments.push_back({static_cast<double>(end.segment.begin) / sample_rate_hz_,
                        static_cast<double>(end.segment.end) / sample_rate_hz_});
  }
  void OnProbability(float probability) override { probabilities.push_back(probability); }

  std::vector<TimeSpan> segments;
  std::vector<float> probabilities;

 private:
  const int sample_rate_hz_;
};

TEST(ListeningTest, HearsAsAnAgentDoes) {
  for (const int rate_hz : {8000, 11025, 16000, 48000}) {
    for (const int look_ahead : {0, 5}) {
      const std::vector<int16_t> prose = Prose(rate_hz);
      const Agent agent(prose, rate_hz, look_ahead);
      MemorySound sound(prose, rate_hz);
      ListeningOptions options = Options(look_ahead);
      options.keeps_probabilities = true;
      std::vector<float> probabilities;
      const absl::StatusOr<Heard> heard = Listen(
          sound, options, [&](float probability) { probabilities.push_back(probability); },
          [](const Heard&) { return absl::OkStatus(); });
      ASSERT_THAT(heard, IsOk());
      EXPECT_EQ(heard->num_samples, prose.size());
      EXPECT_EQ(heard->sample_rate_hz, rate_hz);
      EXPECT_THAT(heard->probabilities, SizeIs((prose.size() * 100 + rate_hz - 1) / rate_hz));
      EXPECT_EQ(heard->probabilities, agent.probabilities);
      EXPECT_EQ(heard->probabilities, probabilities);
      ASSERT_THAT(heard->segments, SizeIs(agent.segments.size()));
      EXPECT_THAT(heard->segments, SizeIs(testing::Ge(2u)));
      for (size_t i = 0; i < heard->segments.size(); ++i) {
        EXPECT_EQ(heard->segments[i].begin_s, agent.segments[i].begin_s);
        EXPECT_EQ(heard->segments[i].end_s, agent.segments[i].end_s);
        EXPECT_LE(heard->segments[i].end_s, heard->seconds());
      }
    }
  }
}

TEST(ListeningTest, KeepsWhatIsAskedFor) {
  const std::vector<int16_t> prose = Prose(16000);
  for (const bool keeps : {false, true}) {
    ListeningOptions options = Options();
    options.keeps_probabilities = keeps;
    options.keeps_envelope = keeps;
    MemorySound sound(prose, 16000);
    const absl::StatusOr<Heard> heard = ListenTo(sound, options);
    ASSERT_THAT(heard, IsOk());
    EXPECT_EQ(heard->probabilities.empty(), !keeps);
    EXPECT_EQ(heard->envelope.num_samples(), keeps ? heard->num_samples : 0);
  }
}

TEST(ListeningTest, TellsTheLevel) {
  const struct {
    int16_t low;
    int16_t high;
    float peak_dbfs;
    int64_t num_clipped;
  } cases[] = {{0, 0, -128, 0}, {-3277, 3277, -20, 0}, {-32768, 32767, 0, 16000}};
  for (const auto& test : cases) {
    std::vector<int16_t> square(16000, test.low);
    for (size_t i = 0; i < square.size(); ++i) {
      if (i / 40 % 2 == 0) square[i] = test.high;
    }
    // Pieces of any size give the same.
    for (const size_t piece : {1u, 999u, 8192u}) {
      MemorySound sound(square, 16000, piece);
      const absl::StatusOr<Heard> heard = ListenTo(sound, Options());
      ASSERT_THAT(heard, IsOk());
      EXPECT_NEAR(heard->peak_dbfs, test.peak_dbfs, 0.01);
      EXPECT_EQ(heard->num_clipped, test.num_clipped);
    }
  }
}

TEST(ListeningTest, NothingIsNoError) {
  MemorySound sound({}, 16000);
  const absl::StatusOr<Heard> heard = ListenTo(sound, Options(3));
  ASSERT_THAT(heard, IsOk());
  EXPECT_EQ(heard->num_samples, 0);
  EXPECT_THAT(heard->segments, IsEmpty());
}

TEST(ListeningTest, ReturnsErrors) {
  ListeningOptions options = Options();
  options.detector = "oracle";
  MemorySound sound(Prose(16000), 16000);
  EXPECT_THAT(ListenTo(sound, options), StatusIs(absl::StatusCode::kNotFound));
  options = Options();
  options.endpointer.threshold = 2;
  EXPECT_THAT(ListenTo(sound, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("threshold")));
  MemorySound broken(Prose(16000), 16000, 1000, absl::DataLossError("torn"));
  EXPECT_THAT(ListenTo(broken, Options()), StatusIs(absl::StatusCode::kDataLoss, "torn"));
  MemorySound fast({1, 2, 3}, 96000);
  EXPECT_THAT(ListenTo(fast, Options()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ListeningTest, StopsWhenItIsTold) {
  MemorySound sound(Prose(16000), 16000);
  int num_pieces = 0;
  EXPECT_THAT(Listen(
                  sound, Options(), [](float) {},
                  [&](const Heard& so_far) {
                    EXPECT_EQ(so_far.num_samples, 1000 * ++num_pieces);
                    return num_pieces == 3 ? absl::UnavailableError("enough") : absl::OkStatus();
                  }),
              StatusIs(absl::StatusCode::kUnavailable, "enough"));
  EXPECT_EQ(num_pieces, 3);
}

}  // namespace
}  // namespace parlance::audio

// The detectors by their names, and each probability at its frame.
#include "audio/vad/detectors.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/vad/probability_stream.h"
#include "audio/vad/vad.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

TEST(DetectorsTest, AllCanBeMadeAndHear) {
  ASSERT_FALSE(Detectors().empty());
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", 16000);
  for (const DetectorInfo& info : Detectors()) {
    SCOPED_TRACE(std::string(info.name));
    for (const int look_ahead : {0, info.max_look_ahead_frames}) {
      auto detector = CreateDetector(info.name, look_ahead);
      ASSERT_TRUE(detector.ok()) << detector.status();
      EXPECT_EQ((*detector)->sample_rate_hz(), 16000);
      EXPECT_EQ((*detector)->look_ahead_frames(), look_ahead);
      auto stream = ProbabilityStream::Create(*std::move(detector), 16000);
      ASSERT_TRUE(stream.ok()) << stream.status();
      size_t num_frames = 0;
      int num_speech = 0;
      const auto count = [&](float probability) {
        EXPECT_TRUE(probability >= 0 && probability <= 1) << probability;
        ++num_frames;
        num_speech += probability >= 0.5F;
      };
      stream->Push(speech, count);
      stream->Flush(count);
      EXPECT_EQ(num_frames, (speech.size() + 159) / 160);
      EXPECT_GT(num_speech, 50);
    }
  }
}

TEST(DetectorsTest, RefusesOtherNamesAndLookAheads) {
  const auto unknown = CreateDetector("oracle");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(unknown.status().message(),
                                "there is no detector 'oracle'; there are neural, classic, "))
      << unknown.status();
  for (const DetectorInfo& info : Detectors()) {
    for (const int look_ahead : {-1, info.max_look_ahead_frames + 1}) {
      EXPECT_EQ(CreateDetector(info.name, look_ahead).status().code(),
                absl::StatusCode::kInvalidArgument)
          << info.name << " " << look_ahead;
    }
  }
}

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

TEST(ProbabilityStreamTest, EachProbabilityIsOfItsFrame) {
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
    auto stream = ProbabilityStream::Create(std::make_unique<LateVad>(test.look_ahead), 16000);
    ASSERT_TRUE(stream.ok()) << stream.status();
    // Twice, as after Flush it is as new.
    for (int round = 0; round < 2; ++round) {
      std::vector<float> probabilities;
      const auto add = [&](float probability) { probabilities.push_back(probability); };
      for (absl::Span<const int16_t> rest = samples; !rest.empty();) {
        const auto chunk = rest.first(std::min(rest.size(), test.chunk));
        rest.remove_prefix(chunk.size());
        stream->Push(chunk, add);
      }
      stream->Flush(add);
      EXPECT_EQ(probabilities, test.expected);
    }
  }
}

TEST(ProbabilityStreamTest, AnyRateHasAHundredFramesASecond) {
  for (const int rate_hz : {8000, 11025, 16000, 44100, 48000}) {
    auto stream = ProbabilityStream::Create(std::make_unique<LateVad>(5), rate_hz);
    ASSERT_TRUE(stream.ok()) << stream.status();
    int num_frames = 0;
    const auto count = [&](float) { ++num_frames; };
    stream->Push(std::vector<int16_t>(static_cast<size_t>(rate_hz) * 3), count);
    stream->Flush(count);
    EXPECT_EQ(num_frames, 300) << rate_hz;
  }
  EXPECT_FALSE(ProbabilityStream::Create(std::make_unique<LateVad>(0), 96000).ok());
  EXPECT_FALSE(ProbabilityStream::Create(nullptr, 16000).ok());
}

}  // namespace
}  // namespace parlance::audio

#include "audio/vad/detectors.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

TEST(DetectorsTest, AllCanBeMadeAndHear) {
  ASSERT_FALSE(Detectors().empty());
  const std::vector<int16_t> speech = RecordedSpeech("pocketsphinx/goforward.raw", 16000);
  for (const DetectorInfo& info : Detectors()) {
    SCOPED_TRACE(std::string(info.name));
    for (const int look_ahead : {0, info.max_look_ahead_frames}) {
      auto detector = CreateDetector(info.name, look_ahead);
      ASSERT_THAT(detector, IsOk());
      EXPECT_EQ((*detector)->sample_rate_hz(), 16000);
      EXPECT_EQ((*detector)->look_ahead_frames(), look_ahead);
      auto segmenter = SpeechSegmenter::Create(*std::move(detector), {});
      ASSERT_THAT(segmenter, IsOk());
      class Count : public TurnObserver {
       public:
        void OnProbability(float probability) override {
          EXPECT_TRUE(probability >= 0 && probability <= 1) << probability;
          ++num_frames;
          num_speech += probability >= 0.5F;
        }
        size_t num_frames = 0;
        int num_speech = 0;
      } count;
      segmenter->Push(speech, count);
      segmenter->Flush(count);
      EXPECT_EQ(count.num_frames, (speech.size() + 159) / 160);
      EXPECT_GT(count.num_speech, 50);
    }
  }
}

TEST(DetectorsTest, RefusesOtherNamesAndLookAheads) {
  const auto unknown = CreateDetector("oracle");
  EXPECT_THAT(unknown,
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("there is no detector 'oracle'; there are neural, classic, ")));
  for (const DetectorInfo& info : Detectors()) {
    for (const int look_ahead : {-1, info.max_look_ahead_frames + 1}) {
      EXPECT_THAT(CreateDetector(info.name, look_ahead),
                  StatusIs(absl::StatusCode::kInvalidArgument))
          << info.name << " " << look_ahead;
    }
  }
}

}  // namespace
}  // namespace parlance::audio

// The declarations that the package lacks, held against the library, and what it then hears.
#include "audio/vad/webrtc_vad.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

struct Heard {
  int num_frames = 0;
  int num_speech = 0;
};

Heard Listen(VoiceActivityDetector& vad, absl::Span<const int16_t> samples) {
  Heard heard;
  const size_t frame = vad.frame_samples();
  for (size_t i = 0; i + frame <= samples.size(); i += frame, ++heard.num_frames) {
    const float probability = vad.Process(samples.subspan(i, frame));
    EXPECT_TRUE(probability == 0 || probability == 1) << probability;
    heard.num_speech += probability == 1;
  }
  return heard;
}

TEST(WebRtcVadTest, HearsSpeechAndNotSilenceAtBothRates) {
  for (const int rate_hz : {8000, 16000}) {
    SCOPED_TRACE(rate_hz);
    const auto vad = CreateWebRtcVad(rate_hz);
    ASSERT_THAT(vad, IsOk());
    const Heard prose = Listen(
        **vad, RecordedSpeech("pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav",
                              rate_hz));
    EXPECT_GT(prose.num_speech, prose.num_frames * 6 / 10);
    EXPECT_LT(prose.num_speech, prose.num_frames);
    (*vad)->Reset();
    const Heard silence = Listen(**vad, std::vector<int16_t>(static_cast<size_t>(rate_hz)));
    EXPECT_EQ(silence.num_speech, 0);
  }
}

TEST(WebRtcVadTest, AHigherModeHearsLess) {
  std::vector<int16_t> sound;
  for (const std::string& name : SpeechRecordings()) {
    const std::vector<int16_t> speech = RecordedSpeech(name, 16000);
    sound.insert(sound.end(), speech.begin(), speech.end());
  }
  sound = Mix(sound, WhiteNoise(sound.size(), 300, 1));
  int before = 1 << 30;
  for (int mode = 0; mode <= 3; ++mode) {
    const auto vad = CreateWebRtcVad(16000, mode);
    ASSERT_THAT(vad, IsOk());
    const int num_speech = Listen(**vad, sound).num_speech;
    EXPECT_GT(num_speech, 0) << mode;
    EXPECT_LT(num_speech, before) << mode;
    before = num_speech;
  }
}

TEST(WebRtcVadTest, AfterResetItIsAsNewInItsMode) {
  const std::vector<int16_t> sound = RecordedSpeech("pocketsphinx/numbers.raw", 16000);
  const auto vad = CreateWebRtcVad(16000, 3);
  ASSERT_THAT(vad, IsOk());
  const int first = Listen(**vad, sound).num_speech;
  (*vad)->Reset();
  EXPECT_EQ(Listen(**vad, sound).num_speech, first);
}

TEST(WebRtcVadTest, AllocatesNothingInProcess) {
  const std::vector<int16_t> sound = WhiteNoise(16000, 3000, 2);
  const auto vad = CreateWebRtcVad(16000);
  ASSERT_THAT(vad, IsOk());
  Listen(**vad, sound);
  EXPECT_EQ(perf::CountAllocations([&] { Listen(**vad, sound); }), 0);
}

TEST(WebRtcVadTest, RefusesOtherRatesAndModes) {
  EXPECT_THAT(CreateWebRtcVad(44100), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CreateWebRtcVad(32000), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CreateWebRtcVad(16000, -1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CreateWebRtcVad(16000, 4), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parlance::audio

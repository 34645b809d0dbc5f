#include "pipeline/runtime/load/rounds.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

using testing::Each;
using testing::Le;
using testing::SizeIs;

// A second of a loud wave, and then half a second of what voices end with.
std::vector<int16_t> Utterance() {
  std::vector<int16_t> samples(8000);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = i / 10 % 2 == 0 ? 8000 : -8000;
  samples.resize(12000, 20);
  return samples;
}

TEST(RoundsTest, SpeechIsItsPartOfTheTime) {
  const std::vector<std::vector<int16_t>> utterances = {Utterance()};
  const std::vector<Round> rounds = MakeRounds(utterances, 0.3, 8000, 1);
  ASSERT_THAT(rounds, SizeIs(1));
  EXPECT_EQ(rounds[0].samples.size(), 40000);
}

TEST(RoundsTest, SpeechEndsBeforeTheSilenceOfTheVoice) {
  const std::vector<std::vector<int16_t>> utterances = {Utterance()};
  EXPECT_EQ(MakeRounds(utterances, 0.3, 8000, 1)[0].speech_end, 8000);
}

TEST(RoundsTest, TheAnswerFitsInHoweverMuchIsSpoken) {
  const std::vector<std::vector<int16_t>> utterances = {std::vector<int16_t>(90, 5000)};
  const std::vector<Round> rounds = MakeRounds(utterances, 0.6, 8000, 1);
  // 1.2 s of silence, in whole frames.
  EXPECT_EQ(rounds[0].samples.size(), 9760);
  EXPECT_EQ(rounds[0].speech_end, 90);
}

TEST(RoundsTest, NobodySpeaks) {
  const std::vector<std::vector<int16_t>> utterances = {Utterance()};
  for (const auto& rounds : {MakeRounds(utterances, 0, 24000, 1), MakeRounds({}, 0.3, 24000, 1)}) {
    ASSERT_THAT(rounds, SizeIs(1));
    EXPECT_EQ(rounds[0].samples.size(), 240000);
    EXPECT_EQ(rounds[0].speech_end, 0);
    EXPECT_THAT(rounds[0].samples, Each(Le(4)));
  }
}

TEST(RoundsTest, TheSameSeedIsTheSameNoise) {
  const std::vector<std::vector<int16_t>> utterances = {Utterance()};
  EXPECT_EQ(MakeRounds(utterances, 0.3, 8000, 1)[0].samples,
            MakeRounds(utterances, 0.3, 8000, 1)[0].samples);
  EXPECT_NE(MakeRounds(utterances, 0.3, 8000, 1)[0].samples,
            MakeRounds(utterances, 0.3, 8000, 2)[0].samples);
}

}  // namespace
}  // namespace parlance::pipeline

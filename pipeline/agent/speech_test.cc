// What the recogniser makes of the requests of the table, recorded and synthesised, and of all
// else.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audio/sound_file/testing/sounds.h"
#include "gtest/gtest.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;

constexpr int kSampleRateHz = 16000;

std::vector<int16_t> Say(const std::string& voice, const std::string& text) {
  auto synthesizer = CreateFliteSynthesizer(voice);
  EXPECT_THAT(synthesizer, IsOk());
  std::vector<int16_t> speech;
  const absl::Status said = (*synthesizer)->Synthesize(text, [&](const SpeechChunk& chunk) {
    speech.insert(speech.end(), chunk.samples.begin(), chunk.samples.end());
    return true;
  });
  EXPECT_THAT(said, IsOk());
  return speech;
}

// One recogniser for all tests, as one conversation would have.
class SpeechTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rules_ = new RuleSet(*DemoRules());
    auto created = CreatePocketSphinxRecognizer(rules_->grammar(), {});
    ASSERT_THAT(created, IsOk());
    recognizer_ = created->release();
  }
  static void TearDownTestSuite() {
    delete recognizer_;
    delete rules_;
  }

  static Hypothesis Hear(absl::Span<const int16_t> samples, size_t chunk = 320) {
    EXPECT_THAT(recognizer_->Start(), IsOk());
    while (!samples.empty()) {
      const auto now = samples.first(std::min(chunk, samples.size()));
      EXPECT_THAT(recognizer_->Process(now), IsOk());
      samples.remove_prefix(now.size());
    }
    const auto hypothesis = recognizer_->Finish();
    EXPECT_THAT(hypothesis, IsOk());
    return *hypothesis;
  }

  static RuleSet* rules_;
  static Recognizer* recognizer_;
};

RuleSet* SpeechTest::rules_ = nullptr;
Recognizer* SpeechTest::recognizer_ = nullptr;

TEST_F(SpeechTest, UnderstandsRecordedCommands) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"pocketsphinx/goforward.raw", "go forward ten meters"},
      {"pocketsphinx/cards/001.wav", "ten of clubs"},
      {"pocketsphinx/cards/003.wav", "seven of clubs"},
      {"pocketsphinx/cards/005.wav", "eight of spades four of clubs seven of hearts"},
  };
  for (const auto& [name, text] : cases) {
    const Hypothesis hypothesis = Hear(audio::RecordedSpeech(name, kSampleRateHz));
    EXPECT_EQ(hypothesis.text, text) << name;
    EXPECT_FALSE(hypothesis.rejected) << name << " " << hypothesis.confidence;
  }
}

TEST_F(SpeechTest, UnderstandsSynthesisedRequests) {
  for (const char* voice : {"kal16", "slt"}) {
    for (const char* text :
         {"what time is it in tokyo", "convert ten miles to kilometers",
          "what is twelve times seven", "set a timer for five minutes", "list my timers",
          "take a note buy milk", "read my notes", "what did i say about milk"}) {
      const Hypothesis hypothesis = Hear(Say(voice, text));
      EXPECT_EQ(hypothesis.text, text) << voice;
      EXPECT_FALSE(hypothesis.rejected) << voice << ": " << text << " " << hypothesis.confidence;
    }
  }
}

TEST_F(SpeechTest, RejectsProse) {
  for (const char* number : {"0870", "0880", "0890", "0920", "0930"}) {
    const std::string name =
        absl::StrCat("pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-", number, ".wav");
    EXPECT_TRUE(Hear(audio::RecordedSpeech(name, kSampleRateHz)).rejected) << name;
  }
}

TEST_F(SpeechTest, RejectsOtherSpeech) {
  for (const char* name :
       {"pocketsphinx/something.raw", "pocketsphinx/numbers.raw", "asterisk/vm-goodbye.wav",
        "asterisk/vm-options.wav", "asterisk/conf-getpin.wav", "asterisk/demo-congrats.wav"}) {
    const Hypothesis hypothesis = Hear(audio::RecordedSpeech(name, kSampleRateHz));
    EXPECT_TRUE(hypothesis.rejected)
        << name << ": " << hypothesis.text << " " << hypothesis.confidence;
  }
  EXPECT_TRUE(Hear(Say("slt", "my favourite colour is blue and I like trains")).rejected);
}

TEST_F(SpeechTest, RejectsNoise) {
  EXPECT_TRUE(Hear(audio::WhiteNoise(32000, 1000, 1)).rejected);
  EXPECT_TRUE(Hear(audio::Hum(32000, kSampleRateHz, 100, 3000)).rejected);
  EXPECT_TRUE(Hear(std::vector<int16_t>(16000, 0)).rejected);
  EXPECT_TRUE(Hear({}).rejected);
}

}  // namespace
}  // namespace parlance::pipeline

// What any use of the recogniser may rely on, with a grammar of its own. That it understands the
// agent's requests and rejects all else is in pipeline/agent/speech_test.cc.
#include "pipeline/speech/pocketsphinx_recognizer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/speech/flite_synthesizer.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/spoken_number.h"
#include "pipeline/speech/synthesizer.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr int kSampleRateHz = 16000;
constexpr size_t kSamplesPer100Ms = 1600;
constexpr auto kOutOfOrder = absl::StatusCode::kFailedPrecondition;

Grammar Requests() {
  auto grammar = Grammar::Create({{"time", "what time is it [in <city>]"},
                                  {"sum", "what is <number> (plus | minus | times) <number>"},
                                  {"timer", "set a timer for <number> [minutes]"},
                                  {"move", "go (forward | backward) <number> meters"}},
                                 [] {
                                   std::vector<GrammarRule> rules = NumberRules();
                                   rules.push_back({"city", "tokyo | new york"});
                                   return rules;
                                 }());
  EXPECT_THAT(grammar, IsOk());
  return *std::move(grammar);
}

std::vector<int16_t> Say(const std::string& text) {
  auto synthesizer = CreateFliteSynthesizer("kal16");
  EXPECT_THAT(synthesizer, IsOk());
  std::vector<int16_t> speech;
  EXPECT_THAT((*synthesizer)
                  ->Synthesize(text,
                               [&](const SpeechChunk& chunk) {
                                 speech.insert(speech.end(), chunk.samples.begin(),
                                               chunk.samples.end());
                                 return true;
                               }),
              IsOk());
  return speech;
}

std::string Shown(const Hypothesis& hypothesis) {
  return absl::StrCat(hypothesis.text, hypothesis.rejected ? " (rejected) " : " ",
                      hypothesis.confidence);
}

// One recogniser for all tests, as in a pool.
class PocketSphinxRecognizerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto created = CreatePocketSphinxRecognizer(Requests(), {});
    ASSERT_THAT(created, IsOk());
    recognizer_ = created->release();
  }
  static void TearDownTestSuite() { delete recognizer_; }
  void SetUp() override { recognizer_->ForgetSpeaker(); }

  static void Begin(absl::Span<const int16_t> samples, size_t chunk = 320) {
    EXPECT_THAT(recognizer_->Start(), IsOk());
    while (!samples.empty()) {
      const auto now = samples.first(std::min(chunk, samples.size()));
      EXPECT_THAT(recognizer_->Process(now), IsOk());
      samples.remove_prefix(now.size());
    }
  }

  static Hypothesis Hear(absl::Span<const int16_t> samples, size_t chunk = 320) {
    Begin(samples, chunk);
    const auto hypothesis = recognizer_->Finish();
    EXPECT_THAT(hypothesis, IsOk());
    return *hypothesis;
  }

  static Recognizer* recognizer_;
};

Recognizer* PocketSphinxRecognizerTest::recognizer_ = nullptr;

TEST_F(PocketSphinxRecognizerTest, ChunksOfAnySizeWillDo) {
  const std::vector<int16_t> speech =
      audio::RecordedSpeech("pocketsphinx/goforward.raw", kSampleRateHz);
  for (const size_t chunk : {size_t{37}, size_t{1600}, speech.size()}) {
    EXPECT_EQ(Hear(speech, chunk).text, "go forward ten meters") << chunk;
  }
}

// A recorded request in noise, in which the phones win.
std::vector<int16_t> NoisyRequest() {
  const std::vector<int16_t> speech =
      audio::RecordedSpeech("pocketsphinx/goforward.raw", kSampleRateHz);
  return audio::Mix(speech, audio::WhiteNoise(speech.size(), audio::Level(speech) / 3, 1));
}

TEST_F(PocketSphinxRecognizerTest, ClearSpeechInNoiseWasNotUnderstood) {
  const std::vector<int16_t> speech = NoisyRequest();
  for (const size_t chunk : {size_t{37}, size_t{1600}, speech.size()}) {
    recognizer_->ForgetSpeaker();
    const Hypothesis hypothesis = Hear(speech, chunk);
    EXPECT_EQ(hypothesis.text, "go forward ten meters") << chunk;
    EXPECT_FALSE(hypothesis.rejected) << chunk << " " << hypothesis.confidence;
  }
}

TEST_F(PocketSphinxRecognizerTest, HearsThePhonesAgainAfterASecondHearing) {
  Hear(NoisyRequest());
  Begin(Say("i like trains and a blue sky"));
  const auto partial = recognizer_->Partial();
  ASSERT_THAT(partial, IsOk());
  EXPECT_EQ(partial->text, "");
  const auto hypothesis = recognizer_->Finish();
  ASSERT_THAT(hypothesis, IsOk());
  EXPECT_TRUE(hypothesis->rejected) << Shown(*hypothesis);
}

// Whoever waits for it would wait for too long.
TEST_F(PocketSphinxRecognizerTest, HearsNothingLongTwice) {
  std::vector<int16_t> speech = NoisyRequest();
  const std::vector<int16_t> noise = audio::WhiteNoise(10 * kSampleRateHz, 30, 2);
  speech.insert(speech.end(), noise.begin(), noise.end());
  EXPECT_TRUE(Hear(speech).rejected);
}

TEST_F(PocketSphinxRecognizerTest, NoSpeechIsNoRequest) {
  const std::vector<int16_t> silence(2 * kSampleRateHz);
  struct Case {
    const char* name = "";
    absl::Span<const int16_t> sound;
  };
  const std::vector<int16_t> noise = audio::WhiteNoise(2 * kSampleRateHz, 1000, 3);
  for (const Case& c : {Case{"nothing", {}}, Case{"a sample", absl::MakeConstSpan(noise).first(1)},
                        Case{"a frame", absl::MakeConstSpan(noise).first(400)},
                        Case{"silence", silence}, Case{"noise", noise}}) {
    recognizer_->ForgetSpeaker();
    EXPECT_TRUE(Hear(c.sound).rejected) << c.name;
  }
}

TEST_F(PocketSphinxRecognizerTest, CallsOutOfOrderAreErrors) {
  EXPECT_THAT(recognizer_->Finish(), StatusIs(kOutOfOrder));
  EXPECT_THAT(recognizer_->Process({}), StatusIs(kOutOfOrder));
  EXPECT_THAT(recognizer_->Partial(), StatusIs(kOutOfOrder));
  ASSERT_THAT(recognizer_->Start(), IsOk());
  EXPECT_THAT(recognizer_->Start(), StatusIs(kOutOfOrder));
  EXPECT_THAT(recognizer_->Finish(), IsOk());
  EXPECT_THAT(recognizer_->Partial(), StatusIs(kOutOfOrder));
}

TEST_F(PocketSphinxRecognizerTest, TellsWhatWasSaidSoFar) {
  const Grammar grammar = Requests();
  std::vector<int16_t> speech = Say("set a timer for twenty five minutes");
  speech.resize(speech.size() + 3 * kSamplesPer100Ms);
  ASSERT_THAT(recognizer_->Start(), IsOk());
  const auto nothing = recognizer_->Partial();
  ASSERT_THAT(nothing, IsOk());
  EXPECT_EQ(nothing->text, "");
  EXPECT_TRUE(nothing->rejected);
  std::vector<std::string> texts;
  absl::Span<const int16_t> rest = speech;
  while (!rest.empty()) {
    const auto now = rest.first(std::min(kSamplesPer100Ms, rest.size()));
    ASSERT_THAT(recognizer_->Process(now), IsOk());
    rest.remove_prefix(now.size());
    const auto partial = recognizer_->Partial();
    ASSERT_THAT(partial, IsOk());
    EXPECT_THAT(partial->text, testing::Not(HasSubstr("phone_")));
    if (texts.empty() || texts.back() != partial->text) texts.push_back(partial->text);
  }
  // What a sentence may go on from is told apart while it is said.
  EXPECT_THAT(texts, testing::Contains("set a timer"));
  EXPECT_THAT(texts, testing::Contains("set a timer for twenty"));
  EXPECT_EQ(texts.back(), "set a timer for twenty five minutes");
  const auto hypothesis = recognizer_->Finish();
  ASSERT_THAT(hypothesis, IsOk());
  EXPECT_EQ(hypothesis->text, texts.back());
}

TEST_F(PocketSphinxRecognizerTest, AskingOnTheWayChangesNothing) {
  for (const char* text : {"what is twelve times seven", "set a timer for five", "hello there"}) {
    const std::vector<int16_t> speech = Say(text);
    recognizer_->ForgetSpeaker();
    const Hypothesis unasked = Hear(speech);
    recognizer_->ForgetSpeaker();
    ASSERT_THAT(recognizer_->Start(), IsOk());
    for (absl::Span<const int16_t> rest = speech; !rest.empty();) {
      const auto now = rest.first(std::min(size_t{320}, rest.size()));
      ASSERT_THAT(recognizer_->Process(now), IsOk());
      ASSERT_THAT(recognizer_->Partial(), IsOk());
      rest.remove_prefix(now.size());
    }
    const auto asked = recognizer_->Finish();
    ASSERT_THAT(asked, IsOk());
    EXPECT_EQ(Shown(*asked), Shown(unasked)) << text;
  }
}

// Whatever was going on, what comes next is heard as by a new recogniser.
TEST_F(PocketSphinxRecognizerTest, CanBeCancelledInAnyState) {
  const std::vector<int16_t> other = Say("go backward");
  const std::vector<int16_t> speech = Say("what time is it in new york");
  struct Case {
    const char* name = "";
    std::function<void()> before;
  };
  const std::vector<Case> cases = {
      {"idle", [] {}},
      {"started", [] { ASSERT_THAT(recognizer_->Start(), IsOk()); }},
      {"fed a single sample", [&] { Begin(absl::MakeConstSpan(other).first(1)); }},
      {"in the middle", [&] { Begin(other); }},
      {"asked in the middle",
       [&] {
         Begin(other);
         ASSERT_THAT(recognizer_->Partial(), IsOk());
       }},
      {"finished", [&] { Hear(other); }},
      {"cancelled",
       [&] {
         Begin(other);
         recognizer_->Cancel();
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    c.before();
    recognizer_->Cancel();
    EXPECT_THAT(recognizer_->Process(speech), StatusIs(kOutOfOrder));
    EXPECT_THAT(recognizer_->Finish(), StatusIs(kOutOfOrder));
    EXPECT_EQ(Hear(speech).text, "what time is it in new york");
  }
}

TEST_F(PocketSphinxRecognizerTest, ForgetsWhomItHeard) {
  const std::vector<int16_t> speech =
      audio::RecordedSpeech("pocketsphinx/goforward.raw", kSampleRateHz);
  const std::string as_new = Shown(Hear(speech));
  // Ten seconds of a very loud line.
  const std::vector<int16_t> noise = audio::WhiteNoise(10 * kSampleRateHz, 12000, 1);
  Hear(noise);
  EXPECT_NE(Shown(Hear(speech)), as_new) << "the noise left nothing to forget";
  Hear(noise);
  Begin(noise);
  recognizer_->ForgetSpeaker();
  EXPECT_EQ(Shown(Hear(speech)), as_new);
  // A new one begins as one that has forgotten.
  const auto created = CreatePocketSphinxRecognizer(Requests(), {});
  ASSERT_THAT(created, IsOk());
  ASSERT_THAT((*created)->Start(), IsOk());
  ASSERT_THAT((*created)->Process(speech), IsOk());
  EXPECT_EQ(Shown(*(*created)->Finish()), as_new);
}

// A dictionary of one word that has nothing in common with itself.
TEST(CreatePocketSphinxRecognizerTest, KnowsAllWaysToSayAWord) {
  PocketSphinxOptions options;
  const std::string model = options.model_dir;
  options.model_dir = testing::TempDir() + "two_ways";
  ASSERT_EQ(mkdir(options.model_dir.c_str(), 0777), 0);
  ASSERT_EQ(symlink((model + "/en-us").c_str(), (options.model_dir + "/en-us").c_str()), 0);
  std::ofstream(options.model_dir + "/cmudict-en-us.dict")
      << "command G OW F AO R W ER D\ncommand(2) T EH N M IY T ER Z\nother AH DH ER\n";
  const auto grammar = Grammar::Create({{"x", "command"}}, {});
  ASSERT_THAT(grammar, IsOk());
  const auto created = CreatePocketSphinxRecognizer(*grammar, options);
  ASSERT_THAT(created, IsOk());
  for (const char* said : {"go forward", "ten meters"}) {
    ASSERT_THAT((*created)->Start(), IsOk());
    ASSERT_THAT((*created)->Process(Say(said)), IsOk());
    const auto hypothesis = (*created)->Finish();
    ASSERT_THAT(hypothesis, IsOk());
    EXPECT_EQ(hypothesis->text, "command") << said;
    EXPECT_FALSE(hypothesis->rejected) << said;
  }
}

TEST(CreatePocketSphinxRecognizerTest, NamesThePackageOfAMissingModel) {
  PocketSphinxOptions options;
  options.model_dir = "/no/such/model";
  const auto created = CreatePocketSphinxRecognizer(Requests(), options);
  EXPECT_THAT(created, StatusIs(absl::StatusCode::kNotFound, HasSubstr("pocketsphinx-en-us")));
}

TEST(CreatePocketSphinxRecognizerTest, NamesAWordThatIsNotInTheDictionary) {
  const auto grammar = Grammar::Create({{"x", "hello xyzzyq"}}, {});
  const auto created = CreatePocketSphinxRecognizer(*grammar, {});
  EXPECT_THAT(created, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'xyzzyq'")));
}

}  // namespace
}  // namespace parlance::pipeline

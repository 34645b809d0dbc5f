#include "pipeline/conversation/interruption/interruption_judge.h"

#include <cstdint>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::StatusIs;
using testing::ElementsAreArray;
using testing::HasSubstr;
using Policy = InterruptionJudge::Policy;
using Verdict = InterruptionVerdict;

// One or more inputs.
using Step = std::function<void(InterruptionJudge&, std::vector<Verdict>&)>;

// Pushes `count` times the same frame; the answer is heard unless the frame says otherwise.
Step Frames(int count, const InterruptionJudge::Frame& frame) {
  return [=](InterruptionJudge& judge, std::vector<Verdict>& verdicts) {
    for (int i = 0; i < count; ++i) verdicts.push_back(judge.OnFrame(frame));
  };
}
Step Frames(int count, float speech_probability, float explained, bool answer_heard = true) {
  return Frames(count, {.speech_probability = speech_probability,
                        .explained = explained,
                        .answer_heard = answer_heard});
}
Step Quiet(int count) { return Frames(count, 0.02F, 1); }
Step Speech(int count) { return Frames(count, 0.95F, 0); }
// A sound that the detector does not take for speech.
Step Noise(int count) { return Frames(count, 0.1F, 0); }
// A sound that the detector takes for speech, but that changes by less.
Step Music(int count) {
  return Frames(count, {.speech_probability = 0.95F, .change = 0.3F, .answer_heard = true});
}
Step Echo(int count) { return Frames(count, 0.95F, 0.9F); }
Step Began() {
  return [](InterruptionJudge& judge, std::vector<Verdict>& verdicts) {
    verdicts.push_back(judge.OnSpeechBegan());
  };
}
Step Ended() {
  return [](InterruptionJudge& judge, std::vector<Verdict>& verdicts) {
    verdicts.push_back(judge.OnSpeechEnded());
  };
}
Step Partial(const std::string& words) {
  return [=](InterruptionJudge& judge, std::vector<Verdict>& verdicts) {
    verdicts.push_back(judge.OnPartialWords(words));
  };
}
Step Final(const std::string& words, bool rejected = false) {
  return [=](InterruptionJudge& judge, std::vector<Verdict>& verdicts) {
    verdicts.push_back(judge.OnFinalWords(words, rejected));
  };
}
Step Answer(const Policy& policy) {
  return [=](InterruptionJudge& judge, std::vector<Verdict>&) { judge.BeginAnswer(policy); };
}
Step AnswerOver() {
  return [](InterruptionJudge& judge, std::vector<Verdict>&) { judge.EndAnswer(); };
}

InterruptionJudge Create(const InterruptionJudge::Options& options = {}) {
  return *InterruptionJudge::Create(options);
}

// A sound of `frames` in which the endpointer believes after 130 ms; what is shorter never begins.
std::vector<Step> Utterance(int frames) {
  return {Speech(13), Began(), Speech(frames - 13), Quiet(50), Ended()};
}

struct Case {
  std::string name;
  std::vector<Step> steps;
  // All but kNone.
  std::vector<Verdict> verdicts;
  Policy policy = Policy::Always();
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Step> Then(std::vector<Step> steps, const std::vector<Step>& more) {
  steps.insert(steps.end(), more.begin(), more.end());
  return steps;
}

class InterruptionCases : public testing::TestWithParam<Case> {};

TEST_P(InterruptionCases, AreDecidedByTheTable) {
  InterruptionJudge judge = Create();
  judge.BeginAnswer(GetParam().policy);
  std::vector<Verdict> verdicts;
  for (const Step& step : GetParam().steps) step(judge, verdicts);
  std::erase(verdicts, Verdict::kNone);
  EXPECT_THAT(verdicts, ElementsAreArray(GetParam().verdicts));
}

INSTANTIATE_TEST_SUITE_P(
    , InterruptionCases,
    testing::Values(
        Case{"NothingIsHeard", {Quiet(1000)}, {}},
        Case{"SpeechHoldsTheAnswerAtOnce", {Quiet(100), Speech(3)}, {Verdict::kOnset}},
        Case{"AKnockIsLost", {Noise(6), Quiet(20)}, {Verdict::kOnset, Verdict::kOnsetLost}},
        Case{"TheNextKnockIsNoOnset",
             {Noise(6), Quiet(20), Noise(6), Quiet(20), Noise(100)},
             {Verdict::kOnset, Verdict::kOnsetLost}},
        Case{"ASoundThatIsNeverBelievedIsLost",
             {Frames(48, 0.45F, 0)},
             {Verdict::kOnset, Verdict::kOnsetLost}},
        Case{"TheNextOnsetNeedsMore",
             {Speech(2), Quiet(20), Speech(2), Quiet(20), Speech(3)},
             {Verdict::kOnset, Verdict::kOnsetLost, Verdict::kOnset}},
        Case{"TwoCoughsAreNotAddedUp",
             {Speech(13), Began(), Speech(20), Quiet(15), Speech(40)},
             {Verdict::kOnset}},
        Case{"AShortPauseInterruptsNothing",
             {Speech(13), Began(), Speech(20), Quiet(14), Speech(17)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"ACoughIsDismissed",
             Then(Utterance(30), {Final("", /*rejected=*/true)}),
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"ACoughTakenForAWordIsDismissed",
             Then(Utterance(30), {Final("hut", /*rejected=*/true)}),
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"ABackchannelIsDismissed",
             Then(Utterance(35), {Final("Uh-huh.", false)}),
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"AShortRequestTakesTheFloor",
             Then(Utterance(35), {Final("stop", false)}),
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"WordsTakeTheFloorBeforeTheEnd",
             {Speech(13), Began(), Speech(10), Partial("wait")},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"WordsAfterABackchannelTakeTheFloor",
             {Speech(13), Began(), Speech(10), Partial("yes"), Speech(20), Partial("yes but")},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"AWordThatMayBecomeABackchannelWaits",
             {Speech(13), Began(), Partial("I"), Quiet(50), Ended(), Final("I see", false)},
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"AWordThatDidNotBecomeABackchannelTakesTheFloor",
             {Speech(13), Began(), Partial("I"), Quiet(50), Ended(), Final("I", false)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"LongSpeechWithoutWordsTakesTheFloor",
             {Speech(13), Began(), Speech(50)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"SpeechOfLessThanTheMinimumDoesNotYet",
             {Speech(13), Began(), Speech(36)},
             {Verdict::kOnset}},
        Case{"MusicDoesNotTakeTheFloor",
             {Music(13), Began(), Music(2000), Quiet(50), Ended(), Final("", /*rejected=*/true)},
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"WordsOverMusicTakeTheFloor",
             {Music(13), Began(), Music(100), Partial("stop")},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"SpeechOverMusicIsHeardOnceTheMeanIsThatOfSpeech",
             {Music(13), Began(), Music(47), Speech(25)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"LessSpeechOverMusicIsNot",
             {Music(13), Began(), Music(47), Speech(23)},
             {Verdict::kOnset}},
        Case{"SpeechAfterMusicIsJudgedByItself",
             {Music(13), Began(), Music(1000), Quiet(15), Speech(50)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"MusicBeforeAnAnswerIsForgotten",
             {AnswerOver(), Music(1000), Answer(Policy::Always()), Speech(13), Began(), Speech(37)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"LongBackchannelsDoNot",
             {Speech(13), Began(), Speech(10), Partial("yes yes"), Speech(200), Quiet(50), Ended(),
              Final("yes yes yes, that's right", false)},
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"SpeakingTwiceTakesTheFloor",
             Then(Utterance(30), {Speech(13), Began()}),
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"WordsThatDoNotComeAreNotWaitedFor",
             Then(Utterance(30), {Quiet(300)}),
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"EchoIsNoOnset", {Echo(1000)}, {}},
        Case{"EchoThatBeganAnUtteranceIsDismissed",
             {Echo(13), Began(), Echo(200), Ended(), Final("", /*rejected=*/true)},
             {Verdict::kOnset, Verdict::kDismissed}},
        Case{"SpeechOverEchoTakesTheFloor",
             {Echo(100), Frames(13, 0.95F, 0.3F), Began(), Frames(50, 0.95F, 0.2F)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"WhatWasDismissedIsIgnoredToItsEnd",
             {Speech(13), Began(), Final("yes", false), Speech(100), Partial("yes wait"), Ended(),
              Speech(13), Began(), Partial("stop")},
             {Verdict::kOnset, Verdict::kDismissed, Verdict::kOnset, Verdict::kTaken}},
        Case{"AnUtteranceWithoutEvidenceIsAnOnset",
             {Began(), Partial("stop")},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"WordsBeforeSpeechBeganMeanNothing", {Partial("stop"), Final("stop", false)}, {}},
        Case{"AfterTheFloorIsTakenThereIsNothingToTake",
             {Speech(13), Began(), Partial("stop"), Speech(100), Ended(), Final("stop it", false),
              Speech(13), Began(), Speech(100)},
             {Verdict::kOnset, Verdict::kTaken}},
        Case{"TheNextAnswerIsJudgedAnew",
             {Speech(13), Began(), Partial("stop"), Ended(), Answer(Policy::Always()), Speech(13),
              Began(), Quiet(50), Ended(), Final("okay", false)},
             {Verdict::kOnset, Verdict::kTaken, Verdict::kOnset, Verdict::kDismissed}},
        Case{"WithoutAnAnswerThereIsNothingToTake",
             {AnswerOver(), Speech(13), Began(), Speech(100), Partial("stop"), Ended(),
              Final("stop", false)},
             {}},
        Case{"ALegalNoticeIsHeardToItsEnd",
             {Speech(13), Began(), Speech(100), Partial("stop"), Ended(), Final("stop", false)},
             {},
             Policy::Never()},
        Case{"TheBeginningIsProtected",
             {Speech(13), Began(), Partial("stop"), Quiet(50), Ended(), Quiet(50), Speech(13),
              Began(), Partial("stop")},
             {Verdict::kOnset, Verdict::kTaken},
             Policy::After(absl::Seconds(1))},
        Case{"NoiseBeforeTheEndOfProtectionIsForgotten",
             {Noise(80), Quiet(100)},
             {},
             Policy::After(absl::Seconds(1))},
        Case{"WhatIsNotHeardDoesNotCount",
             {Frames(200, 0, 1, /*answer_heard=*/false), Speech(13), Began(), Partial("stop")},
             {},
             Policy::After(absl::Seconds(1))}),
    [](const auto& info) { return info.param.name; });

struct WordsCase {
  std::string words;
  bool agrees;
};

TEST(InterruptionJudgeTest, BackchannelsAreToldFromRequests) {
  const WordsCase cases[] = {
      {"yes", true},
      {"Yes.", true},
      {"OKAY", true},
      {"uh-huh", true},
      {"uh huh", true},
      {"mhm, yeah", true},
      {"Right, right, I see!", true},
      {"that's right", true},
      {"yes that's right okay", true},
      {"yes please", false},
      {"no", false},
      {"I see a problem", false},
      {"rightly", false},
      {"see I", false},
      {"okay stop", false},
      {"да", false},
  };
  for (const WordsCase& c : cases) {
    InterruptionJudge judge = Create();
    judge.BeginAnswer(Policy::Always());
    judge.OnSpeechBegan();
    EXPECT_EQ(judge.OnFinalWords(c.words, /*rejected=*/false),
              c.agrees ? Verdict::kDismissed : Verdict::kTaken)
        << c.words;
  }
}

TEST(InterruptionJudgeTest, BackchannelsOfAnotherLanguage) {
  InterruptionJudge judge = Create({.backchannels = {"да", "ага", "ну да"}});
  for (const absl::string_view words : {"да", "ага, да", "ну да"}) {
    judge.BeginAnswer(Policy::Always());
    judge.OnSpeechBegan();
    EXPECT_EQ(judge.OnFinalWords(words, /*rejected=*/false), Verdict::kDismissed) << words;
  }
  judge.BeginAnswer(Policy::Always());
  judge.OnSpeechBegan();
  EXPECT_EQ(judge.OnPartialWords("yes"), Verdict::kTaken);
}

TEST(InterruptionJudgeTest, WhetherAnUtteranceIsIgnored) {
  InterruptionJudge judge = Create();
  judge.BeginAnswer(Policy::Never());
  judge.OnSpeechBegan();
  EXPECT_TRUE(judge.ignores_speech());
  judge.OnSpeechEnded();
  EXPECT_FALSE(judge.ignores_speech());
  judge.BeginAnswer(Policy::Always());
  judge.OnSpeechBegan();
  EXPECT_FALSE(judge.ignores_speech());
  EXPECT_TRUE(judge.is_contested());
}

TEST(InterruptionJudgeTest, OptionsAreValidated) {
  const struct {
    const char* name;
    InterruptionJudge::Options options;
    const char* message;
  } cases[] = {
      {"too short", {.min_speech = absl::Milliseconds(90)}, "min_speech of 90ms"},
      {"too long", {.min_speech = absl::InfiniteDuration()}, "min_speech of inf"},
      {"too many", {.backchannels = std::vector<std::string>(201, "yes")}, "201 backchannels"},
      {"too much", {.backchannels = {std::string(101, 'y')}}, "101 bytes"},
      {"no word", {.backchannels = {"yes", "..."}}, "\"...\" has no word"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(InterruptionJudge::Create(c.options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.name;
  }
}

TEST(InterruptionJudgeTest, AFrameAllocatesNothing) {
  InterruptionJudge judge = Create();
  judge.BeginAnswer(Policy::Always());
  EXPECT_EQ(
      perf::CountAllocations([&] {
        for (int i = 0; i < 1000; ++i) {
          judge.OnFrame({.speech_probability = i % 100 < 50 ? 0.9F : 0.1F, .answer_heard = true});
          if (i % 100 == 20) judge.OnSpeechBegan();
          if (i % 100 == 80) judge.OnSpeechEnded();
        }
      }),
      0);
}

TEST(InterruptionJudgeTest, EachVerdictHasAName) {
  EXPECT_EQ(InterruptionVerdictName(Verdict::kNone), "none");
  EXPECT_EQ(InterruptionVerdictName(Verdict::kOnset), "onset");
  EXPECT_EQ(InterruptionVerdictName(Verdict::kOnsetLost), "onset lost");
  EXPECT_EQ(InterruptionVerdictName(Verdict::kTaken), "taken");
  EXPECT_EQ(InterruptionVerdictName(Verdict::kDismissed), "dismissed");
}

// What any order of inputs may lead to.
class Invariants {
 public:
  void BeginAnswer(const Policy& policy) {
    policy_ = policy;
    contested_ = began_ = over_ = false;
  }
  void SpeechBegan() { began_ = began_ || contested_; }

  void Check(Verdict verdict) {
    if (verdict == Verdict::kNone) return;
    EXPECT_FALSE(over_) << "a verdict after the floor was taken";
    EXPECT_NE(policy_.protected_for, absl::InfiniteDuration());
    switch (verdict) {
      case Verdict::kOnset:
        EXPECT_FALSE(contested_) << "two onsets";
        contested_ = true;
        began_ = false;
        return;
      case Verdict::kOnsetLost:
        EXPECT_FALSE(began_) << "an utterance was lost, not judged";
        break;
      case Verdict::kTaken:
        over_ = true;
        [[fallthrough]];
      case Verdict::kDismissed:
        EXPECT_TRUE(began_) << "a sound that is no utterance was judged";
        break;
      case Verdict::kNone:
        break;
    }
    EXPECT_TRUE(contested_) << InterruptionVerdictName(verdict) << " without an onset";
    contested_ = false;
  }
  bool contested() const { return contested_; }

 private:
  Policy policy_;
  bool contested_ = false;
  bool began_ = false;
  bool over_ = false;
};

// Which inputs a random conversation has.
struct World {
  const char* name;
  float least_explained;
  std::vector<std::string> words;
  bool may_take;
};

TEST(InterruptionJudgeTest, AnyOrderOfInputsKeepsTheRules) {
  const World worlds[] = {
      {"anything", 0, {"", "yes", "i", "i see", "stop", "yes stop"}, true},
      // Nothing but echo is ever heard, and nothing but backchannels is said: whoever does not
      // speak twice takes nothing.
      {"echo and backchannels", 0.75F, {"", "yes", "okay", "i see"}, false},
  };
  for (const World& world : worlds) {
    for (uint32_t seed = 1; seed <= 500; ++seed) {
      SCOPED_TRACE(absl::StrCat(world.name, ", seed ", seed));
      std::mt19937 random(seed);
      const auto below = [&](uint32_t n) { return random() % n; };
      const auto uniform = [&](float low) {
        return low + (1 - low) * static_cast<float>(random() % 1000) / 999;
      };
      InterruptionJudge judge = Create();
      Invariants invariants;
      bool in_speech = false;
      int64_t num_taken = 0;
      const auto check = [&](Verdict verdict) {
        invariants.Check(verdict);
        num_taken += verdict == Verdict::kTaken;
        EXPECT_EQ(judge.is_contested(), invariants.contested());
      };
      const auto begin_answer = [&] {
        const Policy policies[] = {Policy::Always(), Policy::After(absl::Milliseconds(300)),
                                   Policy::Never()};
        const Policy& policy = policies[below(3)];
        judge.BeginAnswer(policy);
        invariants.BeginAnswer(policy);
        in_speech = false;
      };
      begin_answer();
      for (int step = 0; step < 300; ++step) {
        const std::string& words = world.words[below(static_cast<uint32_t>(world.words.size()))];
        switch (below(8)) {
          case 0:
            // Speech that begins a second time while the first is judged takes the floor: in a
            // world in which nobody may, it waits for the judgement.
            if (!in_speech && (world.may_take || !judge.is_contested())) {
              in_speech = true;
              const Verdict verdict = judge.OnSpeechBegan();
              invariants.SpeechBegan();
              check(verdict);
              if (verdict == Verdict::kOnset) invariants.SpeechBegan();
            }
            break;
          case 1:
            if (in_speech) check(judge.OnSpeechEnded());
            in_speech = false;
            break;
          case 2:
            check(judge.OnPartialWords(words));
            break;
          case 3:
            if (below(4) == 0) check(judge.OnFinalWords(words, below(2) == 0));
            break;
          case 4:
            if (below(20) == 0) begin_answer();
            break;
          default: {
            // A stretch of frames that are alike, as sounds are.
            const float probability = uniform(0);
            const float explained = uniform(world.least_explained);
            const bool heard = below(2) == 0;
            for (uint32_t count = below(30); count > 0; --count) {
              check(judge.OnFrame({.speech_probability = probability,
                                   .explained = explained,
                                   .answer_heard = heard}));
            }
          }
        }
      }
      if (!world.may_take) {
        EXPECT_EQ(num_taken, 0);
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace parlance::pipeline

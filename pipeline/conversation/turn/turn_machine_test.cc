// Single rules of the turn machine by name; turn_orders_test has all orders of events.
#include "pipeline/conversation/turn/turn_machine.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Event = TurnEvent;
using Kind = TurnEventKind;
using Do = TurnActionKind;

std::string Described(const TurnAction& action) {
  std::string text(TurnActionName(action.kind));
  if (action.id != 0) absl::StrAppend(&text, " ", action.id);
  if (action.kind == Do::kStartCalls) absl::StrAppend(&text, " x", action.count);
  if (action.draft) absl::StrAppend(&text, " (draft)");
  if (action.kind == Do::kTurnDone) absl::StrAppend(&text, ": ", TurnEndingName(action.ending));
  return text;
}

// A machine that is told of one event after the other, and what it ordered.
class Told {
 public:
  std::vector<std::string> operator()(const Event& event) {
    std::vector<TurnAction> actions;
    machine_.Handle(event, actions);
    std::vector<std::string> described;
    for (const TurnAction& action : actions) described.push_back(Described(action));
    return described;
  }
  // Until an utterance is over.
  void SaySomething() {
    (*this)({.kind = Kind::kSpeechBegan});
    (*this)({.kind = Kind::kSpeechEnded});
  }
  const TurnMachine& machine() const { return machine_; }

 private:
  TurnMachine machine_;
};

TEST(TurnMachineTest, AnswersWhatWasSaid) {
  Told told;
  EXPECT_THAT(told({.kind = Kind::kSpeechBegan}), ElementsAre("open recognizer 1"));
  EXPECT_THAT(told({.kind = Kind::kSpeechEnded}), ElementsAre("finish recognizer 1"));
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 1, .usable = true}),
              ElementsAre("ask agent 1"));
  EXPECT_THAT(told({.kind = Kind::kCalls, .id = 1, .count = 2, .effects = true}),
              ElementsAre("start calls 1 x2"));
  EXPECT_THAT(told({.kind = Kind::kCallEnded, .id = 2}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kCallEnded, .id = 1}), ElementsAre("ask agent 1"));
  EXPECT_THAT(told({.kind = Kind::kPiece, .id = 1}), ElementsAre("store answer 1", "synthesize 1"));
  EXPECT_THAT(told({.kind = Kind::kAttemptDone, .id = 1}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kStored, .id = 1}), ElementsAre("release 1"));
  EXPECT_EQ(told.machine().phase(), TurnPhase::kAnswering);
  EXPECT_THAT(told({.kind = Kind::kFirstHeard}), IsEmpty());
  EXPECT_EQ(told.machine().phase(), TurnPhase::kSpeaking);
  EXPECT_THAT(told({.kind = Kind::kSynthesized, .id = 1}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kHeard, .id = 1}), ElementsAre("turn done 1: answered"));
  EXPECT_EQ(told.machine().phase(), TurnPhase::kIdle);
}

TEST(TurnMachineTest, ADraftThatWasRightIsTheAnswer) {
  Told told;
  told({.kind = Kind::kSpeechBegan});
  EXPECT_THAT(told({.kind = Kind::kSpeechPaused, .usable = true}),
              ElementsAre("ask agent 1 (draft)"));
  EXPECT_THAT(told({.kind = Kind::kPiece, .id = 1}), ElementsAre("synthesize 1"));
  told({.kind = Kind::kSpeechEnded});
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 1, .usable = true, .agrees = true}),
              ElementsAre("store answer 1"));
  EXPECT_EQ(told.machine().num_drafts_used(), 1);
}

TEST(TurnMachineTest, ADraftOfOtherWordsIsThrownAway) {
  Told told;
  told({.kind = Kind::kSpeechBegan});
  told({.kind = Kind::kSpeechPaused, .usable = true});
  told({.kind = Kind::kPiece, .id = 1});
  told({.kind = Kind::kSpeechEnded});
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 1, .usable = true}),
              ElementsAre("cancel agent 1", "cancel synthesis", "stop", "ask agent 2"));
  EXPECT_EQ(told.machine().num_drafts_used(), 0);
}

TEST(TurnMachineTest, ADraftMayReadAndMustNotChange) {
  for (const bool effects : {false, true}) {
    Told told;
    told({.kind = Kind::kSpeechBegan});
    told({.kind = Kind::kSpeechPaused, .usable = true});
    const auto begun = told({.kind = Kind::kCalls, .id = 1, .count = 1, .effects = effects});
    if (effects) {
      EXPECT_THAT(begun, IsEmpty());
    } else {
      EXPECT_THAT(begun, ElementsAre("start calls 1 x1 (draft)"));
    }
    told({.kind = Kind::kSpeechEnded});
    const auto committed =
        told({.kind = Kind::kRecognized, .id = 1, .usable = true, .agrees = true});
    if (effects) {
      EXPECT_THAT(committed, ElementsAre("start calls 1 x1"));
    } else {
      EXPECT_THAT(committed, IsEmpty());
    }
  }
}

TEST(TurnMachineTest, DraftsAreBounded) {
  Told told;
  told({.kind = Kind::kSpeechBegan});
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(told({.kind = Kind::kSpeechPaused, .usable = true}).size(), i <= 3 ? 1u : 0u) << i;
    told({.kind = Kind::kSpeechResumed});
  }
  EXPECT_EQ(told.machine().num_drafts(), 3);
}

// Until something of the answer is heard or stored, going on is going on with the same question.
TEST(TurnMachineTest, GoingOnBeforeTheAnswerIsTheSameTurn) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  EXPECT_THAT(told({.kind = Kind::kSpeechBegan}), ElementsAre("hold", "open recognizer 2"));
  EXPECT_THAT(told({.kind = Kind::kTaken}), ElementsAre("cancel agent 1", "resume"));
  EXPECT_EQ(told.machine().turn(), 1);
  told({.kind = Kind::kSpeechEnded});
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 2, .usable = true}),
              ElementsAre("ask agent 2"));
}

TEST(TurnMachineTest, InterruptingCutsWhatWasHeardAndBeginsATurn) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  told({.kind = Kind::kPiece, .id = 1});
  told({.kind = Kind::kStored, .id = 1});
  told({.kind = Kind::kFirstHeard});
  told({.kind = Kind::kSpeechBegan});
  EXPECT_EQ(told.machine().phase(), TurnPhase::kContested);
  EXPECT_THAT(told({.kind = Kind::kTaken}),
              ElementsAre("cancel agent 1", "cancel synthesis", "stop", "store heard", "resume",
                          "turn done 1: interrupted"));
  EXPECT_EQ(told.machine().phase(), TurnPhase::kListening);
  EXPECT_EQ(told.machine().turn(), 2);
}

TEST(TurnMachineTest, AgreeingDoesNotInterrupt) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  told({.kind = Kind::kPiece, .id = 1});
  told({.kind = Kind::kStored, .id = 1});
  told({.kind = Kind::kFirstHeard});
  EXPECT_THAT(told({.kind = Kind::kOnset}), ElementsAre("hold"));
  EXPECT_THAT(told({.kind = Kind::kSpeechBegan}), ElementsAre("open recognizer 2"));
  told({.kind = Kind::kSpeechEnded});
  EXPECT_EQ(told.machine().phase(), TurnPhase::kJudging);
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 2, .usable = true}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kDismissed}), ElementsAre("resume"));
  EXPECT_EQ(told.machine().phase(), TurnPhase::kSpeaking);
}

TEST(TurnMachineTest, ASoundThatIsNoSpeechOnlyHolds) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  EXPECT_THAT(told({.kind = Kind::kOnset}), ElementsAre("hold"));
  EXPECT_THAT(told({.kind = Kind::kOnset}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kOnsetLost}), ElementsAre("resume"));
  EXPECT_THAT(told({.kind = Kind::kOnsetLost}), IsEmpty());
}

TEST(TurnMachineTest, WhatCannotBeStoredIsNotSaid) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  told({.kind = Kind::kPiece, .id = 1});
  EXPECT_THAT(told({.kind = Kind::kStored, .id = 1, .failed = true}),
              ElementsAre("cancel agent 1", "cancel synthesis", "stop", "apologize 2",
                          "synthesize 2", "release 2"));
  told({.kind = Kind::kFirstHeard});
  told({.kind = Kind::kSynthesized, .id = 2});
  EXPECT_THAT(told({.kind = Kind::kHeard, .id = 2}), ElementsAre("turn done 1: not stored"));
}

// Later news of the store say more than earlier ones.
TEST(TurnMachineTest, AFailureThatWasMendedChangesNothing) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  told({.kind = Kind::kPiece, .id = 1});
  told({.kind = Kind::kPiece, .id = 1});
  EXPECT_THAT(told({.kind = Kind::kStored, .id = 2}), ElementsAre("release 1", "release 2"));
  EXPECT_THAT(told({.kind = Kind::kStored, .id = 1, .failed = true}), IsEmpty());
}

TEST(TurnMachineTest, ATimerRingsEvenIfNothingCanBeStored) {
  Told told;
  EXPECT_THAT(told({.kind = Kind::kAnnounce}),
              ElementsAre("say announcement 1", "store answer 1", "synthesize 1"));
  EXPECT_THAT(told({.kind = Kind::kStored, .id = 1, .failed = true}), ElementsAre("release 1"));
}

TEST(TurnMachineTest, AnAnnouncementWaitsForTheEndOfTheTurn) {
  Told told;
  told.SaySomething();
  EXPECT_THAT(told({.kind = Kind::kAnnounce}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 1}),
              ElementsAre("turn done 1: nothing said", "say announcement 1", "store answer 1",
                          "synthesize 1"));
}

TEST(TurnMachineTest, AnAgentThatFailsApologizes) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  EXPECT_THAT(told({.kind = Kind::kAttemptDone, .id = 1, .failed = true}),
              ElementsAre("apologize 1", "store answer 1", "synthesize 1"));
}

TEST(TurnMachineTest, AWordOfWaitingIsSaidWhileToolsRun) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  told({.kind = Kind::kCalls, .id = 1, .count = 1});
  EXPECT_THAT(told({.kind = Kind::kPiece, .id = 1}), ElementsAre("store answer 1", "synthesize 1"));
  EXPECT_THAT(told({.kind = Kind::kCallEnded, .id = 1}), ElementsAre("ask agent 1"));
}

TEST(TurnMachineTest, AnAgentCannotCallForEver) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  for (int step = 1; step <= 8; ++step) {
    EXPECT_EQ(told({.kind = Kind::kCalls, .id = 1, .count = 1}).size(), 1u);
    EXPECT_THAT(told({.kind = Kind::kCallEnded, .id = step}), ElementsAre("ask agent 1"));
  }
  EXPECT_THAT(told({.kind = Kind::kCalls, .id = 1, .count = 1}),
              ElementsAre("cancel agent 1", "apologize 1", "store answer 1", "synthesize 1"));
}

TEST(TurnMachineTest, AnAgentCannotWantTooManyCallsAtOnce) {
  for (const int count : {-1, 0, 17, 1000}) {
    Told told;
    told.SaySomething();
    told({.kind = Kind::kRecognized, .id = 1, .usable = true});
    EXPECT_THAT(told({.kind = Kind::kCalls, .id = 1, .count = count}),
                ElementsAre("cancel agent 1", "apologize 1", "store answer 1", "synthesize 1"))
        << count;
  }
}

// Somebody who never lets anything be recognised gets one turn after the other, not one that grows.
TEST(TurnMachineTest, UtterancesOfATurnAreBounded) {
  Told told;
  for (int i = 1; i <= 8; ++i) told.SaySomething();
  EXPECT_EQ(told.machine().turn(), 1);
  told({.kind = Kind::kSpeechBegan});
  EXPECT_EQ(told.machine().turn(), 2);
  EXPECT_EQ(told.machine().utterance(), 9);
}

// However many coughs there are over an answer, and whenever their words come.
TEST(TurnMachineTest, AnyNumberOfUtterancesMayBeDismissed) {
  Told told;
  told.SaySomething();
  told({.kind = Kind::kRecognized, .id = 1, .usable = true});
  for (int i = 2; i <= 200; ++i) {
    told.SaySomething();
    if (i % 2 == 0) told({.kind = Kind::kRecognized, .id = i});
    told({.kind = Kind::kDismissed});
    EXPECT_EQ(told.machine().phase(), TurnPhase::kAnswering);
  }
  told.SaySomething();
  EXPECT_THAT(told({.kind = Kind::kTaken}), ElementsAre("cancel agent 1", "resume"));
  EXPECT_THAT(told({.kind = Kind::kRecognized, .id = 201, .usable = true}),
              ElementsAre("ask agent 2"));
}

TEST(TurnMachineTest, NothingHappensAfterAHangUp) {
  Told told;
  told.SaySomething();
  EXPECT_THAT(told({.kind = Kind::kHangUp}),
              ElementsAre("cancel recognizer 1", "turn done 1: hung up"));
  EXPECT_THAT(told({.kind = Kind::kSpeechBegan}), IsEmpty());
  EXPECT_THAT(told({.kind = Kind::kAnnounce}), IsEmpty());
  EXPECT_EQ(told.machine().phase(), TurnPhase::kClosed);
}

// The names are used in explanations and logs; each kind has its own.
TEST(TurnMachineTest, NamesAreComplete) {
  std::set<absl::string_view> names;
  for (int i = 0; i < kNumTurnPhases; ++i) names.insert(TurnPhaseName(static_cast<TurnPhase>(i)));
  for (int i = 0; i < kNumTurnEventKinds; ++i) names.insert(TurnEventName(static_cast<Kind>(i)));
  for (int i = 0; i < kNumTurnActionKinds; ++i) names.insert(TurnActionName(static_cast<Do>(i)));
  EXPECT_EQ(names.size(),
            static_cast<size_t>(kNumTurnPhases + kNumTurnEventKinds + kNumTurnActionKinds));
  EXPECT_EQ(names.count(""), 0u);
}

}  // namespace
}  // namespace parlance::pipeline

// What whoever leads a conversation may ask of it, beside speaking, and what they are told.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/conversation_observer.h"
#include "pipeline/conversation/interruption/interruption_judge.h"
#include "pipeline/conversation/replay/replay.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/speech/recognizer.h"
#include "session/message.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr absl::Duration kSecond = absl::Seconds(1);

// Everything that is told, one line each.
class Notes : public ConversationObserver {
 public:
  std::vector<std::string> lines;
  // The answers that were heard as far as there were any.
  std::vector<int32_t> heard;

  void SpeechBegan(int32_t utterance, UtteranceSource source, absl::Duration begin) override {
    lines.push_back(absl::StrCat(source == UtteranceSource::kTyped   ? "typed "
                                 : source == UtteranceSource::kWhole ? "whole "
                                                                     : "speech ",
                                 utterance, " from ", Ms(begin)));
  }
  void AllHeard(int32_t answer) override { heard.push_back(answer); }
  void SpeechEnded(int32_t utterance, absl::Duration end) override {
    lines.push_back(absl::StrCat("speech ", utterance, " to ", Ms(end)));
  }
  void Words(int32_t utterance, const Hypothesis& words, bool is_final) override {
    lines.push_back(
        absl::StrCat(is_final ? "words " : "partial ", utterance, " '", words.text, "'"));
  }
  void AnswerBegan(int32_t answer) override {
    lines.push_back(absl::StrCat("answer ", answer, " begins"));
  }
  void AnswerText(int32_t answer, absl::string_view text) override {
    lines.push_back(absl::StrCat("answer ", answer, " '", text, "'"));
  }
  void CallsBegan(int32_t answer, absl::Span<const BegunCall> calls) override {
    for (const BegunCall& call : calls) {
      lines.push_back(absl::StrCat("answer ", answer, " ", call.id, " ", call.tool_call.name));
    }
  }
  void CallEnded(int32_t answer, int32_t /*call*/, const CallOutcome& outcome) override {
    lines.push_back(absl::StrCat("answer ", answer, " gets ", outcome.answer.json));
  }
  void AnswerEnded(int32_t answer, absl::string_view heard, bool is_cut) override {
    lines.push_back(
        absl::StrCat("answer ", answer, is_cut ? " is cut after '" : " is over, '", heard, "'"));
  }
  void AnswerTruncated(int32_t answer, absl::string_view heard) override {
    lines.push_back(absl::StrCat("answer ", answer, " was heard to '", heard, "'"));
  }

 private:
  static std::string Ms(absl::Duration position) {
    return absl::StrCat(absl::ToInt64Milliseconds(position), " ms");
  }
};

class ConversationRequests : public testing::Test {
 protected:
  ConversationRequests() {
    world_.conversation().set_observer(&notes_);
    world_.Record([this](absl::string_view bytes) { absl::StrAppend(&record_, bytes); });
  }

  // Whatever happened, a replay of it gives the same.
  void TearDown() override {
    world_.EndRecord();
    const auto replayed = ReplayConversation(record_, ReplayDetector());
    ASSERT_THAT(replayed, IsOk());
    ASSERT_TRUE(replayed->recorded.has_value());
    EXPECT_EQ(replayed->digest, replayed->recorded->digest());
    EXPECT_EQ(replayed->num_actions, replayed->recorded->num_actions());
  }

  static ReplayOptions ReplayDetector() {
    return {
        .make_detector =
            [](absl::string_view) -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
          return std::make_unique<LoudnessVad>();
        }};
  }

  std::vector<std::string> Stored() const {
    std::vector<std::string> stored;
    for (const session::Message& message : world_.stored) {
      stored.push_back(absl::StrCat(session::RoleName(message.role), ": ", message.content));
    }
    return stored;
  }
  // Until something of the answer was heard.
  void HearSome(absl::Duration length = absl::Milliseconds(200)) {
    const int64_t before = world_.num_heard;
    for (int i = 0; i < 200 && world_.num_heard == before; ++i) {
      world_.BeSilent(absl::Milliseconds(20));
    }
    world_.BeSilent(length);
  }

  SimulatedWorld world_;
  Notes notes_;
  std::string record_;
};

TEST_F(ConversationRequests, WhatIsTypedIsAnswered) {
  world_.events().Typed(world_.now(), "what time is it");
  world_.Settle();
  EXPECT_THAT(Stored(),
              ElementsAre("user: what time is it", "assistant: You said what time is it."));
  EXPECT_THAT(notes_.lines, ElementsAre("typed 1 from 0 ms", "speech 1 to 0 ms", "answer 1 begins",
                                        "answer 1 'You said what time is it. '",
                                        "answer 1 is over, 'You said what time is it.'"));
  EXPECT_THAT(world_.log, Not(Contains(HasSubstr("recognizer")))) << "nobody spoke";
}

TEST_F(ConversationRequests, WhatIsTypedCutsAnAnswer) {
  world_.events().Typed(world_.now(), "tell me a long story");
  HearSome();
  world_.events().Typed(world_.now(), "stop");
  world_.Settle();
  ASSERT_THAT(world_.turns, SizeIs(2));
  EXPECT_EQ(world_.turns[0].ending, TurnEnding::kInterrupted);
  EXPECT_EQ(world_.turns[0].heard, "You said tell me");
  EXPECT_EQ(world_.turns[1].reply, "You said stop.");
}

TEST_F(ConversationRequests, WhatIsTypedCutsAnAnswerThatIsContested) {
  world_.events().Typed(world_.now(), "tell me a long story");
  HearSome();
  world_.Speak(absl::Milliseconds(240), "wait");
  ASSERT_EQ(world_.conversation().phase(), TurnPhase::kContested);
  world_.events().Typed(world_.now(), "and stop");
  world_.Settle();
  EXPECT_EQ(world_.turns.back().reply, "You said wait and stop.");
}

TEST_F(ConversationRequests, WhatIsTypedWhileSomebodySpeaksBelongsToTheTurn) {
  world_.Speak(kSecond, "look at this");
  world_.events().Typed(world_.now(), "https://example.com");
  EXPECT_THAT(world_.turns, IsEmpty());
  world_.Settle();
  ASSERT_THAT(world_.turns, SizeIs(1));
  EXPECT_EQ(world_.turns[0].reply, "You said look at this https://example.com.");
  EXPECT_THAT(Stored(), Contains("user: look at this https://example.com"));
}

TEST_F(ConversationRequests, AFloodOfTypingIsBounded) {
  world_.Speak(kSecond, "hello");
  for (int i = 0; i < 1000; ++i) world_.events().Typed(world_.now(), "more");
  world_.Settle();
  EXPECT_LT(Stored().size(), 30u);
}

TEST_F(ConversationRequests, AWholeUtteranceIsRecognisedAndAnswered) {
  world_.events().Configure(world_.now(), {.detects_speech = false});
  world_.Speak(kSecond, "what time is it");
  world_.BeSilent(kSecond);
  EXPECT_THAT(world_.log, IsEmpty()) << "sound is not listened to";
  world_.events().WholeUtterance(world_.now(), std::vector<int16_t>(16000, 3000));
  world_.Settle();
  EXPECT_THAT(Stored(),
              ElementsAre("user: what time is it", "assistant: You said what time is it."));
  EXPECT_THAT(notes_.lines, Contains("whole 1 from 2000 ms"));
  EXPECT_THAT(notes_.lines, Contains("words 1 'what time is it'"));
}

TEST_F(ConversationRequests, AnEmptyUtteranceIsNone) {
  world_.events().WholeUtterance(world_.now(), {});
  world_.Settle();
  EXPECT_THAT(world_.log, IsEmpty());
}

TEST_F(ConversationRequests, AnAnswerWaitsUntilItIsAskedFor) {
  world_.events().Configure(world_.now(), {.answers = false});
  world_.Speak(kSecond, "first");
  world_.BeSilent(3 * kSecond);
  world_.Speak(kSecond, "second");
  world_.BeSilent(3 * kSecond);
  EXPECT_THAT(world_.log, Not(Contains(HasSubstr("ask agent"))));
  EXPECT_THAT(world_.turns, IsEmpty());
  EXPECT_THAT(notes_.lines, Not(Contains(HasSubstr("answer"))));
  const absl::Duration asked = world_.now();
  world_.events().Respond(world_.now());
  world_.Settle();
  ASSERT_THAT(world_.turns, SizeIs(1));
  EXPECT_EQ(world_.turns[0].reply, "You said first second.");
  EXPECT_LT(world_.turns[0].latency.total(), kSecond) << "the wait counts from the request on";
  EXPECT_GT(world_.turns[0].ended, asked);
}

TEST_F(ConversationRequests, ABackchannelIsKeptWhileTheAnswerWaits) {
  world_.events().Configure(world_.now(), {.answers = false});
  world_.Speak(kSecond, "shall I go on");
  world_.BeSilent(kSecond);
  world_.Speak(absl::Milliseconds(300), "yes");
  world_.BeSilent(kSecond);
  world_.events().Respond(world_.now());
  world_.Settle();
  EXPECT_EQ(world_.turns.back().reply, "You said shall I go on yes.");
}

TEST_F(ConversationRequests, AnAnswerIsAskedForBeforeTheWordsAreKnown) {
  world_.events().Configure(world_.now(), {.answers = false});
  world_.recognition.delay = kSecond;
  world_.Speak(kSecond, "first");
  world_.BeSilent(absl::Milliseconds(700));
  ASSERT_EQ(world_.conversation().phase(), TurnPhase::kRecognizing);
  world_.events().Respond(world_.now());
  world_.Settle();
  EXPECT_EQ(world_.turns.back().reply, "You said first.");
  world_.Speak(kSecond, "second");
  world_.Settle();
  EXPECT_THAT(world_.turns, SizeIs(1)) << "one request, one answer";
}

TEST_F(ConversationRequests, ARequestAfterNothingWasSaidIsForgotten) {
  world_.events().Configure(world_.now(), {.answers = false});
  world_.recognition.delay = kSecond;
  world_.Speak(absl::Milliseconds(200), "");
  world_.BeSilent(absl::Milliseconds(700));
  world_.events().Respond(world_.now());
  world_.Settle();
  world_.Speak(kSecond, "second");
  world_.Settle();
  EXPECT_THAT(world_.log, Not(Contains(HasSubstr("ask agent"))));
}

TEST_F(ConversationRequests, AnAnswerIsAskedForWithoutAWord) {
  world_.events().Respond(world_.now());
  world_.Settle();
  EXPECT_THAT(world_.log, Contains(HasSubstr("ask agent 1 ''")));
  EXPECT_THAT(Stored(), ElementsAre("assistant: You said .")) << "nobody said anything";
}

TEST_F(ConversationRequests, WhatWaitsIsStoredWhenThePersonHangsUp) {
  world_.events().Configure(world_.now(), {.answers = false});
  world_.Speak(kSecond, "never answered");
  world_.BeSilent(kSecond);
  world_.HangUp();
  world_.Settle();
  EXPECT_THAT(Stored(), ElementsAre("user: never answered"));
}

TEST_F(ConversationRequests, ManyUtterancesThatNobodyAnswersAreAllStored) {
  world_.events().Configure(world_.now(), {.answers = false});
  std::vector<std::string> said;
  for (int i = 0; i < 20; ++i) {
    said.push_back(absl::StrCat("number ", i));
    world_.Speak(absl::Milliseconds(600), said.back());
    world_.BeSilent(kSecond);
  }
  world_.HangUp();
  world_.Settle();
  std::string all;
  for (const session::Message& message : world_.stored) absl::StrAppend(&all, message.content, " ");
  for (const std::string& each : said) EXPECT_THAT(all, HasSubstr(each));
}

TEST_F(ConversationRequests, ACancelledAnswerIsStoredAsItWasHeard) {
  world_.events().Typed(world_.now(), "tell me a long story");
  HearSome();
  world_.events().CancelAnswer(world_.now());
  const int64_t heard = world_.num_heard;
  world_.Settle();
  world_.BeSilent(kSecond);
  EXPECT_EQ(world_.num_heard, heard);
  EXPECT_THAT(Stored(), ElementsAre("user: tell me a long story", "assistant: You said tell me"));
  EXPECT_THAT(notes_.lines, Contains("answer 1 is cut after 'You said tell me'"));
  world_.Speak(kSecond, "go on");
  world_.Settle();
  EXPECT_EQ(world_.turns.back().reply, "You said go on.");
}

TEST_F(ConversationRequests, NothingIsCancelledWhereNothingIsAnswered) {
  world_.events().CancelAnswer(world_.now());
  world_.Speak(kSecond, "hello");
  world_.events().CancelAnswer(world_.now());
  world_.Settle();
  EXPECT_EQ(world_.turns.back().reply, "You said hello.");
}

TEST_F(ConversationRequests, ACancelledAnnouncementIsNotSaidAgain) {
  world_.storing.delay = absl::Milliseconds(500);
  world_.events().Announce(world_.now(), "Tea is ready.");
  world_.BeSilent(absl::Milliseconds(100));
  world_.events().CancelAnswer(world_.now());
  world_.Settle();
  EXPECT_EQ(world_.num_heard, 0);
  world_.events().Announce(world_.now(), "Cake is ready.");
  world_.Settle();
  EXPECT_EQ(world_.turns.back().heard, "Cake is ready.");
}

TEST_F(ConversationRequests, AnAnswerThatWasCutIsCorrectedToWhatWasReallyHeard) {
  world_.events().Typed(world_.now(), "a story that is long");
  HearSome(absl::Milliseconds(300));
  world_.Speak(kSecond, "please stop it now");
  ASSERT_THAT(world_.turns, SizeIs(1));
  ASSERT_EQ(world_.turns[0].heard, "You said a story that is");
  // A letter lasts 10 ms, a space 20: "You " was over after 50 ms.
  world_.events().Truncate(world_.now(), 16 * 60);
  world_.Settle();
  EXPECT_EQ(world_.stored[1].content, "You");
  EXPECT_THAT(notes_.lines, Contains("answer 1 was heard to 'You'"));
  world_.events().Truncate(world_.now(), 0);
  world_.Settle();
  EXPECT_EQ(world_.stored[1].content, "You") << "it is the next answer that is corrected now";
  EXPECT_EQ(world_.stored[3].content, "");
}

TEST_F(ConversationRequests, TruncatingCutsAnAnswerThatGoesOn) {
  world_.events().Typed(world_.now(), "a story that is long");
  HearSome(absl::Milliseconds(300));
  world_.events().Truncate(world_.now(), 16 * 60);
  world_.Settle();
  EXPECT_EQ(world_.turns.at(0).heard, "You");
  EXPECT_EQ(world_.stored[1].content, "You");
}

TEST_F(ConversationRequests, TruncatingBeyondTheEndIsTheEnd) {
  world_.events().Typed(world_.now(), "hello");
  world_.Settle();
  world_.events().Truncate(world_.now(), int64_t{1} << 60);
  world_.Settle();
  EXPECT_EQ(world_.stored[1].content, "You said hello.");
  world_.events().Truncate(world_.now(), -5);
  world_.Settle();
  EXPECT_EQ(world_.stored[1].content, "");
}

TEST_F(ConversationRequests, TruncatingWhatIsNotStoredYetCorrectsItWhenItIs) {
  world_.events().Typed(world_.now(), "a story that is long");
  HearSome(absl::Milliseconds(300));
  world_.storing.delay = 2 * kSecond;
  world_.Speak(kSecond, "please stop it now");
  world_.events().Truncate(world_.now(), 16 * 60);
  world_.Settle();
  EXPECT_EQ(world_.stored[1].content, "You");
}

TEST_F(ConversationRequests, TruncatingBeforeThereWasAnAnswerIsNothing) {
  world_.events().Truncate(world_.now(), 100);
  world_.Settle();
  EXPECT_THAT(world_.log, IsEmpty());
  EXPECT_THAT(notes_.lines, ElementsAre("answer 0 was heard to ''")) << "whoever asked is told";
}

TEST_F(ConversationRequests, AnAddedMessageIsStoredAndNotAnswered) {
  world_.events().AddMessage(world_.now(), session::Role::kAssistant, "Welcome back.");
  world_.Settle();
  EXPECT_THAT(Stored(), ElementsAre("assistant: Welcome back."));
  EXPECT_THAT(world_.turns, IsEmpty());
  world_.Speak(kSecond, "hello");
  world_.Settle();
  EXPECT_EQ(world_.turns.back().reply, "You said hello.");
}

TEST_F(ConversationRequests, PausesThatEndATurnCanBeChanged) {
  world_.events().Configure(
      world_.now(), {.min_endpointing_delay = 2 * kSecond, .max_endpointing_delay = 2 * kSecond});
  world_.Speak(kSecond, "hello");
  world_.BeSilent(absl::Milliseconds(1900));
  EXPECT_EQ(world_.conversation().phase(), TurnPhase::kListening);
  world_.BeSilent(absl::Milliseconds(300));
  EXPECT_NE(world_.conversation().phase(), TurnPhase::kListening);
  world_.Settle();
}

TEST_F(ConversationRequests, AnAnswerThatMayNotBeInterruptedIsNot) {
  world_.events().Configure(world_.now(), {.interruptible = false});
  world_.events().Typed(world_.now(), "read me the terms of use");
  HearSome();
  world_.Speak(kSecond, "stop that please");
  world_.Settle();
  EXPECT_EQ(world_.turns.at(0).ending, TurnEnding::kAnswered);
}

TEST_F(ConversationRequests, LooksOnAtASpokenTurnWithACall) {
  world_.agent = [](const AgentQuestion& question) {
    if (question.answers.empty()) {
      return SimulatedWorld::AgentStep{.calls = {{.call = {.name = "clock", .arguments = "{}"}}}};
    }
    return SimulatedWorld::AgentStep{.texts = {{absl::Milliseconds(5), "It is noon. "}}};
  };
  world_.BeSilent(kSecond);
  world_.Speak(kSecond, "what time is it", "what");
  world_.Settle();
  EXPECT_THAT(notes_.lines,
              ElementsAre("speech 1 from 800 ms", "partial 1 'what'", "speech 1 to 2200 ms",
                          "words 1 'what time is it'", "answer 2 begins", "answer 2 call_2 clock",
                          "answer 2 gets {\"of\":\"clock\"}", "answer 2 'It is noon. '",
                          "answer 2 is over, 'It is noon.'"))
      << "answer 1 was a draft";
}

// Whoever makes calls may say something before, which is heard before the outputs come.
TEST_F(ConversationRequests, TellsWhenWhatWasSaidBeforeACallWasHeard) {
  world_.agent = [](const AgentQuestion& question) {
    SimulatedWorld::AgentStep step;
    if (question.answers.empty()) {
      step.texts = {{absl::Milliseconds(5), "Let me look. "}};
      step.calls = {{.call = {.name = "clock", .arguments = "{}"}}};
    } else {
      step.texts = {{absl::Milliseconds(5), "It is noon. "}};
    }
    return step;
  };
  world_.tools.delay = 3 * kSecond;
  world_.events().Typed(world_.now(), "what time is it");
  world_.BeSilent(kSecond);
  EXPECT_THAT(notes_.heard, ElementsAre(1));
  world_.Settle();
  EXPECT_EQ(notes_.lines.back(), "answer 1 is over, 'Let me look. It is noon.'");
}

TEST_F(ConversationRequests, ADraftIsToldOfOnceItIsTheAnswer) {
  world_.agent = [](const AgentQuestion& question) {
    if (question.answers.empty()) {
      return SimulatedWorld::AgentStep{
          .calls = {{.call = {.name = "clock", .arguments = "{}"}, .effects = false}}};
    }
    return SimulatedWorld::AgentStep{.texts = {{absl::Milliseconds(5), "It is noon. "}}};
  };
  world_.Speak(kSecond, "what time is it", "what time is it");
  world_.BeSilent(absl::Milliseconds(280));
  ASSERT_THAT(world_.log, Contains(HasSubstr("start call_1 clock"))) << "drafted";
  EXPECT_THAT(notes_.lines, Not(Contains(HasSubstr("answer"))));
  world_.Settle();
  EXPECT_THAT(notes_.lines, Contains("answer 1 call_1 clock"));
  EXPECT_THAT(notes_.lines, Contains("answer 1 gets {\"of\":\"clock\"}"));
  EXPECT_EQ(notes_.lines.back(), "answer 1 is over, 'It is noon.'");
}

TEST_F(ConversationRequests, ABackchannelIsNotToldOf) {
  world_.events().Typed(world_.now(), "a story that is long enough to agree with");
  HearSome();
  world_.Speak(absl::Milliseconds(240), "yes");
  world_.Settle();
  EXPECT_EQ(world_.turns.at(0).ending, TurnEnding::kAnswered);
  EXPECT_THAT(notes_.lines, Not(Contains(HasSubstr("speech 2"))));
}

TEST_F(ConversationRequests, AnInterruptionIsToldOfBeforeTheAnswerThatItEnds) {
  world_.events().Typed(world_.now(), "a story that is long");
  HearSome();
  world_.Speak(kSecond, "please stop it now");
  world_.Settle();
  std::vector<std::string> since(notes_.lines.begin() + 4, notes_.lines.end());
  EXPECT_THAT(since,
              ElementsAre(HasSubstr("speech 2 from "), "answer 1 is cut after 'You said a story'",
                          HasSubstr("speech 2 to "), "words 2 'please stop it now'",
                          "answer 2 begins", "answer 2 'You said please stop it now. '",
                          "answer 2 is over, 'You said please stop it now.'"));
}

TEST_F(ConversationRequests, AnAnswerThatCannotBeStoredIsCutByAnApology) {
  world_.storing.fails = true;
  world_.Speak(kSecond, "remember this");
  world_.Settle();
  EXPECT_THAT(notes_.lines, Contains("answer 1 is cut after ''"));
  EXPECT_THAT(notes_.lines, Contains(HasSubstr("answer 2 'Sorry, I cannot keep that")));
  EXPECT_THAT(notes_.lines.back(), HasSubstr("answer 2 is over"));
}

TEST_F(ConversationRequests, NothingIsDoneAfterAHangUp) {
  world_.HangUp();
  const size_t before = world_.log.size();
  world_.events().Typed(world_.now(), "hello");
  world_.events().WholeUtterance(world_.now(), std::vector<int16_t>(1600, 3000));
  world_.events().Respond(world_.now());
  world_.events().CancelAnswer(world_.now());
  world_.events().AddMessage(world_.now(), session::Role::kUser, "hello");
  world_.Settle();
  EXPECT_EQ(world_.log.size(), before);
}

}  // namespace
}  // namespace parlance::pipeline

// Whole conversations in virtual time: nothing waits, and everything happens on one thread.
#include "pipeline/runtime/runtime.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/replay/replay.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "pipeline/runtime/testing/virtual_runtime.h"
#include "rapidjson/document.h"
#include "third_party/status_matchers.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using Caller = VirtualRuntime::Caller;

constexpr absl::Duration Ms(int64_t milliseconds) { return absl::Milliseconds(milliseconds); }
constexpr absl::string_view kCounting = "One two three four five six seven eight nine ten eleven.";

class RuntimeTest : public testing::Test {
 protected:
  RuntimeTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  // Answers everything with a sentence of 56 characters, which takes 560 ms to say; "word 2" is
  // answered shortly.
  void CountUp() {
    world_.agent.decide = [](const AgentInput& input) {
      const bool stops = input.utterance.text == "word 2";
      return AgentStep{.calls = {}, .reply = stops ? "Well." : std::string(kCounting)};
    };
  }
  // A caller who has asked, and hears the answer of CountUp since about so long.
  Caller& Counting(absl::Duration heard = Ms(200)) {
    CountUp();
    world_.Start();
    Caller& caller = *world_.Open();
    world_.Say(caller, 1);
    while (caller.sink.num_samples == 0) world_.Pass(Ms(20));
    world_.Pass(heard);
    return caller;
  }

  VirtualRuntime world_;
};

TEST_F(RuntimeTest, AWholeConversation) {
  world_.Start();
  Caller& caller = *world_.Open();
  world_.Ask(caller, 1);
  world_.Ask(caller, 2);
  EXPECT_EQ(caller.sink.heard, "You said word 1.You said word 2.");
  EXPECT_THAT(caller.sink.log, ElementsAre("turn 1 answered 'You said word 1.'",
                                           "turn 2 answered 'You said word 2.'"));
  caller.session->HangUp();
  world_.Pass(Ms(20));
  EXPECT_THAT(*caller.sink.closed, IsOk());
  EXPECT_EQ(caller.sink.num_closed, 1);
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: word 1", "assistant: You said word 1.", "user: word 2",
                          "assistant: You said word 2."));
  const RuntimeStats stats = world_.runtime->stats();
  EXPECT_EQ(stats.num_sessions, 0U);
  EXPECT_EQ(stats.num_opened, 1);
  EXPECT_EQ(stats.num_turns, 2);
  EXPECT_EQ(stats.num_frames_dropped, 0);
  EXPECT_EQ(stats.num_frames_in, stats.frame_age.count());
  EXPECT_EQ(stats.num_frames_out, static_cast<int64_t>(caller.sink.frame_sizes.size()));
}

// A turn is over when its last frame was given, not before.
TEST_F(RuntimeTest, ATurnIsDoneAfterItsLastFrame) {
  world_.Start();
  Caller& caller = *world_.Open();
  size_t num_turns = 0;
  caller.sink.on_frame = [&] { num_turns = caller.sink.turns.size(); };
  world_.Ask(caller, 1);
  EXPECT_EQ(num_turns, 0U);
  EXPECT_THAT(caller.sink.turns, SizeIs(1));
}

// Frames come one by one, each when it is due, and are no longer than 20 ms.
TEST_F(RuntimeTest, FramesAreGivenEvery20Milliseconds) {
  Caller& caller = Counting(absl::Seconds(2));
  ASSERT_THAT(caller.sink.frame_times, SizeIs(28));
  for (size_t i = 1; i < caller.sink.frame_times.size(); ++i) {
    EXPECT_EQ(caller.sink.frame_times[i] - caller.sink.frame_times[i - 1], Ms(20)) << i;
  }
  EXPECT_THAT(caller.sink.frame_sizes, Each(Le(kSamplesOfFrame)));
  EXPECT_EQ(world_.runtime->stats().frame_lateness.largest(), absl::ZeroDuration());
}

TEST_F(RuntimeTest, ToolsAreCalledForTheirSession) {
  EXPECT_THAT(
      world_.registry.Register(
          {.name = "whoami",
           .description = "Says who calls.",
           .parameters = "{}",
           // So that it is run on the runtime's thread.
           .annotations = {.idempotent = true},
           .computes_only = true,
           .handler = [](const rapidjson::Value&,
                         const tools::ToolContext& context) -> absl::StatusOr<tools::ToolOutput> {
             return tools::ToolOutput{.json = "{}", .text = std::string(context.caller)};
           }}),
      IsOk());
  world_.agent.decide = [](const AgentInput& input) {
    if (input.answers.empty()) {
      return AgentStep{.calls = {{.name = "whoami", .arguments = "{}"}}, .reply = ""};
    }
    return AgentStep{.calls = {}, .reply = absl::StrCat("You are ", input.answers[0].text, ".")};
  };
  world_.Start();
  Caller& ann = *world_.Open();
  Caller& bob = *world_.Open();
  world_.Say(ann, 1);
  world_.Ask(bob, 1);
  EXPECT_EQ(ann.sink.heard, absl::StrCat("You are ", ann.session->id(), "."));
  EXPECT_EQ(bob.sink.heard, absl::StrCat("You are ", bob.session->id(), "."));
  EXPECT_THAT(world_.Stored(ann.session->id()), SizeIs(4));
}

// A session that goes on: the agent knows what was said, and calls go on being named apart.
TEST_F(RuntimeTest, ASessionGoesOnWhereItWas) {
  world_.agent.num_messages = 10;
  world_.agent.decide = [](const AgentInput& input) {
    return AgentStep{.calls = {}, .reply = absl::StrCat("After ", input.history.size(), ".")};
  };
  world_.Start();
  Caller& first = *world_.Open();
  world_.Ask(first, 1);
  const std::string id = first.session->id();
  first.session->HangUp();
  world_.Pass(Ms(20));
  Caller& second = *world_.Open(UsualSession(id));
  world_.Ask(second, 1);
  EXPECT_EQ(second.sink.heard, "After 2.");
  EXPECT_EQ(second.session->id(), id);
  EXPECT_THAT(world_.Stored(id), SizeIs(4));
}

// Interruptions.

TEST_F(RuntimeTest, WhoTakesTheFloorStopsTheAnswer) {
  Caller& caller = Counting();
  const size_t num_frames = caller.sink.frame_sizes.size();
  world_.Say(caller, 2, Ms(1000));
  world_.Pass(absl::Seconds(3));
  EXPECT_THAT(caller.sink.log,
              ElementsAre("hold", "stop", "resume", HasSubstr("turn 1 interrupted"),
                          "turn 2 answered 'Well.'"));
  ASSERT_THAT(caller.sink.turns, SizeIs(2));
  const std::string& heard = caller.sink.turns[0].heard;
  EXPECT_FALSE(heard.empty());
  // It was held at once: within 80 ms of the sound.
  EXPECT_LE(caller.sink.frame_sizes.size() - num_frames, 4U + 3U);
  EXPECT_THAT(caller.sink.heard, StartsWith(heard));
  EXPECT_THAT(caller.sink.heard, EndsWith("Well."));
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: word 1", absl::StrCat("assistant: ", heard), "user: word 2",
                          "assistant: Well."));
}

TEST_F(RuntimeTest, WhoOnlyCoughsHearsTheAnswerToItsEnd) {
  Caller& caller = Counting(Ms(60));
  world_.MakeSound(caller, kNoise, Ms(200));
  world_.Pass(absl::Seconds(3));
  EXPECT_THAT(caller.sink.log,
              ElementsAre("hold", "resume", absl::StrCat("turn 1 answered '", kCounting, "'")));
  EXPECT_EQ(caller.sink.heard, kCounting);
  // It is given at its pace again, and not what was held at once.
  for (size_t i = 1; i < caller.sink.frame_times.size(); ++i) {
    EXPECT_GE(caller.sink.frame_times[i] - caller.sink.frame_times[i - 1], Ms(20)) << i;
  }
}

// What was played.

TEST_F(RuntimeTest, WhatWasNotPlayedWasNotHeard) {
  Caller& caller = Counting(Ms(400));
  // All of "One two ", and some of "three": the next word had not begun.
  caller.session->Played(static_cast<int64_t>(9 * kSamplesOfCharacter));
  world_.Pass(Ms(20));
  caller.session->HangUp();
  world_.Pass(Ms(20));
  EXPECT_EQ(caller.sink.turns.back().heard, "One two");
  EXPECT_EQ(caller.sink.turns.back().ending, TurnEnding::kHungUp);
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: word 1", "assistant: One two"));
}

TEST_F(RuntimeTest, AnAnswerIsOverWhenItWasPlayed) {
  Caller& caller = Counting(Ms(20));
  caller.session->Played(1);
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, kCounting);
  EXPECT_THAT(caller.sink.turns, IsEmpty());
  caller.session->Played(static_cast<int64_t>(kCounting.size() * kSamplesOfCharacter));
  world_.Pass(Ms(20));
  EXPECT_THAT(caller.sink.log, ElementsAre(absl::StrCat("turn 1 answered '", kCounting, "'")));
}

// Marks that come out of order say nothing less.
TEST_F(RuntimeTest, AMarkDoesNotGoBack) {
  Caller& caller = Counting(Ms(400));
  caller.session->Played(static_cast<int64_t>(9 * kSamplesOfCharacter));
  caller.session->Played(1);
  caller.session->HangUp();
  world_.Pass(Ms(20));
  EXPECT_EQ(caller.sink.turns.back().heard, "One two");
}

// Announcements.

TEST_F(RuntimeTest, ATimerRingsInItsConversationOnly) {
  world_.Start();
  Caller& ann = *world_.Open();
  Caller& bob = *world_.Open();
  world_.Pass(Ms(300));
  world_.announcer.Ring(ann.session->id(), "Your tea is ready.");
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(ann.sink.heard, "Your tea is ready.");
  EXPECT_EQ(bob.sink.heard, "");
  EXPECT_THAT(world_.Stored(ann.session->id()), ElementsAre("assistant: Your tea is ready."));
}

TEST_F(RuntimeTest, ATimerThatRingsWhileNobodyIsThereIsHeardInTheNextConversation) {
  world_.Start();
  Caller& first = *world_.Open();
  const std::string id = first.session->id();
  world_.Pass(Ms(100));
  first.session->HangUp();
  world_.Pass(Ms(20));
  world_.announcer.Ring(id, "Your tea is ready.");
  Caller& other = *world_.Open();
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(other.sink.heard, "");
  Caller& second = *world_.Open(UsualSession(id));
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(second.sink.heard, "Your tea is ready.");
}

TEST_F(RuntimeTest, TwoSessionsShareToolsAndNotTimers) {
  tools::InMemoryTimerStore timers;
  EXPECT_THAT(
      world_.registry.Register(
          {.name = "set_timer",
           .description = "Sets a timer.",
           .parameters = "{}",
           // So that it is run on the runtime's thread.
           .annotations = {.idempotent = true},
           .computes_only = true,
           .handler = [&](const rapidjson::Value&,
                          const tools::ToolContext& context) -> absl::StatusOr<tools::ToolOutput> {
             const auto timer =
                 timers.Start(context.caller, "tea", absl::UnixEpoch() + absl::Hours(1));
             if (!timer.ok()) return timer.status();
             return tools::ToolOutput{.json = "{}", .text = "It is set."};
           }}),
      IsOk());
  world_.agent.decide = [](const AgentInput& input) {
    if (input.answers.empty()) {
      return AgentStep{.calls = {{.name = "set_timer", .arguments = "{}"}}, .reply = ""};
    }
    return AgentStep{.calls = {}, .reply = input.answers[0].text};
  };
  world_.Start();
  Caller& ann = *world_.Open();
  Caller& bob = *world_.Open();
  world_.Ask(ann, 1);
  EXPECT_EQ(ann.sink.heard, "It is set.");
  EXPECT_THAT(timers.List(ann.session->id()), SizeIs(1));
  EXPECT_THAT(timers.List(bob.session->id()), IsEmpty());
}

// Who is let in.

TEST_F(RuntimeTest, OneSessionTooManyIsRefused) {
  world_.Start({.max_sessions = 2});
  Caller& first = *world_.Open();
  ASSERT_NE(world_.Open(), nullptr);
  EXPECT_EQ(world_.Open(), nullptr);
  EXPECT_THAT(world_.refusal,
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "there are 2 conversations already, which is the limit; call again later"));
  first.session->HangUp();
  world_.Pass(Ms(20));
  EXPECT_NE(world_.Open(), nullptr);
  EXPECT_EQ(world_.runtime->stats().num_refused_full, 1);
  EXPECT_EQ(world_.runtime->stats().num_opened, 3);
}

TEST_F(RuntimeTest, ASessionIsOpenOnce) {
  world_.Start();
  Caller& caller = *world_.Open();
  const std::string id = caller.session->id();
  EXPECT_EQ(world_.Open(UsualSession(id)), nullptr);
  EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(id)));
  caller.session->HangUp();
  world_.Pass(Ms(20));
  EXPECT_NE(world_.Open(UsualSession(id)), nullptr);
}

TEST_F(RuntimeTest, WhatIsClosedIsNotOpened) {
  world_.Start();
  const std::string id = world_.store.CreateSession("talk")->id;
  ASSERT_THAT(world_.store.CloseSession(id), IsOk());
  EXPECT_EQ(world_.Open(UsualSession(id)), nullptr);
  EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(id)));
  ASSERT_THAT(world_.store.ResumeSession(id), IsOk());
  EXPECT_NE(world_.Open(UsualSession(id)), nullptr);
}

// Whoever opens it counts its messages when nobody else can add to them any more.
TEST_F(RuntimeTest, ASessionThatIsBeingOpenedIsOpen) {
  world_.Start();
  const std::string id = world_.store.CreateSession("talk")->id;
  RecordingSink second;
  absl::Status refusal;
  bool asked = false;
  world_.store.on_get_session = [&] {
    if (std::exchange(asked, true)) return;
    refusal = world_.runtime->Open(UsualSession(id), &second).status();
  };
  EXPECT_NE(world_.Open(UsualSession(id)), nullptr) << world_.refusal;
  EXPECT_THAT(refusal, StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(RuntimeTest, WhatCannotBeOpenedSaysWhy) {
  world_.Start();
  EXPECT_EQ(world_.Open(UsualSession("nobody")), nullptr);
  EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kNotFound));
  const std::string id = world_.store.CreateSession("talk")->id;
  SessionOptions wrong = UsualSession(id);
  wrong.conversation.input_sample_rate_hz = 96000;
  EXPECT_EQ(world_.Open(wrong), nullptr);
  EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(world_.runtime->Open(UsualSession(id), nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument));
  // Nothing of it is kept.
  EXPECT_NE(world_.Open(UsualSession(id)), nullptr);
  EXPECT_EQ(world_.runtime->stats().num_opened, 1);
}

TEST_F(RuntimeTest, ARuntimeIsMadeOfAllItsPartsAndOfOptionsInRange) {
  world_.Start();
  EXPECT_THAT(Runtime::Create({}, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

// A detector that takes most of the time makes the threads busy.
TEST_F(RuntimeTest, NobodyIsLetInWhileTheThreadsAreBusy) {
  world_.Start({.max_frame_age = absl::Hours(1)});
  Caller* last = world_.Open();
  // 18 of 20 ms.
  world_.detector_takes = Ms(9);
  world_.Pass(absl::Seconds(2));
  EXPECT_GT(world_.runtime->stats().utilization, 0.85);
  EXPECT_EQ(world_.Open(), nullptr);
  EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kUnavailable,
                                       AllOf(HasSubstr("85 % is the limit"),
                                             HasSubstr("call again in a few seconds"))));
  EXPECT_EQ(world_.runtime->stats().num_refused_busy, 1);
  // As soon as there is less to do, others are let in.
  world_.detector_takes = absl::ZeroDuration();
  world_.Pass(absl::Seconds(2));
  EXPECT_NE(world_.Open(), nullptr) << world_.refusal;
  last->session->HangUp();
}

TEST_F(RuntimeTest, NobodyIsLetInWhileSoundWaits) {
  world_.Start();
  Caller& caller = *world_.Open();
  world_.Pass(Ms(200));
  ASSERT_THAT(caller.session->Push(std::vector<int16_t>(kSamplesOfFrame)), IsOk());
  // It is not served meanwhile.
  world_.now += Ms(50);
  EXPECT_EQ(world_.Open(), nullptr);
  EXPECT_THAT(world_.refusal,
              StatusIs(absl::StatusCode::kUnavailable,
                       "the agent is busy: sound waits 50ms to be heard; call again in a few "
                       "seconds"));
  world_.Pass(Ms(300));
  EXPECT_NE(world_.Open(), nullptr) << world_.refusal;
  EXPECT_EQ(world_.runtime->stats().frame_age.largest(), Ms(50));
}

// What is sent.

TEST_F(RuntimeTest, TheOldestSoundIsDropped) {
  world_.Start();
  Caller& caller = *world_.Open();
  world_.Pass(Ms(100));
  // Word 1, which is too old when it would be heard, and then 200 ms of word 2.
  ASSERT_THAT(caller.session->Push(SoundOfWord(1, 10 * kSamplesOfFrame)), IsOk());
  ASSERT_THAT(caller.session->Push(SoundOfWord(2, 10 * kSamplesOfFrame)), IsOk());
  world_.Pass(absl::Seconds(3));
  EXPECT_THAT(caller.sink.heard, "You said word 2.");
  const RuntimeStats stats = world_.runtime->stats();
  EXPECT_EQ(stats.num_frames_dropped, 10);
  EXPECT_EQ(stats.num_frames_in, stats.frame_age.count() + stats.num_frames_dropped);
}

// The bound is a length of sound, whatever it is cut into.
TEST_F(RuntimeTest, SmallPiecesOfSoundAreDroppedNoSooner) {
  world_.Start();
  Caller& caller = *world_.Open();
  world_.Pass(Ms(100));
  for (size_t i = 0; i < 10 * kSamplesOfFrame; i += 64) {
    ASSERT_THAT(caller.session->Push(SoundOfWord(3, 64)), IsOk());
  }
  world_.Pass(absl::Seconds(3));
  EXPECT_EQ(world_.runtime->stats().num_frames_dropped, 0);
  EXPECT_EQ(caller.sink.heard, "You said word 3.");
}

TEST_F(RuntimeTest, FramesOfOddSizesAreHeardAsTheyWereSaid) {
  for (const size_t size : {1, 7, 100, 319, 321, 999}) {
    SCOPED_TRACE(size);
    world_.Start();
    Caller& caller = *world_.Open();
    std::vector<int16_t> sound(16000, 0);
    const std::vector<int16_t> word = SoundOfWord(4, 9600);
    std::copy(word.begin(), word.end(), sound.begin() + 1600);
    sound.resize(32000);
    caller.sends = false;
    size_t sent = 0;
    for (size_t until = 0; until <= sound.size(); until += kSamplesOfFrame) {
      for (; sent + size <= until; sent += size) {
        ASSERT_THAT(caller.session->Push(absl::MakeConstSpan(sound).subspan(sent, size)), IsOk());
      }
      world_.RunUntil(world_.now + kFrameOfCaller);
    }
    EXPECT_EQ(caller.sink.heard, "You said word 4.");
    EXPECT_EQ(world_.runtime->stats().num_frames_dropped, 0);
    caller.session->HangUp();
    world_.Pass(Ms(20));
    world_.runtime.reset();
  }
}

TEST_F(RuntimeTest, MoreThanASecondAtOnceIsRefused) {
  world_.Start({.max_queued_sound = absl::Seconds(2)});
  Caller& caller = *world_.Open();
  EXPECT_THAT(caller.session->Push(std::vector<int16_t>(16001)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "16001 samples were pushed at once; the limit is a second, 16000"));
  EXPECT_THAT(caller.session->Push(std::vector<int16_t>(16000)), IsOk());
  EXPECT_THAT(caller.session->Push({}), IsOk());
  EXPECT_EQ(world_.runtime->stats().num_frames_in, 50);
  // A rate of which 20 ms are no whole number of samples.
  SessionOptions options = UsualSession();
  options.conversation.input_sample_rate_hz = 11025;
  Caller* odd = world_.Open(options);
  if (odd != nullptr) {
    EXPECT_THAT(odd->session->Push(std::vector<int16_t>(11025)), IsOk());
  }
}

TEST_F(RuntimeTest, NothingIsTakenOnceASessionIsOver) {
  world_.Start();
  Caller& caller = *world_.Open();
  caller.session->HangUp();
  world_.Pass(Ms(20));
  ASSERT_EQ(caller.sink.num_closed, 1);
  EXPECT_THAT(caller.session->Push(std::vector<int16_t>(kSamplesOfFrame)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "the session is over"));
  caller.session->EndOfSound();
  caller.session->Played(7);
  caller.session->HangUp();
  world_.Pass(absl::Seconds(2));
  // Nor when the runtime is gone, whose clock may be, too.
  world_.runtime.reset();
  EXPECT_THAT(caller.session->Push(std::vector<int16_t>(kSamplesOfFrame)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(caller.sink.num_closed, 1);
  EXPECT_EQ(caller.sink.num_after_closed, 0);
}

TEST_F(RuntimeTest, TheEndOfAFileEndsWhatIsSaid) {
  world_.Start();
  Caller& caller = *world_.Open();
  world_.Say(caller, 5);
  caller.sends = false;
  caller.session->EndOfSound();
  world_.RunUntil(world_.now + absl::Seconds(3));
  EXPECT_EQ(caller.sink.heard, "You said word 5.");
}

TEST_F(RuntimeTest, WhoSendsNothingIsHungUp) {
  world_.Start({.idle_timeout = absl::Seconds(30)});
  Caller& quiet = *world_.Open();
  Caller& other = *world_.Open();
  quiet.sends = false;
  world_.Pass(absl::Seconds(29));
  EXPECT_FALSE(quiet.sink.closed.has_value());
  world_.Pass(absl::Seconds(2));
  ASSERT_TRUE(quiet.sink.closed.has_value());
  EXPECT_THAT(*quiet.sink.closed,
              StatusIs(absl::StatusCode::kDeadlineExceeded, "no sound came for 30s"));
  EXPECT_FALSE(other.sink.closed.has_value());
  EXPECT_EQ(world_.runtime->stats().num_timed_out, 1);
}

// Clocks.

TEST_F(RuntimeTest, AClockThatJumpsForwardDelaysAnAnswerAndLosesNothing) {
  Caller& caller = Counting(Ms(60));
  const size_t num_frames = caller.sink.frame_sizes.size();
  world_.now += absl::Seconds(5);
  world_.RunUntil(world_.now);
  // What is more than 100 ms late goes on later.
  EXPECT_EQ(caller.sink.frame_sizes.size(), num_frames + 1);
  EXPECT_EQ(world_.runtime->stats().num_answers_delayed, 1);
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, kCounting);
  EXPECT_LE(world_.runtime->stats().frame_lateness.largest(), Ms(100));
}

TEST_F(RuntimeTest, FramesThatAreALittleLateAreGivenAtOnce) {
  Caller& caller = Counting(Ms(60));
  const size_t num_frames = caller.sink.frame_sizes.size();
  world_.now += Ms(80);
  world_.RunUntil(world_.now);
  EXPECT_EQ(caller.sink.frame_sizes.size(), num_frames + 4);
  EXPECT_EQ(world_.runtime->stats().num_answers_delayed, 0);
  EXPECT_GE(world_.runtime->stats().frame_lateness.largest(), Ms(60));
}

TEST_F(RuntimeTest, AClockThatGoesBackStandsStillUntilItHasCaughtUp) {
  Caller& caller = Counting(Ms(60));
  const int64_t heard = caller.sink.num_samples;
  world_.now -= absl::Seconds(3);
  world_.Pass(Ms(2900));
  EXPECT_EQ(caller.sink.num_samples, heard);
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, kCounting);
  world_.Ask(caller, 2);
  EXPECT_THAT(caller.sink.heard, EndsWith("Well."));
}

// Hanging up.

TEST_F(RuntimeTest, WhatWasHeardIsStoredWhoeverHangsUpWhen) {
  CountUp();
  for (int ms = 0; ms <= 2000; ms += 100) {
    SCOPED_TRACE(absl::StrCat("after ", ms, " ms"));
    world_.Start();
    Caller& caller = *world_.Open();
    caller.loudness = static_cast<int16_t>(kLoudnessOfWords + 1);
    world_.Pass(Ms(std::min(ms, 600)));
    caller.loudness = 0;
    world_.Pass(Ms(std::max(ms - 600, 0)));
    caller.session->HangUp();
    world_.Pass(Ms(20));
    ASSERT_EQ(caller.sink.num_closed, 1);
    EXPECT_THAT(*caller.sink.closed, IsOk());
    EXPECT_EQ(caller.sink.log.back(), "closed");
    const std::vector<std::string> stored = world_.Stored(caller.session->id());
    if (caller.sink.num_samples == 0) {
      EXPECT_THAT(stored, testing::AnyOf(IsEmpty(), ElementsAre("user: word 1"),
                                         ElementsAre("user: word 1", "assistant: ")));
    } else {
      ASSERT_THAT(stored, SizeIs(2));
      // To the word.
      std::string words = caller.sink.heard;
      if (words != kCounting)
        words.resize(words.find(' ') == std::string::npos ? 0 : words.rfind(' '));
      EXPECT_EQ(stored[1], absl::StrCat("assistant: ", words));
    }
    world_.Pass(absl::Seconds(1));
    EXPECT_EQ(caller.sink.num_after_closed, 0);
    EXPECT_EQ(world_.runtime->stats().num_sessions, 0U);
    EXPECT_EQ(world_.runtime->stats().recognizers.num_busy, 0);
    world_.runtime.reset();
  }
}

TEST_F(RuntimeTest, AFrameMayHangUp) {
  CountUp();
  world_.Start();
  Caller& caller = *world_.Open();
  caller.sink.on_frame = [&] { caller.session->HangUp(); };
  world_.Ask(caller, 1);
  EXPECT_EQ(caller.sink.frame_sizes.size(), 1U);
  EXPECT_EQ(caller.sink.num_closed, 1);
}

// Shutting down.

TEST_F(RuntimeTest, ShuttingDownLetsAnAnswerComeToItsEnd) {
  Caller& counting = Counting();
  Caller& idle = *world_.Open();
  world_.Pass(Ms(20));
  // Time passes while it is waited for.
  world_.tick = absl::Microseconds(100);
  EXPECT_THAT(world_.runtime->Shutdown(absl::Seconds(10)), IsOk());
  EXPECT_EQ(counting.sink.heard, kCounting);
  EXPECT_THAT(*counting.sink.closed,
              StatusIs(absl::StatusCode::kCancelled, "the agent shuts down"));
  EXPECT_THAT(*idle.sink.closed, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(world_.Stored(counting.session->id()),
              ElementsAre("user: word 1", absl::StrCat("assistant: ", kCounting)));
  EXPECT_EQ(world_.Open(), nullptr);
  EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kUnavailable,
                                       "the agent shuts down; call again in a minute"));
  EXPECT_EQ(world_.runtime->stats().num_refused_stopping, 1);
}

TEST_F(RuntimeTest, ShuttingDownCutsAnAnswerThatTakesTooLong) {
  Caller& counting = Counting();
  world_.tick = absl::Microseconds(100);
  EXPECT_THAT(world_.runtime->Shutdown(Ms(100)),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       "1 sessions had a turn under way after 100ms, which was cut"));
  EXPECT_EQ(counting.sink.num_closed, 1);
  ASSERT_THAT(counting.sink.turns, SizeIs(1));
  EXPECT_EQ(counting.sink.turns[0].ending, TurnEnding::kHungUp);
  EXPECT_NE(counting.sink.heard, kCounting);
  EXPECT_THAT(
      world_.Stored(counting.session->id()),
      ElementsAre("user: word 1", absl::StrCat("assistant: ", counting.sink.turns[0].heard)));
}

// A clock that stands still is not waited for.
TEST_F(RuntimeTest, ShuttingDownEndsThoughTheClockStandsStill) {
  Caller& counting = Counting();
  EXPECT_THAT(world_.runtime->Shutdown(Ms(50)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(counting.sink.num_closed, 1);
  EXPECT_THAT(world_.runtime->Shutdown(Ms(50)), IsOk());
}

TEST_F(RuntimeTest, ShuttingDownSaysWhatTheStoreDidNotAnswer) {
  Caller& counting = Counting();
  world_.store.SetWrites(FaultyStore::Writes::kHang);
  world_.tick = absl::Milliseconds(1);
  EXPECT_THAT(world_.runtime->Shutdown(Ms(10)),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       testing::AnyOf(HasSubstr("of 1 the store did not answer"),
                                      HasSubstr("which was cut"))));
  EXPECT_EQ(counting.sink.num_closed, 1);
}

TEST_F(RuntimeTest, TheEndOfTheRuntimeClosesEverySession) {
  Caller& counting = Counting();
  // One that was opened and never served.
  Caller& fresh = *world_.Open();
  world_.runtime.reset();
  EXPECT_THAT(*counting.sink.closed, StatusIs(absl::StatusCode::kCancelled, "the runtime ended"));
  EXPECT_THAT(*fresh.sink.closed, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(counting.sink.num_closed, 1);
  EXPECT_EQ(fresh.sink.num_closed, 1);
  // What was heard is stored, and what was not as well.
  EXPECT_THAT(world_.Stored(counting.session->id()),
              ElementsAre("user: word 1", absl::StrCat("assistant: ", kCounting)));
}

// Sessions do not wait for one another.

// Timers that come due while timers are served wait for the next time, or nothing else would ever
// be done.
TEST_F(RuntimeTest, AThreadThatHasTooMuchToDoStillHearsWhatIsSaid) {
  CountUp();
  world_.Start({.max_utilization = 1e9, .max_frame_age = absl::Hours(1)});
  std::vector<Caller*> callers;
  for (int i = 0; i < 20; ++i) callers.push_back(world_.Open());
  for (Caller* const caller : callers) caller->loudness = kLoudnessOfWords + 1;
  world_.Pass(Ms(600));
  for (Caller* const caller : callers) caller->loudness = 0;
  while (callers[19]->sink.num_samples == 0) world_.Pass(Ms(20));
  // Now everything takes so long that the frames of all take more than they last.
  for (Caller* const caller : callers) caller->sink.on_frame = [this] { world_.now += Ms(2); };
  // Somebody hangs up while it is at that.
  Caller& caller = *callers[3];
  callers[0]->sink.on_frame = [&] {
    world_.now += Ms(2);
    caller.session->HangUp();
  };
  world_.Pass(absl::Seconds(3));
  EXPECT_EQ(caller.sink.num_closed, 1);
  EXPECT_NE(caller.sink.heard, kCounting);
}

// What is allocated.

TEST_F(RuntimeTest, AFrameOfAQuietSessionAllocatesNothing) {
  world_.has_announcer = false;
  world_.Start();
  Caller& caller = *world_.Open();
  caller.sends = false;
  const std::vector<int16_t> frame(kSamplesOfFrame);
  const auto pass = [&] {
    for (int i = 0; i < 500; ++i) {
      ASSERT_TRUE(caller.session->Push(frame).ok());
      world_.RunUntil(world_.now + kFrameOfCaller);
    }
  };
  pass();
  EXPECT_EQ(perf::CountAllocations(pass), 0);
  EXPECT_EQ(world_.runtime->stats().frame_age.count(), 1000);
}

// Records.

std::string Record(absl::string_view name) {
  VirtualRuntime world(name);
  world.Start();
  std::string bytes;
  SessionOptions options = UsualSession();
  options.record = [&](absl::string_view part) { absl::StrAppend(&bytes, part); };
  Caller& caller = *world.Open(std::move(options));
  world.Ask(caller, 1);
  world.Say(caller, 2);
  world.Pass(Ms(700));
  world.Say(caller, 3, Ms(800));
  world.Pass(absl::Seconds(3));
  caller.session->HangUp();
  world.Pass(Ms(40));
  EXPECT_EQ(caller.sink.num_closed, 1);
  return bytes;
}

TEST(RuntimeRecordTest, TheSameSoundGivesTheSameRecordWhichRepeats) {
  const std::string first = Record("record_first");
  const std::string second = Record("record_second");
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(first == second);
  const auto repeated = ReplayConversation(
      first, {.make_detector = [](absl::string_view name)
                  -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
        EXPECT_EQ(name, "loudness");
        return std::make_unique<LoudnessVad>();
      }});
  ASSERT_THAT(repeated, IsOk());
  EXPECT_TRUE(repeated->agrees());
  EXPECT_GT(repeated->num_actions, 20);
}

}  // namespace
}  // namespace parlance::pipeline

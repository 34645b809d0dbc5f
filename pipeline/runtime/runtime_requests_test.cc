// What may be asked of a session beside hearing it, and sound that is given before it is due.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "pipeline/runtime/testing/virtual_runtime.h"
#include "session/message.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Caller = VirtualRuntime::Caller;

constexpr absl::Duration Ms(int64_t milliseconds) { return absl::Milliseconds(milliseconds); }
// It takes 560 ms to say.
constexpr absl::string_view kCounting = "One two three four five six seven eight nine ten eleven.";

class RuntimeRequestsTest : public testing::Test {
 protected:
  RuntimeRequestsTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {
    world_.agent.decide = [](const AgentInput& input) {
      const bool counts = input.utterance.text == "count";
      return AgentStep{
          .calls = {},
          .reply = counts ? std::string(kCounting) : "To " + input.utterance.text + "."};
    };
    world_.Start();
  }

  Caller& Open(absl::Duration output_lead = absl::ZeroDuration()) {
    SessionOptions options = UsualSession();
    options.output_lead = output_lead;
    return *world_.Open(std::move(options));
  }
  static std::vector<int16_t> Spoken(int word, absl::Duration length = Ms(600)) {
    return std::vector<int16_t>(static_cast<size_t>(16 * absl::ToInt64Milliseconds(length)),
                                static_cast<int16_t>(kLoudnessOfWords + word));
  }

  VirtualRuntime world_;
};

TEST_F(RuntimeRequestsTest, WhatIsTypedIsAnswered) {
  Caller& caller = Open();
  ASSERT_THAT(caller.session->Type("hello"), IsOk());
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, "To hello.");
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: hello", "assistant: To hello."));
}

TEST_F(RuntimeRequestsTest, AWholeUtteranceIsAnswered) {
  Caller& caller = Open();
  ASSERT_THAT(caller.session->Configure({.detects_speech = false}), IsOk());
  world_.Say(caller, 1);
  ASSERT_THAT(caller.session->WholeUtterance(Spoken(2)), IsOk());
  world_.Pass(absl::Seconds(3));
  EXPECT_EQ(caller.sink.heard, "To word 2.");
}

// What comes between two pieces of sound is done between them.
TEST_F(RuntimeRequestsTest, RequestsKeepTheirPlaceInTheSound) {
  Caller& caller = Open();
  world_.Say(caller, 1);
  caller.sends = false;
  caller.session->EndOfSound();
  caller.session->EndOfSound();
  for (int i = 0; i < 5; ++i) ASSERT_THAT(caller.session->Push(Spoken(2, Ms(20))), IsOk());
  world_.RunUntil(world_.now);
  world_.Pass(absl::Seconds(1));
  ASSERT_THAT(caller.sink.turns, SizeIs(1)) << "100 ms are no utterance";
  EXPECT_EQ(caller.sink.turns[0].utterance.text, "word 1");
  EXPECT_EQ(caller.sink.turns[0].ending, TurnEnding::kAnswered);
}

TEST_F(RuntimeRequestsTest, AnAnswerIsGivenWhenItIsAskedFor) {
  SessionOptions options = UsualSession();
  options.turn_taking = TurnTaking{.answers = false};
  Caller& caller = *world_.Open(std::move(options));
  world_.Say(caller, 1);
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, "");
  ASSERT_THAT(caller.session->Respond(), IsOk());
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, "To word 1.");
}

TEST_F(RuntimeRequestsTest, AnAnswerIsCancelledAndCorrectedToWhatWasHeard) {
  Caller& caller = Open();
  ASSERT_THAT(caller.session->Type("count"), IsOk());
  world_.Pass(Ms(300));
  ASSERT_THAT(caller.session->CancelAnswer(), IsOk());
  world_.Pass(absl::Seconds(1));
  ASSERT_THAT(caller.sink.turns, SizeIs(1));
  EXPECT_EQ(caller.sink.turns[0].heard, "One two three four five six");
  // "One two " and a half.
  ASSERT_THAT(caller.session->Truncate(100 * 16), IsOk());
  world_.Pass(Ms(100));
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: count", "assistant: One two"));
}

TEST_F(RuntimeRequestsTest, AMessageIsAdded) {
  Caller& caller = Open();
  ASSERT_THAT(caller.session->AddMessage(session::Role::kAssistant, "Hi, this is Ann."), IsOk());
  world_.Pass(Ms(100));
  EXPECT_THAT(world_.Stored(caller.session->id()), ElementsAre("assistant: Hi, this is Ann."));
}

TEST_F(RuntimeRequestsTest, TooMuchIsRefused) {
  Caller& caller = Open();
  EXPECT_THAT(caller.session->Type(std::string(Runtime::Session::kMaxTextBytes + 1, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65537 bytes")));
  EXPECT_THAT(caller.session->AddMessage(session::Role::kUser,
                                         std::string(Runtime::Session::kMaxTextBytes + 1, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(caller.session->WholeUtterance(
                  Spoken(1, ConversationEvents::kMaxUtterance + absl::Seconds(1))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("30s")));
  for (size_t i = 0; i < Runtime::Session::kMaxRequests; ++i) {
    ASSERT_THAT(caller.session->CancelAnswer(), IsOk());
  }
  EXPECT_THAT(caller.session->Respond(), StatusIs(absl::StatusCode::kResourceExhausted));
  world_.Pass(Ms(20));
  const std::string text(Runtime::Session::kMaxTextBytes, 'a');
  for (size_t bytes = 0; bytes < Runtime::Session::kMaxRequestBytes; bytes += text.size()) {
    ASSERT_THAT(caller.session->AddMessage(session::Role::kUser, text), IsOk());
  }
  EXPECT_THAT(caller.session->AddMessage(session::Role::kUser, text),
              StatusIs(absl::StatusCode::kResourceExhausted));
  world_.Pass(Ms(20));
  EXPECT_THAT(caller.session->AddMessage(session::Role::kUser, text), IsOk());
  world_.Pass(Ms(20));
  EXPECT_THAT(caller.session->CancelAnswer(), IsOk());
  caller.session->HangUp();
  world_.Pass(Ms(100));
  EXPECT_THAT(caller.session->Respond(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(RuntimeRequestsTest, WhoAsksForSomethingIsNotIdle) {
  Caller& caller = Open();
  caller.sends = false;
  for (int i = 0; i < 15; ++i) {
    world_.Pass(absl::Minutes(1));
    ASSERT_THAT(caller.session->CancelAnswer(), IsOk());
  }
  EXPECT_FALSE(caller.sink.closed.has_value());
}

// 200 ms at once, and from then on what is 200 ms ahead.
TEST_F(RuntimeRequestsTest, SoundIsGivenAheadAndTheTurnEndsWhenItWasPlayed) {
  Caller& caller = Open(Ms(200));
  std::vector<absl::Duration> done;
  ASSERT_THAT(caller.session->Type("count"), IsOk());
  while (caller.sink.turns.empty()) world_.Pass(Ms(20));
  const absl::Duration ended = world_.now;
  const std::vector<absl::Duration>& times = caller.sink.frame_times;
  ASSERT_THAT(times, SizeIs(28)) << "560 ms";
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i] - times[0], i <= 10 ? Ms(0) : Ms(20) * static_cast<int64_t>(i - 10)) << i;
  }
  EXPECT_GE(ended - times[0], Ms(560));
  EXPECT_LE(ended - times[0], Ms(600));
  EXPECT_EQ(caller.sink.turns[0].heard, kCounting);
}

// An answer that is shorter than the lead is given at once, and is being heard all the same.
TEST_F(RuntimeRequestsTest, AShortAnswerThatIsAheadIsHeardInItsTime) {
  Caller& caller = Open(Ms(500));
  ASSERT_THAT(caller.session->Type("hello"), IsOk());
  while (caller.sink.num_samples == 0) world_.Pass(Ms(20));
  const absl::Duration began = world_.now;
  EXPECT_EQ(caller.sink.num_samples, 9 * 160);
  EXPECT_THAT(caller.sink.turns, IsEmpty());
  while (caller.sink.turns.empty()) world_.Pass(Ms(10));
  EXPECT_GE(world_.now - began, Ms(70));
}

// What was given ahead was not heard.
TEST_F(RuntimeRequestsTest, WhatIsHeardOfAnAnswerThatIsAheadGoesByTime) {
  Caller& caller = Open(Ms(500));
  ASSERT_THAT(caller.session->Type("count"), IsOk());
  while (caller.sink.num_samples == 0) world_.Pass(Ms(20));
  world_.Pass(Ms(100));
  EXPECT_GT(caller.sink.num_samples, 500 * 16);
  ASSERT_THAT(caller.session->CancelAnswer(), IsOk());
  world_.Pass(Ms(100));
  ASSERT_THAT(caller.sink.turns, SizeIs(1));
  EXPECT_EQ(caller.sink.turns[0].heard, "One two") << "100 ms were played";
}

// What was thrown away is not waited for.
TEST_F(RuntimeRequestsTest, TheNextAnswerIsGivenAtOnce) {
  Caller& caller = Open(Ms(500));
  ASSERT_THAT(caller.session->Type("count"), IsOk());
  while (caller.sink.num_samples == 0) world_.Pass(Ms(20));
  world_.Pass(Ms(100));
  caller.sink.frame_times.clear();
  const absl::Duration asked = world_.now;
  ASSERT_THAT(caller.session->Type("hello"), IsOk());
  world_.Pass(Ms(100));
  ASSERT_FALSE(caller.sink.frame_times.empty());
  EXPECT_LE(caller.sink.frame_times[0] - asked, Ms(40));
  world_.Pass(absl::Seconds(1));
  EXPECT_EQ(caller.sink.turns.back().heard, "To hello.");
}

TEST_F(RuntimeRequestsTest, ALeadOutOfRangeIsRefused) {
  for (const absl::Duration lead : {-Ms(1), Ms(1001), absl::InfiniteDuration()}) {
    SessionOptions options = UsualSession();
    options.output_lead = lead;
    EXPECT_EQ(world_.Open(std::move(options)), nullptr);
    EXPECT_THAT(world_.refusal, StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace parlance::pipeline

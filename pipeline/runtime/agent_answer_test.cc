// How an agent answers that takes its time: in several texts, from any thread, or not at all.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/virtual_runtime.h"
#include "rapidjson/document.h"
#include "third_party/status_matchers.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Caller = VirtualRuntime::Caller;
using Question = PatientAgent::Question;

constexpr absl::Duration Ms(int64_t milliseconds) { return absl::Milliseconds(milliseconds); }
constexpr char kApology[] = "Sorry, something went wrong. ";

class AgentAnswerTest : public testing::Test {
 protected:
  AgentAnswerTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {
    world_.other_agent = &agent_;
    EXPECT_THAT(world_.registry.Register(
                    {.name = "look",
                     .description = "Looks something up.",
                     .parameters = "{}",
                     .annotations = {.read_only = true},
                     .computes_only = true,
                     .handler = [](const rapidjson::Value&,
                                   const tools::ToolContext&) -> absl::StatusOr<tools::ToolOutput> {
                       return tools::ToolOutput{.json = R"({"found":1})", .text = "Found."};
                     }}),
                IsOk());
  }

  // The question that comes of a word.
  Question Ask(Caller& caller, int word) {
    const size_t index = agent_.num_questions();
    world_.Say(caller, word);
    for (int i = 0; i < 100 && agent_.num_questions() == index; ++i) world_.Pass(Ms(20));
    return agent_.Take(index);
  }
  Question Next() {
    const size_t index = agent_.num_questions();
    for (int i = 0; i < 100 && agent_.num_questions() == index; ++i) world_.Pass(Ms(20));
    return agent_.Take(index);
  }
  void HangUp(Caller& caller) {
    caller.session->HangUp();
    world_.Pass(Ms(20));
    EXPECT_EQ(caller.sink.num_closed, 1);
  }

  PatientAgent agent_;
  VirtualRuntime world_;
};

TEST_F(AgentAnswerTest, ComesInTexts) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question question = Ask(caller, 1);
  EXPECT_EQ(question.input.utterance.text, "word 1");
  EXPECT_EQ(question.input.session_id, caller.session->id());
  EXPECT_THAT(question.input.history, IsEmpty());
  question.answer->Text("It is ten o'clock. ");
  world_.Pass(Ms(600));
  // It is heard before the answer is at its end.
  EXPECT_NE(caller.sink.heard, "");
  question.answer->Text("In ");
  question.answer->Text("Tokyo.");
  question.answer->Done(AgentStep{.reply = " Bye."});
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, "It is ten o'clock. In Tokyo. Bye.");
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: word 1", "assistant: It is ten o'clock. In Tokyo. Bye."));
  EXPECT_EQ(*question.num_cancelled, 0);
}

TEST_F(AgentAnswerTest, MayComeFromAnotherThread) {
  world_.Start();
  Caller& caller = *world_.Open();
  Question question = Ask(caller, 1);
  std::thread([&] {
    question.answer->Text("From ");
    question.answer->Text("elsewhere.");
    question.answer->Done(AgentStep{});
    question.answer = nullptr;
  }).join();
  world_.Pass(absl::Seconds(1));
  EXPECT_EQ(caller.sink.heard, "From elsewhere.");
}

TEST_F(AgentAnswerTest, WhatComesAfterItsEndIsDropped) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question question = Ask(caller, 1);
  EXPECT_TRUE(question.answer->wanted());
  question.answer->Done(AgentStep{.reply = "Once."});
  EXPECT_FALSE(question.answer->wanted());
  question.answer->Text("Twice.");
  question.answer->Done(AgentStep{.reply = "Thrice."});
  world_.Pass(absl::Seconds(1));
  EXPECT_EQ(caller.sink.heard, "Once.");
  EXPECT_THAT(caller.sink.turns, SizeIs(1));
}

// An agent that forgets a question is one that failed, at once and not when time is up.
TEST_F(AgentAnswerTest, NeverComes) {
  world_.Start();
  Caller& caller = *world_.Open();
  Ask(caller, 1).answer.reset();
  world_.Pass(absl::Seconds(1));
  EXPECT_EQ(caller.sink.heard, kApology);
  Ask(caller, 2).answer->Done(AgentStep{.reply = "Yes."});
  world_.Pass(absl::Seconds(1));
  EXPECT_EQ(caller.sink.heard, std::string(kApology) + "Yes.");
}

TEST_F(AgentAnswerTest, FailsInTheMiddle) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question question = Ask(caller, 1);
  question.answer->Text("It is ten o'clock. ");
  question.answer->Done(absl::UnavailableError("the model has died"));
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, std::string("It is ten o'clock. ") + kApology);
}

TEST_F(AgentAnswerTest, IsCancelledWhenSomebodySpeaksOverIt) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question first = Ask(caller, 1);
  first.answer->Text("It is ten o'clock, and all is well. ");
  world_.Pass(Ms(200));
  const Question second = Ask(caller, 2);
  EXPECT_EQ(*first.num_cancelled, 1);
  EXPECT_FALSE(first.answer->wanted());
  first.answer->Text("Nobody hears this.");
  first.answer->Done(AgentStep{.reply = "Nor this."});
  int num_late = 0;
  first.answer->OnCancel([&] { ++num_late; });
  EXPECT_EQ(num_late, 1) << "who asks to be told too late is told at once";
  const size_t heard = caller.sink.heard.size();
  second.answer->Done(AgentStep{.reply = "Yes."});
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard.substr(heard), "Yes.");
  EXPECT_EQ(*second.num_cancelled, 0);
  second.answer->OnCancel([&] { ++num_late; });
  EXPECT_EQ(num_late, 1) << "what is answered cannot be cancelled";
  HangUp(caller);
}

TEST_F(AgentAnswerTest, IsCancelledWhenTimeIsUp) {
  world_.Start();
  SessionOptions options = UsualSession();
  options.conversation.agent_timeout = absl::Seconds(2);
  options.conversation.waiting_after = absl::Seconds(10);
  Caller& caller = *world_.Open(options);
  const Question question = Ask(caller, 1);
  world_.Pass(absl::Seconds(4));
  EXPECT_EQ(*question.num_cancelled, 1);
  EXPECT_EQ(caller.sink.heard, kApology);
  HangUp(caller);
}

TEST_F(AgentAnswerTest, IsCancelledWhenTheyHangUp) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question question = Ask(caller, 1);
  HangUp(caller);
  EXPECT_EQ(*question.num_cancelled, 1);
  question.answer->Text("Nobody is there.");
  question.answer->Done(AgentStep{.reply = "Nobody."});
  world_.Pass(Ms(100));
  EXPECT_EQ(caller.sink.num_after_closed, 0);
}

TEST_F(AgentAnswerTest, OutlivesTheRuntime) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question question = Ask(caller, 1);
  world_.runtime = nullptr;
  EXPECT_EQ(*question.num_cancelled, 1);
  question.answer->Text("Nobody is there.");
  question.answer->Done(AgentStep{.reply = "Nobody."});
}

TEST_F(AgentAnswerTest, TextAndThenCalls) {
  world_.Start();
  Caller& caller = *world_.Open();
  const Question first = Ask(caller, 1);
  first.answer->Text("Let me ");
  first.answer->Done(AgentStep{.calls = {{.name = "look", .arguments = "{}"}}, .reply = "look. "});
  const Question second = Next();
  ASSERT_THAT(second.input.answers, SizeIs(1));
  EXPECT_EQ(second.input.answers[0].text, "Found.");
  ASSERT_THAT(second.input.steps, SizeIs(1));
  EXPECT_EQ(second.input.steps[0].text, "Let me look. ");
  EXPECT_EQ(second.input.steps[0].num_calls, 1u);
  second.answer->Done(AgentStep{.calls = {{.name = "look", .arguments = "{}"}}});
  const Question third = Next();
  ASSERT_THAT(third.input.steps, SizeIs(2));
  EXPECT_EQ(third.input.steps[1].text, "");
  // What this turn has stored is no history of it.
  EXPECT_THAT(third.input.history, IsEmpty());
  third.answer->Text("Here it is.");
  third.answer->Done(AgentStep{});
  world_.Pass(absl::Seconds(2));
  EXPECT_EQ(caller.sink.heard, "Let me look. Here it is.");
  ASSERT_THAT(caller.sink.turns, SizeIs(1));
  EXPECT_EQ(caller.sink.turns[0].reply, "Let me look. Here it is.");
  EXPECT_THAT(caller.sink.turns[0].calls, SizeIs(2));
  const Question next_turn = Ask(caller, 2);
  EXPECT_THAT(next_turn.input.steps, IsEmpty());
  EXPECT_EQ(next_turn.input.history.front().content, "word 1");
  EXPECT_EQ(next_turn.input.history.back().content, "Here it is.");
}

}  // namespace
}  // namespace parlance::pipeline

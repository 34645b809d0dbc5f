// What goes wrong around a conversation, and how it ends: the table of README.md.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/runtime/testing/gate.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/virtual_runtime.h"
#include "rapidjson/document.h"
#include "third_party/status_matchers.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Caller = VirtualRuntime::Caller;

constexpr absl::Duration Ms(int64_t milliseconds) { return absl::Milliseconds(milliseconds); }
// As they are heard.
constexpr absl::string_view kApology = "Sorry, something went wrong. ";
constexpr absl::string_view kNotStored = "Sorry, I cannot keep that, so I did not answer. ";

class RuntimeFaultsTest : public testing::Test {
 protected:
  RuntimeFaultsTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  // Asks word 1 while something is wrong, which is heard as `first`; once it is right again, word 2
  // is answered.
  void ExpectOneFault(absl::string_view first, const std::function<void()>& heal) {
    world_.Start();
    Caller& caller = *world_.Open();
    world_.Say(caller, 1);
    world_.Pass(absl::Seconds(20));
    EXPECT_EQ(caller.sink.heard, first);
    heal();
    world_.Ask(caller, 2);
    EXPECT_EQ(caller.sink.heard, absl::StrCat(first, "You said word 2."));
    caller.session->HangUp();
    world_.Pass(Ms(20));
    ASSERT_EQ(caller.sink.num_closed, 1);
    EXPECT_THAT(*caller.sink.closed, IsOk());
    id_ = caller.session->id();
    turns_ = caller.sink.turns;
  }

  VirtualRuntime world_;
  std::atomic<bool> faulty_ = true;
  std::string id_;
  std::vector<TurnReport> turns_;
};

TEST_F(RuntimeFaultsTest, ARecognizerThatThrows) {
  world_.recognizers.on_call = [this](absl::string_view function) -> absl::Status {
    if (function == "finish" && faulty_) throw std::runtime_error("broken");
    return absl::OkStatus();
  };
  ExpectOneFault(kApology, [this] { faulty_ = false; });
  EXPECT_THAT(world_.Stored(id_), ElementsAre("user: ", "assistant: Sorry, something went wrong.",
                                              "user: word 2", "assistant: You said word 2."));
}

TEST_F(RuntimeFaultsTest, ARecognizerThatCannotBeMade) {
  world_.recognizers.on_call = [this](absl::string_view function) {
    return function == "create" && faulty_ ? absl::NotFoundError("there is no model")
                                           : absl::OkStatus();
  };
  ExpectOneFault(kApology, [this] { faulty_ = false; });
}

TEST_F(RuntimeFaultsTest, AnAgentThatFails) {
  world_.agent.decide = [this](const AgentInput& input) -> absl::StatusOr<AgentStep> {
    if (faulty_) return absl::UnavailableError("no model");
    return AgentStep{.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
  };
  ExpectOneFault(kApology, [this] { faulty_ = false; });
}

TEST_F(RuntimeFaultsTest, AnAgentThatThrows) {
  world_.agent.decide = [this](const AgentInput& input) -> absl::StatusOr<AgentStep> {
    if (faulty_) throw std::runtime_error("broken");
    return AgentStep{.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
  };
  ExpectOneFault(kApology, [this] { faulty_ = false; });
}

TEST_F(RuntimeFaultsTest, AnAgentThatThrowsSomethingElse) {
  world_.agent.decide = [this](const AgentInput& input) -> absl::StatusOr<AgentStep> {
    if (faulty_) throw 7;
    return AgentStep{.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
  };
  ExpectOneFault(kApology, [this] { faulty_ = false; });
}

// Up to the last whole word.
TEST_F(RuntimeFaultsTest, ASynthesizerThatStopsInTheMiddle) {
  world_.synthesizer.before = [this](absl::string_view, size_t num_given) {
    return faulty_ && num_given > 0 ? absl::InternalError("no sound") : absl::OkStatus();
  };
  ExpectOneFault("You said w", [this] { faulty_ = false; });
  EXPECT_THAT(world_.Stored(id_), ElementsAre("user: word 1", "assistant: You said", "user: word 2",
                                              "assistant: You said word 2."));
  EXPECT_EQ(turns_.at(0).unsaid, absl::InternalError("no sound"));
}

TEST_F(RuntimeFaultsTest, ASynthesizerThatThrowsInTheMiddle) {
  world_.synthesizer.before = [this](absl::string_view, size_t num_given) -> absl::Status {
    if (faulty_ && num_given > 0) throw 7;
    return absl::OkStatus();
  };
  ExpectOneFault("You said w", [this] { faulty_ = false; });
}

// Nothing is said that is not stored; whether it is told at once or later.
TEST_F(RuntimeFaultsTest, AStoreThatIsFull) {
  world_.store.FailWrites(absl::ResourceExhaustedError("the disk is full"));
  ExpectOneFault(kNotStored, [this] { world_.store.FailWrites(absl::OkStatus()); });
  EXPECT_EQ(turns_.at(0).ending, TurnEnding::kNotStored);
  EXPECT_THAT(world_.Stored(id_), ElementsAre("user: word 2", "assistant: You said word 2."));
}

TEST_F(RuntimeFaultsTest, AStoreThatIsLocked) {
  world_.store.FailWrites(absl::UnavailableError("another process kept its lock"), true);
  ExpectOneFault(kNotStored, [this] { world_.store.FailWrites(absl::OkStatus()); });
  EXPECT_THAT(world_.Stored(id_), ElementsAre("user: word 2", "assistant: You said word 2."));
}

TEST_F(RuntimeFaultsTest, AStoreThatNeverAnswers) {
  world_.store.SetWrites(FaultyStore::Writes::kHang);
  world_.Start();
  Caller& caller = *world_.Open();
  world_.Say(caller, 1);
  world_.Pass(absl::Seconds(20));
  EXPECT_EQ(caller.sink.heard, kNotStored);
  // It is not waited for when somebody hangs up, either.
  caller.session->HangUp();
  world_.Pass(absl::Seconds(11));
  EXPECT_EQ(caller.sink.num_closed, 1);
}

TEST_F(RuntimeFaultsTest, AToolThatNeverReturns) {
  const Gate gate;
  EXPECT_THAT(
      world_.registry.Register(
          {.name = "hang",
           .description = "Never returns.",
           .parameters = "{}",
           .handler = [gate](const rapidjson::Value&,
                             const tools::ToolContext&) -> absl::StatusOr<tools::ToolOutput> {
             gate.Wait();
             return tools::ToolOutput{.json = "{}", .text = "late"};
           }}),
      IsOk());
  world_.agent.decide = [](const AgentInput& input) {
    if (input.utterance.text == "word 2")
      return AgentStep{.calls = {}, .reply = "You said word 2."};
    if (input.answers.empty()) {
      return AgentStep{.calls = {{.name = "hang", .arguments = "{}"}}, .reply = ""};
    }
    return AgentStep{.calls = {}, .reply = input.answers[0].text};
  };
  world_.Start();
  SessionOptions options = UsualSession();
  options.conversation.tool_timeout = absl::Seconds(2);
  options.tool_timeout = absl::Hours(1);
  Caller& caller = *world_.Open(std::move(options));
  world_.Say(caller, 1);
  world_.Pass(absl::Seconds(10));
  EXPECT_EQ(caller.sink.heard, "That was interrupted.");
  ASSERT_THAT(caller.sink.turns, SizeIs(1));
  // The call has one output.
  EXPECT_THAT(world_.Stored(caller.session->id()),
              ElementsAre("user: word 1", "assistant: ", HasSubstr("cancelled"),
                          "assistant: That was interrupted."));
  world_.Ask(caller, 2);
  EXPECT_THAT(caller.sink.heard, HasSubstr("You said word 2."));
  gate.Open();
}

// What hangs needs a thread of its own: a runtime with threads, whose clock passes as the test
// says.
class HangingTest : public testing::Test {
 protected:
  HangingTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  ~HangingTest() override {
    gate_.Open();
    world_.runtime.reset();
  }

  void Start(absl::Duration synthesis_timeout = absl::Seconds(10)) {
    world_.store.SetWrites(FaultyStore::Writes::kByTheStore);
    auto runtime = Runtime::Create(
        {.create_vad = []() -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
           return std::make_unique<LoudnessVad>();
         },
         .create_recognizer = [this] { return world_.recognizers.Create(); },
         .agent = &world_.agent,
         .synthesizer = &world_.synthesizer,
         .registry = &world_.registry,
         .executor = world_.executor.get(),
         .store = &world_.store},
        {.num_threads = 1,
         .num_recognition_workers = 1,
         .num_agent_workers = 1,
         .num_synthesis_workers = 1,
         .overdue_after = absl::Seconds(3),
         .max_queued_sound = absl::Minutes(10),
         .now = [this] { return absl::Nanoseconds(now_.load()); }});
    ASSERT_THAT(runtime, IsOk());
    world_.runtime = *std::move(runtime);
    SessionOptions options = UsualSession();
    options.conversation.agent_timeout = absl::Seconds(5);
    options.conversation.synthesis_timeout = synthesis_timeout;
    auto session = world_.runtime->Open(std::move(options), &sink_);
    ASSERT_THAT(session, IsOk());
    session_ = *std::move(session);
  }
  void Hang() {
    if (num_hung_.fetch_add(1) == 0) gate_.Wait();
  }
  // Says a word, and then nothing until so many turns are over.
  void Ask(int word, int64_t num_turns) {
    for (int frame = 0; frame < 30 || world_.runtime->stats().num_turns < num_turns; ++frame) {
      ASSERT_THAT(session_->Push(frame < 30 ? SoundOfWord(word, kSamplesOfFrame)
                                            : std::vector<int16_t>(kSamplesOfFrame)),
                  IsOk());
      now_ += absl::ToInt64Nanoseconds(kFrameOfCaller);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // Once the runtime is over: what was heard.
  const std::string& Heard() {
    session_->HangUp();
    while (!sink_.is_closed.load(std::memory_order_acquire)) {
      now_ += absl::ToInt64Nanoseconds(kFrameOfCaller);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return sink_.heard;
  }

  VirtualRuntime world_;
  Gate gate_;
  std::atomic<int> num_hung_ = 0;
  std::atomic<int64_t> now_ = absl::ToInt64Nanoseconds(absl::Hours(1));
  RecordingSink sink_;
  std::shared_ptr<Runtime::Session> session_;
};

TEST_F(HangingTest, ARecognizer) {
  world_.recognizers.on_call = [this](absl::string_view function) {
    if (function == "finish") Hang();
    return absl::OkStatus();
  };
  Start();
  Ask(1, 1);
  // Its thread and its recogniser were replaced.
  Ask(2, 2);
  EXPECT_EQ(world_.runtime->stats().recognizers.num_lost, 1);
  EXPECT_EQ(world_.runtime->stats().recognition.num_overdue_ever, 1);
  EXPECT_EQ(Heard(), absl::StrCat(kApology, "You said word 2."));
}

TEST_F(HangingTest, AnAgent) {
  world_.agent.decide = [this](const AgentInput& input) {
    Hang();
    return AgentStep{.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
  };
  Start();
  Ask(1, 1);
  Ask(2, 2);
  EXPECT_EQ(world_.runtime->stats().agents.num_overdue_ever, 1);
  EXPECT_THAT(Heard(), testing::EndsWith(absl::StrCat(kApology, "You said word 2.")));
}

TEST_F(HangingTest, ASynthesizer) {
  world_.synthesizer.before = [this](absl::string_view, size_t num_given) {
    if (num_given > 0) Hang();
    return absl::OkStatus();
  };
  Start();
  Ask(1, 1);
  Ask(2, 2);
  EXPECT_EQ(world_.runtime->stats().synthesis.num_overdue_ever, 1);
  EXPECT_EQ(Heard(), "You said wYou said word 2.");
}

// Asking whether anybody listens is no sound, so it makes nobody wait for longer.
TEST_F(HangingTest, ASynthesizerThatAsksWhetherAnybodyListens) {
  world_.synthesizer.is_waiting = [this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return num_hung_ == 0;
  };
  Start(/*synthesis_timeout=*/absl::Seconds(1));
  Ask(1, 1);
  num_hung_ = 1;
  Ask(2, 2);
  EXPECT_EQ(world_.runtime->stats().synthesis.num_overdue_ever, 0) << "it was told to stop";
  EXPECT_EQ(Heard(), "You said word 2.");
}

}  // namespace
}  // namespace parlance::pipeline

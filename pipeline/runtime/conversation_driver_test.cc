// What a conversation orders is done by its runners, or at once, and what comes of it is its mail.
#include "pipeline/runtime/conversation_driver.h"

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/runtime/recognizer_pool.h"
#include "pipeline/runtime/task_runner.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "session/message.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Keeps its questions, and says whether it answers at once as a test has it.
class TestAgent : public Agent {
 public:
  int max_history_messages() const override { return 10; }
  bool AnswersAtOnce(const AgentInput& input) const override {
    return answers_at_once != nullptr && answers_at_once(input);
  }
  void Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) override {
    inputs.push_back(std::move(input));
    answers.push_back(std::move(answer));
    if (on_ask != nullptr) on_ask(*answers.back());
  }

  std::function<bool(const AgentInput&)> answers_at_once;
  std::function<void(AgentAnswer&)> on_ask;
  std::vector<AgentInput> inputs;
  std::vector<std::shared_ptr<AgentAnswer>> answers;
};

class FullTaskRunner : public TaskRunner {
 public:
  bool Post(Task /*task*/) override { return false; }
};

class ConversationDriverTest : public testing::Test {
 protected:
  ConversationDriverTest()
      : sqlite_(*session::SqliteStore::Open(
            absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                         testing::UnitTest::GetInstance()->current_test_info()->name(), ".db"))),
        store_(sqlite_.get()),
        executor_(*tools::ToolExecutor::Create(&registry_, {})),
        pool_([this] { return recognizers_.Create(); }, &recognition_, {}) {
    parts_ = {.recognizers = &pool_,
              .agent = &agent_,
              .agent_runner = &asking_,
              .synthesizer = &synthesizer_,
              .synthesis_runner = &synthesis_,
              .registry = &registry_,
              .executor = executor_.get(),
              .store = &store_};
    session_id_ = sqlite_->CreateSession("Test")->id;
  }

  absl::Status Start() {
    ConversationDriver::Options options;
    options.handling.session_id = session_id_;
    options.handling.wake = [this] { ++num_woken_; };
    options.handling.on_turn = [this](const TurnReport& turn) { turns_.push_back(turn); };
    options.conversation.hears_echo = false;
    auto driver =
        ConversationDriver::Create(parts_, std::make_unique<LoudnessVad>(), std::move(options));
    if (!driver.ok()) return driver.status();
    driver_ = *std::move(driver);
    return absl::OkStatus();
  }
  // Somebody types, and what is not left to the agent's runner is done.
  void Type(absl::string_view text) {
    driver_->events().Typed(now_, std::string(text));
    HandleMail();
  }
  void HandleMail() {
    do {
      while (synthesis_.RunOne()) {
      }
    } while (driver_->HandleMail([this] { return now_ += absl::Milliseconds(1); }) > 0);
  }
  // The answer is played to its end.
  void Play() {
    for (int i = 0; i < 100; ++i) {
      now_ += absl::Milliseconds(20);
      std::vector<int16_t> frame(320);
      const size_t size = driver_->events().TakeFrame(now_, absl::MakeSpan(frame));
      heard_ += TextOfSound(absl::MakeConstSpan(frame).subspan(0, size));
      driver_->events().Tick(now_);
      HandleMail();
    }
  }
  std::vector<std::string> Stored() {
    std::vector<std::string> lines;
    const auto history = sqlite_->History(session_id_, {});
    if (!history.ok()) return {history.status().ToString()};
    for (const session::Message& message : *history) lines.push_back(message.content);
    return lines;
  }

  std::unique_ptr<session::SqliteStore> sqlite_;
  FaultyStore store_;
  tools::ToolRegistry registry_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  RecognizerScript recognizers_;
  LetterSynthesizer synthesizer_;
  InlineTaskRunner recognition_;
  InlineTaskRunner asking_;
  InlineTaskRunner synthesis_;
  RecognizerPool pool_;
  TestAgent agent_;
  SharedParts parts_;
  std::string session_id_;
  std::unique_ptr<ConversationDriver> driver_;
  absl::Duration now_ = absl::ZeroDuration();
  int num_woken_ = 0;
  std::vector<TurnReport> turns_;
  std::string heard_;
};

TEST_F(ConversationDriverTest, NeedsAllItsParts) {
  parts_.agent_runner = nullptr;
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("all its parts")));
}

// Whoever answers at once costs no other thread, and needs no history.
TEST_F(ConversationDriverTest, AsksAtOnceWhoAnswersAtOnce) {
  agent_.answers_at_once = [](const AgentInput&) { return true; };
  agent_.on_ask = [](AgentAnswer& answer) { answer.Done(AgentStep{.reply = "Ten."}); };
  ASSERT_THAT(Start(), IsOk());
  Type("what time is it");
  EXPECT_EQ(asking_.size(), 0);
  EXPECT_FALSE(driver_->awaits_agent());
  Play();
  EXPECT_EQ(heard_, "Ten.");
  Type("and now");
  ASSERT_EQ(agent_.inputs.size(), 2);
  EXPECT_EQ(agent_.inputs[1].utterance.text, "and now");
  EXPECT_THAT(agent_.inputs[1].history, IsEmpty());
  Play();
  EXPECT_THAT(turns_, SizeIs(2));
  EXPECT_THAT(Stored(), ElementsAre("what time is it", "Ten.", "and now", "Ten."));
  EXPECT_EQ(driver_->num_awaited(), 0);
}

TEST_F(ConversationDriverTest, LeavesOthersToTheirRunnerWithTheHistory) {
  agent_.on_ask = [](AgentAnswer& answer) { answer.Done(AgentStep{.reply = "Ten."}); };
  ASSERT_THAT(Start(), IsOk());
  for (const char* const text : {"what time is it", "and now"}) {
    Type(text);
    EXPECT_TRUE(driver_->awaits_agent());
    ASSERT_TRUE(asking_.RunOne());
    HandleMail();
    EXPECT_FALSE(driver_->awaits_agent());
    Play();
  }
  ASSERT_EQ(agent_.inputs.size(), 2);
  EXPECT_EQ(agent_.inputs[1].history.size(), 2);
  EXPECT_EQ(heard_, "Ten.Ten.");
}

// An agent may answer at once what it knows, and ask others for the rest.
TEST_F(ConversationDriverTest, AsksAnAgentAboutEachQuestion) {
  agent_.answers_at_once = [](const AgentInput& input) { return input.utterance.text == "easy"; };
  agent_.on_ask = [](AgentAnswer& answer) { answer.Done(AgentStep{.reply = "Yes."}); };
  ASSERT_THAT(Start(), IsOk());
  Type("easy");
  EXPECT_EQ(asking_.size(), 0);
  Play();
  Type("hard");
  EXPECT_EQ(asking_.size(), 1);
}

// It may be wrong: the answer then comes when it comes.
TEST_F(ConversationDriverTest, WaitsForWhoSaidItWouldAnswerAtOnce) {
  agent_.answers_at_once = [](const AgentInput&) { return true; };
  ASSERT_THAT(Start(), IsOk());
  Type("what time is it");
  EXPECT_TRUE(driver_->awaits_agent());
  ASSERT_EQ(agent_.answers.size(), 1);
  agent_.answers[0]->Done(AgentStep{.reply = "Ten."});
  HandleMail();
  EXPECT_FALSE(driver_->awaits_agent());
  Play();
  EXPECT_EQ(heard_, "Ten.");
}

TEST_F(ConversationDriverTest, SurvivesAnAgentThatThrows) {
  agent_.answers_at_once = [](const AgentInput& input) -> bool {
    if (input.utterance.text == "first") throw std::runtime_error("which");
    return true;
  };
  agent_.on_ask = [](AgentAnswer&) { throw 7; };
  ASSERT_THAT(Start(), IsOk());
  Type("first");
  EXPECT_THAT(driver_->TakeStatus(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("the agent threw: which")));
  Play();
  Type("second");
  EXPECT_THAT(driver_->TakeStatus(), StatusIs(absl::StatusCode::kInternal, HasSubstr("not a std")));
  Play();
  EXPECT_EQ(heard_, "Sorry, something went wrong. Sorry, something went wrong. ");
  EXPECT_EQ(driver_->num_awaited(), 0);
}

TEST_F(ConversationDriverTest, SaysThatARunnerIsFull) {
  FullTaskRunner full;
  parts_.agent_runner = &full;
  parts_.synthesis_runner = &full;
  ASSERT_THAT(Start(), IsOk());
  Type("what time is it");
  EXPECT_THAT(driver_->TakeStatus(), StatusIs(absl::StatusCode::kResourceExhausted,
                                              HasSubstr("the queue of turns to be answered")));
  Play();
  // Nothing can be said, either.
  EXPECT_EQ(heard_, "");
  EXPECT_FALSE(driver_->awaits_agent());
  EXPECT_EQ(driver_->num_awaited(), 0);
}

// Whoever is asked may outlive the conversation.
TEST_F(ConversationDriverTest, DropsWhatComesAfterItsEnd) {
  ASSERT_THAT(Start(), IsOk());
  Type("what time is it");
  ASSERT_TRUE(asking_.RunOne());
  ASSERT_EQ(agent_.answers.size(), 1);
  EXPECT_TRUE(agent_.answers[0]->wanted());
  driver_ = nullptr;
  const int num_woken = num_woken_;
  EXPECT_FALSE(agent_.answers[0]->wanted());
  agent_.answers[0]->Text("Ten.");
  agent_.answers[0]->Done(AgentStep{});
  EXPECT_EQ(num_woken_, num_woken);
}

// The owner is woken once for all that comes while it does something else.
TEST_F(ConversationDriverTest, WakesItsOwnerOnce) {
  ASSERT_THAT(Start(), IsOk());
  Type("what time is it");
  ASSERT_TRUE(asking_.RunOne());
  const int num_woken = num_woken_;
  agent_.answers[0]->Text("It is ");
  agent_.answers[0]->Text("ten.");
  agent_.answers[0]->Done(AgentStep{});
  EXPECT_EQ(num_woken_, num_woken + 1);
  HandleMail();
  Play();
  EXPECT_EQ(heard_, "It is ten.");
}

}  // namespace
}  // namespace parlance::pipeline

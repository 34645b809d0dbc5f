// The agent and a real server: llama.cpp's, with a model of random weights, as .ci/model_test
// starts it. MODEL_SERVER_URL says where it is.
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/agent/model/model_agent.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/runtime/testing/gate.h"
#include "session/message.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Kept : public AgentAnswer {
 public:
  void Text(absl::string_view text) override {
    {
      annotated::MutexLock lock(mutex_);
      absl::StrAppend(&text_, text);
      ++num_texts_;
    }
    spoke.Open();
  }
  void Done(absl::StatusOr<AgentStep> step) override {
    {
      annotated::MutexLock lock(mutex_);
      text_ += step->reply;
    }
    done.Open();
  }
  bool wanted() const override { return true; }
  void OnCancel(std::function<void()> cancel) override { this->cancel = std::move(cancel); }

  std::string text() {
    annotated::MutexLock lock(mutex_);
    return text_;
  }
  int num_texts() {
    annotated::MutexLock lock(mutex_);
    return num_texts_;
  }

  std::function<void()> cancel;
  Gate spoke;
  Gate done;

 private:
  annotated::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  int num_texts_ ABSL_GUARDED_BY(mutex_) = 0;
};

class RealServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const url = std::getenv("MODEL_SERVER_URL");
    ASSERT_NE(url, nullptr) << "MODEL_SERVER_URL is not set; .ci/model_test sets it";
    url_ = url;
    loop_ = *HttpLoop::Create({});
  }

  std::unique_ptr<ModelAgent> AgentAt(const std::string& url) {
    ModelAgentOptions options;
    options.url = url;
    options.model = "tiny";
    options.instructions = "Hi.";
    options.timeout = absl::Minutes(2);
    options.stall_timeout = absl::Minutes(2);
    options.max_prompt_tokens = 1'000'000;
    options.fallback = "FALLBACK";
    options.on_failure = [this](const absl::Status& status) {
      annotated::MutexLock lock(mutex_);
      failures_.push_back(status);
    };
    auto agent = ModelAgent::Create(options, loop_.get());
    EXPECT_THAT(agent, IsOk());
    return *std::move(agent);
  }
  static AgentInput Question(int max_output_tokens) {
    AgentInput input;
    input.utterance = {.text = "what time is it", .rejected = false, .confidence = 1};
    input.settings = std::make_shared<AgentSettings>(
        AgentSettings{.temperature = 1.0, .max_output_tokens = max_output_tokens});
    return input;
  }
  static std::shared_ptr<Kept> Ask(ModelAgent& agent, AgentInput input) {
    const auto kept = std::make_shared<Kept>();
    agent.Ask(std::move(input), kept);
    return kept;
  }
  std::vector<absl::Status> Failures() {
    annotated::MutexLock lock(mutex_);
    return failures_;
  }

  annotated::Mutex mutex_;
  std::vector<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::string url_;
  std::unique_ptr<HttpLoop> loop_;
};

TEST_F(RealServerTest, StreamsAnAnswer) {
  const auto agent = AgentAt(url_);
  const auto answer = Ask(*agent, Question(60));
  answer->done.Wait();
  EXPECT_THAT(Failures(), IsEmpty());
  EXPECT_THAT(answer->text(), Not(IsEmpty()));
  EXPECT_GT(answer->num_texts(), 1);
  EXPECT_EQ(agent->stats().num_answers, 1);
}

TEST_F(RealServerTest, AnswersSeveralAtOnce) {
  const auto agent = AgentAt(url_);
  std::vector<std::shared_ptr<Kept>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(Ask(*agent, Question(40)));
  for (const auto& answer : answers) answer->done.Wait();
  EXPECT_THAT(Failures(), IsEmpty());
  EXPECT_EQ(agent->stats().num_answers, 8);
}

TEST_F(RealServerTest, APromptIsTooLong) {
  const auto agent = AgentAt(url_);
  AgentInput input = Question(10);
  input.history = {{.role = session::Role::kUser, .content = std::string(20'000, 'x')},
                   {.role = session::Role::kAssistant, .content = "Yes."}};
  const auto answer = Ask(*agent, input);
  answer->done.Wait();
  EXPECT_EQ(answer->text(), "FALLBACK");
  ASSERT_THAT(Failures(), SizeIs(1));
  EXPECT_THAT(Failures()[0], StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("context")));
}

TEST_F(RealServerTest, ThePathIsWrong) {
  const auto agent = AgentAt(absl::StrCat(url_, "/no/such"));
  Ask(*agent, Question(10))->done.Wait();
  ASSERT_THAT(Failures(), SizeIs(1));
  EXPECT_THAT(Failures()[0], StatusIs(absl::StatusCode::kNotFound));
}

// The server is seen to stop by its log: .ci/model_test reads it.
TEST_F(RealServerTest, AnAnswerIsCancelled) {
  const auto agent = AgentAt(url_);
  const auto answer = Ask(*agent, Question(1'900));
  answer->spoke.Wait();
  answer->cancel();
  // It has room for another.
  const auto next = Ask(*agent, Question(10));
  next->done.Wait();
  EXPECT_THAT(Failures(), IsEmpty());
  loop_.reset();
  EXPECT_EQ(agent->stats().num_cancelled, 1);
}

}  // namespace
}  // namespace parlance::pipeline

// Spoken questions that a language model answers, through everything but a real recogniser, voice
// and model.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/model/model_agent.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/agent/rules_first_agent.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/testing/simulated_world.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/voice_agent.h"
#include "rapidjson/document.h"
#include "session/message.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/mcp/transport/testing/http_peer.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using HttpPeer = tools::mcp::HttpPeer;

std::string Delta(absl::string_view members) {
  return absl::StrCat(R"(data: {"choices":[{"index":0,"delta":{)", members, "}}]}\n\n");
}

// The model: looks something up before it answers.
void LookAndAnswer(const HttpPeer::Request& request, HttpPeer::Responder& responder) {
  responder.StartStream();
  const size_t turn = request.body.rfind(R"("role":"user")");
  if (absl::StrContains(request.body.substr(turn), R"("role":"tool")")) {
    responder.Write(Delta(R"("content":"<think>hm</think>It is")"));
    responder.Write(Delta(R"("content":" blue.")") + "data: [DONE]\n\n");
  } else {
    responder.Write(Delta(R"("content":"Let me look. ")"));
    responder.Write(
        Delta(R"("tool_calls":[{"id":"a","function":{"name":"look","arguments":"{}"}}])") +
        "data: [DONE]\n\n");
  }
}

// Understands each utterance as the next of its texts.
class TextRecognizer : public Recognizer {
 public:
  explicit TextRecognizer(const std::vector<std::string>* texts) : texts_(*texts) {}
  absl::Status Start() override { return absl::OkStatus(); }
  absl::Status Process(absl::Span<const int16_t>) override { return absl::OkStatus(); }
  absl::StatusOr<Hypothesis> Partial() override { return Hypothesis(); }
  absl::StatusOr<Hypothesis> Finish() override {
    return Hypothesis{.text = texts_.at(num_finished_++), .rejected = false, .confidence = 1};
  }
  void Cancel() override {}
  void ForgetSpeaker() override {}

 private:
  const std::vector<std::string>& texts_;
  size_t num_finished_ = 0;
};

class ModelConversationTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *session::SqliteStore::Open(
        absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                     testing::UnitTest::GetInstance()->current_test_info()->name(), ".db"));
    session_id_ = store_->CreateSession("test")->id;
    ASSERT_THAT(registry_.Register(
                    {.name = "look",
                     .description = "Looks something up.",
                     .parameters = "{}",
                     .annotations = {.read_only = true},
                     .handler = [](const rapidjson::Value&,
                                   const tools::ToolContext&) -> absl::StatusOr<tools::ToolOutput> {
                       return tools::ToolOutput{.json = R"({"sky":"blue"})", .text = "Found it."};
                     }}),
                IsOk());
    executor_ = *tools::ToolExecutor::Create(&registry_, {});
  }

  std::unique_ptr<ModelAgent> ModelAt(const std::string& url) {
    loop_ = *HttpLoop::Create({});
    ModelAgentOptions options;
    options.url = url;
    options.model = "m";
    options.timeout = absl::Minutes(5);
    options.stall_timeout = absl::Minutes(5);
    return *ModelAgent::Create(options, loop_.get());
  }
  std::unique_ptr<VoiceAgent> Conversation(Agent* agent, bool live = false) {
    VoiceAgent::Options options;
    options.session_id = session_id_;
    options.conversation.hears_echo = false;
    options.live = live;
    options.steady_now = [this] { return now_; };
    options.on_turn = [this](const TurnReport& turn) { turns_.push_back(turn); };
    auto conversation = VoiceAgent::Create({.vad = std::make_unique<LoudnessVad>(),
                                            .recognizer = std::make_unique<TextRecognizer>(&texts_),
                                            .agent = agent,
                                            .synthesizer = &synthesizer_,
                                            .registry = &registry_,
                                            .executor = executor_.get(),
                                            .store = store_.get()},
                                           std::move(options));
    EXPECT_THAT(conversation, IsOk());
    return *std::move(conversation);
  }
  // Half a second of sound, and as much silence as ends an utterance.
  void Say(VoiceAgent& conversation, const std::string& text) {
    texts_.push_back(text);
    std::vector<int16_t> sound(8000, 5000);
    sound.resize(sound.size() + 16000, 0);
    for (size_t begin = 0; begin < sound.size(); begin += 320) {
      now_ += absl::Milliseconds(20);
      EXPECT_THAT(conversation.Push(absl::MakeConstSpan(sound).subspan(begin, 320)), IsOk());
    }
  }
  std::vector<std::string> Stored() {
    std::vector<std::string> lines;
    const std::vector<session::Message> history = *store_->History(session_id_, {});
    for (const session::Message& message : history) {
      lines.push_back(absl::StrCat(session::RoleName(message.role), ": ", message.content,
                                   message.tool_calls.has_value() ? "(calls)" : ""));
    }
    return lines;
  }

  absl::Duration now_;
  std::unique_ptr<session::SqliteStore> store_;
  std::string session_id_;
  tools::ToolRegistry registry_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  std::vector<std::string> texts_;
  LetterSynthesizer synthesizer_;
  std::unique_ptr<HttpLoop> loop_;
  std::vector<TurnReport> turns_;
};

TEST_F(ModelConversationTest, RulesAnswerWhatTheyKnowAndAModelTheRest) {
  HttpPeer model(LookAndAnswer);
  const RuleSet rules = *RuleSet::Create({{{"look", "look it up"},
                                           [](const std::map<std::string, std::string>&) {
                                             return ToolCall{.name = "look", .arguments = "{}"};
                                           }}},
                                         {});
  const auto agent = CreateRulesFirstAgent(&rules, ModelAt(model.origin()));
  const auto conversation = Conversation(agent.get());
  Say(*conversation, "look it up");
  ASSERT_THAT(turns_, SizeIs(1));
  EXPECT_EQ(turns_[0].reply, "Found it.");
  EXPECT_THAT(model.requests(), IsEmpty());
  Say(*conversation, "why is the sky blue");
  ASSERT_THAT(turns_, SizeIs(2));
  EXPECT_EQ(turns_[1].reply, "Let me look. It is blue.");
  EXPECT_THAT(turns_[1].calls, SizeIs(1));
  ASSERT_THAT(model.requests(), SizeIs(2));
  EXPECT_THAT(model.requests()[0].body,
              HasSubstr(R"({"role":"user","content":"why is the sky blue"})"));
  // What the rules did is known to the model, and what it did itself in this turn is there once.
  EXPECT_THAT(model.requests()[0].body, HasSubstr("Found it."));
  const std::string second = model.requests()[1].body;
  EXPECT_THAT(second, HasSubstr(R"({\"sky\":\"blue\"})"));
  EXPECT_EQ(second.find("why is the sky blue"), second.rfind("why is the sky blue"));
  Say(*conversation, "look it up");
  EXPECT_THAT(model.requests(), SizeIs(2));
  const std::vector<std::string> stored = Stored();
  EXPECT_THAT(stored, SizeIs(4 + 5 + 4));
  EXPECT_EQ(stored[4], "user: why is the sky blue");
  EXPECT_EQ(stored[8], "assistant: It is blue.");
}

// Whoever speaks now is heard while the agent thinks.
TEST_F(ModelConversationTest, SomebodyMaySpeakWhileItThinks) {
  PatientAgent agent;
  const auto conversation = Conversation(&agent, /*live=*/true);
  Say(*conversation, "look it up");
  ASSERT_EQ(agent.num_questions(), 1u);
  const PatientAgent::Question first = agent.Take(0);
  EXPECT_EQ(*first.num_cancelled, 0);
  Say(*conversation, "never mind");
  EXPECT_EQ(*first.num_cancelled, 1);
  ASSERT_GE(agent.num_questions(), 2u);
  agent.Take(agent.num_questions() - 1).answer->Done(AgentStep{.reply = "Yes."});
  EXPECT_THAT(conversation->Flush(), IsOk());
  ASSERT_THAT(turns_, Not(IsEmpty()));
  EXPECT_EQ(turns_.back().reply, "Yes.");
}

}  // namespace
}  // namespace parlance::pipeline

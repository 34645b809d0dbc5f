// The flow of a turn, with a scripted detector, recogniser, agent and synthesiser.
#include "pipeline/voice_agent.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "gtest/gtest.h"
#include "pipeline/agent.h"
#include "pipeline/recognizer.h"
#include "pipeline/session_adapters.h"
#include "pipeline/synthesizer.h"
#include "session/message.h"
#include "session/sqlite/sqlite_store.h"
#include "session/store.h"
#include "tools/builtin/dependencies.h"
#include "tools/executor.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

// What the fakes share: time that passes when they say, and what they were asked.
struct Script {
  absl::Duration now;
  // Of the next utterances.
  std::vector<std::string> transcripts;
  size_t num_heard = 0;
  size_t num_utterances = 0;
  std::vector<std::string> said;
  absl::Status synthesis;
  absl::Status recognition;
  bool endless_calls = false;
};

// Loud is speech.
class LoudnessVad : public audio::VoiceActivityDetector {
 public:
  int sample_rate_hz() const override { return 16000; }
  float Process(absl::Span<const int16_t> frame) override { return frame[0] > 1000 ? 1 : 0; }
  void Reset() override {}
};

class ScriptedRecognizer : public Recognizer {
 public:
  explicit ScriptedRecognizer(Script* script) : script_(*script) {}
  absl::Status Start() override {
    script_.num_heard = 0;
    return absl::OkStatus();
  }
  absl::Status Process(absl::Span<const int16_t> samples) override {
    script_.num_heard += samples.size();
    return script_.recognition;
  }
  absl::StatusOr<Hypothesis> Finish() override {
    script_.now += absl::Milliseconds(1);
    const std::string text = script_.transcripts[script_.num_utterances++];
    return Hypothesis{.text = text, .rejected = text == "?", .confidence = 1};
  }

 private:
  Script& script_;
};

// Calls the tool "answer", and says what came back.
class ScriptedAgent : public Agent {
 public:
  explicit ScriptedAgent(Script* script) : script_(*script) {}
  absl::StatusOr<AgentStep> Decide(const AgentInput& input) override {
    script_.now += absl::Milliseconds(10);
    if (input.utterance.rejected) return AgentStep{.calls = {}, .reply = "What?"};
    if (input.answers.empty() || script_.endless_calls) {
      return AgentStep{
          .calls = {{.name = "answer",
                     .arguments = absl::StrCat("{\"to\":\"", input.utterance.text, "\"}")}},
          .reply = ""};
    }
    return AgentStep{.calls = {},
                     .reply = absl::StrCat(input.answers[0].text, " after ", input.history.size())};
  }

 private:
  Script& script_;
};

class ScriptedSynthesizer : public Synthesizer {
 public:
  explicit ScriptedSynthesizer(Script* script) : script_(*script) {}
  int sample_rate_hz() const override { return 16000; }
  absl::Status Synthesize(
      absl::string_view text,
      const std::function<bool(absl::Span<const int16_t>)>& on_samples) override {
    script_.said.emplace_back(text);
    if (!script_.synthesis.ok()) return script_.synthesis;
    const std::vector<int16_t> chunk(160, 7);
    script_.now += absl::Milliseconds(1000);
    on_samples(chunk);
    script_.now += absl::Milliseconds(10000);
    on_samples(chunk);
    return absl::OkStatus();
  }

 private:
  Script& script_;
};

class VoiceAgentTest : public testing::Test {
 protected:
  VoiceAgentTest() : synthesizer_(&script_) {
    const std::string path =
        absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                     testing::UnitTest::GetInstance()->current_test_info()->name(), ".db");
    store_ = *session::SqliteStore::Open(path);
    session_id_ = store_->CreateSession("test")->id;
    const absl::Status registered = registry_.Register(
        {.name = "answer",
         .description = "Answers.",
         .parameters = R"({"properties":{"to":{"type":"string"}},"required":["to"]})",
         .computes_only = true,
         .handler = [this](const rapidjson::Value& arguments,
                           const tools::ToolContext&) -> absl::StatusOr<tools::ToolOutput> {
           script_.now += absl::Milliseconds(100);
           const std::string to = arguments["to"].GetString();
           if (to == "fail") return absl::UnavailableError("the line is dead");
           return tools::ToolOutput{.json = "{\"a\":1}", .text = absl::StrCat("answer to ", to)};
         }});
    EXPECT_TRUE(registered.ok()) << registered;
    executor_ = *tools::ToolExecutor::Create(&registry_, {});
  }

  VoiceAgentParts Parts() {
    return {.vad = std::make_unique<LoudnessVad>(),
            .recognizer = std::make_unique<ScriptedRecognizer>(&script_),
            .agent = std::make_unique<ScriptedAgent>(&script_),
            .synthesizer = &synthesizer_,
            .executor = executor_.get(),
            .store = store_.get()};
  }

  VoiceAgent::Options Options() {
    VoiceAgent::Options options;
    options.session_id = session_id_;
    options.steady_now = [this] { return script_.now; };
    options.on_audio = [this](absl::Span<const int16_t> samples) { num_audio_ += samples.size(); };
    options.on_turn = [this](const Turn& turn) { turns_.push_back(turn); };
    return options;
  }

  std::unique_ptr<VoiceAgent> CreateAgent() {
    auto agent = VoiceAgent::Create(Parts(), Options());
    EXPECT_TRUE(agent.ok()) << agent.status();
    return *std::move(agent);
  }

  // Half a second of loud sound, and a second of silence.
  static std::vector<int16_t> Utterance() {
    std::vector<int16_t> sound(24000, 0);
    std::fill_n(sound.begin(), 8000, int16_t{5000});
    return sound;
  }

  std::vector<session::Message> Stored() { return *store_->History(session_id_, {}); }

  Script script_;
  ScriptedSynthesizer synthesizer_;
  std::unique_ptr<session::SessionStore> store_;
  std::string session_id_;
  tools::ToolRegistry registry_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  std::vector<Turn> turns_;
  size_t num_audio_ = 0;
};

TEST_F(VoiceAgentTest, AnswersAndRemembers) {
  script_.transcripts = {"hello", "again"};
  const auto agent = CreateAgent();
  ASSERT_TRUE(agent->Push(Utterance()).ok());
  ASSERT_TRUE(agent->Push(Utterance()).ok());
  ASSERT_EQ(turns_.size(), 2u);
  EXPECT_EQ(turns_[0].reply, "answer to hello after 0");
  EXPECT_EQ(turns_[1].reply, "answer to again after 4");
  EXPECT_EQ(script_.said, (std::vector<std::string>{turns_[0].reply, turns_[1].reply}));
  EXPECT_EQ(num_audio_, 4u * 160);

  const std::vector<session::Message> stored = Stored();
  ASSERT_EQ(stored.size(), 8u);
  EXPECT_EQ(stored[0].role, session::Role::kUser);
  EXPECT_EQ(stored[0].content, "hello");
  EXPECT_EQ(
      stored[1].tool_calls,
      R"([{"id":"call_1","type":"function","function":{"name":"answer","arguments":"{\"to\":\"hello\"}"}}])");
  EXPECT_EQ(stored[2].role, session::Role::kTool);
  EXPECT_EQ(stored[2].tool_call_id, "call_1");
  EXPECT_TRUE(absl::StrContains(*stored[2].metadata, R"("gen_ai.tool.call.id":"call_1")"));
  EXPECT_TRUE(absl::StrContains(*stored[2].metadata, R"("parlance.tool.ending":"succeeded")"));
  EXPECT_TRUE(stored[2].latency.has_value());
  EXPECT_EQ(stored[2].content, "{\"a\":1}");
  EXPECT_EQ(stored[3].content, "answer to hello after 0");
  EXPECT_EQ(stored[6].tool_call_id, "call_5");
}

// What a language model sends is kept as it came.
TEST_F(VoiceAgentTest, ArgumentsAreNotCutAtANul) {
  script_.transcripts = {std::string("one\0two", 7)};
  ASSERT_TRUE(CreateAgent()->Push(Utterance()).ok());
  EXPECT_TRUE(absl::StrContains(*Stored().at(1).tool_calls, R"(one\u0000two)"))
      << *Stored().at(1).tool_calls;
}

TEST_F(VoiceAgentTest, StampsEveryStage) {
  script_.transcripts = {"hello"};
  ASSERT_TRUE(CreateAgent()->Push(Utterance()).ok());
  const TurnLatency& latency = turns_.at(0).latency;
  EXPECT_EQ(latency.endpoint_silence, absl::Milliseconds(500));
  EXPECT_EQ(latency.recognition, absl::Milliseconds(1));
  EXPECT_EQ(latency.agent, absl::Milliseconds(20));
  EXPECT_EQ(latency.tools, absl::Milliseconds(100));
  EXPECT_EQ(latency.session, absl::ZeroDuration());
  EXPECT_EQ(latency.synthesis_first_sample, absl::Milliseconds(1000));
  EXPECT_EQ(latency.first_sample, absl::Milliseconds(1121));
  EXPECT_EQ(latency.total, absl::Milliseconds(11121));
}

// The detector is sure only after some frames; what was said before must not be lost.
TEST_F(VoiceAgentTest, TheRecogniserHearsTheBeginning) {
  script_.transcripts = {"hello"};
  const auto agent = CreateAgent();
  ASSERT_TRUE(agent->Push(std::vector<int16_t>(16000, 0)).ok());
  ASSERT_TRUE(agent->Push(Utterance()).ok());
  // 200 ms of padding, 500 ms of sound, 500 ms of silence.
  EXPECT_NEAR(static_cast<double>(script_.num_heard), 1.2 * 16000, 200);
  EXPECT_NEAR(static_cast<double>(turns_.at(0).speech.begin), 0.8 * 16000, 200);
}

TEST_F(VoiceAgentTest, ChunksAndRatesMakeNoDifference) {
  for (const int rate_hz : {8000, 44100, 48000}) {
    turns_.clear();
    script_.transcripts.push_back("hello");
    VoiceAgent::Options options = Options();
    options.input_sample_rate_hz = rate_hz;
    const auto agent = *VoiceAgent::Create(Parts(), std::move(options));
    std::vector<int16_t> sound(static_cast<size_t>(rate_hz) * 3 / 2, 0);
    std::fill_n(sound.begin(), rate_hz / 2, int16_t{5000});
    for (absl::Span<const int16_t> rest = sound; !rest.empty();) {
      const auto chunk = rest.first(std::min<size_t>(rest.size(), 37));
      ASSERT_TRUE(agent->Push(chunk).ok());
      rest.remove_prefix(chunk.size());
    }
    ASSERT_EQ(turns_.size(), 1u) << rate_hz;
    // Half a second and the padding.
    EXPECT_NEAR(static_cast<double>(turns_[0].speech.end), 0.7 * rate_hz, 0.02 * rate_hz);
  }
}

TEST_F(VoiceAgentTest, TheEndOfTheInputEndsTheUtterance) {
  script_.transcripts = {"hello", "again"};
  const auto agent = CreateAgent();
  ASSERT_TRUE(agent->Push(std::vector<int16_t>(8000, 5000)).ok());
  EXPECT_TRUE(turns_.empty());
  ASSERT_TRUE(agent->Flush().ok());
  EXPECT_EQ(turns_.size(), 1u);
  ASSERT_TRUE(agent->Flush().ok());
  EXPECT_EQ(turns_.size(), 1u);
  ASSERT_TRUE(agent->Push(Utterance()).ok());
  EXPECT_EQ(turns_.size(), 2u);
}

TEST_F(VoiceAgentTest, SilenceIsNoTurn) {
  const auto agent = CreateAgent();
  ASSERT_TRUE(agent->Push(std::vector<int16_t>(160000, 0)).ok());
  ASSERT_TRUE(agent->Flush().ok());
  EXPECT_TRUE(turns_.empty());
  EXPECT_TRUE(Stored().empty());
}

TEST_F(VoiceAgentTest, WhatWasNotUnderstoodIsNotStoredAsSaid) {
  script_.transcripts = {"?"};
  ASSERT_TRUE(CreateAgent()->Push(Utterance()).ok());
  EXPECT_EQ(turns_.at(0).reply, "What?");
  ASSERT_EQ(Stored().size(), 2u);
  EXPECT_EQ(Stored()[0].content, "");
}

TEST_F(VoiceAgentTest, AToolThatFailsIsPartOfTheConversation) {
  script_.transcripts = {"fail"};
  ASSERT_TRUE(CreateAgent()->Push(Utterance()).ok());
  EXPECT_FALSE(turns_.at(0).answers.at(0).ok);
  EXPECT_EQ(Stored()[2].content, R"({"error":"failed","message":"the line is dead"})");
}

TEST_F(VoiceAgentTest, AnAgentThatCallsForEverIsStopped) {
  script_.transcripts = {"hello"};
  script_.endless_calls = true;
  ASSERT_TRUE(CreateAgent()->Push(Utterance()).ok());
  EXPECT_EQ(turns_.at(0).calls.size(), 8u);
  EXPECT_EQ(turns_.at(0).reply, "Sorry, I could not finish that.");
}

TEST_F(VoiceAgentTest, ASilentSynthesiserLosesNothing) {
  script_.transcripts = {"hello"};
  script_.synthesis = absl::InternalError("no voice");
  ASSERT_TRUE(CreateAgent()->Push(Utterance()).ok());
  ASSERT_EQ(turns_.size(), 1u);
  EXPECT_EQ(turns_[0].speaking, script_.synthesis);
  EXPECT_EQ(Stored().size(), 4u);
}

TEST_F(VoiceAgentTest, ErrorsOfTheRecogniserAreReturned) {
  script_.transcripts = {"hello"};
  script_.recognition = absl::InternalError("broken");
  EXPECT_EQ(CreateAgent()->Push(Utterance()).code(), absl::StatusCode::kInternal);
}

TEST_F(VoiceAgentTest, RefusesWhatIsMissing) {
  VoiceAgentParts parts = Parts();
  parts.agent = nullptr;
  EXPECT_EQ(VoiceAgent::Create(std::move(parts), Options()).status().code(),
            absl::StatusCode::kInvalidArgument);
  VoiceAgent::Options options = Options();
  options.session_id = "nobody";
  EXPECT_EQ(VoiceAgent::Create(Parts(), std::move(options)).status().code(),
            absl::StatusCode::kNotFound);
  options = Options();
  options.input_sample_rate_hz = 1000;
  EXPECT_EQ(VoiceAgent::Create(Parts(), std::move(options)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(VoiceAgentTest, NotesAreInTheStore) {
  {
    auto notes = *CreateSessionNoteStore(store_.get());
    EXPECT_EQ(*notes->Add("buy milk"), 1);
    EXPECT_EQ(*notes->Add("call the doctor"), 2);
    EXPECT_TRUE(notes->Remove(1).ok());
    EXPECT_EQ(notes->Remove(1).code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(notes->Remove(3).code(), absl::StatusCode::kNotFound);
  }
  const auto notes = *CreateSessionNoteStore(store_.get());
  const auto list = *notes->List();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].text, "call the doctor");
  EXPECT_EQ(list[0].id, 2);
}

TEST_F(VoiceAgentTest, SearchFindsWhatTheUserSaid) {
  session::Message user;
  user.content = "take a note buy milk";
  session::Message reply;
  reply.role = session::Role::kAssistant;
  reply.content = "I noted: buy milk.";
  ASSERT_TRUE(store_->AppendAll(session_id_, {user, reply}).ok());
  const auto search = CreateSessionSearch(store_.get(), session_id_);
  EXPECT_EQ(*search->Search("milk", 5), (std::vector<std::string>{"take a note buy milk"}));
}

}  // namespace
}  // namespace parlance::pipeline

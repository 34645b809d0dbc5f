// The flow of a turn, with a scripted detector, recogniser, agent and synthesiser.
#include "pipeline/voice_agent.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/deciding_agent.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/replay/replay.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/parts/session_adapters.h"
#include "pipeline/parts/timer_announcer.h"
#include "pipeline/runtime/announcer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/message.h"
#include "session/sqlite/sqlite_store.h"
#include "session/store.h"
#include "third_party/status_matchers.h"
#include "tools/builtin/dependencies.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/executor.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What the fakes share: time that passes when they say, and what they were asked.
struct Script {
  absl::Duration now;
  // What the next utterances will be recognised as.
  std::vector<std::string> transcripts;
  // What the recogniser heard of the last utterance.
  std::vector<int16_t> heard;
  size_t num_utterances = 0;
  int num_cancelled = 0;
  std::vector<std::string> said;
  absl::Status synthesis;
  absl::Status recognition;
  bool endless_calls = false;
  int max_history_messages = 50;
  std::vector<std::string> announcements;
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
    script_.heard.clear();
    return absl::OkStatus();
  }
  absl::Status Process(absl::Span<const int16_t> samples) override {
    script_.heard.insert(script_.heard.end(), samples.begin(), samples.end());
    return script_.recognition;
  }
  absl::StatusOr<Hypothesis> Partial() override { return Hypothesis(); }
  void Cancel() override { ++script_.num_cancelled; }
  void ForgetSpeaker() override {}
  absl::StatusOr<Hypothesis> Finish() override {
    script_.now += absl::Milliseconds(1);
    const std::string text = script_.transcripts[script_.num_utterances++];
    return Hypothesis{.text = text, .rejected = text == "?", .confidence = 1};
  }

 private:
  Script& script_;
};

// Calls the tool "answer", and says what came back.
class ScriptedAgent : public DecidingAgent {
 public:
  explicit ScriptedAgent(Script* script) : script_(*script) {}
  int max_history_messages() const override { return script_.max_history_messages; }
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
  absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) override {
    script_.said.emplace_back(text);
    if (!script_.synthesis.ok()) return script_.synthesis;
    const std::vector<int16_t> samples(160, 7);
    script_.now += absl::Milliseconds(1000);
    const WordMark all{.sample = 0, .text_begin = 0, .text_end = text.size()};
    sink({.samples = samples, .words = absl::MakeConstSpan(&all, 1)});
    script_.now += absl::Milliseconds(1000);
    sink({.samples = samples, .words = {}});
    return absl::OkStatus();
  }

 private:
  Script& script_;
};

class ScriptedAnnouncer : public Announcer {
 public:
  explicit ScriptedAnnouncer(Script* script) : script_(*script) {}
  std::vector<std::string> TakeDue(absl::string_view /*session_id*/) override {
    return std::exchange(script_.announcements, {});
  }

 private:
  Script& script_;
};

class VoiceAgentTest : public testing::Test {
 protected:
  VoiceAgentTest() : agent_(&script_), synthesizer_(&script_), announcer_(&script_) {
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
    EXPECT_THAT(registered, IsOk());
    executor_ = *tools::ToolExecutor::Create(&registry_, {});
  }

  VoiceAgentParts Parts() {
    return {.vad = std::make_unique<LoudnessVad>(),
            .recognizer = std::make_unique<ScriptedRecognizer>(&script_),
            .agent = &agent_,
            .synthesizer = &synthesizer_,
            .registry = &registry_,
            .executor = executor_.get(),
            .store = store_.get(),
            .announcer = &announcer_};
  }

  VoiceAgent::Options Options() {
    VoiceAgent::Options options;
    options.session_id = session_id_;
    options.steady_now = [this] { return script_.now; };
    options.on_audio = [this](absl::Span<const int16_t> samples) { num_audio_ += samples.size(); };
    options.on_turn = [this](const TurnReport& turn) { turns_.push_back(turn); };
    return options;
  }

  std::unique_ptr<VoiceAgent> CreateAgent() {
    auto agent = VoiceAgent::Create(Parts(), Options());
    EXPECT_THAT(agent, IsOk());
    return *std::move(agent);
  }

  // Half a second of speech, a pause, half a second of speech, and two seconds of silence.
  static std::vector<int16_t> Hesitation(absl::Duration pause) {
    const auto pause_samples = static_cast<size_t>(absl::ToInt64Milliseconds(pause) * 16);
    std::vector<int16_t> sound(8000, 5000);
    sound.resize(sound.size() + pause_samples, 0);
    sound.resize(sound.size() + 8000, 5000);
    sound.resize(sound.size() + 32000, 0);
    return sound;
  }

  // Half a second of loud sound, and a second of silence.
  static std::vector<int16_t> Utterance() {
    std::vector<int16_t> sound(24000, 0);
    std::fill_n(sound.begin(), 8000, int16_t{5000});
    return sound;
  }

  std::vector<session::Message> Stored() { return *store_->History(session_id_, {}); }

  Script script_;
  ScriptedAgent agent_;
  ScriptedSynthesizer synthesizer_;
  ScriptedAnnouncer announcer_;
  std::unique_ptr<session::SessionStore> store_;
  std::string session_id_;
  tools::ToolRegistry registry_;
  std::unique_ptr<tools::ToolExecutor> executor_;
  std::vector<TurnReport> turns_;
  size_t num_audio_ = 0;
};

TEST_F(VoiceAgentTest, AnswersAndRemembers) {
  script_.transcripts = {"hello", "again"};
  const auto agent = CreateAgent();
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
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
  EXPECT_THAT(*stored[2].metadata, HasSubstr(R"("gen_ai.tool.call.id":"call_1")"));
  EXPECT_THAT(*stored[2].metadata, HasSubstr(R"("parlance.tool.ending":"succeeded")"));
  EXPECT_TRUE(stored[2].latency.has_value());
  EXPECT_EQ(stored[2].content, "{\"a\":1}");
  EXPECT_EQ(stored[3].content, "answer to hello after 0");
  EXPECT_EQ(stored[6].tool_call_id, "call_2");
}

// What a language model sends is kept as it came.
TEST_F(VoiceAgentTest, ArgumentsAreNotCutAtANul) {
  script_.transcripts = {std::string("one\0two", 7)};
  ASSERT_THAT(CreateAgent()->Push(Utterance()), IsOk());
  EXPECT_THAT(*Stored().at(1).tool_calls, HasSubstr(R"(one\u0000two)"));
}

TEST_F(VoiceAgentTest, StampsEveryStage) {
  script_.transcripts = {"hello"};
  ASSERT_THAT(CreateAgent()->Push(Utterance()), IsOk());
  const TurnLatency& latency = turns_.at(0).latency;
  EXPECT_EQ(latency[TurnStage::kEndpoint], absl::Milliseconds(500));
  EXPECT_EQ(latency[TurnStage::kRecognition], absl::Milliseconds(1));
  EXPECT_EQ(latency[TurnStage::kAgentFirstToken], absl::Milliseconds(20));
  EXPECT_EQ(latency[TurnStage::kAgentFirstClause], absl::ZeroDuration());
  EXPECT_EQ(latency[TurnStage::kTools], absl::Milliseconds(100));
  EXPECT_EQ(latency[TurnStage::kSynthesis], absl::Milliseconds(1000));
  EXPECT_EQ(latency[TurnStage::kStore], absl::ZeroDuration());
  // The second part of the sound is made before the first can be taken, on one thread.
  EXPECT_EQ(latency[TurnStage::kOutput], absl::Milliseconds(1000));
  EXPECT_EQ(latency.since_endpoint(), absl::Milliseconds(2121));
  // It is kept with the answer, and goes with it wherever the session goes.
  EXPECT_EQ(Stored().at(3).metadata,
            R"({"parlance.turn.latency_ns":{"endpoint":500000000,"recognition":1000000,)"
            R"("agent_first_token":20000000,"agent_first_clause":0,"tools":100000000,"store":0,)"
            R"("synthesis":1000000000,"output":1000000000,"total":2621000000}})");
}

// An agent is given as much of the conversation as it wants.
TEST_F(VoiceAgentTest, HistoryIsReadForAgentsThatWantIt) {
  script_.transcripts = {"one", "two", "three"};
  const auto agent = CreateAgent();
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  script_.max_history_messages = 3;
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.at(1).reply, "answer to two after 3");
  script_.max_history_messages = 0;
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.at(2).reply, "answer to three after 0");
}

// What became due is said when nobody speaks and nothing is answered, once, and kept.
TEST_F(VoiceAgentTest, AnnouncesWhatIsDue) {
  script_.transcripts = {"hello"};
  const auto agent = CreateAgent();
  script_.announcements = {"Your timer tea is up.", "Your timer is up."};
  ASSERT_THAT(agent->Push(std::vector<int16_t>(16000, 0)), IsOk());
  EXPECT_THAT(script_.said, ElementsAre("Your timer tea is up. Your timer is up."));
  EXPECT_EQ(Stored().at(0).content, "Your timer tea is up. Your timer is up.");
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.at(1).reply, "answer to hello after 1");
}

TEST_F(VoiceAgentTest, AnAnnouncerMayBeMissing) {
  script_.transcripts = {"hello"};
  VoiceAgentParts parts = Parts();
  parts.announcer = nullptr;
  ASSERT_THAT((*VoiceAgent::Create(std::move(parts), Options()))->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.at(0).reply, "answer to hello after 0");
}

TEST(TimerAnnouncerTest, SaysEachTimerOnceItIsDue) {
  absl::Time now = absl::UnixEpoch();
  tools::InMemoryTimerStore timers;
  TimerAnnouncer announcer(&timers, [&] { return now; });
  ASSERT_THAT(timers.Start("mine", "tea", now + absl::Minutes(5)), IsOk());
  ASSERT_THAT(timers.Start("mine", "", now + absl::Minutes(3)), IsOk());
  ASSERT_THAT(timers.Start("mine", "pasta", now + absl::Minutes(9)), IsOk());
  ASSERT_THAT(timers.Start("another's", "eggs", now + absl::Minutes(1)), IsOk());
  EXPECT_THAT(announcer.TakeDue("mine"), IsEmpty());
  now += absl::Minutes(5);
  EXPECT_THAT(announcer.TakeDue("mine"), ElementsAre("Your timer is up.", "Your timer tea is up."));
  EXPECT_THAT(announcer.TakeDue("mine"), IsEmpty());
  now += absl::Hours(1);
  EXPECT_THAT(announcer.TakeDue("mine"), ElementsAre("Your timer pasta is up."));
}

// The detector is sure only after some frames; what was said before must not be lost, and nothing
// may be heard twice.
TEST_F(VoiceAgentTest, TheRecogniserHearsTheBeginning) {
  script_.transcripts = {"hello"};
  const auto agent = CreateAgent();
  // Each sample is like no other near it.
  std::vector<int16_t> sound(16000, 0);
  const std::vector<int16_t> utterance = Utterance();
  sound.insert(sound.end(), utterance.begin(), utterance.end());
  for (size_t i = 0; i < sound.size(); ++i) {
    sound[i] = static_cast<int16_t>(sound[i] + static_cast<int>(i % 997));
  }
  ASSERT_THAT(agent->Push(sound), IsOk());
  // 200 ms of padding, 500 ms of sound, 500 ms of silence.
  EXPECT_NEAR(static_cast<double>(script_.heard.size()), 1.2 * 16000, 200);
  EXPECT_NEAR(static_cast<double>(turns_.at(0).speech.begin), 0.8 * 16000, 200);
  EXPECT_TRUE(std::equal(script_.heard.begin(), script_.heard.end(),
                         sound.begin() + turns_[0].speech.begin));
}

// With equal delays a pause always ends a turn; with different ones the agent learns how long its
// speaker hesitates.
TEST_F(VoiceAgentTest, ThePauseThatEndsATurnAdapts) {
  script_.transcripts = std::vector<std::string>(8, "hello");
  for (const bool adapts : {false, true}) {
    turns_.clear();
    VoiceAgent::Options options = Options();
    options.conversation.endpointer.min_endpointing_delay = absl::Milliseconds(300);
    options.conversation.endpointer.max_endpointing_delay = absl::Milliseconds(adapts ? 1000 : 300);
    auto agent = VoiceAgent::Create(Parts(), std::move(options));
    ASSERT_THAT(agent, IsOk());
    // One turn, and at least 400 ms from then on for the speaker who hesitates.
    ASSERT_THAT((*agent)->Push(Hesitation(absl::Milliseconds(270))), IsOk());
    ASSERT_EQ(turns_.size(), 1u) << adapts;
    EXPECT_GE(turns_[0].latency[TurnStage::kEndpoint], absl::Milliseconds(adapts ? 400 : 300));
    ASSERT_THAT((*agent)->Push(Hesitation(absl::Milliseconds(350))), IsOk());
    EXPECT_EQ(turns_.size(), adapts ? 2u : 3u);
  }
}

TEST_F(VoiceAgentTest, RefusesDelaysOutOfOrder) {
  VoiceAgent::Options options = Options();
  options.conversation.endpointer.max_endpointing_delay = absl::Milliseconds(300);
  EXPECT_THAT(VoiceAgent::Create(Parts(), std::move(options)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_endpointing_delay")));
}

TEST_F(VoiceAgentTest, ChunksAndRatesMakeNoDifference) {
  for (const int rate_hz : {8000, 44100, 48000}) {
    turns_.clear();
    script_.transcripts.push_back("hello");
    VoiceAgent::Options options = Options();
    options.conversation.input_sample_rate_hz = rate_hz;
    const auto agent = *VoiceAgent::Create(Parts(), std::move(options));
    std::vector<int16_t> sound(static_cast<size_t>(rate_hz) * 3 / 2, 0);
    std::fill_n(sound.begin(), rate_hz / 2, int16_t{5000});
    for (absl::Span<const int16_t> rest = sound; !rest.empty();) {
      const auto chunk = rest.first(std::min<size_t>(rest.size(), 37));
      ASSERT_THAT(agent->Push(chunk), IsOk());
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
  ASSERT_THAT(agent->Push(std::vector<int16_t>(8000, 5000)), IsOk());
  EXPECT_TRUE(turns_.empty());
  ASSERT_THAT(agent->Flush(), IsOk());
  EXPECT_EQ(turns_.size(), 1u);
  ASSERT_THAT(agent->Flush(), IsOk());
  EXPECT_EQ(turns_.size(), 1u);
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.size(), 2u);
}

TEST_F(VoiceAgentTest, SilenceIsNoTurn) {
  const auto agent = CreateAgent();
  ASSERT_THAT(agent->Push(std::vector<int16_t>(160000, 0)), IsOk());
  ASSERT_THAT(agent->Flush(), IsOk());
  EXPECT_THAT(turns_, IsEmpty());
  EXPECT_THAT(Stored(), IsEmpty());
}

TEST_F(VoiceAgentTest, WhatWasNotUnderstoodIsNotStoredAsSaid) {
  script_.transcripts = {"?"};
  ASSERT_THAT(CreateAgent()->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.at(0).reply, "What?");
  ASSERT_EQ(Stored().size(), 2u);
  EXPECT_EQ(Stored()[0].content, "");
}

TEST_F(VoiceAgentTest, AToolThatFailsIsPartOfTheConversation) {
  script_.transcripts = {"fail"};
  ASSERT_THAT(CreateAgent()->Push(Utterance()), IsOk());
  EXPECT_FALSE(turns_.at(0).outcomes.at(0).answer.ok);
  EXPECT_EQ(Stored()[2].content, R"({"error":"unavailable","message":"the line is dead"})");
}

TEST_F(VoiceAgentTest, AnAgentThatCallsForEverIsStopped) {
  script_.transcripts = {"hello"};
  script_.endless_calls = true;
  ASSERT_THAT(CreateAgent()->Push(Utterance()), IsOk());
  EXPECT_EQ(turns_.at(0).calls.size(), 8u);
  EXPECT_EQ(turns_.at(0).reply, "Sorry, something went wrong.");
}

TEST_F(VoiceAgentTest, ASilentSynthesiserLosesNothing) {
  script_.transcripts = {"hello"};
  script_.synthesis = absl::InternalError("no voice");
  ASSERT_THAT(CreateAgent()->Push(Utterance()), IsOk());
  ASSERT_EQ(turns_.size(), 1u);
  EXPECT_EQ(turns_[0].reply, "answer to hello after 0");
  EXPECT_EQ(turns_[0].heard, "");
  ASSERT_EQ(Stored().size(), 4u);
  EXPECT_EQ(Stored()[3].content, "");
}

TEST_F(VoiceAgentTest, ErrorsOfTheRecogniserAreReturned) {
  script_.transcripts = {"hello"};
  script_.recognition = absl::InternalError("broken");
  EXPECT_THAT(CreateAgent()->Push(Utterance()), StatusIs(absl::StatusCode::kInternal, "broken"));
  EXPECT_EQ(turns_.at(0).heard, "Sorry, something went wrong.");
  EXPECT_EQ(script_.num_cancelled, 1);
}

// Live, there is a frame for each frame, and an answer may be spoken over.
TEST_F(VoiceAgentTest, LiveEachFrameIsAnsweredByOne) {
  script_.transcripts = {"hello"};
  VoiceAgent::Options options = Options();
  options.live = true;
  const auto agent = *VoiceAgent::Create(Parts(), std::move(options));
  ASSERT_THAT(agent->Push(std::vector<int16_t>(16000, 0)), IsOk());
  EXPECT_EQ(num_audio_, 16000u);
  ASSERT_THAT(agent->Push(Utterance()), IsOk());
  EXPECT_EQ(num_audio_, 40000u);
}

TEST_F(VoiceAgentTest, IsRecordedAndRepeated) {
  script_.transcripts = {"hello", "again"};
  std::string record;
  {
    VoiceAgent::Options options = Options();
    options.detector = "loudness";
    options.record = [&](absl::string_view bytes) { record.append(bytes.data(), bytes.size()); };
    const auto agent = *VoiceAgent::Create(Parts(), std::move(options));
    ASSERT_THAT(agent->Push(Utterance()), IsOk());
    ASSERT_THAT(agent->Push(Utterance()), IsOk());
  }
  const auto repeated = ReplayConversation(
      record,
      {.make_detector =
           [](absl::string_view) -> absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>> {
        return std::make_unique<LoudnessVad>();
      }});
  ASSERT_THAT(repeated, IsOk());
  EXPECT_TRUE(repeated->agrees());
}

TEST_F(VoiceAgentTest, RefusesWhatIsMissing) {
  VoiceAgentParts parts = Parts();
  parts.agent = nullptr;
  EXPECT_THAT(VoiceAgent::Create(std::move(parts), Options()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  VoiceAgent::Options options = Options();
  options.session_id = "nobody";
  EXPECT_THAT(VoiceAgent::Create(Parts(), std::move(options)),
              StatusIs(absl::StatusCode::kNotFound));
  options = Options();
  options.conversation.input_sample_rate_hz = 1000;
  EXPECT_THAT(VoiceAgent::Create(Parts(), std::move(options)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(VoiceAgentTest, NotesAreInTheStore) {
  {
    auto notes = *CreateSessionNoteStore(store_.get());
    EXPECT_THAT(notes->Add("buy milk"), IsOkAndHolds(1));
    EXPECT_THAT(notes->Add("call the doctor"), IsOkAndHolds(2));
    EXPECT_THAT(notes->Remove(1), IsOk());
    EXPECT_THAT(notes->Remove(1), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(notes->Remove(3), StatusIs(absl::StatusCode::kNotFound));
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
  ASSERT_THAT(store_->AppendAll(session_id_, {user, reply}), IsOk());
  const auto search = CreateSessionSearch(store_.get());
  EXPECT_THAT(search->Search(session_id_, "milk", 5),
              IsOkAndHolds(ElementsAre("take a note buy milk")));
}

}  // namespace
}  // namespace parlance::pipeline

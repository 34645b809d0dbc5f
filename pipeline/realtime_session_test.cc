// The Realtime protocol over a runtime in virtual time: what a client sends, and what it is sent.
#include "pipeline/door/realtime/realtime_session.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/testing/fake_connection.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/runtime/testing/scripted_parts.h"
#include "pipeline/runtime/testing/virtual_runtime.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/message.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::StatusIs;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr absl::Duration Ms(int64_t milliseconds) { return absl::Milliseconds(milliseconds); }

// An event that was sent: its members are found by their paths, such as
// "item.content.0.transcript".
class Event {
 public:
  explicit Event(absl::string_view json) : json_(json) {
    document_.Parse(json.data(), json.size());
    EXPECT_FALSE(document_.HasParseError()) << json;
  }
  const std::string& json() const { return json_; }
  std::string type() const { return Text("type"); }
  // A text as it is, anything else as JSON; "(none)" if it is not there.
  std::string Text(absl::string_view path) const {
    const rapidjson::Value* value = &document_;
    while (!path.empty()) {
      const size_t dot = std::min(path.find('.'), path.size());
      const std::string name(path.substr(0, dot));
      path.remove_prefix(std::min(dot + 1, path.size()));
      if (value->IsArray()) {
        const auto index = static_cast<rapidjson::SizeType>(std::stoi(name));
        if (index >= value->Size()) return "(none)";
        value = &(*value)[index];
      } else {
        if (!value->IsObject() || !value->HasMember(name.c_str())) return "(none)";
        value = &(*value)[name.c_str()];
      }
    }
    if (value->IsString()) return value->GetString();
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value->Accept(writer);
    return buffer.GetString();
  }

 private:
  std::string json_;
  rapidjson::Document document_;
};

class RealtimeSessionTest : public testing::Test {
 protected:
  RealtimeSessionTest() : world_(testing::UnitTest::GetInstance()->current_test_info()->name()) {
    world_.recognizers.words = [this] { return words_; };
    world_.agent.decide = [this](const AgentInput& input) { return Decide(input); };
    world_.Start();
    environment_.open = [this](SessionOptions options, SessionSink* sink) {
      return world_.runtime->Open(std::move(options), sink);
    };
    environment_.history = [this](const std::string& id, int limit) {
      session::SessionStore::HistoryOptions page;
      page.limit = limit;
      return world_.store.History(id, page);
    };
    environment_.random = [this] { return ++random_; };
    environment_.session = UsualSession();
  }
  ~RealtimeSessionTest() override { Disconnect(); }

  virtual AgentStep Decide(const AgentInput& input) {
    if (input.utterance.text == "count") {
      return {.calls = {}, .reply = "One two three four five six seven eight nine ten eleven."};
    }
    return {.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
  }

  void Connect(RealtimeRequest request = {}) {
    connection_ = std::make_shared<FakeConnection>();
    auto opened = OpenRealtimeSession(environment_, request, connection_);
    refused_ = opened.status();
    if (opened.ok()) handler_ = *std::move(opened);
  }
  void Disconnect() {
    if (handler_ == nullptr) return;
    handler_->OnClosed(absl::OkStatus());
    handler_ = nullptr;
    world_.Pass(Ms(100));
  }

  void Send(absl::string_view json) { handler_->OnText(json); }
  // Time passes; so long, the client sends sound that is loud or silent.
  void Hear(absl::Duration length, int16_t loudness = 0) {
    const std::vector<int16_t> samples(480, loudness);
    const std::string bytes(reinterpret_cast<const char*>(samples.data()), samples.size() * 2);
    const std::string event = absl::StrCat(R"({"type":"input_audio_buffer.append","audio":")",
                                           absl::Base64Escape(bytes), "\"}");
    for (; length > absl::ZeroDuration(); length -= Ms(20)) {
      Send(event);
      world_.Pass(Ms(20));
    }
  }
  void Say(absl::string_view words, absl::Duration length = Ms(800)) {
    words_ = std::string(words);
    Hear(length, 3000);
  }

  // A message of the client's.
  void Write(absl::string_view text, absl::string_view role = "user") {
    Send(absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"message","role":")",
                      role, R"(","content":[{"type":")",
                      role == "assistant" ? "output_text" : "input_text", R"(","text":")", text,
                      R"("}]}})"));
  }

  // What was sent since it was asked for. Each has an id of its own.
  std::vector<Event> Events() {
    std::vector<Event> events;
    for (const std::string& text : connection_->TakeTexts()) {
      events.emplace_back(text);
      EXPECT_THAT(events.back().Text("event_id"), HasSubstr("event_"));
    }
    return events;
  }
  // Their types, those that come often once; what is ours alone is left out.
  static std::vector<std::string> Types(const std::vector<Event>& events) {
    std::vector<std::string> types;
    for (const Event& event : events) {
      const std::string type = event.type();
      if (absl::StartsWith(type, "parlance.")) continue;
      if (absl::EndsWith(type, ".delta") && !types.empty() && types.back() == type) continue;
      types.push_back(type);
    }
    return types;
  }
  static const Event* Find(const std::vector<Event>& events, absl::string_view type,
                           size_t number = 0) {
    for (const Event& event : events) {
      if (event.type() == type && number-- == 0) return &event;
    }
    ADD_FAILURE() << "there is no " << type;
    static const Event* const none = new Event("{}");
    return none;
  }
  std::vector<std::string> Stored() { return world_.Stored(SessionId()); }
  std::string SessionId() { return session_id_; }
  // Connects, and takes the first events.
  void Begin(absl::string_view update = "") {
    Connect();
    session_id_ = Find(Events(), "session.created")->Text("session.id");
    if (update.empty()) return;
    Send(absl::StrCat(R"({"type":"session.update","session":)", update, "}"));
    EXPECT_THAT(Types(Events()), ElementsAre("session.updated"));
  }

  VirtualRuntime world_;
  RealtimeEnvironment environment_;
  uint64_t random_ = 0;
  std::string words_;
  std::shared_ptr<FakeConnection> connection_;
  std::unique_ptr<MessageHandler> handler_;
  absl::Status refused_;
  std::string session_id_;
};

TEST_F(RealtimeSessionTest, BeginsWithTheWholeConfiguration) {
  Connect({.model = "gpt-realtime"});
  const std::vector<Event> events = Events();
  EXPECT_THAT(Types(events), ElementsAre("session.created", "conversation.created"));
  EXPECT_EQ(events[0].Text("session.model"), "gpt-realtime");
  EXPECT_EQ(events[0].Text("session.type"), "realtime");
  EXPECT_EQ(events[0].Text("session.audio.input.turn_detection.interrupt_response"), "true");
}

TEST_F(RealtimeSessionTest, ASpokenTurnInTheOrderThatClientsExpect) {
  Begin();
  Hear(Ms(500));
  Say("what time is it");
  Hear(Ms(3000));
  const std::vector<Event> events = Events();
  EXPECT_THAT(
      Types(events),
      ElementsAre("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
                  "input_audio_buffer.committed", "conversation.item.added",
                  "conversation.item.input_audio_transcription.delta",
                  "conversation.item.input_audio_transcription.completed", "conversation.item.done",
                  "response.created", "response.output_item.added", "conversation.item.added",
                  "response.content_part.added", "response.output_audio_transcript.delta",
                  "response.output_audio.delta", "response.output_audio.done",
                  "response.output_audio_transcript.done", "response.content_part.done",
                  "response.output_item.done", "conversation.item.done", "response.done"));
  const std::string user = Find(events, "input_audio_buffer.speech_started")->Text("item_id");
  EXPECT_EQ(Find(events, "input_audio_buffer.committed")->Text("item_id"), user);
  EXPECT_EQ(Find(events, "conversation.item.added")->Text("item.id"), user);
  EXPECT_EQ(Find(events, "conversation.item.added")->Text("item.content.0.type"), "input_audio");
  EXPECT_EQ(Find(events, "conversation.item.added")->Text("item.content.0.transcript"), "null");
  EXPECT_EQ(
      Find(events, "conversation.item.input_audio_transcription.completed")->Text("transcript"),
      "what time is it");
  const std::string item = Find(events, "response.output_item.added")->Text("item.id");
  EXPECT_EQ(Find(events, "conversation.item.added", 1)->Text("previous_item_id"), user);
  EXPECT_EQ(Find(events, "response.output_audio.delta")->Text("item_id"), item);
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "You said what time is it.");
  EXPECT_EQ(Find(events, "response.done")->Text("response.status"), "completed");
  EXPECT_EQ(Find(events, "response.done")->Text("response.output.0.content.0.transcript"),
            "You said what time is it.");
  EXPECT_THAT(Stored(),
              ElementsAre("user: what time is it", "assistant: You said what time is it."));
  // As long as the answer: a character is 10 ms, at 24 kHz.
  size_t num_bytes = 0;
  for (const Event& event : events) {
    if (event.type() != "response.output_audio.delta") continue;
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(event.Text("delta"), &bytes));
    num_bytes += bytes.size();
  }
  EXPECT_EQ(num_bytes, 25 * 240 * 2);
}

// An older client loses an interruption that comes after the end of the sound.
TEST_F(RealtimeSessionTest, ABargeInIsToldOfBeforeTheResponseEnds) {
  Begin();
  Say("count");
  while (true) {
    Hear(Ms(20));
    const std::vector<Event> events = Events();
    if (std::any_of(events.begin(), events.end(), [](const Event& event) {
          return event.type() == "response.output_audio.delta";
        })) {
      break;
    }
  }
  Hear(Ms(100));
  Events();
  Say("stop please", Ms(1000));
  const std::vector<Event> events = Events();
  const std::vector<std::string> types = Types(events);
  const auto started = std::find(types.begin(), types.end(), "input_audio_buffer.speech_started");
  const auto done = std::find(types.begin(), types.end(), "response.done");
  ASSERT_NE(started, types.end());
  ASSERT_NE(done, types.end());
  EXPECT_LT(started, done);
  EXPECT_EQ(Find(events, "response.done")->Text("response.status"), "cancelled");
  EXPECT_EQ(Find(events, "response.done")->Text("response.status_details.reason"), "turn_detected");
  EXPECT_EQ(Find(events, "response.output_item.done")->Text("item.status"), "incomplete");
  EXPECT_THAT(std::vector<std::string>(done + 1, types.end()),
              Not(Contains("response.output_audio.delta")));
}

// A client that has played less than was thought says so; it asks for the item, and has its words.
TEST_F(RealtimeSessionTest, WhatIsTruncatedKeepsTheWordsThatWereHeard) {
  Begin();
  Send(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
           "content":[{"type":"input_text","text":"count"}]}})");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(400));
  const std::string item = Find(Events(), "response.output_item.added")->Text("item.id");
  Send(R"({"type":"response.cancel"})");
  world_.Pass(Ms(40));
  std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "response.done")->Text("response.status_details.reason"),
            "client_cancelled");
  // "One two " is 80 ms.
  Send(absl::StrCat(R"({"type":"conversation.item.truncate","item_id":")", item,
                    R"(","content_index":0,"audio_end_ms":100})"));
  world_.Pass(Ms(40));
  EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.truncated"));
  Send(absl::StrCat(R"({"type":"conversation.item.retrieve","item_id":")", item, "\"}"));
  events = Events();
  EXPECT_EQ(Find(events, "conversation.item.retrieved")->Text("item.content.0.transcript"),
            "One two");
  EXPECT_THAT(Stored(), ElementsAre("user: count", "assistant: One two"));
}

TEST_F(RealtimeSessionTest, TruncatingBeyondTheEndIsNoErrorAndZeroIsNothingHeard) {
  Begin();
  Send(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
           "content":[{"type":"input_text","text":"hello"}]}})");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  const std::string item = Find(Events(), "response.output_item.added")->Text("item.id");
  const auto truncate = [&](absl::string_view end) {
    Send(absl::StrCat(R"({"type":"conversation.item.truncate","item_id":")", item,
                      R"(","content_index":0,"audio_end_ms":)", end, "}"));
    world_.Pass(Ms(40));
  };
  truncate("999999");
  EXPECT_EQ(Find(Events(), "conversation.item.truncated")->Text("audio_end_ms"), "150");
  EXPECT_THAT(Stored(), Contains("assistant: You said hello."));
  truncate("0");
  EXPECT_EQ(Find(Events(), "conversation.item.truncated")->Text("audio_end_ms"), "0");
  EXPECT_THAT(Stored(), Contains("assistant: "));
  truncate("-1");
  EXPECT_EQ(Find(Events(), "error")->Text("error.param"), "audio_end_ms");
}

TEST_F(RealtimeSessionTest, TurnsByHand) {
  Begin(R"({"audio":{"input":{"turn_detection":null}}})");
  Say("what time is it");
  Hear(Ms(1000));
  EXPECT_THAT(Events(), IsEmpty()) << "nobody listens";
  Send(R"({"type":"input_audio_buffer.commit"})");
  world_.Pass(Ms(100));
  EXPECT_THAT(Types(Events()),
              ElementsAre("input_audio_buffer.committed", "conversation.item.added",
                          "conversation.item.input_audio_transcription.delta",
                          "conversation.item.input_audio_transcription.completed",
                          "conversation.item.done"));
  world_.Pass(Ms(2000));
  EXPECT_THAT(Events(), IsEmpty()) << "an answer is asked for";
  Send(R"({"type":"response.create","event_id":"mine"})");
  world_.Pass(Ms(1000));
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "You said what time is it.");
  EXPECT_EQ(Find(events, "response.created")->Text("response.status"), "in_progress");
}

TEST_F(RealtimeSessionTest, WhatIsClearedIsNotCommitted) {
  Begin(R"({"audio":{"input":{"turn_detection":null}}})");
  Say("forget this");
  Send(R"({"type":"input_audio_buffer.clear"})");
  Send(R"({"type":"input_audio_buffer.commit","event_id":"c1"})");
  const std::vector<Event> events = Events();
  EXPECT_THAT(Types(events), ElementsAre("input_audio_buffer.cleared", "error"));
  EXPECT_EQ(events[1].Text("error.code"), "input_audio_buffer_commit_empty");
  EXPECT_EQ(events[1].Text("error.event_id"), "c1");
}

TEST_F(RealtimeSessionTest, SoundThatIsNeverCommittedIsBounded) {
  Begin(R"({"audio":{"input":{"turn_detection":null}}})");
  const std::string second = absl::StrCat(R"({"type":"input_audio_buffer.append","audio":")",
                                          absl::Base64Escape(std::string(48000, '\1')), "\"}");
  for (int i = 0; i < 30; ++i) Send(second);
  EXPECT_THAT(Events(), IsEmpty());
  Send(second);
  EXPECT_EQ(Find(Events(), "error")->Text("error.code"), "input_audio_buffer_full");
}

TEST_F(RealtimeSessionTest, AnswersInTextOnly) {
  Begin(R"({"output_modalities":["text"]})");
  Send(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
           "content":[{"type":"input_text","text":"hello"}]}})");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(200));
  const std::vector<Event> events = Events();
  EXPECT_THAT(Types(events),
              ElementsAre("conversation.item.added", "conversation.item.done", "response.created",
                          "response.output_item.added", "conversation.item.added",
                          "response.content_part.added", "response.output_text.delta",
                          "response.output_text.done", "response.content_part.done",
                          "response.output_item.done", "conversation.item.done", "response.done"));
  EXPECT_EQ(Find(events, "response.output_text.done")->Text("text"), "You said hello.");
  EXPECT_THAT(Stored(), ElementsAre("user: hello", "assistant: You said hello."));
}

TEST_F(RealtimeSessionTest, ATranscriptionSessionNeverAnswers) {
  Connect({.is_transcription = true});
  EXPECT_EQ(Find(Events(), "session.created")->Text("session.type"), "transcription");
  Say("first words");
  Hear(Ms(1500));
  Say("second words");
  Hear(Ms(1500));
  const std::vector<Event> events = Events();
  EXPECT_EQ(
      Find(events, "conversation.item.input_audio_transcription.completed", 1)->Text("transcript"),
      "second words");
  for (const Event& event : events) EXPECT_THAT(event.type(), Not(HasSubstr("response")));
  Send(R"({"type":"response.create"})");
  EXPECT_EQ(Find(Events(), "error")->Text("error.code"), "unsupported_event");
}

TEST_F(RealtimeSessionTest, ItemsThatAClientBringsAreKept) {
  Begin();
  Send(R"({"type":"conversation.item.create","item":{"id":"a1","type":"message","role":"assistant",
           "content":[{"type":"output_text","text":"Welcome back."}]}})");
  Send(R"({"type":"conversation.item.create","item":{"id":"u1","type":"message","role":"user",
           "content":[{"type":"input_text","text":"hello"}]}})");
  world_.Pass(Ms(40));
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "conversation.item.added", 1)->Text("item.id"), "u1");
  EXPECT_EQ(Find(events, "conversation.item.added", 1)->Text("previous_item_id"), "a1");
  Say("and this");
  Hear(Ms(2000));
  EXPECT_THAT(Stored(), ElementsAre("assistant: Welcome back.", "user: hello", "user: and this",
                                    "assistant: You said and this."));
  Send(R"({"type":"conversation.item.delete","item_id":"u1"})");
  Send(R"({"type":"conversation.item.retrieve","item_id":"u1"})");
  const std::vector<Event> later = Events();
  EXPECT_EQ(Find(later, "conversation.item.deleted")->Text("item_id"), "u1");
  EXPECT_EQ(Find(later, "error")->Text("error.code"), "item_not_found");
}

// Clients bring the history of a conversation that they had elsewhere when they connect.
TEST_F(RealtimeSessionTest, AHistoryKeepsItsOrderAndTheLastTextIsTheQuestion) {
  Begin();
  Write("my name is Anna");
  Write("Hello Anna.", "assistant");
  Write("be brief", "system");
  Write("I live in Rome");
  Write("what time is it");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  EXPECT_THAT(Stored(),
              ElementsAre("user: my name is Anna", "assistant: Hello Anna.", "system: be brief",
                          "user: I live in Rome", "user: what time is it",
                          "assistant: You said what time is it."));
  EXPECT_THAT(Types(Events()), Not(Contains("error")));
}

TEST_F(RealtimeSessionTest, AHistoryMayBeLong) {
  Begin();
  for (int i = 0; i < 400; ++i) Write(absl::StrCat("line ", i), i % 3 == 1 ? "assistant" : "user");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  EXPECT_THAT(Types(Events()), Not(Contains("error")));
  ASSERT_THAT(Stored(), SizeIs(401));
  EXPECT_EQ(Stored()[398], "user: line 398");
  EXPECT_EQ(Stored()[400], "assistant: You said line 399.");
}

// Two texts that are too long together are two messages.
TEST_F(RealtimeSessionTest, TextsThatWaitAreEachAMessage) {
  Begin();
  const std::string first(40'000, 'a');
  const std::string second(40'000, 'b');
  Write(first);
  Write(second);
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  const std::vector<Event> events = Events();
  EXPECT_THAT(Types(events), Not(Contains("error")));
  EXPECT_THAT(Types(events), Contains("response.created").Times(1));
  ASSERT_THAT(Stored(), SizeIs(3));
  EXPECT_EQ(Stored()[0], "user: " + first);
  EXPECT_EQ(Stored()[1], "user: " + second);
}

// What cannot be stored was not added, and goes on waiting.
TEST_F(RealtimeSessionTest, AnItemThatIsTooMuchAtOnceIsRefused) {
  Begin();
  for (size_t i = 0; i < Runtime::Session::kMaxRequests; ++i) Write("earlier", "assistant");
  EXPECT_THAT(Types(Events()), Not(Contains("error")));
  Write("one too many", "assistant");
  const std::vector<Event> refused = Events();
  EXPECT_THAT(Types(refused), ElementsAre("error"));
  EXPECT_EQ(Find(refused, "error")->Text("error.code"), "rate_limit_exceeded");
  world_.Pass(Ms(40));
  Write("now it fits", "assistant");
  world_.Pass(Ms(40));
  EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.added", "conversation.item.done"));
  ASSERT_THAT(Stored(), SizeIs(Runtime::Session::kMaxRequests + 1));
  EXPECT_EQ(Stored().back(), "assistant: now it fits");
}

TEST_F(RealtimeSessionTest, WhatIsDeletedBeforeItIsAskedIsNeverSaid) {
  Begin();
  Send(R"({"type":"conversation.item.create","item":{"id":"d1","type":"message","role":"user",
           "content":[{"type":"input_text","text":"something rude"}]}})");
  Send(R"({"type":"conversation.item.delete","item_id":"d1"})");
  Write("hello");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  EXPECT_THAT(Stored(), ElementsAre("user: hello", "assistant: You said hello."));
}

TEST_F(RealtimeSessionTest, WhatIsBeingSaidCannotBeDeleted) {
  Begin();
  Write("count");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(200));
  const std::string id = Find(Events(), "response.output_item.added")->Text("item.id");
  Send(absl::StrCat(R"({"type":"conversation.item.delete","item_id":")", id, "\"}"));
  EXPECT_EQ(Find(Events(), "error")->Text("error.code"), "item_in_progress");
  world_.Pass(absl::Seconds(3));
  EXPECT_EQ(Find(Events(), "response.output_item.done")->Text("item.id"), id);
  Send(absl::StrCat(R"({"type":"conversation.item.delete","item_id":")", id, "\"}"));
  EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.deleted"));
}

// json_encode of PHP writes \/, and Gson writes = as \u003d.
TEST_F(RealtimeSessionTest, SoundMayBeWrittenWithEscapes) {
  Begin(R"({"audio":{"input":{"turn_detection":null}}})");
  Send(R"({"type":"input_audio_buffer.append","audio":"AA\/\/AAAA"})");
  Send(R"({"type":"input_audio_buffer.append","audio":"AAAAAA\u003d\u003d"})");
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(RealtimeSessionTest, OneResponseMayBeWrittenAndTheNextSpoken) {
  Begin();
  Write("hello");
  Send(R"({"type":"response.create","response":{"output_modalities":["text"]}})");
  world_.Pass(Ms(1000));
  const std::vector<Event> written = Events();
  EXPECT_EQ(Find(written, "response.created")->Text("response.output_modalities"), R"(["text"])");
  EXPECT_EQ(Find(written, "response.output_text.done")->Text("text"), "You said hello.");
  EXPECT_THAT(Types(written), Not(Contains("response.output_audio.delta")));
  EXPECT_EQ(Find(written, "response.done")->Text("response.status"), "completed");
  Write("hello again");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  const std::vector<Event> spoken = Events();
  EXPECT_EQ(Find(spoken, "response.created")->Text("response.output_modalities"), R"(["audio"])");
  EXPECT_THAT(Types(spoken), Contains("response.output_audio.delta"));
}

TEST_F(RealtimeSessionTest, WhatWasWrittenAndNotAnsweredIsStoredWhenTheClientGoes) {
  Begin();
  Send(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
           "content":[{"type":"input_text","text":"note this"}]}})");
  Disconnect();
  EXPECT_THAT(Stored(), ElementsAre("user: note this"));
  EXPECT_EQ(connection_->end()->code, kCloseNormal);
}

TEST_F(RealtimeSessionTest, ASessionIsGoneOnWith) {
  Begin();
  Say("remember me");
  Hear(Ms(2000));
  Disconnect();
  Connect({.session_id = session_id_});
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "session.created")->Text("session.id"), session_id_);
  EXPECT_EQ(Find(events, "conversation.item.added")->Text("item.content.0.text"), "remember me");
  EXPECT_EQ(Find(events, "conversation.item.added", 1)->Text("item.role"), "assistant");
}

TEST_F(RealtimeSessionTest, ASessionThatIsNotThereIsRefused) {
  Connect({.session_id = "no-such-session"});
  EXPECT_THAT(refused_, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(connection_->TakeTexts(), IsEmpty());
}

TEST_F(RealtimeSessionTest, SpeaksG711) {
  Begin(R"({"audio":{"input":{"format":{"type":"audio/pcmu"}},
                     "output":{"format":{"type":"audio/pcmu"}}}})");
  words_ = "hello";
  // 800 ms of sound at 8 kHz that is loud: 0x80 is mu-law's loudest.
  const std::string loud = absl::StrCat(R"({"type":"input_audio_buffer.append","audio":")",
                                        absl::Base64Escape(std::string(160, '\x80')), "\"}");
  for (int i = 0; i < 40; ++i) {
    Send(loud);
    world_.Pass(Ms(20));
  }
  const std::string quiet = absl::StrCat(R"({"type":"input_audio_buffer.append","audio":")",
                                         absl::Base64Escape(std::string(160, '\xFF')), "\"}");
  for (int i = 0; i < 100; ++i) {
    Send(quiet);
    world_.Pass(Ms(20));
  }
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "You said hello.");
  size_t num_bytes = 0;
  for (const Event& event : events) {
    if (event.type() != "response.output_audio.delta") continue;
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(event.Text("delta"), &bytes));
    num_bytes += bytes.size();
  }
  EXPECT_EQ(num_bytes, 15 * 80);
}

// Each wrong event is answered with an error that names it, and the session goes on.
TEST_F(RealtimeSessionTest, WhatIsWrongIsNamedAndNothingEnds) {
  Begin();
  struct Case {
    std::string event;
    std::string code;
    std::string param;
  };
  const std::string deep = absl::StrCat(std::string(100, '['), std::string(100, ']'));
  for (const Case& wrong : std::vector<Case>{
           {"not json", "invalid_json", "null"},
           {"[]", "invalid_json", "null"},
           {"{}", "missing_required_parameter", "type"},
           {R"({"type":7})", "missing_required_parameter", "type"},
           {absl::StrCat(R"({"type":"session.update","session":)", deep, "}"), "invalid_json",
            "null"},
           {R"({"type":"nonsense"})", "unknown_event", "type"},
           {R"({"type":"session.update"})", "missing_required_parameter", "session"},
           {R"({"type":"session.update","session":[]})", "invalid_type", "session"},
           {R"({"type":"session.update","session":{"audio":{"input":{"format":{"type":"mp3"}}}}})",
            "invalid_value", "session.audio.input.format"},
           {R"({"type":"input_audio_buffer.append"})", "missing_required_parameter", "audio"},
           {R"({"type":"input_audio_buffer.append","audio":"%%%"})", "invalid_audio", "audio"},
           {R"({"type":"input_audio_buffer.append","audio":5})", "missing_required_parameter",
            "audio"},
           {R"({"type":"input_audio_buffer.commit"})", "input_audio_buffer_commit_empty", "null"},
           {R"({"type":"conversation.item.create"})", "missing_required_parameter", "item.type"},
           {R"({"type":"conversation.item.create","item":{"type":"message","role":"king",
                "content":[{"type":"input_text","text":"a"}]}})",
            "invalid_value", "item.role"},
           {R"({"type":"conversation.item.create","item":{"type":"message","role":"user"}})",
            "missing_required_parameter", "item.content"},
           {R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_image","image_url":"x"}]}})",
            "unsupported_content", "item.content"},
           {R"({"type":"conversation.item.create","previous_item_id":"none","item":{
                "type":"message","role":"user","content":[{"type":"input_text","text":"a"}]}})",
            "item_not_found", "previous_item_id"},
           {R"({"type":"conversation.item.retrieve","item_id":"none"})", "item_not_found",
            "item_id"},
           {R"({"type":"conversation.item.truncate"})", "missing_required_parameter", "item_id"},
           {R"({"type":"response.cancel"})", "response_cancel_not_active", "null"},
           {R"({"type":"session.update","session":null})", "missing_required_parameter", "session"},
           {R"({"type":"response.create","response":"x"})", "invalid_type", "response"},
           {R"({"type":"response.create","response":{"output_modalities":["smell"]}})",
            "invalid_value", "response.output_modalities"},
           {R"({"type":"response.create","response":{"tool_choice":"banana"}})", "invalid_value",
            "response.tool_choice"},
           {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[
                {"type":"input_text","text":"a"},{"type":"input_audio","audio":"AAAA"}]}})",
            "unsupported_content", "item.content"},
           {R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[
                {"type":"input_audio","audio":"AAAA"},{"type":"input_audio","audio":"AAAA"}]}})",
            "unsupported_content", "item.content"},
           {absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"function_call",
                "name":"add","arguments":")",
                         std::string(Runtime::Session::kMaxTextBytes + 1, 'a'), R"("}})"),
            "invalid_value", "item.arguments"},
           {absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"function_call",
                "arguments":"{}","name":")",
                         std::string(129, 'a'), R"("}})"),
            "invalid_value", "item.name"},
           {absl::StrCat(
                R"({"type":"conversation.item.create","item":{"type":"function_call_output",
                "output":"","call_id":")",
                std::string(129, 'a'), R"("}})"),
            "invalid_value", "item.call_id"},
           {R"({"type":"response.create","response":{"conversation":"banana"}})", "invalid_value",
            "response.conversation"},
           {R"({"type":"response.create","response":{"metadata":5}})", "invalid_type",
            "response.metadata"},
           {R"({"type":"response.create","response":{"input":"hello"}})", "invalid_type",
            "response.input"},
           {R"({"type":"response.create","response":{"conversation":"none"}})",
            "unsupported_parameter", "response.conversation"},
           {R"({"type":"response.create","response":{"tools":[{"type":"mcp"}]}})",
            "unsupported_tool", "response.tools"}}) {
    SCOPED_TRACE(wrong.event.substr(0, 200));
    Send(wrong.event);
    const std::vector<Event> events = Events();
    EXPECT_THAT(Types(events), ElementsAre("error"));
    EXPECT_EQ(Find(events, "error")->Text("error.code"), wrong.code);
    EXPECT_EQ(Find(events, "error")->Text("error.param"), wrong.param);
    EXPECT_EQ(Find(events, "error")->Text("error.type"), "invalid_request_error");
  }
  handler_->OnBinary({});
  EXPECT_EQ(Find(Events(), "error")->Text("error.code"), "invalid_message");
  Say("still here");
  Hear(Ms(2000));
  EXPECT_EQ(Find(Events(), "response.done")->Text("response.status"), "completed");
}

TEST_F(RealtimeSessionTest, OneResponseAtATime) {
  Begin();
  const std::string count = R"({"type":"conversation.item.create","item":{"type":"message",
      "role":"user","content":[{"type":"input_text","text":"count"}]}})";
  Send(count);
  Send(R"({"type":"response.create","response":{"metadata":{"topic":"x"}}})");
  world_.Pass(Ms(100));
  EXPECT_EQ(Find(Events(), "response.created")->Text("response.metadata.topic"), "x");
  Send(R"({"type":"response.create","event_id":"second"})");
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "error")->Text("error.code"), "conversation_already_has_active_response");
  EXPECT_EQ(Find(events, "error")->Text("error.event_id"), "second");
  world_.Pass(Ms(2000));
  EXPECT_EQ(Find(Events(), "response.done")->Text("response.metadata.topic"), "x");
}

TEST_F(RealtimeSessionTest, AResponseThatIsCancelledBeforeItBeganIsOne) {
  Begin();
  Send(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
           "content":[{"type":"input_text","text":"count"}]}})");
  Send(R"({"type":"response.create"})");
  Send(R"({"type":"response.cancel"})");
  Hear(Ms(1000));
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "response.done")->Text("response.status"), "cancelled");
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const Event& event) { return event.type() == "response.created"; }),
            1);
  Say("hello");
  Hear(Ms(2000));
  EXPECT_EQ(Find(Events(), "response.done")->Text("response.status"), "completed");
}

// A client that does not wait: what the runtime tells of the first answers comes after the last
// question.
TEST_F(RealtimeSessionTest, WhatIsCancelledAtOnceIsNoResponseThatNobodyAskedFor) {
  Begin();
  for (int i = 0; i < 3; ++i) {
    Write("count");
    Send(R"({"type":"response.create"})");
    Send(R"({"type":"response.cancel"})");
  }
  Write("hello");
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(2000));
  const std::vector<Event> events = Events();
  std::vector<std::string> statuses;
  for (const Event& event : events) {
    if (event.type() != "response.done") continue;
    statuses.push_back(absl::StrCat(event.Text("response.status"), " ",
                                    event.Text("response.status_details.reason")));
  }
  EXPECT_THAT(statuses, ElementsAre("cancelled client_cancelled", "cancelled client_cancelled",
                                    "cancelled client_cancelled", "completed (none)"));
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const Event& event) { return event.type() == "response.created"; }),
            4);
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "You said hello.");
}

TEST_F(RealtimeSessionTest, AnEventIsBoundedButForItsSound) {
  Begin();
  const std::string padding(kMaxRealtimeEventBytes, ' ');
  for (const std::string& event :
       {absl::StrCat(R"({"type":"response.cancel",)", padding, "\"a\":1}"),
        absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                         "content":[)",
                     padding, R"({"type":"input_text","text":"a"}]}})"),
        absl::StrCat(R"({"type":"response.cancel","audio":")", std::string(2'000'000, 'A'),
                     "\"}")}) {
    Send(event);
    const std::vector<Event> events = Events();
    EXPECT_THAT(Types(events), ElementsAre("error"));
    EXPECT_EQ(Find(events, "error")->Text("error.code"), "event_too_large") << event.substr(0, 50);
  }
}

// What a client may ask for costs memory as long as the connection is there.
TEST_F(RealtimeSessionTest, TheItemsOfAConversationAreBoundedInBytes) {
  Begin();
  const std::string text(60'000, 'a');
  constexpr int kNumItems = 100;
  for (int i = 0; i < kNumItems; ++i) {
    Send(absl::StrCat(
        R"({"type":"conversation.item.create","item":{"id":"i)", i,
        R"(","type":"message","role":"assistant","content":[{"type":"output_text","text":")", text,
        R"("}]}})"));
    world_.Pass(Ms(10));
  }
  Events();
  size_t num_kept = 0;
  for (int i = 0; i < kNumItems; ++i) {
    Send(absl::StrCat(R"({"type":"conversation.item.retrieve","item_id":"i)", i, "\"}"));
    num_kept += Types(Events()) == std::vector<std::string>{"conversation.item.retrieved"} ? 1 : 0;
  }
  EXPECT_LE(num_kept * text.size(), size_t{4} << 20);
  EXPECT_GT(num_kept, 60u) << "the last ones are there";
}

TEST_F(RealtimeSessionTest, ChangingTheFormUnderAnAnswerIsForTheNextOne) {
  Begin();
  const std::string ask = R"({"type":"conversation.item.create","item":{"type":"message",
      "role":"user","content":[{"type":"input_text","text":"count"}]}})";
  Send(ask);
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(100));
  Send(R"({"type":"session.update","session":{"output_modalities":["text"],
           "audio":{"output":{"format":{"type":"audio/pcmu"}}}}})");
  world_.Pass(Ms(2000));
  std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "response.content_part.done")->Text("part.type"), "audio");
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("item_id"),
            Find(events, "response.output_item.added")->Text("item.id"));
  Send(ask);
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(200));
  events = Events();
  EXPECT_EQ(Find(events, "response.content_part.done")->Text("part.type"), "text");
}

TEST_F(RealtimeSessionTest, SoundOfAnItemIsHeardWhenAnAnswerIsAskedFor) {
  Begin();
  words_ = "what time is it";
  Send(absl::StrCat(R"({"type":"conversation.item.create","item":{"id":"u1","type":"message",
      "role":"user","content":[{"type":"input_audio","audio":")",
                    absl::Base64Escape(std::string(48000, '\x20')), R"("}]}})"));
  world_.Pass(Ms(500));
  EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.added", "conversation.item.done"));
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "conversation.item.input_audio_transcription.completed")->Text("item_id"),
            "u1");
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "You said what time is it.");
}

// What waits is given to the conversation at once, and has to fit.
TEST_F(RealtimeSessionTest, SoundThatWaitsForAnAnswerIsBounded) {
  Begin();
  words_ = "what time is it";
  // 30 s.
  const std::string item = absl::StrCat(
      R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
          "content":[{"type":"input_audio","audio":")",
      absl::Base64Escape(std::string(1'440'000, '\0')), R"("}]}})");
  for (size_t bytes = 960'000; bytes <= Runtime::Session::kMaxRequestBytes; bytes += 960'000) {
    Send(item);
    EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.added", "conversation.item.done"));
  }
  Send(item);
  const std::vector<Event> refused = Events();
  EXPECT_THAT(Types(refused), ElementsAre("error"));
  EXPECT_EQ(Find(refused, "error")->Text("error.code"), "rate_limit_exceeded");
  Send(R"({"type":"response.create"})");
  EXPECT_THAT(Types(Events()), Not(Contains("error")));
}

TEST_F(RealtimeSessionTest, AResponseWithoutAQuestion) {
  Begin();
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  EXPECT_EQ(Find(Events(), "response.done")->Text("response.status"), "completed");
  EXPECT_THAT(Stored(), ElementsAre("assistant: You said ."));
}

TEST_F(RealtimeSessionTest, TheRuntimesEndEndsTheConnection) {
  Begin();
  world_.runtime->Shutdown(absl::ZeroDuration()).IgnoreError();
  ASSERT_TRUE(connection_->end().has_value());
  EXPECT_EQ(connection_->end()->code, kCloseGoingAway);
  Send(R"({"type":"response.create"})");
  EXPECT_THAT(connection_->TakeTexts(), IsEmpty());
}

// An agent that calls a tool of the client's.
class RealtimeClientToolTest : public RealtimeSessionTest {
 protected:
  AgentStep Decide(const AgentInput& input) override {
    if (input.answers.empty()) {
      return {.calls = {{.name = "weather", .arguments = R"({"city":"Paris"})"}}, .reply = ""};
    }
    return {.calls = {}, .reply = absl::StrCat("It is ", input.answers[0].text, ".")};
  }
  void BeginWithTool() {
    Begin(R"({"tools":[{"type":"function","name":"weather","description":"The weather",
              "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]})");
  }
};

TEST_F(RealtimeClientToolTest, TheClientMakesTheCall) {
  BeginWithTool();
  Say("how is the weather in paris");
  Hear(Ms(1000));
  std::vector<Event> events = Events();
  const std::vector<std::string> types = Types(events);
  EXPECT_THAT(
      std::vector<std::string>(types.end() - 8, types.end()),
      ElementsAre("response.created", "response.output_item.added", "conversation.item.added",
                  "response.function_call_arguments.delta", "response.function_call_arguments.done",
                  "response.output_item.done", "conversation.item.done", "response.done"));
  const Event& done = *Find(events, "response.output_item.done");
  EXPECT_EQ(done.Text("item.type"), "function_call");
  EXPECT_EQ(done.Text("item.status"), "completed");
  EXPECT_EQ(done.Text("item.arguments"), R"({"city":"Paris"})");
  EXPECT_EQ(Find(events, "response.output_item.added")->Text("item.status"), "in_progress")
      << "else the tool runs twice";
  Send(absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"function_call_output",
                        "call_id":")",
                    done.Text("item.call_id"), R"(","output":"sunny"}})"));
  Hear(Ms(500));
  EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.added", "conversation.item.done"));
  Send(R"({"type":"response.create"})");
  Hear(Ms(1000));
  events = Events();
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "It is sunny.");
  EXPECT_EQ(Find(events, "response.done")->Text("response.status"), "completed");
  EXPECT_THAT(Stored(), Contains("tool: sunny"));
}

// It was taken for one of ours, and nobody made the call.
TEST_F(RealtimeClientToolTest, AToolOfOneResponseIsTheClientsToCall) {
  Begin();
  Write("how is the weather in paris");
  Send(R"({"type":"response.create","response":{"tools":[{"type":"function","name":"weather",
           "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]}})");
  world_.Pass(Ms(1000));
  std::vector<Event> events = Events();
  EXPECT_THAT(Types(events),
              AllOf(Contains("response.function_call_arguments.delta"),
                    Contains("response.function_call_arguments.done"), Contains("response.done")));
  EXPECT_EQ(Find(events, "response.done")->Text("response.status"), "completed");
  const Event& done = *Find(events, "response.output_item.done");
  EXPECT_EQ(done.Text("item.type"), "function_call");
  Send(absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"function_call_output",
                        "call_id":")",
                    done.Text("item.call_id"), R"(","output":"sunny"}})"));
  Send(R"({"type":"response.create"})");
  world_.Pass(Ms(1000));
  events = Events();
  EXPECT_EQ(Find(events, "response.output_audio_transcript.done")->Text("transcript"),
            "It is sunny.");
}

// A slip in the id has the model told that the tool gave nothing.
TEST_F(RealtimeClientToolTest, AnOutputOfNoCallIsRefused) {
  BeginWithTool();
  Say("how is the weather in paris");
  Hear(Ms(1000));
  Events();
  const auto give = [&](absl::string_view id) {
    Send(absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"function_call_output",
                          "call_id":")",
                      id, R"(","output":"sunny"}})"));
    return Events();
  };
  const std::vector<Event> refused = give("call_nope");
  ASSERT_THAT(Types(refused), ElementsAre("error"));
  EXPECT_EQ(refused[0].Text("error.code"), "item_not_found");
  EXPECT_EQ(refused[0].Text("error.param"), "item.call_id");
  Send(R"({"type":"conversation.item.create","item":{"type":"function_call","call_id":"mine",
           "name":"weather","arguments":"{}"}})");
  Events();
  EXPECT_THAT(Types(give("mine")), ElementsAre("conversation.item.added", "conversation.item.done"))
      << "a call of the history";
}

TEST_F(RealtimeClientToolTest, ACallWithoutAnOutputIsAnsweredAsOneThatFailed) {
  BeginWithTool();
  Say("how is the weather in paris");
  Hear(Ms(1000));
  Events();
  Send(R"({"type":"response.create"})");
  Hear(Ms(1000));
  EXPECT_EQ(Find(Events(), "response.output_audio_transcript.done")->Text("transcript"),
            "It is The tool gave nothing..");
}

TEST_F(RealtimeClientToolTest, AnInterruptionWhileTheClientWorksIsATurnOfItsOwn) {
  BeginWithTool();
  Say("how is the weather in paris");
  Hear(Ms(1000));
  std::vector<Event> events = Events();
  const std::string call = Find(events, "response.output_item.done")->Text("item.call_id");
  Say("never mind", Ms(1000));
  Hear(Ms(1000));
  events = Events();
  EXPECT_EQ(Find(events, "response.output_item.added")->Text("item.type"), "function_call");
  EXPECT_NE(Find(events, "response.output_item.done")->Text("item.call_id"), call);
  // What comes late is of no call any more.
  Send(absl::StrCat(R"({"type":"conversation.item.create","item":{"type":"function_call_output",
                        "call_id":")",
                    call, R"(","output":"late"}})"));
  EXPECT_THAT(Types(Events()), ElementsAre("conversation.item.added", "conversation.item.done"));
}

// Our own tools need nothing done.
class RealtimeOwnToolTest : public RealtimeSessionTest {
 protected:
  AgentStep Decide(const AgentInput& input) override {
    if (input.answers.empty()) return {.calls = {{.name = "none", .arguments = "{}"}}, .reply = ""};
    return {.calls = {}, .reply = "I could not."};
  }
};

TEST_F(RealtimeOwnToolTest, ACallOfOursIsShown) {
  Begin();
  Say("do something");
  Hear(Ms(2000));
  const std::vector<Event> events = Events();
  EXPECT_EQ(Find(events, "response.output_item.added")->Text("item.type"), "mcp_call");
  EXPECT_EQ(Find(events, "response.output_item.added")->Text("item.name"), "none");
  EXPECT_THAT(Find(events, "response.output_item.done")->Text("item.error.message"),
              HasSubstr("none"));
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const Event& event) { return event.type() == "response.created"; }),
            1);
  EXPECT_EQ(Find(events, "response.done")->Text("response.output.1.content.0.transcript"),
            "I could not.");
}

TEST_F(RealtimeOwnToolTest, AskedForMoreAfterACallOfOursItDoesNotAnswerTwice) {
  Begin();
  Say("do something");
  Hear(Ms(4000));
  EXPECT_EQ(Find(Events(), "response.done")->Text("response.status"), "completed");
  Send(R"({"type":"response.create","event_id":"agents_js_response_create_1"})");
  const std::vector<Event> events = Events();
  EXPECT_THAT(Types(events), ElementsAre("response.created", "response.done"));
  EXPECT_EQ(Find(events, "response.done")->Text("response.status"), "completed");
  EXPECT_EQ(Find(events, "response.done")->Text("response.output"), "[]");
  Hear(Ms(1000));
  EXPECT_THAT(Types(Events()), IsEmpty());
}

TEST_F(RealtimeOwnToolTest, WhatIsSaidAfterACallOfOursIsAnswered) {
  Begin(R"({"audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false}}}})");
  for (int i = 0; i < 2; ++i) {
    Say("do something");
    Hear(Ms(1000));
    Send(R"({"type":"response.create"})");
    Hear(Ms(4000));
    EXPECT_EQ(Find(Events(), "response.done")->Text("response.output.1.content.0.transcript"),
              "I could not.");
  }
  Send(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",)"
       R"("content":[{"type":"input_text","text":"do something"}]}})");
  Send(R"({"type":"response.create"})");
  Hear(Ms(4000));
  EXPECT_EQ(Find(Events(), "response.done")->Text("response.output.1.content.0.transcript"),
            "I could not.");
}

}  // namespace
}  // namespace parlance::pipeline::door

// Whole conversations with a house: bytes in, bytes out.
#include "pipeline/door/wyoming/wyoming.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/testing/fake_connection.h"
#include "pipeline/door/wyoming/services.h"
#include "pipeline/door/wyoming/testing/fake_services.h"
#include "pipeline/door/wyoming/wyoming_event.h"
#include "pipeline/door/wyoming/wyoming_info.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kFormat[] = R"({"rate":16000,"width":2,"channels":1})";
// As Home Assistant 2025 writes it, with a timestamp that is null.
constexpr char kHouseFormat[] = R"({"rate": 16000, "width": 2, "channels": 1, "timestamp": null})";

class WyomingTest : public testing::Test {
 protected:
  void Connect(const HouseServices& services) {
    connection_ = std::make_shared<FakeConnection>();
    handler_ = CreateWyoming(services, connection_,
                             [this](absl::string_view what) { ++counts_[std::string(what)]; });
  }
  void Connect() { Connect(services_.all()); }
  void Receive(absl::string_view type, absl::string_view data = "",
               absl::string_view payload = "") {
    ReceiveBytes(WyomingBytes(type, data, payload));
  }
  void ReceiveBytes(absl::string_view bytes, size_t piece = 1000000) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      const absl::string_view next = bytes.substr(0, piece);
      handler_->OnBinary(
          absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(next.data()), next.size()));
    }
  }
  // What was sent, each event as its type and data.
  std::vector<std::string> Sent() {
    std::vector<std::string> events;
    WyomingParser parser;
    const std::string bytes = connection_->TakeBytes();
    EXPECT_THAT(
        parser.Push(
            absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()),
            [&](const WyomingEvent& event) {
              const std::string data = JsonOf(event.data);
              events.push_back(data == "{}" ? event.type : absl::StrCat(event.type, " ", data));
              if (!event.payload.empty()) {
                absl::StrAppend(&events.back(), " ", event.payload.size());
              }
              return true;
            }),
        IsOk());
    return events;
  }

  FakeServices services_;
  std::map<std::string, int> counts_;
  std::shared_ptr<FakeConnection> connection_;
  std::unique_ptr<MessageHandler> handler_;
};

TEST_F(WyomingTest, AHouseAsksWhatThereIs) {
  Connect();
  ReceiveBytes("{\"type\": \"describe\", \"version\": \"1.5.4\"}\n");
  const std::vector<std::string> sent = Sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_THAT(sent[0], testing::StartsWith("info {"));
  rapidjson::Document info;
  ASSERT_THAT(ParseJsonObject(sent[0].substr(5), {}, info), IsOk());
  const auto list = [&info](absl::string_view name) {
    const rapidjson::Value* const value = Member(&info, name);
    return value != nullptr && value->IsArray() ? static_cast<int>(value->Size()) : -1;
  };
  for (const char* const name : {"asr", "tts", "handle", "intent"})
    EXPECT_EQ(list(name), 1) << name;
  for (const char* const name : {"wake", "mic", "snd"}) EXPECT_EQ(list(name), 0) << name;
  const rapidjson::Value& voice = info["tts"][0]["voices"][0];
  EXPECT_STREQ(voice["name"].GetString(), "fake-model");
  EXPECT_STREQ(voice["description"].GetString(), "A \"fake\"");
  EXPECT_STREQ(voice["languages"][1].GetString(), "en-GB");
  EXPECT_STREQ(voice["attribution"]["url"].GetString(), "https://example.org");
  EXPECT_TRUE(voice["installed"].GetBool());
  EXPECT_TRUE(info["tts"][0]["supports_synthesize_streaming"].GetBool());
  EXPECT_TRUE(info["asr"][0]["supports_transcript_streaming"].GetBool());
  EXPECT_EQ(WyomingInfo({}),
            R"({"asr":[],"tts":[],"handle":[],"intent":[],"wake":[],"mic":[],"snd":[]})");
}

TEST_F(WyomingTest, APingIsAnswered) {
  Connect();
  Receive("ping", R"({"text":"a\"b"})");
  Receive("ping");
  EXPECT_THAT(Sent(), ElementsAre(R"(pong {"text":"a\"b"})", R"(pong {"text":null})"));
}

TEST_F(WyomingTest, SpeechBecomesText) {
  for (const size_t piece : {1, 7, 100000}) {
    Connect();
    ReceiveBytes(absl::StrCat(WyomingBytes("transcribe", R"({"language":"en"})"),
                              WyomingBytes("audio-start", kHouseFormat),
                              WyomingBytes("audio-chunk", kHouseFormat, std::string(640, '\1')),
                              WyomingBytes("audio-chunk", kHouseFormat, std::string(640, '\1')),
                              WyomingBytes("audio-stop", R"({"timestamp":null})")),
                 piece);
    EXPECT_THAT(services_.TakeLog(), ElementsAre("transcribe 'en'", "end of sound"));
    EXPECT_THAT(std::exchange(services_.sound, {}), AllOf(SizeIs(640), Each(0x0101)));
    EXPECT_THAT(Sent(), IsEmpty());
    services_.transcription.done("turn on the light");
    EXPECT_THAT(Sent(), ElementsAre(R"(transcript {"text":"turn on the light"})"));
    // Once.
    services_.transcription.done("turn on the light");
    services_.transcription.part("light");
    EXPECT_THAT(Sent(), IsEmpty());
  }
  EXPECT_THAT(counts_, IsEmpty());
}

TEST_F(WyomingTest, TextComesInParts) {
  Connect();
  Receive("transcribe");
  Receive("audio-start", kFormat);
  services_.transcription.part("turn on ");
  Receive("audio-stop");
  services_.transcription.part("the light");
  services_.transcription.done("turn on the light");
  EXPECT_THAT(Sent(), ElementsAre("transcript-start", R"(transcript-chunk {"text":"turn on "})",
                                  R"(transcript-chunk {"text":"the light"})",
                                  R"(transcript {"text":"turn on the light"})", "transcript-stop"));
  // The same connection may ask again.
  Receive("transcribe");
  Receive("audio-start", kFormat);
  services_.transcription.done("");
  Receive("audio-chunk", kFormat, std::string(64, '\0'));
  Receive("audio-stop");
  EXPECT_THAT(Sent(), ElementsAre(R"(transcript {"text":""})"));
}

TEST_F(WyomingTest, NoSoundIsTranscribedAsNoText) {
  Connect();
  Receive("transcribe", R"({"language":"en"})");
  Receive("audio-stop");
  EXPECT_THAT(Sent(), ElementsAre(R"(transcript {"text":""})"));
  EXPECT_THAT(services_.TakeLog(), IsEmpty());
  Receive("audio-stop");
  EXPECT_THAT(Sent(), IsEmpty()) << "nothing is wanted any more";
  EXPECT_EQ(counts_["stop_of_nothing"], 1);
}

TEST_F(WyomingTest, TranscriptionsAreAnsweredInOrder) {
  Connect();
  std::vector<Transcriber::Listener> listeners;
  for (int i = 0; i < 3; ++i) {
    Receive("transcribe");
    Receive("audio-start", kFormat);
    listeners.push_back(services_.transcription);
    Receive("audio-stop");
  }
  Receive("transcribe");
  Receive("audio-stop");
  // The fifth is too much: its sound is of no use.
  services_.sound.clear();
  Receive("transcribe");
  Receive("audio-start", kFormat);
  Receive("audio-chunk", kFormat, std::string(640, '\1'));
  Receive("audio-stop");
  EXPECT_THAT(Sent(), ElementsAre(HasSubstr(R"("code":"busy")")));
  EXPECT_THAT(services_.sound, IsEmpty());

  listeners[1].part("tw");
  listeners[1].done("two");
  EXPECT_THAT(Sent(), IsEmpty());
  listeners[0].part("o");
  listeners[0].done("one");
  EXPECT_THAT(Sent(), ElementsAre("transcript-start", R"(transcript-chunk {"text":"o"})",
                                  R"(transcript {"text":"one"})", "transcript-stop",
                                  R"(transcript {"text":"two"})"));
  listeners[2].done("three");
  EXPECT_THAT(Sent(), ElementsAre(R"(transcript {"text":"three"})", R"(transcript {"text":""})"));
  Receive("transcribe");
  Receive("audio-start", kFormat);
  services_.transcription.done("six");
  EXPECT_THAT(Sent(), ElementsAre(R"(transcript {"text":"six"})"));
}

TEST_F(WyomingTest, WithoutADetectorAllSoundIsTranscribed) {
  HouseServices services = services_.all();
  services.voices = nullptr;
  Connect(services);
  Receive("audio-start", kFormat);
  EXPECT_THAT(services_.TakeLog(), ElementsAre("transcribe ''"));
}

TEST_F(WyomingTest, VoicesAreDetected) {
  Connect();
  Receive("audio-chunk", R"({"rate":48000,"width":2,"channels":2})", std::string(19200, '\0'));
  services_.detection.started(absl::Milliseconds(120));
  services_.detection.stopped(absl::Milliseconds(950));
  EXPECT_THAT(Sent(), ElementsAre(R"(voice-started {"timestamp":120})",
                                  R"(voice-stopped {"timestamp":950})"));
  Receive("audio-stop");
  EXPECT_THAT(services_.sound, SizeIs(1600));
  services_.detection_refusal = absl::UnavailableError("no model");
  Receive("audio-chunk", kFormat);
  EXPECT_THAT(Sent(), ElementsAre(R"(error {"text":"no model","code":"failed"})"));
}

TEST_F(WyomingTest, TextBecomesSpeech) {
  Connect();
  Receive(
      "synthesize",
      R"({"text": "The light is on.", "voice": {"name": "fake-model"}, "text_format": "text"})");
  EXPECT_THAT(services_.TakeLog(),
              ElementsAre("speak 'fake-model'", "text 'The light is on.'", "end of text"));
  EXPECT_TRUE(services_.speech.sound(std::vector<int16_t>(320)));
  EXPECT_TRUE(services_.speech.sound({}));
  EXPECT_TRUE(services_.speech.sound(std::vector<int16_t>(10000)));
  services_.speech.done(absl::OkStatus());
  EXPECT_THAT(Sent(), ElementsAre(absl::StrCat("audio-start ", kFormat),
                                  absl::StrCat("audio-chunk ", kFormat, " 640"),
                                  absl::StrCat("audio-chunk ", kFormat, " 16384"),
                                  absl::StrCat("audio-chunk ", kFormat, " 3616"), "audio-stop"));
  EXPECT_FALSE(services_.speech.sound(std::vector<int16_t>(320))) << "it is done";
  // Nothing to say is said, too.
  Receive("synthesize", R"({"text":""})");
  services_.speech.done(absl::OkStatus());
  EXPECT_THAT(Sent(), ElementsAre(absl::StrCat("audio-start ", kFormat), "audio-stop"));
}

// home-assistant/core#147392: chunks are cut anywhere; the whole text follows for older servers.
TEST_F(WyomingTest, TextBecomesSpeechAsItComes) {
  Connect();
  Receive("synthesize-start", R"({"voice":{"language":"en"}})");
  Receive("synthesize-chunk", R"({"text":"The li"})");
  services_.speech.sound(std::vector<int16_t>(320));
  Receive("synthesize-chunk", R"({"text":"ght is on."})");
  Receive("synthesize", R"({"text":"The light is on."})");
  Receive("synthesize-stop");
  EXPECT_THAT(services_.TakeLog(),
              ElementsAre("speak ''", "text 'The li'", "text 'ght is on.'", "end of text"));
  services_.speech.done(absl::OkStatus());
  EXPECT_THAT(Sent(), ElementsAre(absl::StrCat("audio-start ", kFormat),
                                  absl::StrCat("audio-chunk ", kFormat, " 640"), "audio-stop",
                                  "synthesize-stopped"));
}

TEST_F(WyomingTest, ATextIsAnswered) {
  Connect();
  Receive("transcript",
          R"({"text":"what time is it","language":"en","context":{"conversation_id":"c1"}})");
  EXPECT_THAT(services_.TakeLog(), ElementsAre("ask 'what time is it' en c1"));
  services_.answer(Answerer::Answer{.is_handled = true, .text = "Five."});
  Receive("transcript", R"({"text":"mumble"})");
  services_.answer(Answerer::Answer{.is_handled = false, .text = "Sorry?"});
  Receive("intent", R"({"name":"HassTurnOn"})");
  EXPECT_THAT(Sent(),
              ElementsAre(R"(handled {"text":"Five.","context":{"conversation_id":"c1"}})",
                          R"(not-handled {"text":"Sorry?"})", R"(not-handled {"text":""})"));
}

TEST_F(WyomingTest, AnIntentIsRecognized) {
  Connect();
  Receive("recognize", R"({"text":"turn on the light","context":{"a":1}})");
  EXPECT_THAT(services_.TakeLog(), ElementsAre("recognize 'turn on the light'"));
  services_.intent(std::optional<IntentRecognizer::Intent>(
      {.name = "turn_on", .entities = {{.name = "what", .value = "light"}}}));
  Receive("recognize", R"({"text":"mumble"})");
  services_.intent(std::optional<IntentRecognizer::Intent>());
  EXPECT_THAT(
      Sent(),
      ElementsAre(
          R"(intent {"name":"turn_on","entities":[{"name":"what","value":"light"}],"context":{"a":1}})",
          R"(not-recognized {"text":null})"));
}

TEST_F(WyomingTest, WhatCannotBeDoneIsSaidAndTheConnectionGoesOn) {
  Connect({});
  for (const char* const type :
       {"transcribe", "synthesize", "synthesize-start", "transcript", "recognize", "detect"}) {
    Receive(type, R"({"text":"a"})");
    EXPECT_THAT(Sent(), ElementsAre(HasSubstr(R"("code":"unsupported")"))) << type;
  }
  EXPECT_FALSE(connection_->end().has_value());

  Connect();
  Receive("synthesize", R"({"text":"<speak/>","text_format":"ssml"})");
  EXPECT_THAT(Sent(), ElementsAre(HasSubstr(R"("code":"unsupported")")));
  Receive("synthesize", R"({"text":"a"})");
  Receive("synthesize", R"({"text":"b"})");
  EXPECT_THAT(Sent(), ElementsAre(HasSubstr(R"("code":"busy")")));
  Receive("transcript", R"({"text":"a"})");
  Receive("transcript", R"({"text":"b"})");
  EXPECT_THAT(Sent(), ElementsAre(HasSubstr(R"("code":"busy")")));
  EXPECT_FALSE(connection_->end().has_value());

  Receive("run-satellite");
  Receive("audio-stop");
  Receive("synthesize-chunk", R"({"text":"a"})");
  Receive("synthesize-stop");
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_THAT(counts_,
              ElementsAre(testing::Pair("chunk_of_nothing", 1), testing::Pair("stop_of_nothing", 2),
                          testing::Pair("unknown_event", 1)));
}

TEST_F(WyomingTest, WhatIsWrongIsSaidAndTheConnectionCloses) {
  const std::string start = WyomingBytes("audio-start", kFormat);
  struct Case {
    const char* name;
    std::string bytes;
    const char* error;
    uint16_t code;
  };
  const std::vector<Case> cases = {
      {"a web browser", "GET / HTTP/1.1\r\n\r\n", "not JSON", kCloseProtocolError},
      {"a long line", std::string(70000, ' '), "65536 bytes", kCloseTooBig},
      {"no text", WyomingBytes("transcript", R"({"text":5})"), R"(a transcript without a \"text\")",
       kCloseProtocolError},
      {"a long text",
       WyomingBytes("synthesize", absl::StrCat(R"({"text":")", std::string(40000, 'x'), R"("})")),
       "the limit is 32768", kCloseTooBig},
      {"a long text in chunks",
       absl::StrCat(WyomingBytes("synthesize-start"),
                    WyomingBytes("synthesize-chunk",
                                 absl::StrCat(R"({"text":")", std::string(20000, 'x'), R"("})")),
                    WyomingBytes("synthesize-chunk",
                                 absl::StrCat(R"({"text":")", std::string(20000, 'x'), R"("})"))),
       "more than 32768", kCloseTooBig},
      {"no format", WyomingBytes("audio-start", R"({"rate":16000})"), "without",
       kCloseProtocolError},
      {"a low rate", WyomingBytes("audio-start", R"({"rate":100,"width":2,"channels":1})"),
       "8000 to 48000", kCloseProtocolError},
      {"two starts", absl::StrCat(start, start), "second audio-start", kCloseProtocolError},
      {"two streams of text",
       absl::StrCat(WyomingBytes("synthesize-start"), WyomingBytes("synthesize-start")),
       "second synthesize-start", kCloseProtocolError},
      {"another format",
       absl::StrCat(start, WyomingBytes("audio-chunk", R"({"rate":8000,"width":2,"channels":1})")),
       "another format", kCloseProtocolError},
      {"half a sample", absl::StrCat(start, WyomingBytes("audio-chunk", kFormat, "abc")),
       "whole number", kCloseProtocolError},
  };
  for (const Case& each : cases) {
    Connect();
    ReceiveBytes(absl::StrCat(each.bytes, WyomingBytes("ping")));
    EXPECT_THAT(Sent(), ElementsAre(AllOf(HasSubstr("error "), HasSubstr(each.error))))
        << each.name;
    ASSERT_TRUE(connection_->end().has_value()) << each.name;
    EXPECT_EQ(connection_->end()->code, each.code) << each.name;
  }
  Connect();
  Receive("transcribe");
  ReceiveBytes(start);
  const std::string second(32000, '\0');
  for (int i = 0; i < 301; ++i) Receive("audio-chunk", kFormat, second);
  EXPECT_THAT(Sent(), ElementsAre(HasSubstr("sound of more than 5m")));
  Connect({});
  ReceiveBytes(start);
  EXPECT_THAT(Sent(), ElementsAre(HasSubstr("this server has no recogniser")));
}

TEST_F(WyomingTest, WhatFailsIsSaidAndTheConnectionCloses) {
  const absl::Status status = absl::UnavailableError("no recogniser is free");
  const std::vector<std::function<void()>> failures = {
      [&] {
        Receive("audio-start", kFormat);
        services_.transcription.done(status);
      },
      [&] {
        Receive("synthesize-start");
        services_.speech.sound(std::vector<int16_t>(10));
        connection_->Take();
        services_.speech.done(status);
      },
      [&] {
        Receive("transcript", R"({"text":"a"})");
        services_.answer(status);
      },
      [&] {
        Receive("recognize", R"({"text":"a"})");
        services_.intent(status);
      },
  };
  for (const auto& fail : failures) {
    HouseServices services = services_.all();
    services.voices = nullptr;
    Connect(services);
    fail();
    EXPECT_THAT(Sent(), ElementsAre(R"(error {"text":"no recogniser is free","code":"failed"})"));
    EXPECT_EQ(connection_->end()->code, kCloseInternalError);
  }
}

TEST_F(WyomingTest, AHouseThatSendsNoMoreGetsItsAnswers) {
  const std::vector<std::pair<std::function<void()>, std::function<void()>>> cases = {
      {[&] { Receive("synthesize", R"({"text":"a"})"); },
       [&] {
         services_.speech.sound(std::vector<int16_t>(10));
         services_.speech.done(absl::OkStatus());
       }},
      {[&] {
         Receive("transcribe");
         Receive("audio-start", kFormat);
         Receive("audio-stop");
       },
       [&] { services_.transcription.done("a"); }},
      {[&] { Receive("transcript", R"({"text":"a"})"); },
       [&] { services_.answer(Answerer::Answer{}); }},
      {[&] { Receive("recognize", R"({"text":"a"})"); },
       [&] { services_.intent(std::optional<IntentRecognizer::Intent>()); }},
      {[&] { Receive("recognize", R"({"text":"a"})"); },
       [&] { services_.intent(IntentRecognizer::Intent{.name = "a"}); }},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto& [ask, answer] = cases[i];
    Connect();
    ask();
    EXPECT_TRUE(handler_->OnEndOfInput()) << i;
    EXPECT_FALSE(connection_->end().has_value()) << i;
    answer();
    EXPECT_THAT(Sent(), testing::Not(IsEmpty())) << i;
    ASSERT_TRUE(connection_->end().has_value()) << i;
    EXPECT_EQ(connection_->end()->code, kCloseNormal) << i;
    // Answered before: nothing is waited for.
    Connect();
    ask();
    answer();
    EXPECT_FALSE(handler_->OnEndOfInput()) << i;
  }
  // Two answers are waited for, and what was not asked in whole is not.
  Connect();
  Receive("synthesize", R"({"text":"a"})");
  Receive("transcript", R"({"text":"a"})");
  EXPECT_TRUE(handler_->OnEndOfInput());
  services_.answer(Answerer::Answer{});
  EXPECT_FALSE(connection_->end().has_value());
  services_.speech.done(absl::OkStatus());
  EXPECT_TRUE(connection_->end().has_value());
  Connect();
  Receive("synthesize-start");
  EXPECT_FALSE(handler_->OnEndOfInput());
  Connect();
  Receive("transcribe");
  Receive("audio-start", kFormat);
  EXPECT_FALSE(handler_->OnEndOfInput());
}

TEST_F(WyomingTest, WhatIsNotSentInWholeKeepsNoOtherAnswerBack) {
  for (const bool is_text : {true, false}) {
    Connect();
    Receive("transcript", R"({"text":"a"})");
    if (is_text) {
      Receive("synthesize-start");
      Receive("synthesize-chunk", R"({"text":"b"})");
    } else {
      Receive("transcribe");
      Receive("audio-start", kFormat);
    }
    EXPECT_TRUE(handler_->OnEndOfInput()) << is_text;
    services_.answer(Answerer::Answer{.is_handled = true, .text = "yes"});
    EXPECT_THAT(Sent(), testing::Contains(HasSubstr("handled"))) << is_text;
    ASSERT_TRUE(connection_->end().has_value()) << is_text;
    EXPECT_EQ(connection_->end()->code, kCloseNormal) << is_text;
  }
}

TEST_F(WyomingTest, WhatComesAfterTheHouseIsGoneIsIgnored) {
  Connect();
  Receive("transcribe");
  Receive("audio-start", kFormat);
  Receive("synthesize", R"({"text":"a"})");
  Receive("transcript", R"({"text":"a"})");
  handler_->OnClosed(absl::OkStatus());
  services_.transcription.done("a");
  EXPECT_FALSE(services_.speech.sound(std::vector<int16_t>(10)));
  handler_.reset();
  services_.transcription.part("a");
  services_.speech.done(absl::OkStatus());
  services_.answer(Answerer::Answer{});
  EXPECT_THAT(Sent(), IsEmpty());
}

}  // namespace
}  // namespace parlance::pipeline::door

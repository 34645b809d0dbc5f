// Whole conversations in each dialect: messages in, messages out.
#include "pipeline/door/telephony/media_stream.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/media_stream_dialect.h"
#include "pipeline/door/telephony/testing/fake_calls.h"
#include "pipeline/door/testing/fake_connection.h"

namespace parlance::pipeline::door {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// 20 ms of silence in mu-law, as it comes and as it goes.
std::string MuLawSilence(size_t num_bytes = 160) {
  return absl::Base64Escape(std::string(num_bytes, '\xFF'));
}

std::string TwilioMedia(int chunk, int timestamp_ms, absl::string_view payload) {
  return absl::StrCat(R"({"event":"media","sequenceNumber":")", chunk + 1,
                      R"(","media":{"track":"inbound","chunk":")", chunk, R"(","timestamp":")",
                      timestamp_ms, R"(","payload":")", payload, R"("},"streamSid":"MZ1"})");
}

constexpr char kTwilioConnected[] = R"({"event":"connected","protocol":"Call","version":"1.0.0"})";
constexpr char kTwilioStart[] =
    R"({"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1",)"
    R"("callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",)"
    R"("sampleRate":8000,"channels":1},"customParameters":{"session_id":"s-7"}},)"
    R"("streamSid":"MZ1"})";

class MediaStreamTest : public testing::Test {
 protected:
  void Connect(absl::string_view dialect) {
    connection_ = std::make_shared<FakeConnection>();
    handler_ =
        CreateMediaStream(*FindMediaStreamDialect(dialect), calls_.environment(), connection_);
  }
  void Receive(absl::string_view message) {
    handler_->OnText(message);
    calls_.Run();
  }

  FakeCalls calls_;
  std::shared_ptr<FakeConnection> connection_;
  std::unique_ptr<MessageHandler> handler_;
};

TEST_F(MediaStreamTest, AWholeCallOfTwilio) {
  Connect("twilio");
  Receive(kTwilioConnected);
  Receive(kTwilioStart);
  EXPECT_EQ(calls_.last().request.session_id, "s-7");
  EXPECT_EQ(calls_.last().request.title, "Telephone call CA1");
  EXPECT_EQ(calls_.last().request.sample_rate_hz, 8000);
  Receive(TwilioMedia(1, 0, MuLawSilence()));
  Receive(TwilioMedia(2, 20, MuLawSilence()));
  EXPECT_THAT(calls_.last().sound, AllOf(SizeIs(320), Each(0)));
  Receive(R"({"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5",)"
          R"("dtmf":{"track":"inbound_track","digit":"#"}})");
  EXPECT_THAT(calls_.last().log, ElementsAre("keys #"));

  calls_.last().Say(std::vector<int16_t>(10, 0));
  EXPECT_THAT(connection_->TakeTexts(),
              ElementsAre(absl::StrCat(R"({"event":"media","streamSid":"MZ1","media":{"payload":")",
                                       MuLawSilence(), R"("}})"),
                          R"({"event":"mark","streamSid":"MZ1","mark":{"name":"1"}})"));
  Receive(R"({"event":"mark","streamSid":"MZ1","sequenceNumber":"4","mark":{"name":"1"}})");
  EXPECT_EQ(calls_.last().log.back(), "played 10");
  calls_.last().sink->Stop();
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre(R"({"event":"clear","streamSid":"MZ1"})"));

  Receive(R"({"event":"stop","streamSid":"MZ1","sequenceNumber":"9","stop":{"callSid":"CA1"}})");
  EXPECT_EQ(calls_.last().log.back(), "hang up");
  EXPECT_EQ(connection_->end()->code, kCloseNormal);
  EXPECT_THAT(calls_.counts, IsEmpty());
}

TEST_F(MediaStreamTest, EachDialectHasItsNames) {
  const std::string pcm = absl::Base64Escape(std::string("\x34\x12", 2));
  const std::string silence_100_ms = absl::Base64Escape(std::string(3200, '\0'));
  struct Case {
    const char* dialect;
    std::string start;
    const char* session_id;
    int rate;
    // Media with samples of 0x1234, or silence where there is no PCM.
    std::string media;
    int16_t sample;
    const char* dtmf;
    std::string mark;
    std::vector<std::string> answer;
    const char* clear;
  };
  const std::vector<Case> cases = {
      {"telnyx",
       R"({"event":"start","sequence_number":"1","start":{"call_control_id":"v2:T","media_format":)"
       R"({"encoding":"PCMA","sample_rate":8000,"channels":1}},"stream_id":"32DE"})",
       "",
       8000,
       R"({"event":"media","sequence_number":"4","media":{"track":"inbound","chunk":"2",)"
       R"("timestamp":"5","payload":"1Q=="},"stream_id":"32DE"})",
       8,
       R"({"event":"dtmf","stream_id":"32DE","dtmf":{"digit":"#"}})",
       R"({"event":"mark","stream_id":"32DE","sequence_number":"5","mark":{"name":"1"}})",
       {absl::StrCat(R"({"event":"media","media":{"payload":")",
                     absl::Base64Escape(std::string(160, '\xD5')), R"("}})"),
        R"({"event":"mark","mark":{"name":"1"}})"},
       R"({"event":"clear"})"},
      {"telnyx",
       R"({"event":"start","start":{"media_format":{"encoding":"L16","sample_rate":16000},)"
       R"("custom_parameters":{"sessionId":12}},"stream_id":"32DE"})",
       "12",
       16000,
       R"({"event":"media","media":{"payload":"EjQ="}})",
       0x1234,
       R"({"event":"dtmf","dtmf":{"digit":"#"}})",
       R"({"event":"mark","mark":{"name":"1"}})",
       {absl::StrCat(R"({"event":"media","media":{"payload":")",
                     absl::Base64Escape(std::string(640, '\0')), R"("}})"),
        R"({"event":"mark","mark":{"name":"1"}})"},
       R"({"event":"clear"})"},
      {"plivo",
       R"({"event":"start","sequenceNumber":1,"start":{"callId":"c","streamId":"87-65",)"
       R"("tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-l16","sampleRate":8000}},)"
       R"("extra_headers":"userId=12345;X-PH-sessionId=abc-xyz"})",
       "abc-xyz",
       8000,
       absl::StrCat(R"({"event":"media","sequenceNumber":42,"streamId":"87-65","media":{"track":)",
                    R"("inbound","timestamp":"1705312200000","chunk":41,"payload":")", pcm,
                    R"("},"extra_headers":""})"),
       0x1234,
       R"({"event":"dtmf","sequenceNumber":5,"streamId":"87-65","dtmf":{"digit":"#"}})",
       R"({"event":"playedStream","streamId":"87-65","name":"1"})",
       {absl::StrCat(R"({"event":"playAudio","streamId":"87-65","media":{"contentType":)",
                     R"("audio/x-l16","sampleRate":8000,"payload":")",
                     absl::Base64Escape(std::string(320, '\0')), R"("}})"),
        R"({"event":"checkpoint","streamId":"87-65","name":"1"})"},
       R"({"event":"clearAudio","streamId":"87-65"})"},
      {"exotel",
       R"({"event":"start","sequence_number":"1","stream_sid":"MZx","start":{"stream_sid":"MZx",)"
       R"("call_sid":"CAx","custom_parameters":{"session_id":"q"},"media_format":)"
       R"({"encoding":"audio/x-raw","sample_rate":"16000","bit_rate":"16"}}})",
       "q",
       16000,
       absl::StrCat(R"({"event":"media","sequence_number":"3","stream_sid":"MZx","media":)",
                    R"({"chunk":"2","timestamp":"200","payload":")", pcm, R"("}})"),
       0x1234,
       R"({"event":"dtmf","stream_sid":"MZx","dtmf":{"digit":"#","duration":"100"}})",
       R"({"event":"mark","sequence_number":"15","stream_sid":"MZx","mark":{"name":"1"}})",
       {absl::StrCat(R"({"event":"media","stream_sid":"MZx","media":{"payload":")", silence_100_ms,
                     R"("}})"),
        R"({"event":"mark","stream_sid":"MZx","mark":{"name":"1"}})"},
       R"({"event":"clear","stream_sid":"MZx"})"},
      {"vonage",
       R"({"event":"websocket:connected","content-type":"audio/l16;rate=16000","session_id":"v"})",
       "v",
       16000,
       "",
       0x1234,
       R"({"event":"websocket:dtmf","digit":"#","duration":260})",
       R"({"event":"websocket:notify","payload":{"name":"1"}})",
       {std::string(640, '\0'), R"({"action":"notify","payload":{"name":"1"}})"},
       R"({"action":"clear"})"},
  };
  for (const Case& each : cases) {
    Connect(each.dialect);
    Receive(each.start);
    ASSERT_FALSE(connection_->end().has_value()) << connection_->end()->reason;
    EXPECT_EQ(calls_.last().request.session_id, each.session_id) << each.dialect;
    EXPECT_EQ(calls_.last().request.sample_rate_hz, each.rate) << each.dialect;
    if (each.media.empty()) {
      handler_->OnBinary({0x34});
      handler_->OnBinary({0x12});
    } else {
      Receive(each.media);
    }
    EXPECT_THAT(calls_.last().sound, ElementsAre(each.sample)) << each.dialect;
    Receive(each.dtmf);
    calls_.last().Say(std::vector<int16_t>(10, 0));
    EXPECT_EQ(connection_->TakeTexts(), each.answer) << each.dialect;
    Receive(each.mark);
    EXPECT_THAT(calls_.last().log, ElementsAre("keys #", "played 10")) << each.dialect;
    calls_.last().sink->Stop();
    EXPECT_THAT(connection_->TakeTexts(), ElementsAre(each.clear)) << each.dialect;
    handler_->OnClosed(absl::OkStatus());
    EXPECT_EQ(calls_.last().log.back(), "hang up") << each.dialect;
  }
  EXPECT_THAT(calls_.counts, IsEmpty());
}

TEST_F(MediaStreamTest, ChunksComeInAnyOrderAndSize) {
  Connect("twilio");
  Receive(kTwilioStart);
  Receive(TwilioMedia(1, 0, absl::Base64Escape(std::string(160, '\x80'))));
  Receive(TwilioMedia(3, 30, absl::Base64Escape(std::string(1, '\x00'))));
  EXPECT_THAT(calls_.last().sound, SizeIs(160)) << "it waits for the second one";
  Receive(TwilioMedia(2, 20, absl::Base64Escape(std::string(80, '\x80'))));
  ASSERT_THAT(calls_.last().sound, SizeIs(241));
  EXPECT_EQ(calls_.last().sound[240], -32124);
  // A gap of 300 ms.
  Receive(TwilioMedia(4, 330, MuLawSilence()));
  EXPECT_THAT(calls_.last().sound, SizeIs(241 + 300 * 8 + 160));
  Receive(TwilioMedia(2, 20, MuLawSilence()));
  EXPECT_EQ(calls_.counts["late_media"], 1);
  // What the caller hears is not what they say.
  Receive(R"({"event":"media","media":{"track":"outbound","chunk":"5","payload":"////"}})");
  EXPECT_THAT(calls_.last().sound, SizeIs(241 + 300 * 8 + 160));
}

TEST_F(MediaStreamTest, WhatIsNotKnownIsCountedAndIgnored) {
  Connect("twilio");
  Receive(TwilioMedia(1, 0, MuLawSilence()));
  Receive(R"({"event":"dtmf","dtmf":{"digit":"1"}})");
  Receive(kTwilioStart);
  Receive(R"({"event":"transcription","text":"hello"})");
  Receive(R"({"event":"mark","mark":{"name":"greeting"}})");
  Receive(R"({"event":"mark","mark":{"name":"77"}})");
  Receive(R"({"event":"mark"})");
  Receive(R"({"event":"error","payload":{"code":100002}})");
  EXPECT_THAT(calls_.counts,
              ElementsAre(testing::Pair("key_before_call", 1), testing::Pair("mark_of_nothing", 3),
                          testing::Pair("media_before_start", 1), testing::Pair("peer_error", 1),
                          testing::Pair("unknown_event", 1)));
  EXPECT_FALSE(connection_->end().has_value());
}

TEST_F(MediaStreamTest, WhatIsWrongIsSaid) {
  struct Case {
    const char* name;
    // What comes before it.
    const char* before;
    std::string message;
    uint16_t code;
    const char* reason;
  };
  const auto start = [](absl::string_view format) {
    return absl::StrCat(R"({"event":"start","streamSid":"MZ1","start":{"mediaFormat":)", format,
                        "}}");
  };
  const std::vector<Case> cases = {
      {"no JSON", "", "hello", kCloseProtocolError, "not JSON"},
      {"too deep", "", absl::StrCat(R"({"event":)", std::string(100, '[')), kCloseProtocolError,
       "16 deep"},
      {"too long", "", absl::StrCat(R"({"event":")", std::string(300000, 'x'), R"("})"),
       kCloseTooBig, "the limit is 262144"},
      {"no event", "", R"({"type":"start"})", kCloseProtocolError, "without \"event\""},
      {"an event that is a number", "", R"({"event":5})", kCloseProtocolError, "without \"event\""},
      {"no start", "", R"({"event":"start","streamSid":"MZ1"})", kCloseProtocolError,
       "without an object \"start\""},
      {"no stream", "", R"({"event":"start","start":{}})", kCloseProtocolError,
       "without a \"streamSid\""},
      {"a long stream", "",
       absl::StrCat(R"({"event":"start","start":{"streamSid":")", std::string(257, 'x'), R"("}})"),
       kCloseProtocolError, "256 bytes"},
      {"a long session", "",
       absl::StrCat(R"({"event":"start","start":{"streamSid":"M","customParameters":)",
                    R"({"session_id":")", std::string(257, 'x'), R"("}}})"),
       kCloseProtocolError, "session_id of more"},
      {"two starts", kTwilioStart, kTwilioStart, kCloseProtocolError, "second start"},
      {"G.722", "", start(R"({"encoding":"G722"})"), kCloseUnsupportedData, "mu-law, A-law"},
      {"a low rate", "", start(R"({"sampleRate":4000})"), kCloseUnsupportedData, "8000 to 48000"},
      {"a wrong rate", "", start(R"({"sampleRate":"fast"})"), kCloseUnsupportedData,
       "8000 to 48000"},
      {"an odd rate", "", start(R"({"sampleRate":11025})"), kCloseUnsupportedData, "8000 to 48000"},
      {"stereo", "", start(R"({"channels":2})"), kCloseUnsupportedData, "2 channels"},
      {"no payload", kTwilioStart, R"({"event":"media","media":{}})", kCloseProtocolError,
       "\"payload\""},
      {"no media", kTwilioStart, R"({"event":"media"})", kCloseProtocolError, "\"payload\""},
      {"no base64", kTwilioStart, R"({"event":"media","media":{"payload":"!!"}})",
       kCloseProtocolError, "not base64"},
      {"no digit", kTwilioStart, R"({"event":"dtmf","dtmf":{"digit":"12"}})", kCloseProtocolError,
       "\"digit\""},
  };
  for (const Case& each : cases) {
    Connect("twilio");
    if (*each.before != '\0') Receive(each.before);
    Receive(each.message);
    ASSERT_TRUE(connection_->end().has_value()) << each.name;
    EXPECT_EQ(connection_->end()->code, each.code) << each.name;
    EXPECT_THAT(connection_->end()->reason, HasSubstr(each.reason)) << each.name;
    EXPECT_LE(connection_->end()->reason.size(), 123U) << each.name;
    // What comes after it is not looked at.
    Receive(kTwilioStart);
    handler_->OnClosed(absl::OkStatus());
  }
  Connect("twilio");
  handler_->OnBinary({1, 2});
  EXPECT_EQ(connection_->end()->code, kCloseUnsupportedData);
  Connect("vonage");
  handler_->OnBinary({1, 2});
  EXPECT_EQ(calls_.counts["media_before_start"], 1);
  Receive(R"({"event":"websocket:connected","content-type":"audio/opus"})");
  EXPECT_EQ(connection_->end()->code, kCloseUnsupportedData);
  Connect("vonage");
  Receive(R"({"event":"websocket:connected","content-type":"audio/l16;speed=1"})");
  EXPECT_EQ(connection_->end()->code, kCloseUnsupportedData);
}

TEST_F(MediaStreamTest, TheSessionEndsTheCall) {
  Connect("twilio");
  Receive(kTwilioStart);
  calls_.last().Close(absl::DeadlineExceededError("no sound came for 10m"));
  EXPECT_EQ(connection_->end()->code, kCloseGoingAway);
  EXPECT_EQ(connection_->end()->reason, "no sound came for 10m");
  Receive(TwilioMedia(1, 0, MuLawSilence()));
  handler_->OnClosed(absl::OkStatus());

  Connect("twilio");
  calls_.refusal = absl::NotFoundError("there is no session s-7");
  Receive(kTwilioStart);
  EXPECT_EQ(connection_->end()->code, kClosePolicyViolation);
  EXPECT_EQ(connection_->end()->reason, "there is no session s-7");
}

TEST(MediaStreamDialectTest, EachIsFoundByItsName) {
  EXPECT_THAT(MediaStreamDialects(), SizeIs(5));
  for (const MediaStreamDialect& each : MediaStreamDialects()) {
    EXPECT_EQ(FindMediaStreamDialect(each.name), &each);
  }
  EXPECT_EQ(FindMediaStreamDialect("carrier pigeon"), nullptr);
}

}  // namespace
}  // namespace parlance::pipeline::door

// Whole conversations with Asterisk over a WebSocket: messages in, messages out.
#include "pipeline/door/telephony/asterisk_websocket.h"

#include <cstdint>
#include <memory>
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
#include "pipeline/door/telephony/asterisk_message.h"
#include "pipeline/door/telephony/testing/fake_calls.h"
#include "pipeline/door/testing/fake_connection.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::StatusIs;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kPlainStart[] =
    "MEDIA_START connection_id:media_connection1 "
    "channel:WebSocket/media_connection1/0x5140001a0040 "
    "channel_id:1761245643.1 format:ulaw optimal_frame_size:160 ptime:20";
constexpr char kJsonStart[] =
    R"({"event":"MEDIA_START","connection_id":"media_connection1","channel":"WebSocket/m/0x51",)"
    R"("channel_id":"1761245643.1","format":"slin16","optimal_frame_size":640,"ptime":20,)"
    R"j("channel_variables":{"PARLANCE_SESSION_ID":"s-9","DIALEDPEERNUMBER":"m/c(slin16)"}})j";

class AsteriskWebSocketTest : public testing::Test {
 protected:
  void Connect() {
    connection_ = std::make_shared<FakeConnection>();
    handler_ = CreateAsteriskWebSocket(calls_.environment(), connection_);
  }
  void Receive(absl::string_view message) {
    handler_->OnText(message);
    calls_.Run();
  }
  void Hear(size_t num_bytes) {
    handler_->OnBinary(std::vector<uint8_t>(num_bytes, 0xFF));
    calls_.Run();
  }

  FakeCalls calls_;
  std::shared_ptr<FakeConnection> connection_;
  std::unique_ptr<MessageHandler> handler_;
};

TEST_F(AsteriskWebSocketTest, AWholeCallInPlainText) {
  Connect();
  Receive(kPlainStart);
  EXPECT_EQ(calls_.last().request.sample_rate_hz, 8000);
  EXPECT_EQ(calls_.last().request.title, "Telephone call 1761245643.1");
  Hear(160);
  EXPECT_THAT(calls_.last().sound, AllOf(SizeIs(160), Each(0)));
  Receive("DTMF_END digit:# channel_id:1761245643.1");
  EXPECT_THAT(calls_.last().log, ElementsAre("keys #"));
  calls_.last().Say(std::vector<int16_t>(10, 0));
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre(std::string(160, '\xFF'), "MARK_MEDIA 1"));
  Receive("MEDIA_MARK_PROCESSED 1");
  EXPECT_EQ(calls_.last().log.back(), "played 10");
  calls_.last().sink->Hold();
  calls_.last().sink->Resume();
  calls_.last().sink->Hold();
  calls_.last().sink->Stop();
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre("PAUSE_MEDIA", "CONTINUE_MEDIA", "PAUSE_MEDIA",
                                                    "FLUSH_MEDIA", "CONTINUE_MEDIA"));
  Receive("STATUS channel_id:1 queue_length:0");
  Receive("QUEUE_DRAINED");
  calls_.last().Close(absl::OkStatus());
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre("HANGUP"));
  EXPECT_EQ(connection_->end()->code, kCloseNormal);
  handler_->OnClosed(absl::OkStatus());
  EXPECT_THAT(calls_.counts, IsEmpty());
}

// Set(__PARLANCE_SESSION_ID=s-9) before Dial(), in Asterisk 22.10: the underscores come along.
TEST_F(AsteriskWebSocketTest, BeginsAnewThoughTheDialplanPassesASessionOn) {
  struct Case {
    const char* variables;
    const char* session_id;
  };
  const Case kCases[] = {
      {R"({"__PARLANCE_SESSION_ID":"s-9","DIALEDPEERNUMBER":"m"})", "s-9"},
      {R"({"_PARLANCE_SESSION_ID":"s-9"})", "s-9"},
      {R"({"PARLANCE_SESSION_ID":"s-9","__PARLANCE_SESSION_ID":"s-8"})", "s-9"},
      {R"({"___PARLANCE_SESSION_ID":"s-9"})", ""},
      {R"({"__PARLANCE_SESSION_ID":{}})", ""},
      {R"({})", ""},
      {R"("s-9")", ""},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.variables);
    Connect();
    Receive(absl::StrCat(R"({"event":"MEDIA_START","format":"ulaw","channel_variables":)",
                         each.variables, "}"));
    EXPECT_EQ(calls_.last().request.session_id, each.session_id);
  }
}

TEST_F(AsteriskWebSocketTest, AWholeCallInJson) {
  Connect();
  Receive(kJsonStart);
  EXPECT_EQ(calls_.last().request.sample_rate_hz, 16000);
  EXPECT_EQ(calls_.last().request.session_id, "s-9");
  Receive(R"({"event":"DTMF_END","channel_id":"1","digit":"#"})");
  calls_.last().Say(std::vector<int16_t>(10, 0));
  EXPECT_THAT(
      connection_->TakeTexts(),
      ElementsAre(std::string(640, '\0'), R"({"command":"MARK_MEDIA","correlation_id":"1"})"));
  Receive(R"({"event":"MEDIA_MARK_PROCESSED","channel_id":"1","correlation_id":"1"})");
  EXPECT_THAT(calls_.last().log, ElementsAre("keys #", "played 10"));
  calls_.last().sink->Stop();
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre(R"({"command":"FLUSH_MEDIA"})"));
  Receive(R"({"event":"HANGUP"})");
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre(R"({"command":"HANGUP"})"));
  EXPECT_EQ(calls_.last().log.back(), "hang up");
}

// asterisk/asterisk#1712: in one of ten calls sound came before MEDIA_START.
TEST_F(AsteriskWebSocketTest, SoundBeforeTheStartIsKept) {
  Connect();
  Hear(160);
  Hear(160);
  EXPECT_THAT(calls_.records, IsEmpty());
  Receive(kPlainStart);
  Hear(160);
  EXPECT_THAT(calls_.last().sound, SizeIs(480));
  Connect();
  for (int i = 0; i < 5; ++i) Hear(65000);
  EXPECT_EQ(calls_.counts["sound_before_start"], 2);
  EXPECT_FALSE(connection_->end().has_value());
}

TEST_F(AsteriskWebSocketTest, AFullQueueGetsNoMore) {
  Connect();
  Receive(kPlainStart);
  Receive("MEDIA_XOFF");
  calls_.last().Say(std::vector<int16_t>(640, 0));
  EXPECT_THAT(connection_->TakeTexts(), IsEmpty());
  EXPECT_EQ(calls_.counts["frame_while_full"], 1);
  Receive("MEDIA_XON");
  calls_.last().Say(std::vector<int16_t>(640, 0));
  EXPECT_THAT(connection_->TakeTexts(), testing::Not(IsEmpty()));
}

TEST_F(AsteriskWebSocketTest, WhatIsWrongIsSaid) {
  struct Case {
    const char* name;
    std::string before;
    std::string message;
    uint16_t code;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"nothing", "", "", kCloseProtocolError, "MEDIA_START, or are JSON"},
      {"lower case", "", "hello there", kCloseProtocolError, "MEDIA_START, or are JSON"},
      {"broken JSON", "", R"({"event":)", kCloseProtocolError, "not JSON"},
      {"no event", "", R"({"command":"HANGUP"})", kCloseProtocolError, "without \"event\""},
      {"too long", "", std::string(70000, 'A'), kCloseTooBig, "the limit is 65536"},
      {"no format", "", "MEDIA_START connection_id:1", kCloseUnsupportedData, "c(slin)"},
      {"Opus", "", "MEDIA_START format:opus", kCloseUnsupportedData, "dial with c(ulaw)"},
      {"two starts", kPlainStart, kPlainStart, kCloseProtocolError, "second MEDIA_START"},
      {"no digit", kPlainStart, "DTMF_END channel_id:1", kCloseProtocolError, "digit"},
      {"a long session", "",
       absl::StrCat(R"({"event":"MEDIA_START","format":"ulaw","channel_variables":)",
                    R"({"PARLANCE_SESSION_ID":")", std::string(257, 'x'), R"("}})"),
       kCloseProtocolError, "256 bytes"},
  };
  for (const Case& each : cases) {
    Connect();
    if (!each.before.empty()) Receive(each.before);
    Receive(each.message);
    ASSERT_TRUE(connection_->end().has_value()) << each.name;
    EXPECT_EQ(connection_->end()->code, each.code) << each.name;
    EXPECT_THAT(connection_->end()->reason, HasSubstr(each.reason)) << each.name;
    EXPECT_LE(connection_->end()->reason.size(), 123U) << each.name;
    EXPECT_THAT(connection_->TakeTexts(), ElementsAre(HasSubstr("HANGUP"))) << each.name;
    handler_->OnClosed(absl::OkStatus());
  }
  Connect();
  Hear(66000);
  EXPECT_EQ(connection_->end()->code, kCloseTooBig);
}

TEST_F(AsteriskWebSocketTest, WhatIsNotKnownIsCountedAndIgnored) {
  Connect();
  Receive("DTMF_END digit:1");
  Receive("MEDIA_MARK_PROCESSED");
  Receive(kPlainStart);
  Receive("MEDIA_MARK_PROCESSED other");
  Receive("SOMETHING_NEW a:b");
  Receive("ERROR channel_id:1 error_text:Unable to parse");
  EXPECT_THAT(calls_.counts,
              ElementsAre(testing::Pair("key_before_call", 1), testing::Pair("mark_of_nothing", 2),
                          testing::Pair("peer_error", 1), testing::Pair("unknown_event", 1)));
  EXPECT_FALSE(connection_->end().has_value());
}

TEST(AsteriskMessageTest, CommandsFitIntoWhatAsteriskTakes) {
  for (const bool is_json : {false, true}) {
    EXPECT_LE(AsteriskCommand(is_json, "STOP_MEDIA_BUFFERING", absl::StrCat(INT64_MAX)).size(),
              128U);
  }
}

TEST(AsteriskMessageTest, FormatsHaveTheirRates) {
  for (const auto& [name, rate] : std::vector<std::pair<const char*, int>>{{"ulaw", 8000},
                                                                           {"alaw", 8000},
                                                                           {"slin", 8000},
                                                                           {"slin12", 12000},
                                                                           {"slin16", 16000},
                                                                           {"slin24", 24000},
                                                                           {"slin32", 32000},
                                                                           {"slin44", 44100},
                                                                           {"slin48", 48000}}) {
    ASSERT_TRUE(AsteriskFormatOf(name).has_value()) << name;
    EXPECT_EQ(AsteriskFormatOf(name)->sample_rate_hz, rate);
  }
  for (const char* const name : {"", "slin96", "opus", "ULAW"}) {
    EXPECT_FALSE(AsteriskFormatOf(name).has_value()) << name;
  }
  EXPECT_THAT(ParseAsteriskEvent("1 2 3"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parlance::pipeline::door

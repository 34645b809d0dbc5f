// Whole conversations with Asterisk over AudioSocket: bytes in, bytes out.
#include "pipeline/door/telephony/audio_socket.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/telephony/audio_socket_parser.h"
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

// 40325ec2-5efd-4bd3-805f-53576e581d13, as in Asterisk's documentation.
const char kUuidPacket[] = "01001040325ec25efd4bd3805f53576e581d13";

std::string Packet(uint8_t kind, absl::string_view payload) {
  const auto header = AudioSocketHeader(kind, payload.size());
  return absl::StrCat(std::string(header.begin(), header.end()), payload);
}
std::string Sound(uint8_t kind, size_t num_samples, char high = 1) {
  std::string payload;
  for (size_t i = 0; i < num_samples; ++i) payload += {'\0', high};
  return Packet(kind, payload);
}

class AudioSocketTest : public testing::Test {
 protected:
  void Receive(absl::string_view bytes, size_t piece = 1000000) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      const absl::string_view next = bytes.substr(0, piece);
      handler_->OnBinary(
          absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(next.data()), next.size()));
    }
    calls_.Run();
  }

  FakeCalls calls_;
  const std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  std::unique_ptr<MessageHandler> handler_ = CreateAudioSocket(calls_.environment(), connection_);
};

TEST_F(AudioSocketTest, AWholeCall) {
  Receive(absl::HexStringToBytes(kUuidPacket));
  EXPECT_THAT(calls_.records, IsEmpty()) << "the rate is not known yet";
  Receive(Sound(0x10, 160));
  EXPECT_EQ(calls_.last().request.sample_rate_hz, 8000);
  EXPECT_EQ(calls_.last().request.title, "Telephone call 40325ec2-5efd-4bd3-805f-53576e581d13");
  EXPECT_THAT(calls_.last().sound, AllOf(SizeIs(160), Each(256)));
  Receive(absl::StrCat(Packet(0x03, "4"), Packet(0x03, "#")));
  EXPECT_THAT(calls_.last().log, ElementsAre("keys 4#"));

  calls_.last().Say(std::vector<int16_t>(330, 0));
  const std::string frame = absl::StrCat(absl::HexStringToBytes("100140"), std::string(320, '\0'));
  EXPECT_THAT(connection_->TakeTexts(), ElementsAre(frame, frame));
  // What was sent cannot be taken back.
  calls_.last().Say(std::vector<int16_t>(330, 0));
  connection_->Take();
  calls_.last().sink->Hold();
  calls_.last().sink->Stop();
  EXPECT_THAT(connection_->Take(), IsEmpty());

  Receive(absl::HexStringToBytes("000000"));
  EXPECT_EQ(connection_->end()->code, kCloseNormal);
  EXPECT_EQ(calls_.last().log.back(), "hang up");
  handler_->OnClosed(absl::OkStatus());
  EXPECT_THAT(calls_.counts, IsEmpty());
}

TEST_F(AudioSocketTest, PiecesOfAnySizeAreTheSameCall) {
  const std::string bytes =
      absl::StrCat(absl::HexStringToBytes(kUuidPacket), Sound(0x12, 320), Packet(0x42, "?"),
                   Packet(0x42, ""), Sound(0x12, 0), Packet(0x03, "#"), Sound(0x12, 7));
  for (const size_t piece : {1, 2, 3, 4, 100, 100000}) {
    handler_ = CreateAudioSocket(calls_.environment(), connection_);
    Receive(bytes, piece);
    EXPECT_EQ(calls_.last().request.sample_rate_hz, 16000) << piece;
    EXPECT_THAT(calls_.last().sound, SizeIs(327)) << piece;
    calls_.Pass(absl::Seconds(2));
    EXPECT_THAT(calls_.last().log, ElementsAre("keys #")) << piece;
    handler_->OnClosed(absl::OkStatus());
  }
  EXPECT_EQ(calls_.counts["unknown_packet"], 12);
}

TEST_F(AudioSocketTest, TheAnswerIsOfTheKindThatCameIn) {
  struct Case {
    uint8_t kind;
    int session_rate;
    size_t frame_bytes;
  };
  for (const Case& each : std::vector<Case>{{0x10, 8000, 320},
                                            {0x11, 12000, 480},
                                            {0x12, 16000, 640},
                                            {0x13, 24000, 960},
                                            {0x14, 32000, 1280},
                                            {0x15, 44100, 1764},
                                            {0x16, 48000, 1920},
                                            {0x17, 48000, 3840},
                                            {0x18, 48000, 7680}}) {
    handler_ = CreateAudioSocket(calls_.environment(), connection_);
    const size_t samples = each.frame_bytes / 2;
    Receive(Sound(each.kind, samples));
    EXPECT_EQ(calls_.last().request.sample_rate_hz, each.session_rate);
    EXPECT_THAT(calls_.last().sound,
                AllOf(SizeIs(static_cast<size_t>(each.session_rate / 50)), Each(256)));
    calls_.last().Say(std::vector<int16_t>(10, 7));
    const std::vector<std::string> sent = connection_->TakeTexts();
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(static_cast<uint8_t>(sent[0][0]), each.kind);
    EXPECT_EQ(sent[0].size(), 3 + each.frame_bytes);
  }
}

TEST_F(AudioSocketTest, WhatIsWrongIsSaid) {
  struct Case {
    const char* name;
    std::string bytes;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"a short UUID", Packet(0x01, "short"), "a UUID of 5 bytes; it has 16"},
      {"no key", Packet(0x03, ""), "a key of 0 bytes; it has 1"},
      {"two keys", Packet(0x03, "12"), "a key of 2 bytes; it has 1"},
      {"half a sample", Packet(0x10, "abc"), "dial with c(slin)"},
      {"another rate", absl::StrCat(Sound(0x10, 160), Sound(0x12, 320)), "dial with one codec"},
  };
  for (const Case& each : cases) {
    const auto connection = std::make_shared<FakeConnection>();
    handler_ = CreateAudioSocket(calls_.environment(), connection);
    // What follows is not looked at.
    Receive(absl::StrCat(each.bytes, Packet(0x03, "123")));
    ASSERT_TRUE(connection->end().has_value()) << each.name;
    EXPECT_EQ(connection->end()->code, kCloseProtocolError) << each.name;
    EXPECT_THAT(connection->end()->reason, HasSubstr(each.reason)) << each.name;
    EXPECT_LE(connection->end()->reason.size(), 123U) << each.name;
    EXPECT_THAT(connection->TakeBytes(), testing::StartsWith(Packet(0xFF, "\x02"))) << each.name;
    handler_->OnClosed(absl::OkStatus());
  }
}

TEST_F(AudioSocketTest, AnyEndIsAHangUp) {
  Receive(Packet(0x03, "1"));
  EXPECT_EQ(calls_.counts["key_before_call"], 1);
  Receive(Sound(0x10, 160));
  handler_->OnClosed(absl::UnavailableError("broken off"));
  EXPECT_THAT(calls_.last().log, ElementsAre("hang up"));

  handler_ = CreateAudioSocket(calls_.environment(), connection_);
  Receive(Sound(0x10, 160));
  Receive(Packet(0xFF, "\x01"));
  EXPECT_THAT(calls_.last().log, ElementsAre("hang up"));
  EXPECT_EQ(calls_.counts["peer_error"], 1);

  const auto connection = std::make_shared<FakeConnection>();
  handler_ = CreateAudioSocket(calls_.environment(), connection);
  Receive(Sound(0x10, 160));
  calls_.last().Close(absl::OkStatus());
  EXPECT_EQ(connection->TakeBytes(), Packet(0x00, ""));
  EXPECT_EQ(connection->end()->code, kCloseNormal);

  // A refused call is hung up, too.
  const auto refused = std::make_shared<FakeConnection>();
  handler_ = CreateAudioSocket(calls_.environment(), refused);
  calls_.refusal = absl::UnavailableError("busy");
  Receive(Sound(0x10, 160));
  EXPECT_EQ(refused->TakeBytes(), Packet(0x00, ""));
  EXPECT_EQ(refused->end()->reason, "busy");
}

}  // namespace
}  // namespace parlance::pipeline::door

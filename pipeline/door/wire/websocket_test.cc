#include "pipeline/door/wire/websocket.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/wire/testing/recording_listener.h"
#include "pipeline/door/wire/testing/websocket_frames.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

absl::Status FeedText(WebSocketReader& reader, std::string bytes, RecordingListener& listener) {
  return reader.Feed({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, listener);
}

std::string Frame(uint8_t opcode, const std::string& payload, bool is_final = true) {
  return Encode({.is_final = is_final, .opcode = opcode, .payload = payload});
}

TEST(WebSocketReaderTest, WhatIsToldDoesNotDependOnHowBytesAreCut) {
  const std::string long_text(70'000, 'x');
  const std::string bytes = absl::StrCat(
      ClientText("hello"), ClientText(""), Frame(0x2, std::string("\0\xFF", 2)),
      Frame(0x1, "frag", false), Frame(0x9, "are you there"), Frame(0x0, "", false), Frame(0xA, ""),
      Frame(0x0, "ments"), Frame(0x1, "\xE2", false), Frame(0x9, ""), Frame(0x0, "\x82\xAC"),
      ClientText(std::string(125, 'a')), ClientText(std::string(126, 'b')), Frame(0x2, long_text),
      ClientClose(1000, "bye"));
  const std::vector<std::string> expected = {"text hello",
                                             "text ",
                                             std::string("binary \0\xFF", 9),
                                             "ping are you there",
                                             "pong ",
                                             "text fragments",
                                             "ping ",
                                             "text \xE2\x82\xAC",
                                             absl::StrCat("text ", std::string(125, 'a')),
                                             absl::StrCat("text ", std::string(126, 'b')),
                                             absl::StrCat("binary ", long_text),
                                             "close 1000 bye"};
  for (const size_t size :
       {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{1000}, bytes.size()}) {
    WebSocketReader reader;
    RecordingListener listener;
    for (size_t at = 0; at < bytes.size(); at += size) {
      ASSERT_THAT(FeedText(reader, bytes.substr(at, size), listener), IsOk());
    }
    EXPECT_EQ(listener.told, expected) << "pieces of " << size;
    EXPECT_LT(reader.num_bytes_kept(), 64u);
  }
  // One cut anywhere in the first frames, which have all that is special.
  const size_t num_cuts = bytes.size() - long_text.size() - 20;
  for (size_t cut = 0; cut < num_cuts; ++cut) {
    WebSocketReader reader;
    RecordingListener listener;
    ASSERT_THAT(FeedText(reader, bytes.substr(0, cut), listener), IsOk());
    ASSERT_THAT(FeedText(reader, bytes.substr(cut), listener), IsOk());
    EXPECT_EQ(listener.told, expected) << "cut at " << cut;
  }
}

struct Refusal {
  std::string name;
  std::string bytes;
  uint16_t code = kCloseProtocolError;
  std::string message;
};

TEST(WebSocketReaderTest, WhatBreaksTheProtocolIsRefused) {
  const std::string raw_close = Frame(0x8, "");
  std::vector<Refusal> cases = {
      {"NotMasked", Encode({.is_masked = false, .payload = "a"}), 1002, "not masked"},
      {"ContinuesNothing", Frame(0x0, "a"), 1002, "continues nothing"},
      {"ContinuesAfterTheEnd", ClientText("a") + Frame(0x0, "a"), 1002, "continues nothing"},
      {"MessageInMessage", Frame(0x1, "a", false) + ClientText("b"), 1002, "before the last one"},
      {"FragmentedPing", Frame(0x9, "a", false), 1002, "control frame is fragmented"},
      {"LongPing", Frame(0x9, std::string(126, 'a')), 1002, "has 126 bytes; it may have 125"},
      {"LongClose", Frame(0x8, std::string(126, 'a')), 1002, "has 126 bytes"},
      {"HalfACode", Frame(0x8, "\x03"), 1002, "half a code"},
      {"ReasonNotUtf8", ClientClose(1000, "\xFF"), 1007, "reason"},
      {"ReasonCutInCharacter", ClientClose(1000, "\xE2\x82"), 1007, "reason"},
      {"TextNotUtf8", ClientText("a\xFFz"), 1007, "not UTF-8"},
      {"TextCutInCharacter", ClientText("a\xE2\x82"), 1007, "ends within a character"},
      {"FragmentsNotUtf8", Frame(0x1, "\xED", false) + Frame(0x0, "\xA0\x80"), 1007, "not UTF-8"},
      {"SixteenBitsForFive", Encode({.payload = "hello", .num_length_bytes = 2}), 1002,
       "more bytes than needed"},
      {"SixtyFourBitsForFive", Encode({.payload = "hello", .num_length_bytes = 8}), 1002,
       "more bytes than needed"},
      {"SixtyFourBitsFor300", Encode({.payload = std::string(300, 'a'), .num_length_bytes = 8}),
       1002, "more bytes than needed"},
      {"TopBitOfLength", std::string("\x82\xFF\x80\0\0\0\0\1\0\0abcd", 14), 1002, "63 bits"},
      {"TooLarge", std::string("\x82\xFF\0\0\0\0\1\0\0\1abcd", 14), 1009, "more than 16777216"},
      {"LengthOfAllBits", std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF") + "abcd", 1009,
       "more than 16777216"},
  };
  for (const uint8_t reserved : {0x40, 0x20, 0x10}) {
    cases.push_back({absl::StrCat("ReservedBit", reserved),
                     Encode({.reserved = reserved, .payload = "a"}), 1002, "reserved bit"});
  }
  for (const uint8_t opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF}) {
    cases.push_back({absl::StrCat("Opcode", opcode), Frame(opcode, ""), 1002, "reserved opcode"});
  }
  for (const uint16_t code :
       {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    cases.push_back({absl::StrCat("Code", code), ClientClose(code), 1002, "may not be sent"});
  }
  for (const Refusal& c : cases) {
    for (const bool in_one_piece : {true, false}) {
      WebSocketReader reader;
      RecordingListener listener;
      absl::Status status;
      for (size_t i = 0; i < c.bytes.size(); i += in_one_piece ? c.bytes.size() : 1) {
        status = FeedText(reader, c.bytes.substr(i, in_one_piece ? c.bytes.size() : 1), listener);
      }
      EXPECT_THAT(status, StatusIs(c.code == 1009 ? absl::StatusCode::kResourceExhausted
                                                  : absl::StatusCode::kInvalidArgument,
                                   HasSubstr(c.message)))
          << c.name;
      EXPECT_EQ(reader.close_code(), c.code) << c.name;
      // It stays refused, and nothing more is told.
      const size_t num_told = listener.told.size();
      EXPECT_EQ(FeedText(reader, ClientText("more"), listener), status) << c.name;
      EXPECT_EQ(listener.told.size(), num_told) << c.name;
    }
  }
}

TEST(WebSocketReaderTest, CodesThatMayBeSent) {
  for (const uint16_t code : {1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999}) {
    WebSocketReader reader;
    RecordingListener listener;
    EXPECT_THAT(FeedText(reader, ClientClose(code, "why"), listener), IsOk());
    EXPECT_THAT(listener.told, ElementsAre(absl::StrCat("close ", code, " why")));
  }
}

TEST(WebSocketReaderTest, TextThatIsWrongIsRefusedBeforeItHasCome) {
  WebSocketReader reader;
  RecordingListener listener;
  const std::string frame = ClientText(absl::StrCat("\xFF", std::string(1000, 'a')));
  EXPECT_THAT(FeedText(reader, frame.substr(0, 12), listener),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(WebSocketReaderTest, MessagesHaveABoundOverTheirFragments) {
  for (const bool is_one_too_many : {false, true}) {
    WebSocketReader reader(10);
    RecordingListener listener;
    EXPECT_THAT(FeedText(reader, Frame(0x1, "12345", false), listener), IsOk());
    EXPECT_THAT(FeedText(reader, Frame(0x9, std::string(125, 'p')), listener), IsOk());
    const absl::Status status =
        FeedText(reader, Frame(0x0, is_one_too_many ? "678901" : "67890"), listener);
    EXPECT_EQ(status.ok(), !is_one_too_many) << status;
    if (is_one_too_many) {
      EXPECT_EQ(reader.close_code(), kCloseTooBig);
    }
    // The next message has the whole bound again.
    if (!is_one_too_many) {
      EXPECT_THAT(FeedText(reader, ClientText("1234567890"), listener), IsOk());
    }
  }
}

TEST(WebSocketReaderTest, EmptyFragmentsHaveABound) {
  WebSocketReader reader;
  RecordingListener listener;
  ASSERT_THAT(FeedText(reader, Frame(0x1, "", false), listener), IsOk());
  const std::string empty = Frame(0x0, "", false);
  absl::Status status;
  int num_fragments = 1;
  for (; status.ok() && num_fragments <= 2 * kMaxFragments; ++num_fragments) {
    status = FeedText(reader, empty, listener);
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(num_fragments, kMaxFragments + 1);
  EXPECT_EQ(reader.close_code(), kClosePolicyViolation);
}

TEST(WebSocketReaderTest, AStatedLengthReservesNothing) {
  WebSocketReader reader;
  RecordingListener listener;
  EXPECT_THAT(
      FeedText(reader, std::string("\x82\xFF\0\0\0\0\0\xFF\xFF\xFF", 10) + "abcd", listener),
      IsOk());
  EXPECT_LT(reader.num_bytes_kept(), 64u);
}

// Who says that a message is large has to send some of it before memory for all of it is taken.
TEST(WebSocketReaderTest, TheRestOfALargeMessageIsReservedOnce) {
  WebSocketReader reader;
  RecordingListener listener;
  const std::string header("\x82\xFF\0\0\0\0\0\xA0\0\0abcd", 14);
  EXPECT_THAT(FeedText(reader, header, listener), IsOk());
  const std::string piece(50'000, 'a');
  for (int i = 0; i < 20; ++i) EXPECT_THAT(FeedText(reader, piece, listener), IsOk());
  EXPECT_LT(reader.num_bytes_kept(), 2'100'000u);
  for (int i = 0; i < 40; ++i) EXPECT_THAT(FeedText(reader, piece, listener), IsOk());
  const size_t kept = reader.num_bytes_kept();
  EXPECT_GE(kept, 0xA00000u);
  EXPECT_LT(kept, 0xA00000u + 4096);
}

TEST(WebSocketReaderTest, AListenerMayHaveTheRestReadLater) {
  class Holding : public RecordingListener {
   public:
    explicit Holding(WebSocketReader* reader) : reader_(*reader) {}
    void OnText(absl::string_view message) override {
      RecordingListener::OnText(message);
      reader_.Hold();
    }

   private:
    WebSocketReader& reader_;
  };
  WebSocketReader reader;
  Holding listener(&reader);
  std::string bytes =
      ClientText("one") + ClientText("two") + Frame(0x9, "ping") + ClientText("three");
  const size_t rest = bytes.size() - ClientText("one").size();
  absl::Span<uint8_t> span(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
  EXPECT_THAT(reader.Feed(span, listener), IsOk());
  EXPECT_THAT(listener.told, ElementsAre("text one"));
  EXPECT_EQ(reader.num_bytes_held(), rest);
  while (reader.num_bytes_held() > 0) {
    EXPECT_THAT(reader.Feed(span.last(reader.num_bytes_held()), listener), IsOk());
  }
  EXPECT_THAT(listener.told, ElementsAre("text one", "text two", "ping ping", "text three"));
}

TEST(WebSocketReaderTest, NothingIsToldAfterAClose) {
  WebSocketReader reader;
  RecordingListener listener;
  EXPECT_THAT(FeedText(reader, ClientClose(1001) + ClientText("late") + "\xFF\xFF", listener),
              IsOk());
  EXPECT_THAT(listener.told, ElementsAre("close 1001 "));
  RecordingListener after;
  EXPECT_THAT(FeedText(reader, ClientText("later"), after), IsOk());
  EXPECT_THAT(after.told, IsEmpty());
  WebSocketReader without_code;
  EXPECT_THAT(FeedText(without_code, Frame(0x8, ""), after), IsOk());
  EXPECT_THAT(after.told, ElementsAre("close 1005 "));
}

TEST(WebSocketReaderTest, UnmaskingIsTheSameWhereverItBegins) {
  std::string plain;
  for (int i = 0; i < 67; ++i) plain.push_back(static_cast<char>(i * 7));
  const std::array<uint8_t, 4> mask = {0x12, 0x34, 0x56, 0x78};
  std::string masked = plain;
  for (size_t i = 0; i < masked.size(); ++i) masked[i] = static_cast<char>(masked[i] ^ mask[i % 4]);
  for (size_t cut = 0; cut <= masked.size(); ++cut) {
    std::string bytes = masked;
    auto* const data = reinterpret_cast<uint8_t*>(bytes.data());
    const std::array<uint8_t, 4> turned = Unmask({data, cut}, mask);
    Unmask({data + cut, bytes.size() - cut}, turned);
    EXPECT_EQ(bytes, plain) << cut;
  }
}

TEST(WebSocketFramesTest, HeadersAreThoseOfTheRfc) {
  const auto header_of = [](Opcode opcode, uint64_t size) {
    std::array<uint8_t, kMaxFrameHeaderBytes> header = {};
    const size_t length = EncodeFrameHeader(opcode, size, header);
    return std::string(header.begin(), header.begin() + static_cast<ptrdiff_t>(length));
  };
  // RFC 6455, section 5.7.
  EXPECT_EQ(header_of(Opcode::kText, 5), "\x81\x05");
  EXPECT_EQ(header_of(Opcode::kBinary, 256), std::string("\x82\x7E\x01\x00", 4));
  EXPECT_EQ(header_of(Opcode::kBinary, 65536), std::string("\x82\x7F\0\0\0\0\0\1\0\0", 10));
  EXPECT_EQ(header_of(Opcode::kPong, 125), "\x8A\x7D");
  EXPECT_EQ(header_of(Opcode::kText, 126), std::string("\x81\x7E\0\x7E", 4));
  EXPECT_EQ(header_of(Opcode::kText, 65535), "\x81\x7E\xFF\xFF");
  EXPECT_EQ(EncodeFrame(Opcode::kText, "Hello"), "\x81\x05Hello");
}

TEST(WebSocketFramesTest, CloseFrames) {
  EXPECT_EQ(CloseFrame(1000, "bye"), std::string("\x88\x05\x03\xE8") + "bye");
  EXPECT_EQ(CloseFrame(kCloseNoStatus, "bye"), std::string("\x88\0", 2));
  EXPECT_EQ(CloseFrame(1000, "\xFF"), "\x88\x02\x03\xE8");
  const std::string cut = CloseFrame(1000, absl::StrCat(std::string(122, 'a'), "\xE2\x82\xAC"));
  EXPECT_EQ(cut.size(), 2u + 2 + 122);
  EXPECT_EQ(CloseFrame(1000, std::string(200, 'a')).size(), 2u + 125);
}

}  // namespace
}  // namespace parlance::pipeline::door

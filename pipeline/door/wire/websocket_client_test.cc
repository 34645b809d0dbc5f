#include "pipeline/door/wire/websocket_client.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/wire/testing/recording_listener.h"
#include "pipeline/door/wire/websocket.h"
#include "pipeline/door/wire/websocket_handshake.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array<uint8_t, 16> kNonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

WebSocketClient Client() {
  return WebSocketClient({.host = "example.org", .port = 8080, .target = "/v1?a=b"}, {}, kNonce);
}

// What a server answers to Client().
std::string Agreement() {
  return absl::StrCat("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n",
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: ",
                      AcceptOfKey("AQIDBAUGBwgJCgsMDQ4PEA=="), "\r\n\r\n");
}

absl::Status Feed(WebSocketClient& client, std::string bytes, RecordingListener& listener,
                  size_t piece = 1'000'000) {
  absl::Status status;
  for (size_t i = 0; i < bytes.size() && status.ok(); i += piece) {
    status = client.Feed(
        {reinterpret_cast<uint8_t*>(bytes.data()) + i, std::min(piece, bytes.size() - i)},
        listener);
  }
  return status;
}

TEST(WebSocketUrlTest, Parts) {
  struct Case {
    const char* text;
    const char* host;
    uint16_t port;
    const char* target;
    const char* authority;
  };
  for (const Case& c : {
           Case{"ws://127.0.0.1:8080/v1/realtime", "127.0.0.1", 8080, "/v1/realtime",
                "127.0.0.1:8080"},
           Case{"WS://example.org", "example.org", 80, "/", "example.org:80"},
           Case{"ws://example.org?model=a", "example.org", 80, "/?model=a", "example.org:80"},
           Case{"ws://[::1]:9/x?y=:z", "::1", 9, "/x?y=:z", "[::1]:9"},
           Case{"ws://[::1]", "::1", 80, "/", "[::1]:80"},
       }) {
    SCOPED_TRACE(c.text);
    const auto url = ParseWebSocketUrl(c.text);
    ASSERT_THAT(url, IsOk());
    EXPECT_EQ(url->host, c.host);
    EXPECT_EQ(url->port, c.port);
    EXPECT_EQ(url->target, c.target);
    EXPECT_EQ(url->Authority(), c.authority);
  }
}

TEST(WebSocketUrlTest, WhatIsWrongIsSaid) {
  for (const auto& [text, message] : std::vector<std::pair<const char*, const char*>>{
           {"", "not a ws:// address"},
           {"127.0.0.1:8080", "not a ws:// address"},
           {"http://127.0.0.1/", "not a ws:// address"},
           {"wss://127.0.0.1/", "TLS is not spoken here"},
           {"ws://", "names no host"},
           {"ws:///path", "names no host"},
           {"ws://:80/", "names no host"},
           {"ws://user:secret@host/", "a user in the URL"},
           {"ws://host/#here", "no fragment"},
           {"ws://host/a b", "visible ASCII"},
           {"ws://host/\r\nEvil: yes", "visible ASCII"},
           {"ws://host:0/", "not in 1 to 65535"},
           {"ws://host:65536/", "not in 1 to 65535"},
           {"ws://host:/", "not in 1 to 65535"},
           {"ws://host:+80/", "not in 1 to 65535"},
           {"ws://a:b:c/", "not in 1 to 65535"},
           {"ws://[::1/", "not closed"},
           {"ws://[::1]80/", "not in 1 to 65535"},
       }) {
    EXPECT_THAT(ParseWebSocketUrl(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  }
}

TEST(WebSocketClientTest, AsksForAWebSocket) {
  const WebSocketClient client({.host = "::1", .port = 8080, .target = "/v1?a=b"},
                               {{"Authorization", "Bearer key"}}, kNonce);
  EXPECT_EQ(client.request(),
            "GET /v1?a=b HTTP/1.1\r\nHost: [::1]:8080\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nAuthorization: Bearer key\r\n\r\n");
}

TEST(WebSocketClientTest, WhatIsToldDoesNotDependOnHowBytesAreCut) {
  const std::string bytes =
      absl::StrCat(Agreement(), EncodeFrame(Opcode::kText, "gr\u00fc\u00df dich"),
                   EncodeFrame(Opcode::kPing, "p"), EncodeFrame(Opcode::kBinary, "\xFF"),
                   EncodeFrame(Opcode::kText, std::string(70'000, 'x')), CloseFrame(1001, "going"));
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}, bytes.size()}) {
    WebSocketClient client = Client();
    RecordingListener listener;
    EXPECT_FALSE(client.is_open());
    EXPECT_THAT(Feed(client, bytes, listener, piece), IsOk());
    EXPECT_TRUE(client.is_open());
    EXPECT_THAT(listener.told,
                ElementsAre("text gr\u00fc\u00df dich", "ping p", "binary \xFF",
                            absl::StrCat("text ", std::string(70'000, 'x')), "close 1001 going"));
  }
}

TEST(WebSocketClientTest, ARefusalIsShownAsTheServerSaysIt) {
  struct Case {
    const char* response;
    const char* message;
  };
  for (const Case& c : {
           Case{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 16\r\n\r\na key is needed\n",
                "the server refuses: 401 Unauthorized: a key is needed"},
           Case{"HTTP/1.1 404 Not Found\r\n\r\n", "the server refuses: 404 Not Found"},
       }) {
    for (const size_t piece : {size_t{1}, size_t{1000}}) {
      WebSocketClient client = Client();
      RecordingListener listener;
      EXPECT_THAT(Feed(client, c.response, listener, piece),
                  StatusIs(absl::StatusCode::kUnavailable, c.message));
      EXPECT_FALSE(client.is_open());
      EXPECT_THAT(listener.told, IsEmpty());
    }
  }
}

TEST(WebSocketClientTest, ARefusalWhoseBodyDoesNotComeIsOne) {
  WebSocketClient client = Client();
  RecordingListener listener;
  ASSERT_THAT(Feed(client, "HTTP/1.1 503 Busy\r\nContent-Length: 900\r\n\r\nlater", listener),
              IsOk());
  EXPECT_THAT(client.End(),
              StatusIs(absl::StatusCode::kUnavailable, "the server refuses: 503 Busy: later"));
}

TEST(WebSocketClientTest, TheEndIsTheEnd) {
  WebSocketClient client = Client();
  RecordingListener listener;
  ASSERT_THAT(Feed(client, Agreement(), listener), IsOk());
  EXPECT_THAT(client.End(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("has ended")));
  EXPECT_THAT(Feed(client, EncodeFrame(Opcode::kText, "late"), listener),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(listener.told, IsEmpty());
}

TEST(WebSocketClientTest, WhatIsNoWebSocketServerIsRefused) {
  const std::string agreement = Agreement();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = agreement;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  for (const auto& [response, message] : std::vector<std::pair<std::string, const char*>>{
           {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not answer with HTTP/1.1"},
           {"HTTP/1.0 101 Yes\r\n\r\n", "does not answer with HTTP/1.1"},
           {with("WebSocket", "h2c"), "something else than a WebSocket"},
           {with("Accept: ", "Accept: x"), "something else than a WebSocket"},
           {with("upgrade", "Sec-WebSocket-Extensions: permessage-deflate\r\nupgrade"),
            "an extension that was not offered"},
           {std::string(20'000, 'x'), "does not end"},
           {absl::StrCat(agreement, "\x81\x81xxxxx"), "a frame is masked"},
           {absl::StrCat(agreement, "\xC1\x01x"), "reserved bit"},
       }) {
    WebSocketClient client = Client();
    RecordingListener listener;
    EXPECT_THAT(Feed(client, response, listener, 100),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << response.substr(0, 200);
    EXPECT_THAT(listener.told, IsEmpty());
  }
}

TEST(WebSocketClientTest, MessagesAreBounded) {
  WebSocketClient client({.host = "h"}, {}, kNonce, /*max_message_bytes=*/10);
  RecordingListener listener;
  EXPECT_THAT(
      Feed(client, absl::StrCat(Agreement(), EncodeFrame(Opcode::kText, "12345678901")), listener),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("more than 10 bytes")));
}

TEST(WebSocketClientTest, AServerReadsItsFrames) {
  std::string bytes;
  const std::array<uint8_t, 4> mask = {1, 2, 3, 4};
  const std::string text(70'000, 'x');
  AppendClientFrame(Opcode::kText, "hello", mask, bytes);
  AppendClientFrame(Opcode::kText, text, mask, bytes);
  AppendClientFrame(Opcode::kPong, "", mask, bytes);
  AppendClientFrame(Opcode::kClose, "\x03\xE8", mask, bytes);
  EXPECT_EQ(bytes.find("hello"), std::string::npos);
  WebSocketReader server;
  RecordingListener listener;
  EXPECT_THAT(server.Feed({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, listener),
              IsOk());
  EXPECT_THAT(listener.told,
              ElementsAre("text hello", absl::StrCat("text ", text), "pong ", "close 1000 "));
}

}  // namespace
}  // namespace parlance::pipeline::door

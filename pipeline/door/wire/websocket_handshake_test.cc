#include "pipeline/door/wire/websocket_handshake.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"

namespace parlance::pipeline::door {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

HttpRequest Handshake() {
  // RFC 6455, section 1.3.
  return {.method = "GET",
          .target = "/chat",
          .path = "/chat",
          .headers = {{"host", "server.example.com"},
                      {"upgrade", "websocket"},
                      {"connection", "keep-alive, Upgrade"},
                      {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                      {"sec-websocket-protocol", "chat, superchat"},
                      {"sec-websocket-version", "13"}},
          .is_1_1 = true};
}

HttpRequest With(const std::string& name, const std::string& value) {
  HttpRequest request = Handshake();
  for (auto& [key, old] : request.headers) {
    if (key == name) old = value;
  }
  return request;
}

TEST(WebSocketHandshakeTest, TheSampleOfTheRfc) {
  const HttpRequest request = Handshake();
  EXPECT_TRUE(AsksForWebSocket(request));
  EXPECT_FALSE(RefuseHandshake(request).has_value());
  EXPECT_THAT(OfferedSubprotocols(request), ElementsAre("chat", "superchat"));
  const HttpResponse response = AcceptHandshake(request, "chat");
  EXPECT_EQ(response.status, 101);
  EXPECT_THAT(response.headers,
              ElementsAre(Pair("Upgrade", "websocket"), Pair("Connection", "Upgrade"),
                          Pair("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                          Pair("Sec-WebSocket-Protocol", "chat")));
  EXPECT_EQ(AcceptHandshake(request, "").headers.size(), 3u);
}

TEST(WebSocketHandshakeTest, WhatIsRefused) {
  HttpRequest post = Handshake();
  post.method = "POST";
  HttpRequest old = Handshake();
  old.is_1_1 = false;
  HttpRequest two_keys = Handshake();
  two_keys.headers.emplace_back("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
  HttpRequest no_version = Handshake();
  no_version.headers.pop_back();
  const struct {
    std::string name;
    HttpRequest request;
    int status;
    std::string message;
  } cases[] = {
      {"Post", post, 405, "GET"},
      {"Http10", old, 400, "proxy_http_version 1.1"},
      {"NoConnection", With("connection", "keep-alive"), 400, "Connection"},
      {"Version8", With("sec-websocket-version", "8"), 426, "version 13"},
      {"NoVersion", no_version, 426, "version 13"},
      {"ShortKey", With("sec-websocket-key", "dGhlIHNhbXBsZSBub25j"), 400, "Key"},
      {"EmptyKey", With("sec-websocket-key", ""), 400, "Key"},
      {"NoBase64", With("sec-websocket-key", "!!!!!!!!!!!!!!!!!!!!!!=="), 400, "Key"},
      {"TwoKeys", two_keys, 400, "Key"},
  };
  for (const auto& c : cases) {
    const std::optional<HttpResponse> refusal = RefuseHandshake(c.request);
    ASSERT_TRUE(refusal.has_value()) << c.name;
    EXPECT_EQ(refusal->status, c.status) << c.name;
    EXPECT_THAT(refusal->body, HasSubstr(c.message)) << c.name;
    if (c.status == 405) {
      EXPECT_THAT(refusal->headers, Contains(Pair("Allow", "GET"))) << c.name;
    }
    if (c.status == 426) {
      EXPECT_THAT(refusal->headers, Contains(Pair("Sec-WebSocket-Version", "13"))) << c.name;
    }
  }
  EXPECT_FALSE(AsksForWebSocket(With("upgrade", "h2c")));
}

// A client that offers another has to end a connection for which it is answered with this one.
TEST(WebSocketHandshakeTest, ASubprotocolIsOfferedByteForByte) {
  const HttpRequest request = With("sec-websocket-protocol", "REALTIME, media");
  EXPECT_TRUE(OffersSubprotocol(request, "media"));
  EXPECT_FALSE(OffersSubprotocol(request, "realtime"));
  EXPECT_FALSE(OffersSubprotocol(request, "Media"));
}

TEST(WebSocketHandshakeTest, SubprotocolsAreTokens) {
  EXPECT_THAT(OfferedSubprotocols(With("sec-websocket-protocol",
                                       "realtime,, a b, openai-insecure-api-key.sk-1 ,c\x7F")),
              ElementsAre("realtime", "openai-insecure-api-key.sk-1"));
}

}  // namespace
}  // namespace parlance::pipeline::door

#include "pipeline/door/wire/http_request.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/wire/http_response.h"

namespace parlance::pipeline::door {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// Feeds pieces of at most so many bytes; returns how many were taken.
size_t FeedPieces(HttpRequestParser& parser, const std::string& bytes, size_t size) {
  size_t taken = 0;
  while (taken < bytes.size() && !parser.is_complete() && !parser.error().has_value()) {
    taken += parser.Feed(bytes.substr(taken, size));
  }
  return taken;
}

std::string Get(const std::string& target, const std::string& headers = "") {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: a\r\n", headers, "\r\n");
}

TEST(HttpRequestTest, WhatIsReadDoesNotDependOnHowBytesAreCut) {
  const std::string bytes =
      "\r\n\r\nPOST /v1/a%20b?model=x%26y&q=a+b&flag&=z HTTP/1.1\r\n"
      "Host: door.example:8080\r\nX-Empty:\r\nACCEPT: \t text/html , */* \t\r\n"
      "Content-Length: 11\r\n\r\nhello\r\n\r\nyo";
  const std::string next = "GET /next";
  for (size_t size = 1; size <= bytes.size() + 1; ++size) {
    HttpRequestParser parser;
    EXPECT_EQ(FeedPieces(parser, bytes + next, size), bytes.size()) << size;
    ASSERT_TRUE(parser.is_complete()) << size;
    const HttpRequest request = parser.Take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/a%20b?model=x%26y&q=a+b&flag&=z");
    EXPECT_EQ(request.path, "/v1/a b");
    EXPECT_THAT(request.query, ElementsAre(Pair("model", "x&y"), Pair("q", "a b"), Pair("flag", ""),
                                           Pair("", "z")));
    EXPECT_THAT(request.headers,
                ElementsAre(Pair("host", "door.example:8080"), Pair("x-empty", ""),
                            Pair("accept", "text/html , */*"), Pair("content-length", "11")));
    EXPECT_EQ(request.body, "hello\r\n\r\nyo");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_FALSE(parser.has_begun());
  }
}

TEST(HttpRequestTest, ALineOfTheMostBytesMayBeCutAnywhere) {
  const std::string bytes = Get("/");
  for (size_t size = 1; size <= bytes.size(); ++size) {
    HttpRequestParser parser({.max_line_bytes = std::string("GET / HTTP/1.1").size()});
    FeedPieces(parser, bytes, size);
    EXPECT_TRUE(parser.is_complete()) << size;
  }
}

TEST(HttpRequestTest, RequestsFollowOneAnother) {
  const std::string bytes = Get("/a") + Get("/b", "Connection: Upgrade, close\r\n");
  HttpRequestParser parser;
  const size_t taken = parser.Feed(bytes);
  EXPECT_EQ(parser.Take().path, "/a");
  EXPECT_EQ(parser.Feed(bytes.substr(taken)), bytes.size() - taken);
  ASSERT_TRUE(parser.is_complete());
  EXPECT_FALSE(parser.request().keep_alive);
  EXPECT_TRUE(parser.request().HeaderHas("connection", "upgrade"));
  EXPECT_FALSE(parser.request().HeaderHas("connection", "upgrad"));
  EXPECT_EQ(parser.request().header("x"), nullptr);
  EXPECT_EQ(parser.request().parameter("x"), nullptr);
}

TEST(HttpRequestTest, WhatIsAccepted) {
  const struct {
    std::string name;
    std::string bytes;
    std::string path;
    bool keep_alive = true;
  } cases[] = {
      {"Http10", "GET / HTTP/1.0\r\n\r\n", "/", false},
      {"AbsoluteForm", "GET http://b.example:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "/x"},
      {"AbsoluteFormWithoutPath", "GET https://b?y HTTP/1.1\r\nHost: a\r\n\r\n", "/"},
      {"Utf8InPath", Get("/%E2%82%AC"), "/\xE2\x82\xAC"},
      {"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "/"},
      {"Http10Expects", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "/", false},
      {"Ipv6Host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "/"},
      {"EmptyHost", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "/"},
      {"Utf8InQuery", Get("/?model=%E2%82%AC"), "/"},
      {"ThreeDots", Get("/.../a..b/.c"), "/.../a..b/.c"},
      {"PlusInPath", Get("/a+b"), "/a+b"},
      {"NoBody", Get("/", "Content-Length: 0\r\n"), "/"},
      {"ObsText", Get("/", "X: caf\xE9\r\n"), "/"},
  };
  for (const auto& c : cases) {
    HttpRequestParser parser;
    EXPECT_EQ(parser.Feed(c.bytes), c.bytes.size()) << c.name;
    ASSERT_TRUE(parser.is_complete())
        << c.name << ": " << (parser.error().has_value() ? parser.error()->message : "");
    EXPECT_EQ(parser.request().path, c.path) << c.name;
    EXPECT_EQ(parser.request().keep_alive, c.keep_alive) << c.name;
  }
}

TEST(HttpRequestTest, TheTargetsHostCounts) {
  HttpRequestParser parser;
  parser.Feed("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(parser.is_complete());
  EXPECT_EQ(*parser.request().header("host"), "b");
  EXPECT_EQ(parser.request().target, "/x");
}

TEST(HttpRequestTest, WhatIsRefused) {
  const std::string long_line(9000, 'a');
  std::string many_headers;
  for (int i = 0; i < 101; ++i) absl::StrAppend(&many_headers, "X", i, ": y\r\n");
  std::string many_parameters = "/?";
  for (int i = 0; i < 101; ++i) absl::StrAppend(&many_parameters, "a=b&");
  const struct {
    std::string name;
    std::string bytes;
    int status;
    std::string message;
  } cases[] = {
      {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
      {"HostIsNone", "GET / HTTP/1.1\r\nHost: bad host/@\r\n\r\n", 400, "header Host"},
      {"HostWithUser", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "header Host"},
      {"HostWithOpenBracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "header Host"},
      {"HostWithPortOfLetters", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, "header Host"},
      {"TargetsHostWithUser", "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "host"},
      {"BytesInQuery", Get("/?model=%ff"), 400, "not UTF-8"},
      {"BytesInNameOfQuery", Get("/?%c3=a"), 400, "not UTF-8"},
      {"BytesInPath", Get("/%e2%82"), 400, "not UTF-8"},
      {"TwoHosts", Get("/", "Host: b\r\n"), 400, "more than one Host"},
      {"TwoWords", "GET /\r\n\r\n", 400, "request line"},
      {"FourWords", "GET / x HTTP/1.1\r\n\r\n", 400, "request line"},
      {"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"},
      {"NoToken", "G(T / HTTP/1.1\r\n\r\n", 400, "request line"},
      {"LongMethod", std::string(33, 'A') + " / HTTP/1.1\r\n\r\n", 400, "request line"},
      {"ControlInTarget", "GET /a\x01 HTTP/1.1\r\n\r\n", 400, "request line"},
      {"BeyondAsciiInTarget", "GET /\xE9 HTTP/1.1\r\n\r\n", 400, "request line"},
      {"Http2", "PRI * HTTP/2.0\r\n\r\n", 505, "only HTTP/1.0 and HTTP/1.1"},
      {"Http1WithoutMinor", "GET / HTTP/1\r\n\r\n", 505, "only HTTP"},
      {"Http11WithMore", "GET / HTTP/1.10\r\n\r\n", 505, "only HTTP"},
      {"NoHttp", "GET / SIP/2.0\r\n\r\n", 400, "only HTTP"},
      {"LowerCaseHttp", "GET / http/1.1\r\n\r\n", 400, "only HTTP"},
      {"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begins with '/'"},
      {"Connect", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "begins with '/'"},
      {"EmptyAuthority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, ""},
      {"BadPercent", Get("/%4"), 400, "'%'"},
      {"BadPercentDigit", Get("/%4g"), 400, "'%'"},
      {"BadPercentInQuery", Get("/?a=%"), 400, "'%'"},
      {"NulInPath", Get("/%00"), 400, "control character"},
      {"LineBreakInPath", Get("/a%0d%0ab"), 400, "control character"},
      {"DotDot", Get("/a/../b"), 400, "segment of dots"},
      {"EncodedDotDot", Get("/a/%2e%2E"), 400, "segment of dots"},
      {"Dot", Get("/./a"), 400, "segment of dots"},
      {"FoldedHeader", Get("/", "X: a\r\n b\r\n"), 400, "in one line"},
      {"SpaceBeforeColon", Get("/", "X : a\r\n"), 400, "in one line"},
      {"NoColon", Get("/", "Hello\r\n"), 400, "in one line"},
      {"NoName", Get("/", ": a\r\n"), 400, "in one line"},
      {"ControlInValue", Get("/", "X: a\x01\r\n"), 400, "control character"},
      {"VerticalTab", Get("/", "X: \vchunked\r\n"), 400, "control character"},
      {"BareLf", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, ""},
      {"BareLfInHeader", Get("/", "X: a\nY: b\r\n"), 400, "control character"},
      {"BareCrInHeader", Get("/", "X: a\rY: b\r\n"), 400, "control character"},
      {"TwoLengths", Get("/", "Content-Length: 3\r\nContent-Length: 3\r\n"), 400,
       "more than one Content-Length"},
      {"ListOfLengths", Get("/", "Content-Length: 3, 3\r\n"), 400, "not a number"},
      {"SignedLength", Get("/", "Content-Length: +3\r\n"), 400, "not a number"},
      {"NegativeLength", Get("/", "Content-Length: -3\r\n"), 400, "not a number"},
      {"HexLength", Get("/", "Content-Length: 0x3\r\n"), 400, "not a number"},
      {"EmptyLength", Get("/", "Content-Length: \r\n"), 400, "not a number"},
      {"VastLength", Get("/", "Content-Length: 99999999999999999999999\r\n"), 400, "not a number"},
      {"LengthAndCoding", Get("/", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400,
       "both Content-Length and Transfer-Encoding"},
      {"Chunked", Get("/", "Transfer-Encoding: chunked\r\n"), 501, "Content-Length"},
      {"LargeBody", Get("/", "Content-Length: 65537\r\n"), 413, "more than 65536 bytes"},
      {"Expect", Get("/", "Expect: 100-continue\r\n"), 417, "without it"},
      {"LongLine", Get("/" + long_line), 414, "more than 8192 bytes"},
      {"LongLineWithoutEnd", "GET /" + long_line, 414, "more than 8192 bytes"},
      {"LongHeaders", Get("/", "X: " + std::string(33'000, 'a') + "\r\n"), 431, "32768 bytes"},
      {"EndlessHeaders", "GET / HTTP/1.1\r\nX: " + std::string(33'000, 'a'), 431, "32768 bytes"},
      {"ManyHeaders", Get("/", many_headers), 431, "more than 100 headers"},
      {"ManyParameters", Get(many_parameters), 400, "more than 100 parameters"},
  };
  for (const auto& c : cases) {
    for (const size_t size : {size_t{1}, size_t{1000}, c.bytes.size()}) {
      HttpRequestParser parser;
      FeedPieces(parser, c.bytes, size);
      ASSERT_TRUE(parser.error().has_value()) << c.name;
      EXPECT_EQ(parser.error()->status, c.status) << c.name << ": " << parser.error()->message;
      EXPECT_THAT(parser.error()->message, HasSubstr(c.message)) << c.name;
      // It stays refused, and takes nothing.
      EXPECT_EQ(parser.Feed(Get("/")), 0u) << c.name;
      EXPECT_FALSE(parser.is_complete()) << c.name;
    }
  }
}

TEST(HttpRequestTest, BoundsThemselvesAreAllowed) {
  HttpRequestParser parser({.max_line_bytes = 14, .max_head_bytes = 27, .max_body_bytes = 3});
  parser.Feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(parser.is_complete());
  HttpRequestParser line({.max_line_bytes = 13});
  line.Feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(line.error()->status, 414);
  HttpRequestParser head({.max_head_bytes = 26});
  head.Feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.error()->status, 431);
}

TEST(HttpRequestTest, PercentDecoding) {
  EXPECT_EQ(PercentDecode("a%2Fb%2f+", false), "a/b/+");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("%", false), std::nullopt);
  EXPECT_EQ(PercentDecode("%1", false), std::nullopt);
  EXPECT_EQ(PercentDecode("%G1", false), std::nullopt);
}

TEST(HttpResponseTest, Bytes) {
  EXPECT_EQ(Encode({.headers = {{"Retry-After", "3"}}, .body = "hi"}, {.keep_alive = true}),
            "HTTP/1.1 200 OK\r\nRetry-After: 3\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
  EXPECT_EQ(Encode({.status = 404, .body = "hi"}, {.without_body = true}),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 2\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Encode({.status = 204}, {}), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Encode({.status = 101, .headers = {{"Upgrade", "websocket"}}}, {}),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
}

TEST(HttpResponseTest, WhatNamesAProtocolSaysSoInConnection) {
  EXPECT_THAT(Encode({.status = 426, .headers = {{"Upgrade", "websocket"}}}, {}),
              HasSubstr("\r\nConnection: Upgrade, close\r\n"));
}

TEST(HttpResponseTest, AHeaderWithALineBreakIsLeftOut) {
  EXPECT_EQ(Encode({.status = 204, .headers = {{"X", "a\r\nSet-Cookie: b"}, {"Y\n", "c"}}}, {}),
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace parlance::pipeline::door

#include "pipeline/telemetry/span_endpoint.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/telemetry/span.h"
#include "pipeline/telemetry/span_destination.h"
#include "pipeline/telemetry/span_exporter.h"
#include "pipeline/telemetry/testing/otlp_checker.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/transport/testing/http_peer.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using HttpPeer = tools::mcp::HttpPeer;

// Longer than any test takes.
constexpr absl::Duration kLong = absl::Minutes(5);
constexpr char kRequest[] = R"({"resourceSpans":[]})";

std::unique_ptr<SpanDestination> EndpointAt(const std::string& origin,
                                            absl::Duration timeout = kLong) {
  auto endpoint = CreateSpanEndpoint({.url = absl::StrCat(origin, "/v1/traces"),
                                      .headers = {{"api-key", "k"}},
                                      .timeout = timeout});
  EXPECT_THAT(endpoint, IsOk());
  return *std::move(endpoint);
}

SendResult ResultOf(int status, const std::string& headers, const std::string& body = "{}") {
  HttpPeer peer([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(status, "application/json", body, headers);
  });
  return EndpointAt(peer.origin())->Send(kRequest);
}

// An address where nobody listens: somebody did, and has stopped.
std::string DeadOrigin() {
  return HttpPeer([](const HttpPeer::Request&, HttpPeer::Responder&) {}).origin();
}

std::vector<Span> OneSpan() {
  return {{.trace_id_low = 1,
           .span_id = 1,
           .name = "a",
           .start = absl::FromUnixSeconds(1),
           .end = absl::FromUnixSeconds(2)}};
}

TEST(SpanEndpointTest, ARequestIsPosted) {
  HttpPeer peer([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(200, "application/json", R"({"partialSuccess":{}})");
  });
  const std::unique_ptr<SpanDestination> endpoint = EndpointAt(peer.origin());
  const std::string large =
      absl::StrCat(R"({"resourceSpans":[],"x":")", std::string(200'000, 'x'), R"("})");
  for (const std::string& request : {std::string(kRequest), large}) {
    const SendResult result = endpoint->Send(request);
    EXPECT_EQ(result.kind, SendResult::Kind::kAccepted) << result.message;
    EXPECT_EQ(result.num_rejected, 0);
    const HttpPeer::Request received = peer.requests().back();
    EXPECT_EQ(received.method, "POST");
    EXPECT_EQ(received.target, "/v1/traces");
    EXPECT_EQ(received.header("content-type"), "application/json");
    EXPECT_EQ(received.header("api-key"), "k");
    EXPECT_EQ(received.header("expect"), "");
    EXPECT_EQ(received.body, request);
  }
}

TEST(SpanEndpointTest, StatusesAreThoseOfTheProtocol) {
  for (const int status : {200, 202}) {
    EXPECT_EQ(ResultOf(status, "").kind, SendResult::Kind::kAccepted) << status;
  }
  for (const int status : {429, 502, 503, 504}) {
    const SendResult result = ResultOf(status, "");
    EXPECT_EQ(result.kind, SendResult::Kind::kRetry) << status;
    EXPECT_THAT(result.message, HasSubstr(absl::StrCat("HTTP status ", status)));
    EXPECT_EQ(result.retry_after, std::nullopt);
  }
  for (const int status : {301, 400, 401, 404, 413, 500, 501}) {
    EXPECT_EQ(ResultOf(status, "Location: http://127.0.0.1:1/\r\n").kind,
              SendResult::Kind::kRefused)
        << status;
  }
}

TEST(SpanEndpointTest, TheServerMayAskForAPause) {
  EXPECT_EQ(ResultOf(503, "Retry-After: 7\r\n").retry_after, absl::Seconds(7));
  EXPECT_EQ(ResultOf(429, "Retry-After: 120\r\n").retry_after, absl::Seconds(120));
  EXPECT_EQ(ResultOf(503, "Retry-After: soon\r\n").retry_after, std::nullopt);
  EXPECT_EQ(ResultOf(503, "Retry-After: -5\r\n").retry_after, std::nullopt);
  // A date that is over asks for nothing.
  EXPECT_EQ(ResultOf(503, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n").retry_after,
            std::nullopt);
}

TEST(SpanEndpointTest, APartialSuccessIsRead) {
  EXPECT_EQ(ResultOf(200, "", R"({"partialSuccess":{"rejectedSpans":"3"}})").num_rejected, 3);
  EXPECT_EQ(ResultOf(200, "", R"({"partialSuccess":{"rejectedSpans":3}})").num_rejected, 3);
  for (const std::string& body :
       {std::string(), std::string("no JSON"), std::string("[]"),
        std::string(R"({"partialSuccess":{"rejectedSpans":"-3"}})"),
        std::string(R"({"partialSuccess":{"rejectedSpans":{}}})"), std::string(1'000'000, '[')}) {
    const SendResult result = ResultOf(200, "", body);
    EXPECT_EQ(result.kind, SendResult::Kind::kAccepted);
    EXPECT_EQ(result.num_rejected, 0) << body.substr(0, 60);
  }
}

TEST(SpanEndpointTest, APartialSuccessSaysWhy) {
  EXPECT_THAT(
      ResultOf(200, "", R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"bad"}})").message,
      EndsWith(": the server rejected 2 spans: bad"));
  EXPECT_THAT(ResultOf(200, "", R"({"partialSuccess":{"rejectedSpans":"1"}})").message,
              EndsWith(": the server rejected 1 span"));
  // No spans were rejected: it is a warning.
  const SendResult warned =
      ResultOf(200, "", R"({"partialSuccess":{"rejectedSpans":"0","errorMessage":"old\nform"}})");
  EXPECT_EQ(warned.num_rejected, 0);
  EXPECT_THAT(warned.message, EndsWith(": the server says: old form"));
  EXPECT_LT(ResultOf(200, "",
                     absl::StrCat(R"({"partialSuccess":{"errorMessage":")",
                                  std::string(60'000, 'x'), R"("}})"))
                .message.size(),
            400u);
  EXPECT_EQ(ResultOf(200, "", R"({"partialSuccess":{}})").message, "");
}

TEST(SpanEndpointTest, AServerThatIsAwayMayComeBack) {
  const std::string origin = DeadOrigin();
  const SendResult result = EndpointAt(origin)->Send(kRequest);
  EXPECT_EQ(result.kind, SendResult::Kind::kRetry);
  EXPECT_THAT(result.message, StartsWith(absl::StrCat(origin, ": ")));
}

TEST(SpanEndpointTest, NoMessageHasMoreOfTheUrlThanItsOrigin) {
  HttpPeer peer([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(400, "", "");
  });
  for (const std::string& origin : {peer.origin(), DeadOrigin()}) {
    const auto endpoint =
        CreateSpanEndpoint({.url = absl::StrCat(origin, "/secret?key=secret"), .timeout = kLong});
    ASSERT_THAT(endpoint, IsOk());
    EXPECT_THAT((*endpoint)->Send(kRequest).message,
                AllOf(StartsWith(absl::StrCat(origin, ": ")), Not(HasSubstr("secret"))));
  }
  for (const char* const url : {"http://user:secret@localhost:1/", "http://secret@localhost/",
                                "ftp://secret/", "http://secret :1"}) {
    EXPECT_THAT(CreateSpanEndpoint({.url = url}),
                StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))))
        << url;
  }
}

TEST(SpanEndpointTest, ASlowServerIsNotWaitedForForEver) {
  HttpPeer peer(
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); });
  const SendResult result = EndpointAt(peer.origin(), absl::Milliseconds(20))->Send(kRequest);
  EXPECT_EQ(result.kind, SendResult::Kind::kRetry);
}

TEST(SpanEndpointTest, AServerThatHangsUpMayBeTriedAgain) {
  HttpPeer peer([](const HttpPeer::Request&, HttpPeer::Responder&) {});
  EXPECT_EQ(EndpointAt(peer.origin())->Send(kRequest).kind, SendResult::Kind::kRetry);
}

TEST(SpanEndpointTest, WhatIsNoUrlOrHeaderIsRefused) {
  for (const char* url : {"", "traces.jsonl", "ftp://host/v1/traces", "http://", "file:///etc"}) {
    EXPECT_THAT(CreateSpanEndpoint({.url = url}), StatusIs(absl::StatusCode::kInvalidArgument))
        << url;
  }
  const std::pair<std::string, std::string> kHeaders[] = {
      {"", "x"}, {"a:b", "x"}, {"a b", "x"}, {"a", "x\r\nevil: y"}, {"a\n", "x"}};
  for (const auto& header : kHeaders) {
    EXPECT_THAT(CreateSpanEndpoint({.url = "http://localhost", .headers = {header}}),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(CreateSpanEndpoint({.url = "http://localhost", .timeout = absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// The way of a span from a turn to a server, with all that stands between.
class ExportTest : public testing::Test {
 protected:
  // Answers with the statuses in turn, and with the last one for ever.
  void Serve(std::vector<int> statuses, const std::string& headers = "") {
    peer_ = std::make_unique<HttpPeer>(
        [this, statuses = std::move(statuses), headers](const HttpPeer::Request& request,
                                                        HttpPeer::Responder& responder) {
          const auto read = ReadTraceRequest(request.body);
          EXPECT_THAT(read, IsOk());
          const size_t turn = num_served_++;
          responder.Answer(statuses[std::min(turn, statuses.size() - 1)], "application/json", "{}",
                           headers);
        });
  }
  SpanExporterOptions Options() {
    SpanExporterOptions options;
    options.max_tries = 4;
    options.pause = [this](absl::Duration pause) {
      pauses_.push_back(pause);
      return absl::ZeroDuration();
    };
    return options;
  }
  SpanExporter::Counts ExportedTo(const std::string& origin, absl::Duration timeout = kLong) {
    SpanExporter exporter(EndpointAt(origin, timeout), Options());
    exporter.Export(OneSpan());
    EXPECT_TRUE(exporter.Flush(kLong));
    return exporter.counts();
  }

  std::atomic<size_t> num_served_ = 0;
  std::vector<absl::Duration> pauses_;
  std::unique_ptr<HttpPeer> peer_;
};

TEST_F(ExportTest, Success) {
  Serve({200});
  EXPECT_EQ(ExportedTo(peer_->origin()).sent, 1);
  EXPECT_EQ(num_served_, 1u);
}

TEST_F(ExportTest, ABusyServerIsTriedAgainWhenItSaid) {
  Serve({503, 503, 200}, "Retry-After: 9\r\n");
  const SpanExporter::Counts counts = ExportedTo(peer_->origin());
  EXPECT_EQ(counts.sent, 1);
  EXPECT_EQ(counts.retries, 2);
  EXPECT_THAT(pauses_, ElementsAre(absl::Seconds(9), absl::Seconds(9)));
}

TEST_F(ExportTest, ARefusalIsCountedAndNotRepeated) {
  Serve({400});
  const SpanExporter::Counts counts = ExportedTo(peer_->origin());
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(counts.sent, 0);
  EXPECT_EQ(num_served_, 1u);
  EXPECT_THAT(counts.last_error, HasSubstr("HTTP status 400"));
}

TEST_F(ExportTest, AServerThatIsAwayIsGivenUpInTheEnd) {
  const SpanExporter::Counts counts = ExportedTo(DeadOrigin());
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(counts.retries, 3);
  EXPECT_EQ(pauses_.size(), 3u);
}

TEST_F(ExportTest, ASlowServerHoldsUpNobody) {
  HttpPeer slow(
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); });
  {
    SpanExporterOptions options = Options();
    options.shutdown_limit = absl::ZeroDuration();
    options.max_queued_spans = 10;
    SpanExporter exporter(EndpointAt(slow.origin()), options);
    // Both return although the server never answers: who exports does not wait, nor does the end.
    for (int i = 0; i < 1000; ++i) exporter.Export(OneSpan());
    EXPECT_GE(exporter.counts().dropped, 900);
  }
  EXPECT_EQ(ExportedTo(slow.origin(), absl::Milliseconds(10)).failed, 1);
}

}  // namespace
}  // namespace parlance::pipeline

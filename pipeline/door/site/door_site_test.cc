#include "pipeline/door/site/door_site.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/access/api_keys.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/net/server.h"
#include "pipeline/door/net/site.h"
#include "pipeline/door/page/page_file.h"
#include "pipeline/door/site/door_metrics.h"
#include "pipeline/door/site/fault_counts.h"
#include "pipeline/door/telephony/testing/fake_calls.h"
#include "pipeline/door/testing/fake_connection.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"
#include "pipeline/door/wyoming/testing/fake_services.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kKey[] = "0123456789abcdef";
constexpr char kBearer[] = "Authorization: Bearer 0123456789abcdef";
constexpr char kTwilioToken[] = "token-of-twilio";
constexpr char kPublicUrl[] = "wss://voice.example";
// HMAC-SHA1 of the public URL with /v1/media-streams/twilio and /telnyx, and with /v1/asterisk, by
// Python's hmac.
constexpr char kSignedForTwilio[] = "X-Twilio-Signature: HtchO2CxeEwoc1ykwED7zqjN41o=";
constexpr char kSignedForTelnyx[] = "X-Twilio-Signature: iFDgSXLaLNbLCAVQZReh6Yp0hxI=";
constexpr char kSignedForAsterisk[] = "X-Twilio-Signature: dpVAHze1rhcw+/Ne+MlzsjtPVIg=";
constexpr PageFile kPage[] = {{"/", "text/html; charset=utf-8", "<!doctype html>hello"}};

class DoorSiteTest : public testing::Test {
 protected:
  DoorSiteTest() {
    auto keys = ApiKeys::Parse(absl::StrCat("somebody ", kKey, "\nother fedcba9876543210\n"));
    if (keys.ok()) keys_ = *std::move(keys);
  }

  // With everything there is, and keys.
  DoorSiteOptions Everything() {
    return {.realtime = {.open = [this](const SessionOptions& options, SessionSink*)
                             -> absl::StatusOr<std::shared_ptr<Runtime::Session>> {
                           asked_for_ = options.session_id;
                           return refusal_;
                         },
                         .history = nullptr,
                         .random = [] { return uint64_t{7}; }},
            .page = kPage,
            .calls = calls_.environment(),
            .house = services_.all(),
            .streams = {DoorSiteOptions::Stream::kNone, DoorSiteOptions::Stream::kAudioSocket,
                        DoorSiteOptions::Stream::kWyoming},
            .keys = keys_.has_value() ? &*keys_ : nullptr,
            .max_sessions_of_key = 2,
            .twilio_auth_token = kTwilioToken,
            .public_url = kPublicUrl,
            .ready = [this] { return ready_; },
            .metrics = [] { return std::string("# EOF\n"); }};
  }

  static HttpRequest Request(absl::string_view line, const std::vector<std::string>& headers) {
    HttpRequestParser parser;
    parser.Feed(absl::StrCat(line, " HTTP/1.1\r\nHost: voice.example\r\n",
                             absl::StrJoin(headers, "\r\n"),
                             headers.empty() ? "\r\n" : "\r\n\r\n"));
    EXPECT_TRUE(parser.is_complete()) << line;
    return parser.Take();
  }
  static HttpResponse Ask(Site& site, absl::string_view line,
                          const std::vector<std::string>& headers = {}) {
    return site.Answer(Request(line, headers), {});
  }
  // Wants a WebSocket.
  Opening Open(Site& site, absl::string_view target, const std::vector<std::string>& headers = {}) {
    connection_ = std::make_shared<FakeConnection>();
    return site.OpenWebSocket(Request(absl::StrCat("GET ", target), headers), {}, connection_);
  }
  Opening OpenStream(Site& site, size_t listener) {
    connection_ = std::make_shared<FakeConnection>();
    return site.OpenStream({.listener = listener}, connection_);
  }

  std::optional<ApiKeys> keys_;
  absl::Status ready_;
  // What the runtime says to whoever wants a session.
  absl::Status refusal_ = absl::UnavailableError("the agent is busy");
  std::string asked_for_;
  FakeServices services_;
  FakeCalls calls_;
  std::shared_ptr<FakeConnection> connection_;
};

TEST_F(DoorSiteTest, ThePageIsServedToEverybody) {
  const auto site = CreateDoorSite(Everything());
  const HttpResponse page = Ask(*site, "GET /");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<!doctype html>hello");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  bool has_policy = false;
  for (const auto& [name, value] : page.headers) {
    if (name == "Content-Security-Policy") {
      has_policy = true;
      EXPECT_THAT(value, HasSubstr("default-src 'self'"));
    }
  }
  EXPECT_TRUE(has_policy);
  EXPECT_EQ(Ask(*site, "HEAD /").status, 200);
  EXPECT_EQ(Ask(*site, "GET /index.html").status, 404);
  EXPECT_EQ(Ask(*site, "POST /").status, 405);
}

TEST_F(DoorSiteTest, OperatorsAreToldWhetherItTakesConversations) {
  const auto site = CreateDoorSite(Everything());
  EXPECT_EQ(Ask(*site, "GET /healthz").status, 200);
  EXPECT_EQ(Ask(*site, "GET /readyz").status, 200);
  ready_ = absl::UnavailableError("the agent shuts down");
  EXPECT_EQ(Ask(*site, "GET /healthz").status, 200) << "it is no reason to restart it";
  const HttpResponse away = Ask(*site, "GET /readyz");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.body, "the agent shuts down\n");
}

TEST_F(DoorSiteTest, MetricsAreForWhoeverHasAKey) {
  const auto site = CreateDoorSite(Everything());
  EXPECT_EQ(Ask(*site, "GET /metrics").status, 401);
  EXPECT_EQ(Ask(*site, "GET /metrics", {"Authorization: Bearer 0123456789abcdee"}).status, 401);
  const HttpResponse metrics = Ask(*site, "GET /metrics", {kBearer});
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(metrics.content_type, kMetricsContentType);
}

TEST_F(DoorSiteTest, WithoutAWebSocketItSaysSo) {
  const auto site = CreateDoorSite(Everything());
  for (const char* const path : {"/v1/realtime", "/v1/asterisk", "/v1/media-streams/twilio"}) {
    EXPECT_EQ(Ask(*site, absl::StrCat("GET ", path)).status, 426) << path;
  }
}

struct Refusal {
  const char* what;
  const char* target;
  std::vector<std::string> headers;
  int status;
  const char* body;
};

TEST_F(DoorSiteTest, WhoMayNotComeInIsToldWhy) {
  const auto site = CreateDoorSite(Everything());
  const std::vector<Refusal> cases = {
      {"no key", "/v1/realtime", {}, 401, "a key is needed"},
      {"a wrong key",
       "/v1/realtime",
       {"Authorization: Bearer 0123456789abcdee"},
       401,
       "the key is not known here"},
      {"the beginning of a key",
       "/v1/realtime",
       {"Authorization: Bearer 0123456789abcde"},
       401,
       ""},
      {"a key in the URL", "/v1/realtime?api_key=0123456789abcdef", {}, 400, ""},
      {"a page of somebody else's",
       "/v1/realtime",
       {kBearer, "Origin: https://evil.example"},
       403,
       ""},
      {"no origin at all", "/v1/realtime", {kBearer, "Origin: null"}, 403, ""},
      {"a name that stands for this machine",
       "/v1/realtime",
       {kBearer, "Origin: https://voice.example"},
       403,
       ""},
      {"a call without a key", "/v1/media-streams/twilio", {}, 401, ""},
      {"a call of Asterisk without a key", "/v1/asterisk", {}, 401, ""},
      {"a signature that is none",
       "/v1/media-streams/twilio",
       {"X-Twilio-Signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
       401,
       ""},
      {"a signature that was made for another path",
       "/v1/media-streams/twilio",
       {kSignedForTelnyx},
       401,
       ""},
      {"a signature with something added to the path",
       "/v1/media-streams/twilio?session_id=somebody",
       {kSignedForTwilio},
       401,
       ""},
      {"a signature where none counts", "/v1/realtime", {kSignedForTwilio}, 401, ""},
      {"a signature at another carrier's", "/v1/media-streams/telnyx", {kSignedForTelnyx}, 401, ""},
      {"a signature at Asterisk's", "/v1/asterisk", {kSignedForAsterisk}, 401, ""},
      {"a carrier that nobody knows", "/v1/media-streams/acme", {kBearer}, 404, "no carrier"},
      {"no such door", "/v1/chat", {kBearer}, 404, ""},
  };
  for (const Refusal& each : cases) {
    SCOPED_TRACE(each.what);
    const Opening opening = Open(*site, each.target, each.headers);
    EXPECT_EQ(opening.handler, nullptr);
    EXPECT_EQ(opening.refusal.status, each.status);
    EXPECT_THAT(opening.refusal.body, HasSubstr(each.body));
    EXPECT_THAT(opening.refusal.body, Not(HasSubstr(kKey)));
  }
}

TEST_F(DoorSiteTest, ACallComesInWithAKeyOrASignature) {
  const auto site = CreateDoorSite(Everything());
  EXPECT_NE(Open(*site, "/v1/media-streams/twilio", {kSignedForTwilio}).handler, nullptr);
  EXPECT_NE(Open(*site, "/v1/media-streams/telnyx", {kBearer}).handler, nullptr);
  const Opening asterisk = Open(*site, "/v1/asterisk", {kBearer, "Sec-WebSocket-Protocol: media"});
  EXPECT_NE(asterisk.handler, nullptr);
  EXPECT_EQ(asterisk.subprotocol, "media");
}

TEST_F(DoorSiteTest, WithoutATokenNoSignatureCounts) {
  DoorSiteOptions options = Everything();
  options.twilio_auth_token = "";
  const auto site = CreateDoorSite(std::move(options));
  EXPECT_EQ(Open(*site, "/v1/media-streams/twilio", {kSignedForTwilio}).refusal.status, 401);
}

TEST_F(DoorSiteTest, WithATokenAndNoKeysACallAtTwiliosIsSigned) {
  DoorSiteOptions options = Everything();
  options.keys = nullptr;
  const auto site = CreateDoorSite(std::move(options));
  for (const std::vector<std::string>& headers :
       {std::vector<std::string>{}, {"X-Twilio-Signature: AAAA"}, {kSignedForTelnyx}, {kBearer}}) {
    SCOPED_TRACE(absl::StrJoin(headers, ", "));
    const Opening opening = Open(*site, "/v1/media-streams/twilio", headers);
    EXPECT_EQ(opening.handler, nullptr);
    EXPECT_EQ(opening.refusal.status, 401);
    EXPECT_THAT(opening.refusal.body, HasSubstr("not signed by Twilio"));
    EXPECT_THAT(opening.refusal.body, Not(HasSubstr(kTwilioToken)));
  }
  EXPECT_NE(Open(*site, "/v1/media-streams/twilio", {kSignedForTwilio}).handler, nullptr);
  EXPECT_NE(Open(*site, "/v1/media-streams/telnyx").handler, nullptr);
}

TEST_F(DoorSiteTest, WithoutTelephonyThereAreNoSuchDoors) {
  DoorSiteOptions options = Everything();
  options.calls = {};
  const auto site = CreateDoorSite(std::move(options));
  EXPECT_EQ(Open(*site, "/v1/media-streams/twilio", {kBearer}).refusal.status, 404);
  EXPECT_EQ(Open(*site, "/v1/asterisk", {kBearer}).refusal.status, 404);
}

TEST_F(DoorSiteTest, AKeyHasSoManySessionsAtATime) {
  const auto site = CreateDoorSite(Everything());
  Opening first = Open(*site, "/v1/media-streams/telnyx", {kBearer});
  const Opening second = Open(*site, "/v1/asterisk", {kBearer});
  EXPECT_NE(second.handler, nullptr);
  const Opening third = Open(*site, "/v1/asterisk", {kBearer});
  EXPECT_EQ(third.handler, nullptr);
  EXPECT_EQ(third.refusal.status, 429);
  EXPECT_NE(Open(*site, "/v1/asterisk", {"Authorization: Bearer fedcba9876543210"}).handler,
            nullptr)
      << "another key";
  first.handler->OnClosed(absl::OkStatus());
  first.handler.reset();
  EXPECT_NE(Open(*site, "/v1/asterisk", {kBearer}).handler, nullptr);
}

TEST_F(DoorSiteTest, WhoIsRefusedTakesNoPlace) {
  const auto site = CreateDoorSite(Everything());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Open(*site, "/v1/realtime", {kBearer}).refusal.status, 503);
    EXPECT_EQ(Open(*site, "/v1/media-streams/acme", {kBearer}).refusal.status, 404);
  }
  EXPECT_NE(Open(*site, "/v1/asterisk", {kBearer}).handler, nullptr);
}

TEST_F(DoorSiteTest, WhatTheRuntimeSaysBecomesAStatus) {
  const auto site = CreateDoorSite(Everything());
  const std::vector<std::pair<absl::Status, int>> cases = {
      {absl::NotFoundError("there is no session"), 404},
      {absl::AlreadyExistsError("it is open elsewhere"), 409},
      {absl::FailedPreconditionError("it has ended"), 409},
      {absl::UnavailableError("the agent is busy"), 503},
      {absl::ResourceExhaustedError("there are 4000 already"), 503},
      {absl::InvalidArgumentError("an id has no spaces"), 400},
      {absl::InternalError("the disk"), 500}};
  for (const auto& [status, expected] : cases) {
    refusal_ = status;
    const Opening opening = Open(*site, "/v1/realtime?session_id=mine", {kBearer});
    EXPECT_EQ(opening.refusal.status, expected) << status;
    EXPECT_THAT(opening.refusal.body, HasSubstr(std::string(status.message())));
    EXPECT_EQ(asked_for_, "mine");
  }
}

TEST_F(DoorSiteTest, ASubprotocolThatWasOfferedOtherwiseIsNotSpoken) {
  const auto site = CreateDoorSite(Everything());
  EXPECT_EQ(
      Open(*site, "/v1/realtime?refusal=close", {"Sec-WebSocket-Protocol: REALTIME"}).subprotocol,
      "");
  EXPECT_EQ(Open(*site, "/v1/asterisk", {kBearer, "Sec-WebSocket-Protocol: Media"}).subprotocol,
            "");
  EXPECT_EQ(Open(*site, "/v1/asterisk", {kBearer, "Sec-WebSocket-Protocol: media"}).subprotocol,
            "media");
}

TEST_F(DoorSiteTest, AnIdOfASessionThatIsTooLongIsNotRepeated) {
  const auto site = CreateDoorSite(Everything());
  const std::string id(129, 'a');
  const Opening opening = Open(*site, absl::StrCat("/v1/realtime?session_id=", id), {kBearer});
  EXPECT_EQ(opening.refusal.status, 404);
  EXPECT_THAT(opening.refusal.body, Not(HasSubstr("aaaa")));
}

// A page cannot read the status with which its WebSocket is refused.
TEST_F(DoorSiteTest, APageIsToldWhyByClosing) {
  const auto site = CreateDoorSite(Everything());
  const Opening opening =
      Open(*site, "/v1/realtime?refusal=close",
           {"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.wrong-horse-battery"});
  EXPECT_NE(opening.handler, nullptr);
  EXPECT_EQ(opening.subprotocol, "realtime");
  ASSERT_TRUE(connection_->end().has_value());
  EXPECT_EQ(connection_->end()->code, 4401);
  EXPECT_THAT(connection_->end()->reason, HasSubstr("the key is not known here"));
  opening.handler->OnText("{}");
}

TEST_F(DoorSiteTest, ListenersOfPlainTcpSpeakWhatTheyAreToldTo) {
  const auto site = CreateDoorSite(Everything());
  EXPECT_EQ(OpenStream(*site, 0).handler, nullptr) << "the page's";
  EXPECT_NE(OpenStream(*site, 1).handler, nullptr);
  EXPECT_EQ(OpenStream(*site, 3).handler, nullptr) << "there is no such listener";
  const Opening house = OpenStream(*site, 2);
  ASSERT_NE(house.handler, nullptr);
  const absl::string_view describe = "{\"type\":\"describe\"}\n";
  house.handler->OnBinary({reinterpret_cast<const uint8_t*>(describe.data()), describe.size()});
  EXPECT_THAT(connection_->TakeBytes(), HasSubstr("\"type\":\"info\""));
}

TEST(DoorMetricsTest, FaultsAreCountedByTheirKind) {
  FaultCounts faults;
  faults.Count("unknown_event");
  faults.Count("lost_mark");
  faults.Count("unknown_event");
  const std::string text = DoorMetrics(ServerStats(), RuntimeStats(), faults.counts());
  EXPECT_THAT(text, HasSubstr("parlance_peer_faults_total{kind=\"lost_mark\"} 1\n"
                              "parlance_peer_faults_total{kind=\"unknown_event\"} 2\n"));
  EXPECT_THAT(text, testing::EndsWith("# EOF\n"));
}

}  // namespace
}  // namespace parlance::pipeline::door

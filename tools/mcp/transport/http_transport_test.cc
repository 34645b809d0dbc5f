#include "tools/mcp/transport/http_transport.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/connect.h"
#include "tools/mcp/transport/testing/http_peer.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr absl::Duration kNever = absl::Minutes(5);
constexpr absl::Duration kSoon = absl::Milliseconds(50);

constexpr char kResult[] = R"({"jsonrpc":"2.0","id":2,"result":{"content":[]}})";

std::string InitializeResult(int id) {
  return absl::StrCat(R"({"jsonrpc":"2.0","id":)", id,
                      R"(,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}}}})");
}

bool Is(const HttpPeer::Request& request, absl::string_view method) {
  return absl::StrContains(request.body, absl::StrCat("\"method\":\"", method, "\""));
}

// What a server does first and last; false if it is anything else.
bool AnswerSession(const HttpPeer::Request& request, HttpPeer::Responder& responder,
                   absl::string_view headers = "Mcp-Session-Id: s1\r\n", int id = 1) {
  if (Is(request, "initialize")) {
    responder.Answer(200, "application/json", InitializeResult(id), headers);
  } else if (Is(request, "notifications/initialized") || Is(request, "notifications/cancelled")) {
    responder.Answer(202, "", "");
  } else if (request.method == "GET") {
    responder.Answer(405, "", "");
  } else if (request.method == "DELETE") {
    responder.Answer(200, "", "");
  } else {
    return false;
  }
  return true;
}

HttpPeer::Script AnswerCalls(HttpPeer::Script answer) {
  return [answer = std::move(answer)](const HttpPeer::Request& request,
                                      HttpPeer::Responder& responder) {
    if (!AnswerSession(request, responder)) answer(request, responder);
  };
}

std::unique_ptr<Client> Connect(const HttpPeer& peer, HttpTransportOptions transport = {},
                                ClientOptions options = {}) {
  auto client = ConnectHttp(peer.url(), std::move(transport), std::move(options));
  EXPECT_THAT(client, IsOk());
  return client.ok() ? *std::move(client) : nullptr;
}

// What a call comes to if it is answered so.
absl::Status Call(HttpPeer::Script answer, absl::Duration timeout = kNever,
                  const HttpTransportOptions& transport = {}, const ClientOptions& options = {}) {
  HttpPeer peer(AnswerCalls(std::move(answer)));
  return Connect(peer, transport, options)->CallTool("tool", "", {.timeout = timeout}).status();
}

TEST(HttpTransportTest, SendsWhatTheProtocolAsks) {
  HttpPeer peer(AnswerCalls([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(200, "application/json; charset=utf-8", kResult);
  }));
  {
    const auto client =
        Connect(peer, {.headers = {{"Authorization", "Bearer secret"}}, .listen = false});
    EXPECT_EQ(client->server_info().protocol_version, "2025-06-18");
    const auto result = client->CallTool("tool", "");
    EXPECT_THAT(result, IsOk());
  }
  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 4);
  EXPECT_TRUE(Is(requests[0], "initialize"));
  EXPECT_TRUE(Is(requests[1], "notifications/initialized"));
  EXPECT_TRUE(Is(requests[2], "tools/call"));
  EXPECT_EQ(requests[3].method, "DELETE");
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].header("authorization"), "Bearer secret");
    EXPECT_EQ(requests[i].header("mcp-session-id"), i == 0 ? "" : "s1");
    EXPECT_EQ(requests[i].header("mcp-protocol-version"), i == 0 ? "" : "2025-06-18");
    if (i == 3) continue;
    EXPECT_EQ(requests[i].method, "POST");
    EXPECT_EQ(requests[i].header("accept"), "application/json, text/event-stream");
    EXPECT_EQ(requests[i].header("content-type"), "application/json");
  }
}

TEST(HttpTransportTest, NothingOvertakesTheEndOfTheInitialisation) {
  std::atomic<bool> is_initialised = false;
  std::atomic<bool> was_initialised = false;
  HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    if (Is(request, "notifications/initialized")) {
      // Time in which a request on another connection would arrive.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      is_initialised = true;
    }
    if (AnswerSession(request, responder)) return;
    was_initialised = is_initialised.load();
    responder.Answer(200, "application/json", kResult);
  });
  EXPECT_THAT(Connect(peer)->CallTool("tool", ""), IsOk());
  EXPECT_TRUE(was_initialised);
}

TEST(HttpTransportTest, WithoutASessionThereIsNoneToEnd) {
  HttpPeer peer([](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    AnswerSession(request, responder, "");
  });
  Connect(peer, {.listen = false}).reset();
  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 2);
  EXPECT_EQ(requests[1].header("mcp-session-id"), "");
}

TEST(HttpTransportTest, ReadsAStreamOfEvents) {
  HttpPeer peer(AnswerCalls([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write("id: 1\ndata:\n\n: alive\n\n");
    responder.Write(
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
        "{\"progressToken\":2,\"progress\":0.5}}\n\n");
    responder.Write("event: other\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n");
    responder.Write(absl::StrCat("event: message\ndata: ", kResult, "\n\n"));
  }));
  int num_told = 0;
  const auto result = Connect(peer)->CallTool(
      "tool", "", {.timeout = kNever, .on_progress = [&](const ToolProgress& progress) {
                     EXPECT_EQ(progress.progress, 0.5);
                     ++num_told;
                   }});
  EXPECT_THAT(result, IsOk());
  EXPECT_EQ(num_told, 1);
}

TEST(HttpTransportTest, AStreamThatStaysOpenAfterTheAnswerHoldsUpNothing) {
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                responder.StartStream();
                responder.Write(absl::StrCat("data: ", kResult, "\n\n"));
                responder.WaitForHangUp();
              }),
              IsOk());
}

TEST(HttpTransportTest, TakesABrokenStreamUpAgain) {
  std::atomic<int> num_resumed = 0;
  HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    if (request.method == "GET" && !request.header("last-event-id").empty()) {
      // Once more without the answer.
      responder.StartStream();
      if (++num_resumed == 1) return responder.Write("id: e2\nretry: 1\ndata:\n\n");
      responder.Write(absl::StrCat("data: ", kResult, "\n\n"));
    } else if (!AnswerSession(request, responder)) {
      responder.StartStream();
      responder.Write("id: e1\nretry: 1\ndata:\n\n");
    }
  });
  // Longer than the test would last, if the server's were not respected.
  const auto client = Connect(peer, {.listen = false, .reconnect_delay = kNever});
  const auto result = client->CallTool("tool", "", {.timeout = kNever});
  EXPECT_THAT(result, IsOk());
  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 5);
  EXPECT_EQ(requests[3].header("last-event-id"), "e1");
  EXPECT_EQ(requests[4].header("last-event-id"), "e2");
  EXPECT_EQ(requests[4].header("accept"), "text/event-stream");
  EXPECT_EQ(requests[4].header("mcp-session-id"), "s1");
}

TEST(HttpTransportTest, EveryFailureIsAStatus) {
  const auto answer = [](int status, const char* type, const std::string& body) {
    return [=](const HttpPeer::Request&, HttpPeer::Responder& responder) {
      responder.Answer(status, type, body);
    };
  };
  using absl::StatusCode;
  EXPECT_THAT(Call(answer(500, "", "")), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(Call(answer(401, "", "")), StatusIs(StatusCode::kUnauthenticated));
  EXPECT_THAT(Call(answer(403, "", "")), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(Call(answer(429, "", "")), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(Call(answer(301, "", "")), StatusIs(StatusCode::kFailedPrecondition));
  const absl::Status said =
      Call(answer(400, "application/json",
                  R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"the reason"}})"));
  EXPECT_THAT(said, StatusIs(StatusCode::kFailedPrecondition, HasSubstr("400: the reason")));
  // Neither JSON nor events, no body, another message, no message.
  EXPECT_THAT(Call(answer(200, "text/html", "<p>")), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(Call(answer(202, "", "")), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(Call(answer(200, "application/json", R"({"jsonrpc":"2.0","id":9,"result":{}})")),
              StatusIs(StatusCode::kInternal));
  EXPECT_THAT(Call(answer(200, "application/json", "{")), StatusIs(StatusCode::kInternal));
  // Hangs up: at once, in the middle of the body, before the answer.
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder&) {}),
              StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                responder.Write(
                    "HTTP/1.1 200 x\r\nContent-Type: application/json\r\n"
                    "Content-Length: 1000\r\n\r\n{");
              }),
              StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                responder.StartStream();
                responder.Write(absl::StrCat("data: ", kResult, "\n"));
              }),
              StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                responder.Write("no HTTP\r\n\r\n");
              }),
              StatusIs(StatusCode::kUnavailable));
}

TEST(HttpTransportTest, FailuresSayWhatTheServerSaid) {
  const auto message_of = [](int status, const std::string& headers, const std::string& body = "") {
    const absl::Status called = Call([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
      responder.Answer(status, "application/json", body, headers);
    });
    EXPECT_THAT(called, Not(IsOk()));
    return std::string(called.message());
  };
  // An error that names no request, with a status of success.
  EXPECT_THAT(
      message_of(200, "",
                 R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"the reason"}})"),
      HasSubstr("meanwhile it sent this: the reason"));
  // Redirects. Of where they lead, no more is told than may be of a URL.
  EXPECT_THAT(message_of(307, "Location: /mcp/?key=secret\r\n"),
              AllOf(HasSubstr("307, a redirect, which is not followed"),
                    HasSubstr("the same path with a / at its end"), Not(HasSubstr("secret"))));
  EXPECT_THAT(message_of(308, "Location: /secret\r\n"),
              AllOf(HasSubstr("to another path of the same server"), Not(HasSubstr("secret"))));
  EXPECT_THAT(message_of(302, "Location: https://a:secret@a.example/mcp/\r\n"),
              AllOf(HasSubstr("to another server"), Not(HasSubstr("secret"))));
  EXPECT_THAT(message_of(301, ""), EndsWith("HTTP status 301, a redirect, which is not followed"));
  EXPECT_THAT(message_of(200, absl::StrCat("X: ", std::string(3'000'000, 'x'), "\r\n")),
              HasSubstr("a header of the response is too long"));
}

TEST(HttpTransportTest, AnAnswerThatIsCompressedIsRefusedByName) {
  HttpPeer peer(AnswerCalls([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(200, "application/json", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n");
  }));
  EXPECT_THAT(Connect(peer, {.listen = false})->CallTool("tool", ""),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("Content-Encoding: gzip")));
  for (const HttpPeer::Request& request : peer.requests()) {
    EXPECT_EQ(request.header("accept-encoding"), request.method == "DELETE" ? "" : "identity");
  }
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                responder.Answer(200, "application/json", kResult,
                                 "Content-Encoding: Identity\r\n");
              }),
              IsOk());
  EXPECT_THAT(Call([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                responder.StartStream("Content-Encoding: br\r\n");
                responder.Write("x");
              }),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("Content-Encoding: br")));
}

TEST(HttpTransportTest, BoundsWhatItReads) {
  const std::string large(200'000, 'x');
  ClientOptions options;
  options.limits.max_bytes = 100'000;
  EXPECT_THAT(Call(
                  [&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                    responder.Answer(200, "application/json", large);
                  },
                  kNever, {}, options),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Call(
                  [&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
                    responder.StartStream();
                    responder.Write(absl::StrCat("data: ", large));
                  },
                  kNever, {}, options),
              StatusIs(absl::StatusCode::kResourceExhausted));
  // Only a little is kept of an error's body.
  EXPECT_THAT(
      Call([&](const HttpPeer::Request&,
               HttpPeer::Responder& responder) { responder.Answer(500, "text/html", large); },
           kNever, {}, options),
      StatusIs(absl::StatusCode::kUnavailable));
}

TEST(HttpTransportTest, ADeadlineHoldsWhateverTheServerDoes) {
  const HttpPeer::Script scripts[] = {
      // Silent, silent after the headers, silent in the middle.
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); },
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) {
        responder.StartStream();
        responder.WaitForHangUp();
      },
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) {
        responder.Write("HTTP/1.1 200 x\r\nContent-Type: application/json\r\n\r\n{");
        responder.WaitForHangUp();
      },
      // Breaks off again and again.
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) {
        responder.StartStream();
        responder.Write("id: 1\nretry: 0\ndata:\n\n");
      },
  };
  for (const HttpPeer::Script& script : scripts) {
    HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
      // What is to be resumed breaks off as well.
      const bool resumes = !request.header("last-event-id").empty();
      if (resumes || !AnswerSession(request, responder)) script(request, responder);
    });
    auto client = Connect(peer, {.listen = false});
    EXPECT_THAT(client->CallTool("tool", "", {.timeout = kSoon}),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    client.reset();
    bool told = false;
    for (const auto& request : peer.requests()) told |= Is(request, "notifications/cancelled");
    EXPECT_TRUE(told);
  }
}

TEST(HttpTransportTest, NobodyThere) {
  std::string url;
  {
    const HttpPeer peer([](const HttpPeer::Request&, HttpPeer::Responder&) {});
    url = peer.url();
  }
  EXPECT_THAT(ConnectHttp(url), StatusIs(absl::StatusCode::kUnavailable));
  for (const char* wrong : {"", "ftp://127.0.0.1/", "file:///etc/passwd", "http://"}) {
    EXPECT_THAT(ConnectHttp(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
  EXPECT_THAT(ConnectHttp(url, {.headers = {{"A", "b\r\nC: d"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ConnectHttp(url, {.headers = {{"A:", "b"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(HttpTransportTest, NoMessageHasMoreOfTheUrlThanItsOrigin) {
  std::string origin;
  {
    const HttpPeer peer([](const HttpPeer::Request&, HttpPeer::Responder&) {});
    origin = peer.origin();
  }
  const std::string rest = absl::StrReplaceAll(origin, {{"http://", ""}});
  EXPECT_THAT(ConnectHttp(absl::StrCat("http://user:secret@", rest, "/secret?key=secret")),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(StartsWith(absl::StrCat(origin, ": ")), Not(HasSubstr("secret")))));
  for (const char* const url : {"ftp://secret/", "http://secret :1"}) {
    EXPECT_THAT(ConnectHttp(url),
                StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))))
        << url;
  }
}

TEST(HttpTransportTest, ANameAndAPasswordInTheUrlAreSent) {
  HttpPeer peer([](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    AnswerSession(request, responder);
  });
  const std::string rest = absl::StrReplaceAll(peer.url(), {{"http://", ""}});
  EXPECT_THAT(ConnectHttp(absl::StrCat("http://a:b@", rest), {.listen = false}), IsOk());
  EXPECT_EQ(peer.requests().at(0).header("authorization"), "Basic YTpi");
}

TEST(HttpTransportTest, AnExpiredSessionIsInitialisedAgain) {
  // A server need not give the second session an id.
  for (const std::string second : {"s2", ""}) {
    std::atomic<int> num_sessions = 0;
    HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
      if (Is(request, "initialize")) {
        const int number = ++num_sessions;
        // The second is the client's third request.
        responder.Answer(200, "application/json", InitializeResult(number == 1 ? 1 : 3),
                         number == 1 || !second.empty()
                             ? absl::StrCat("Mcp-Session-Id: s", number, "\r\n")
                             : "");
      } else if (!AnswerSession(request, responder)) {
        if (request.header("mcp-session-id") == "s1") {
          responder.Answer(404, "", "");
        } else {
          responder.Answer(200, "application/json", R"({"jsonrpc":"2.0","id":4,"result":{}})");
        }
      }
    });
    const auto client = Connect(peer, {.listen = false});
    EXPECT_THAT(client->Ping(kNever), IsOk());
    const auto requests = peer.requests();
    ASSERT_EQ(requests.size(), 6);
    EXPECT_EQ(requests[2].header("mcp-session-id"), "s1");
    EXPECT_EQ(requests[3].header("mcp-session-id"), "");
    EXPECT_EQ(requests[3].header("mcp-protocol-version"), "");
    EXPECT_EQ(requests[4].header("mcp-session-id"), second);
    EXPECT_EQ(requests[5].header("mcp-session-id"), second);
  }
}

TEST(HttpTransportTest, ListensForWhatTheServerSaysByItself) {
  std::mutex mutex;
  std::condition_variable changed;
  int num_told = 0;
  int num_listens = 0;
  HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    if (request.method != "GET") {
      AnswerSession(request, responder);
      return;
    }
    // Twice it says something; then it says no more.
    int number = 0;
    {
      std::lock_guard<std::mutex> lock(mutex);
      number = ++num_listens;
      changed.notify_all();
    }
    responder.StartStream();
    if (number > 2) return responder.WaitForHangUp();
    responder.Write(absl::StrCat("id: g", number,
                                 "\nretry: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":"
                                 "\"notifications/tools/list_changed\"}\n\n"));
  });
  {
    const auto client = Connect(peer, {}, {.on_tools_changed = [&] {
                                  std::lock_guard<std::mutex> lock(mutex);
                                  ++num_told;
                                  changed.notify_all();
                                }});
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return num_told > 0 && num_listens > 2; });
  }
  std::vector<HttpPeer::Request> listens;
  for (const auto& request : peer.requests()) {
    if (request.method == "GET") listens.push_back(request);
  }
  ASSERT_EQ(listens.size(), 3);
  EXPECT_EQ(listens[0].header("last-event-id"), "");
  EXPECT_EQ(listens[0].header("mcp-session-id"), "s1");
  EXPECT_EQ(listens[1].header("last-event-id"), "g1");
  EXPECT_EQ(listens[2].header("last-event-id"), "g2");
}

TEST(HttpTransportTest, CallsAreUnderWayAtOnce) {
  constexpr int kNumCalls = 6;
  std::mutex mutex;
  std::condition_variable all_here;
  int num_here = 0;
  HttpPeer peer(AnswerCalls([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      ++num_here;
      all_here.notify_all();
      all_here.wait(lock, [&] { return num_here == kNumCalls; });
    }
    const size_t at = request.body.find("\"id\":") + 5;
    const std::string id = request.body.substr(at, request.body.find(',', at) - at);
    responder.Answer(
        200, "application/json",
        absl::StrCat(R"({"jsonrpc":"2.0","id":)", id,
                     R"(,"result":{"content":[{"type":"text","text":")", id, "\"}]}}"));
  }));
  const auto client = Connect(peer);
  std::vector<std::thread> threads;
  std::mutex texts_mutex;
  std::set<std::string> texts;
  for (int i = 0; i < kNumCalls; ++i) {
    threads.emplace_back([&] {
      const auto result = client->CallTool("tool", "", {.timeout = kNever});
      ASSERT_THAT(result, IsOk());
      std::lock_guard<std::mutex> lock(texts_mutex);
      texts.insert(result->output.text);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(texts.size(), kNumCalls);
}

TEST(HttpTransportTest, AServerThatAsksAndDoesNotReadTakesFewConnections) {
  constexpr int kNumPings = 1000;
  // Initialising, its end and the two calls; eight answers are under way.
  constexpr int kMaxConnections = 4 + 8;
  std::atomic<int> num_calls = 0;
  HttpPeer peer(AnswerCalls([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    // What has no method is an answer.
    if (!Is(request, "tools/call")) return responder.WaitForHangUp();
    responder.StartStream();
    const bool asks = ++num_calls == 1;
    for (int i = 0; asks && i < kNumPings; ++i) {
      responder.Write(
          absl::StrCat("data: {\"jsonrpc\":\"2.0\",\"id\":", i, ",\"method\":\"ping\"}\n\n"));
    }
    responder.Write(absl::StrCat("data: {\"jsonrpc\":\"2.0\",\"id\":", asks ? 2 : 3,
                                 ",\"result\":{\"content\":[]}}\n\n"));
  }));
  // Without a bound, the end of the client would wait for ever, too.
  auto client =
      Connect(peer, {.notification_timeout = kNever, .listen = false, .close_timeout = kNever});
  EXPECT_THAT(client->CallTool("tool", "", {.timeout = kNever}), IsOk());
  // Answers that nobody reads hold up no request.
  EXPECT_THAT(client->CallTool("tool", "", {.timeout = kNever}), IsOk());
  EXPECT_LE(peer.num_connections(), kMaxConnections);
  client.reset();
  // And one to end the session.
  EXPECT_LE(peer.num_connections(), kMaxConnections + 1);
}

TEST(HttpTransportTest, AnAnswerToTheEndOfTheInitialisationThatStaysOpenHoldsUpNothing) {
  for (const char* const start : {"", ": alive\n\n"}) {
    HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
      if (Is(request, "notifications/initialized")) {
        responder.StartStream();
        responder.Write(start);
        return responder.WaitForHangUp();
      }
      if (!AnswerSession(request, responder)) responder.Answer(200, "application/json", kResult);
    });
    const auto client = Connect(
        peer,
        {.notification_timeout = kNever, .initialized_timeout = kNever, .close_timeout = kNever});
    EXPECT_THAT(client->CallTool("tool", "", {.timeout = kNever}), IsOk());
  }
}

TEST(HttpTransportTest, NoAnswerToTheEndOfTheInitialisationIsNotWaitedForForEver) {
  HttpPeer peer([&](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    if (Is(request, "notifications/initialized")) return responder.WaitForHangUp();
    if (!AnswerSession(request, responder)) responder.Answer(200, "application/json", kResult);
  });
  const auto client = Connect(
      peer, {.notification_timeout = kNever, .initialized_timeout = kSoon, .close_timeout = kSoon});
  EXPECT_THAT(client->CallTool("tool", "", {.timeout = kNever}), IsOk());
}

TEST(HttpTransportTest, ClosingDoesNotWaitForAServerThatHangs) {
  HttpPeer peer([](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    if (request.method == "DELETE" || request.method == "GET") return responder.WaitForHangUp();
    AnswerSession(request, responder);
  });
  Connect(peer, {.close_timeout = kSoon}).reset();
}

}  // namespace
}  // namespace parlance::tools::mcp

#include "pipeline/http/http_loop.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/runtime/testing/gate.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/transport/testing/http_peer.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using HttpPeer = tools::mcp::HttpPeer;

// Longer than any test takes, and shorter than anybody's patience.
constexpr absl::Duration kLong = absl::Minutes(5);
constexpr absl::Duration kShort = absl::Milliseconds(20);

// Keeps what it is told.
class Heard : public HttpListener {
 public:
  void OnHead(const HttpHead& head) override {
    EXPECT_FALSE(this->head.has_value());
    this->head = head;
  }
  bool OnBody(absl::string_view bytes) override {
    EXPECT_TRUE(head.has_value());
    body.append(bytes.data(), bytes.size());
    began.Open();
    return on_body == nullptr || on_body();
  }
  void OnDone(const absl::Status& status) override {
    EXPECT_FALSE(this->status.has_value());
    this->status = status;
    if (on_done != nullptr) on_done();
    done.Open();
  }

  std::function<bool()> on_body;
  std::function<void()> on_done;
  std::optional<HttpHead> head;
  std::string body;
  std::optional<absl::Status> status;
  // Open once something of the body was there, and once it is over.
  Gate began;
  Gate done;
};

std::unique_ptr<HttpLoop> Loop(const HttpLoop::Options& options = {}) {
  auto loop = HttpLoop::Create(options);
  EXPECT_THAT(loop, IsOk());
  return *std::move(loop);
}

HttpRequest RequestTo(const std::string& origin) {
  HttpRequest request;
  request.url = absl::StrCat(origin, "/v1/models?secret=1");
  request.connect_timeout = kLong;
  request.first_byte_timeout = kLong;
  request.stall_timeout = kLong;
  request.total_timeout = kLong;
  return request;
}

std::shared_ptr<Heard> Fetch(HttpLoop& loop, HttpRequest request) {
  auto heard = std::make_shared<Heard>();
  EXPECT_THAT(loop.Start(std::move(request), heard), IsOk());
  heard->done.Wait();
  return heard;
}

// An address where nobody listens: somebody did, and has stopped.
std::string DeadOrigin() {
  return HttpPeer([](const HttpPeer::Request&, HttpPeer::Responder&) {}).origin();
}

void AnswerShortly(const HttpPeer::Request& request, HttpPeer::Responder& responder) {
  responder.Answer(200, "text/plain", request.body);
}

TEST(HttpLoopTest, AnAnswerThatIsCompressedIsNotTakenForItsContent) {
  for (const int status : {200, 500}) {
    HttpPeer peer([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
      responder.Answer(status, "audio/pcm", "\x1f\x8b\x08", "Content-Encoding: gzip\r\n");
    });
    const auto loop = Loop();
    const auto heard = Fetch(*loop, RequestTo(peer.origin()));
    EXPECT_EQ(peer.requests().at(0).header("accept-encoding"), "identity");
    EXPECT_EQ(heard->body, "");
    if (status == 200) {
      EXPECT_THAT(*heard->status,
                  StatusIs(absl::StatusCode::kFailedPrecondition,
                           AllOf(HasSubstr(peer.origin()), HasSubstr("Content-Encoding: gzip"))));
    } else {
      // The status says what is wrong.
      EXPECT_THAT(*heard->status, IsOk());
      EXPECT_EQ(heard->head->status, status);
    }
  }
  HttpPeer plain([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(200, "text/plain", "words", "Content-Encoding: identity\r\n");
  });
  const auto loop = Loop();
  EXPECT_EQ(Fetch(*loop, RequestTo(plain.origin()))->body, "words");
}

TEST(HttpLoopTest, ARequestIsAnswered) {
  HttpPeer peer([](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
    responder.Answer(request.method == "GET" ? 404 : 200, "application/json", "{}",
                     "Retry-After: 7\r\n");
  });
  const auto loop = Loop();
  HttpRequest post = RequestTo(peer.origin());
  post.headers = {{"Authorization", "Bearer k"}, {"X-Empty", ""}};
  post.body = std::string(300'000, 'x');
  const auto posted = Fetch(*loop, post);
  EXPECT_THAT(*posted->status, IsOk());
  EXPECT_EQ(posted->head->status, 200);
  EXPECT_EQ(posted->head->content_type, "application/json");
  EXPECT_EQ(posted->head->retry_after, absl::Seconds(7));
  EXPECT_EQ(posted->body, "{}");
  const auto got = Fetch(*loop, RequestTo(peer.origin()));
  EXPECT_THAT(*got->status, IsOk());
  EXPECT_EQ(got->head->status, 404);
  const std::vector<HttpPeer::Request> requests = peer.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/v1/models?secret=1");
  EXPECT_EQ(requests[0].header("authorization"), "Bearer k");
  EXPECT_EQ(requests[0].headers.count("x-empty"), 1u);
  EXPECT_EQ(requests[0].headers.count("expect"), 0u);
  EXPECT_EQ(requests[0].body, post.body);
  EXPECT_EQ(requests[1].method, "GET");
  EXPECT_EQ(loop->num_transfers(), 0u);
}

TEST(HttpLoopTest, AStreamIsHeardAsItComes) {
  Gate heard_first;
  HttpPeer peer([heard_first](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write("data: 1\n\n");
    heard_first.Wait();
    responder.Write("data: 2\n\n");
  });
  const auto loop = Loop();
  const auto heard = std::make_shared<Heard>();
  EXPECT_THAT(loop->Start(RequestTo(peer.origin()), heard), IsOk());
  heard->began.Wait();
  heard_first.Open();
  heard->done.Wait();
  EXPECT_THAT(*heard->status, IsOk());
  EXPECT_EQ(heard->body, "data: 1\n\ndata: 2\n\n");
}

TEST(HttpLoopTest, ConnectionsAreUsedAgain) {
  HttpPeer peer(AnswerShortly, HttpPeer::Connections::kKeepAlive);
  const auto loop = Loop();
  for (int i = 0; i < 5; ++i) {
    HttpRequest request = RequestTo(peer.origin());
    request.body = absl::StrCat("number ", i);
    EXPECT_EQ(Fetch(*loop, request)->body, *request.body);
  }
  EXPECT_EQ(peer.num_connections(), 1);
}

TEST(HttpLoopTest, ManyGoOnAtOnce) {
  constexpr int kMany = 100;
  Gate all_are_there;
  std::atomic<int> num_there = 0;
  HttpPeer peer([&num_there, all_are_there](const HttpPeer::Request& request,
                                            HttpPeer::Responder& responder) {
    if (++num_there == kMany) all_are_there.Open();
    all_are_there.Wait();
    AnswerShortly(request, responder);
  });
  const auto loop = Loop();
  std::vector<std::shared_ptr<Heard>> all;
  for (int i = 0; i < kMany; ++i) {
    HttpRequest request = RequestTo(peer.origin());
    request.body = absl::StrCat(i);
    all.push_back(std::make_shared<Heard>());
    EXPECT_THAT(loop->Start(request, all.back()), IsOk());
  }
  for (int i = 0; i < kMany; ++i) {
    all[static_cast<size_t>(i)]->done.Wait();
    EXPECT_EQ(all[static_cast<size_t>(i)]->body, absl::StrCat(i));
  }
}

TEST(HttpLoopTest, ACancelledTransferIsReallyEnded) {
  Gate hung_up;
  HttpPeer peer([hung_up](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write("data: 1\n\n");
    responder.WaitForHangUp();
    hung_up.Open();
  });
  const auto loop = Loop();
  const auto heard = std::make_shared<Heard>();
  const auto transfer = loop->Start(RequestTo(peer.origin()), heard);
  ASSERT_THAT(transfer, IsOk());
  heard->began.Wait();
  loop->Cancel(*transfer);
  heard->done.Wait();
  EXPECT_THAT(*heard->status, StatusIs(absl::StatusCode::kCancelled));
  hung_up.Wait();
  // One that is over can be cancelled, and one that never was.
  loop->Cancel(*transfer);
  loop->Cancel(12345);
  EXPECT_EQ(loop->num_transfers(), 0u);
}

TEST(HttpLoopTest, WhoHasHeardEnoughEndsIt) {
  Gate hung_up;
  HttpPeer peer([hung_up](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write("data: [DONE]\n\n");
    responder.WaitForHangUp();
    hung_up.Open();
  });
  const auto loop = Loop();
  const auto heard = std::make_shared<Heard>();
  heard->on_body = [] { return false; };
  EXPECT_THAT(loop->Start(RequestTo(peer.origin()), heard), IsOk());
  heard->done.Wait();
  EXPECT_THAT(*heard->status, StatusIs(absl::StatusCode::kCancelled));
  hung_up.Wait();
}

TEST(HttpLoopTest, ItsEndCancelsAll) {
  HttpPeer peer(
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); });
  const auto waiting = std::make_shared<Heard>();
  const auto delayed = std::make_shared<Heard>();
  {
    const auto loop = Loop();
    // A listener that begins another request is refused it.
    waiting->on_done = [&loop, &peer] {
      EXPECT_THAT(loop->Start(RequestTo(peer.origin()), std::make_shared<Heard>()),
                  StatusIs(absl::StatusCode::kCancelled));
    };
    EXPECT_THAT(loop->Start(RequestTo(peer.origin()), waiting), IsOk());
    HttpRequest later = RequestTo(peer.origin());
    later.delay = kLong;
    EXPECT_THAT(loop->Start(later, delayed), IsOk());
  }
  EXPECT_THAT(*waiting->status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(*delayed->status, StatusIs(absl::StatusCode::kCancelled));
}

TEST(HttpLoopTest, ARequestMayWait) {
  HttpPeer peer(AnswerShortly);
  const auto loop = Loop();
  HttpRequest request = RequestTo(peer.origin());
  request.body = "later";
  request.delay = kShort;
  EXPECT_EQ(Fetch(*loop, request)->body, "later");
  request.delay = kLong;
  const auto heard = std::make_shared<Heard>();
  const auto transfer = loop->Start(request, heard);
  loop->Cancel(*transfer);
  heard->done.Wait();
  EXPECT_THAT(*heard->status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(peer.requests().size(), 1u);
}

TEST(HttpLoopTest, NobodyIsWaitedForForEver) {
  HttpPeer silent(
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); });
  HttpPeer stuck([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write("data: 1\n\n");
    responder.WaitForHangUp();
  });
  const auto loop = Loop();
  const auto expect = [&](const HttpRequest& request, const std::string& message) {
    const auto heard = Fetch(*loop, request);
    EXPECT_THAT(*heard->status, StatusIs(absl::StatusCode::kDeadlineExceeded,
                                         AllOf(HasSubstr(message), HasSubstr("http://127.0.0.1:"),
                                               Not(HasSubstr("secret")))));
  };
  HttpRequest request = RequestTo(silent.origin());
  request.first_byte_timeout = kShort;
  expect(request, "there was no answer for 20ms");
  request = RequestTo(stuck.origin());
  request.stall_timeout = kShort;
  expect(request, "nothing came for 20ms");
  request = RequestTo(silent.origin());
  request.total_timeout = kShort;
  expect(request, "timed out");
}

TEST(HttpLoopTest, FailuresSayWhatHappened) {
  const auto loop = Loop();
  const auto refused = Fetch(*loop, RequestTo(DeadOrigin()));
  EXPECT_THAT(*refused->status,
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("http://127.0.0.1:"), Not(HasSubstr("secret")))));
  EXPECT_FALSE(refused->head.has_value());
  HttpPeer rude([](const HttpPeer::Request&, HttpPeer::Responder&) {});
  EXPECT_THAT(*Fetch(*loop, RequestTo(rude.origin()))->status,
              StatusIs(absl::StatusCode::kUnavailable));
  HttpPeer breaking([](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Write("HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nhalf");
  });
  const auto broken = Fetch(*loop, RequestTo(breaking.origin()));
  EXPECT_THAT(*broken->status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(broken->body, "half");
  // Its server waits for the end of a request, and never begins to speak TLS.
  HttpPeer plain(AnswerShortly);
  HttpRequest request = RequestTo(absl::StrCat("https", plain.origin().substr(4)));
  request.connect_timeout = kShort;
  EXPECT_THAT(*Fetch(*loop, request)->status, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(HttpLoopTest, ABodyHasABound) {
  HttpPeer peer(AnswerShortly);
  const auto loop = Loop();
  HttpRequest request = RequestTo(peer.origin());
  request.max_body_bytes = 1000;
  request.body = std::string(1000, 'x');
  EXPECT_THAT(*Fetch(*loop, request)->status, IsOk());
  request.body = std::string(1001, 'x');
  EXPECT_THAT(*Fetch(*loop, request)->status,
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("longer than 1000 bytes")));
}

TEST(HttpLoopTest, TransfersHaveABound) {
  HttpPeer peer(
      [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.WaitForHangUp(); });
  const auto loop = Loop({.max_transfers = 2});
  const auto first = std::make_shared<Heard>();
  const auto transfer = loop->Start(RequestTo(peer.origin()), first);
  EXPECT_THAT(loop->Start(RequestTo(peer.origin()), std::make_shared<Heard>()), IsOk());
  EXPECT_THAT(loop->Start(RequestTo(peer.origin()), std::make_shared<Heard>()),
              StatusIs(absl::StatusCode::kResourceExhausted));
  loop->Cancel(*transfer);
  first->done.Wait();
  EXPECT_THAT(loop->Start(RequestTo(peer.origin()), std::make_shared<Heard>()), IsOk());
}

// A key that follows a redirect would be sent to whoever is named there.
TEST(HttpLoopTest, RedirectsAreNotFollowed) {
  HttpPeer elsewhere(AnswerShortly);
  HttpPeer peer([&](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(307, "", "", absl::StrCat("Location: ", elsewhere.origin(), "\r\n"));
  });
  const auto loop = Loop();
  HttpRequest request = RequestTo(peer.origin());
  request.headers = {{"Authorization", "Bearer k"}};
  const auto heard = Fetch(*loop, request);
  EXPECT_THAT(*heard->status, IsOk());
  EXPECT_EQ(heard->head->status, 307);
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(HttpLoopTest, AProxyOfTheEnvironmentIsNotUsed) {
  HttpPeer proxy(AnswerShortly);
  for (const char* name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY"}) {
    setenv(name, proxy.origin().c_str(), 1);
  }
  HttpPeer peer(AnswerShortly);
  const auto loop = Loop();
  EXPECT_THAT(*Fetch(*loop, RequestTo(peer.origin()))->status, IsOk());
  for (const char* name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY"}) unsetenv(name);
  EXPECT_TRUE(proxy.requests().empty());
}

TEST(HttpLoopTest, WhatCannotBeSentIsRefused) {
  const auto loop = Loop();
  const auto start = [&](HttpRequest request) {
    const auto heard = std::make_shared<Heard>();
    const absl::Status status = loop->Start(std::move(request), heard).status();
    EXPECT_FALSE(heard->status.has_value());
    return status;
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  for (const char* url : {"", "localhost:8080", "ftp://host/x", "http://", "file:///etc/passwd"}) {
    HttpRequest request;
    request.url = url;
    EXPECT_THAT(start(request), StatusIs(kInvalid, HasSubstr("http"))) << url;
  }
  HttpRequest request;
  request.url = "https://user:pass@host/";
  EXPECT_THAT(start(request),
              StatusIs(kInvalid, AllOf(HasSubstr("header instead"), Not(HasSubstr("pass@")))));
  const std::pair<std::string, std::string> headers[] = {
      {"", "x"}, {"a b", "x"}, {"a:", "x"}, {"a\r\nb", "x"}, {"a", "x\r\nb: secret"}};
  for (const auto& header : headers) {
    request = RequestTo("http://host");
    request.headers = {header};
    EXPECT_THAT(start(request), StatusIs(kInvalid, Not(HasSubstr("secret"))));
  }
  request = RequestTo("http://host");
  request.stall_timeout = absl::ZeroDuration();
  EXPECT_THAT(start(request), StatusIs(kInvalid, HasSubstr("positive")));
}

// Threads that start, cancel and end at once: for the sanitizers.
TEST(HttpLoopTest, ManyThreadsUseIt) {
  HttpPeer peer(AnswerShortly);
  auto loop = Loop({.max_transfers = 64});
  std::atomic<int> num_started = 0;
  std::atomic<int> num_done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        HttpRequest request = RequestTo(peer.origin());
        request.body = absl::StrCat(i);
        const auto heard = std::make_shared<Heard>();
        heard->on_done = [&] { ++num_done; };
        const auto transfer = loop->Start(std::move(request), heard);
        if (!transfer.ok()) continue;
        ++num_started;
        if ((i + t) % 3 == 0) loop->Cancel(*transfer);
        if ((i + t) % 5 == 0) heard->done.Wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  loop = nullptr;
  EXPECT_GT(num_started, 0);
  EXPECT_EQ(num_done, num_started);
}

}  // namespace
}  // namespace parlance::pipeline

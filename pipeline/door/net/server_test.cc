#include "pipeline/door/net/server.h"

#include <sys/stat.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/testing/echo_site.h"
#include "pipeline/door/net/testing/test_certificate.h"
#include "pipeline/door/net/testing/test_client.h"
#include "pipeline/door/wire/testing/websocket_frames.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Longer than any test takes.
constexpr absl::Duration kLong = absl::Minutes(5);

// For what nobody tells: it is looked at again and again.
void WaitUntil(const std::function<bool()>& holds) {
  while (!holds()) std::this_thread::yield();
}

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    if (options.listeners.empty()) options.listeners = {{}, {.is_stream = true}};
    auto server = Server::Create(std::move(options), &site_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }

  // With a clock that stands still until Advance.
  void StartWithClock(ServerOptions options = {}) {
    options.now = [this] { return absl::Nanoseconds(clock_.load()); };
    Start(std::move(options));
  }

  void Advance(absl::Duration duration) {
    clock_ += absl::ToInt64Nanoseconds(duration);
    server_->CheckClock();
  }

  uint16_t http() const { return server_->port(0); }
  uint16_t stream() const { return server_->port(1); }

  std::atomic<int64_t> clock_ = 1'000'000'000'000;
  EchoSite site_;
  std::unique_ptr<Server> server_;
};

std::string Get(absl::string_view path, absl::string_view headers = "") {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: a\r\n", headers, "\r\n");
}

std::string CloseOf(uint16_t code, absl::string_view reason = "") {
  return absl::StrCat("\x88", std::string({static_cast<char>(code >> 8), static_cast<char>(code)}),
                      reason);
}

TEST_F(ServerTest, RequestsAreAnsweredOneAfterAnother) {
  Start();
  TestClient client(http());
  client.Send(Get("/healthz"));
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(client.Read(2), "ok");
  // Two at once, and the first half of a third.
  client.Send(absl::StrCat(Get("/healthz"), Get("/nowhere"), "POST /heal"));
  EXPECT_THAT(client.ReadHead(), HasSubstr("Connection: keep-alive"));
  EXPECT_EQ(client.Read(2), "ok");
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 404 Not Found"));
  client.Read(10);
  client.Send("thz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye");
  EXPECT_THAT(client.ReadHead(), HasSubstr("Connection: close"));
  EXPECT_EQ(client.ReadAll(), "okbye");
  EXPECT_EQ(server_->stats().num_requests, 4);
}

TEST_F(ServerTest, HeadHasNoBody) {
  Start();
  TestClient client(http());
  client.Send("HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("Content-Length: 2"), EndsWith("\r\n\r\n")));
}

TEST_F(ServerTest, HeadHasNoBodyWhereItIsRefusedEither) {
  Start();
  const std::string begin = "HEAD /echo HTTP/1.1\r\nHost: a\r\n";
  for (const char* const headers : {"Transfer-Encoding: chunked\r\n\r\n",
                                    "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"}) {
    TestClient client(http());
    client.Send(absl::StrCat(begin, headers));
    EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("Content-Length: "), EndsWith("\r\n\r\n")));
  }
}

TEST_F(ServerTest, ALargeAnswerComesWhole) {
  Start();
  TestClient client(http());
  client.Send(Get("/big", "Connection: close\r\n"));
  client.ReadHead();
  EXPECT_EQ(client.ReadAll().size(), size_t{1} << 20);
}

TEST_F(ServerTest, WhoeverSaysNoMoreGetsTheAnswerAllTheSame) {
  Start();
  TestClient client(http());
  client.Send(absl::StrCat(Get("/big"), Get("/big"), Get("/big")));
  client.EndSending();
  EXPECT_GT(client.ReadAll().size(), size_t{3} << 20);
}

TEST_F(ServerTest, WhatIsNoRequestIsRefusedAndClosed) {
  Start();
  const struct {
    std::string bytes;
    std::string answer;
  } cases[] = {
      {"hello\r\n\r\n", "HTTP/1.1 400"},
      {Get("/", "Transfer-Encoding: chunked\r\n"), "HTTP/1.1 501"},
      {Get(std::string(9000, '/')), "HTTP/1.1 414"},
      {Get("/", absl::StrCat("X: ", std::string(40'000, 'a'), "\r\n")), "HTTP/1.1 431"},
      {Get("/echo", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"),
       "HTTP/1.1 426"},
  };
  for (const auto& c : cases) {
    TestClient client(http());
    // More than was read: the answer must come all the same.
    client.Send(absl::StrCat(c.bytes, std::string(100'000, 'x')));
    EXPECT_THAT(client.ReadAll(), StartsWith(c.answer));
  }
  EXPECT_EQ(server_->stats().num_refused_request, 5);
}

TEST_F(ServerTest, AWebSocketSaysBackWhatItHears) {
  Start();
  TestClient client(http());
  EXPECT_THAT(
      client.Upgrade("/echo"),
      AllOf(StartsWith("HTTP/1.1 101 Switching Protocols\r\n"),
            HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            Not(HasSubstr("Sec-WebSocket-Extensions")), Not(HasSubstr("Sec-WebSocket-Protocol"))));
  client.Send(ClientText("hello"));
  EXPECT_EQ(client.ReadFrame(), "\x81hello");
  client.Send(ClientBinary("\xFF"));
  EXPECT_EQ(client.ReadFrame(), "\x82\xFF");
  client.Send(Encode({.opcode = 0x9, .payload = "ping"}));
  EXPECT_EQ(client.ReadFrame(), "\x8Aping");
  const std::string large(300'000, 'l');
  client.Send(ClientText(large));
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("\x81", large));
  client.Send(ClientClose(3456, "enough"));
  EXPECT_EQ(client.ReadAll(), absl::StrCat("\x88\x02", CloseOf(3456).substr(1)));
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
  const ServerStats stats = server_->stats();
  EXPECT_EQ(stats.num_websockets, 1);
  EXPECT_EQ(stats.num_messages_in, 3);
  EXPECT_EQ(stats.num_broken_off, 0);
  EXPECT_GT(stats.num_bytes_in, 300'000);
  EXPECT_GT(stats.num_bytes_out, 300'000);
}

TEST_F(ServerTest, ASubprotocolIsAnswered) {
  Start();
  TestClient client(http());
  EXPECT_THAT(
      client.Upgrade("/echo", "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.k\r\n"),
      HasSubstr("Sec-WebSocket-Protocol: realtime\r\n"));
}

TEST_F(ServerTest, TheSiteMayRefuse) {
  Start();
  TestClient client(http());
  client.Send(UpgradeRequest("/other"));
  EXPECT_THAT(client.ReadAll(), AllOf(StartsWith("HTTP/1.1 403"), EndsWith("refused\n")));
  EXPECT_EQ(server_->stats().num_refused_site, 1);
}

TEST_F(ServerTest, WhatIsSentBeforeTheDecisionFollowsTheResponse) {
  Start();
  TestClient client(http());
  // The client does not wait for the response either.
  client.Send(absl::StrCat(UpgradeRequest("/early"), ClientText("one"), ClientText("two")));
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101"));
  EXPECT_EQ(client.ReadFrame(),
            "\x81"
            "early");
  EXPECT_EQ(client.ReadFrame(), "\x81one");
  EXPECT_EQ(client.ReadFrame(), "\x81two");
}

TEST_F(ServerTest, AConnectionMayBeClosedBeforeTheDecision) {
  Start();
  TestClient client(http());
  EXPECT_THAT(client.Upgrade("/closed"), StartsWith("HTTP/1.1 101"));
  EXPECT_EQ(client.ReadFrame(), "\x81last");
  EXPECT_EQ(client.ReadFrame(), CloseOf(1013, "later"));
  client.Send(ClientClose(1013));
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
}

TEST_F(ServerTest, ADecisionThatBlocksHoldsNobodyUp) {
  Start();
  TestClient slow(http());
  slow.Send(absl::StrCat(UpgradeRequest("/slow"), ClientText("early")));
  site_.WaitForWaiting(1);
  slow.Send(ClientText(std::string(100'000, 'a')));
  TestClient other(http());
  other.Upgrade("/echo");
  other.Send(ClientText("hello"));
  EXPECT_EQ(other.ReadFrame(), "\x81hello");
  // What the slow one sent was not read: the decision is waited for.
  EXPECT_LT(server_->stats().num_bytes_in, 70'000);
  site_.Release();
  EXPECT_THAT(slow.ReadHead(), StartsWith("HTTP/1.1 101"));
  EXPECT_EQ(slow.ReadFrame(),
            "\x81"
            "early");
  EXPECT_EQ(slow.ReadFrame().size(), 100'001u);
}

TEST_F(ServerTest, ADecisionThatTakesTooLongIsRefusedAndItsHandlerTold) {
  StartWithClock();
  TestClient client(http());
  client.Send(UpgradeRequest("/slow"));
  site_.WaitForWaiting(1);
  Advance(absl::Seconds(11));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(site_.num_opened(), 0u);
  site_.Release();
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(site_.connection(0)->SendText("late"));
}

TEST_F(ServerTest, APeerThatIsGoneBeforeTheDecisionIsToldToTheHandler) {
  Start();
  TestClient client(http());
  client.Send(UpgradeRequest("/slow"));
  site_.WaitForWaiting(1);
  client.Reset();
  WaitUntil([&] { return server_->stats().num_open == 0; });
  site_.Release();
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, DecisionsThatWaitHaveABound) {
  Start({.num_opening_workers = 1, .max_waiting_openings = 1});
  TestClient first(http());
  first.Send(UpgradeRequest("/slow"));
  site_.WaitForWaiting(1);
  TestClient second(http());
  second.Send(UpgradeRequest("/echo"));
  TestClient third(http());
  third.Send(UpgradeRequest("/echo"));
  // One of the two waits, whichever came first.
  WaitUntil([&] { return server_->stats().num_refused_busy == 1; });
  site_.Release();
  EXPECT_THAT(first.ReadHead(), StartsWith("HTTP/1.1 101"));
  const std::string answers = absl::StrCat(second.ReadHead(), third.ReadHead());
  EXPECT_THAT(answers, AllOf(HasSubstr("HTTP/1.1 101"), HasSubstr("HTTP/1.1 503")));
}

TEST_F(ServerTest, WhatAHandlerEndsWith) {
  const struct {
    std::string name;
    std::string bytes;
    std::string close;
    absl::StatusCode code;
  } cases[] = {
      {"NotMasked", Encode({.is_masked = false, .payload = "a"}), CloseOf(1002),
       absl::StatusCode::kInvalidArgument},
      {"NotUtf8", ClientText("\xFF"), CloseOf(1007), absl::StatusCode::kInvalidArgument},
      {"TooLarge", ClientText(std::string(1001, 'a')), CloseOf(1009),
       absl::StatusCode::kResourceExhausted},
  };
  Start({.max_message_bytes = 1000});
  size_t num_closed = 0;
  for (const auto& c : cases) {
    TestClient client(http());
    client.Upgrade("/echo");
    client.Send(absl::StrCat(c.bytes, std::string(50'000, 'x')));
    EXPECT_THAT(client.ReadFrame(), StartsWith(c.close)) << c.name;
    EXPECT_THAT(site_.WaitForClosed(++num_closed).back(), StatusIs(c.code)) << c.name;
  }
  EXPECT_EQ(server_->stats().num_protocol_errors, 3);
}

TEST_F(ServerTest, APeerThatSendsTooManyMessagesIsClosed) {
  StartWithClock({.messages = {.per_second = 10, .burst = 20}});
  TestClient client(http());
  client.Upgrade("/echo");
  for (int i = 0; i < 20; ++i) {
    client.Send(ClientText("a"));
    ASSERT_EQ(client.ReadFrame(),
              "\x81"
              "a");
  }
  // A second later ten more are allowed; then the clock stands still.
  Advance(absl::Seconds(1));
  for (int i = 0; i < 10; ++i) {
    client.Send(i % 2 == 0 ? ClientText("a") : Encode({.opcode = 0x9, .payload = "a"}));
    ASSERT_EQ(client.ReadFrame().substr(1), "a") << i;
  }
  client.Send(ClientText("a"));
  EXPECT_THAT(client.ReadFrame(), StartsWith(CloseOf(1008)));
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(server_->stats().num_flooding, 1);
}

// What a handler makes of a large message is done elsewhere, and what follows it waits.
TEST_F(ServerTest, ALargeMessageHoldsNobodyElseUp) {
  Start();
  TestClient client(http());
  client.Upgrade("/echo");
  const std::string large = "wait" + std::string(1'000'000, 'l');
  client.Send(absl::StrCat(ClientText("before"), ClientText(large), ClientText("after"),
                           Encode({.opcode = 0x9, .payload = "ping"})));
  EXPECT_EQ(client.ReadFrame(),
            "\x81"
            "before");
  site_.WaitForWaiting(1);
  client.Send(ClientText(std::string(300'000, 'm')));
  TestClient other(http());
  other.Upgrade("/echo");
  other.Send(ClientText("hello"));
  EXPECT_EQ(other.ReadFrame(), "\x81hello");
  // Nor is any more read of it.
  EXPECT_LT(server_->stats().num_bytes_in, 1'200'000);
  site_.Release();
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("\x81", large));
  EXPECT_EQ(client.ReadFrame(),
            "\x81"
            "after");
  EXPECT_EQ(client.ReadFrame(), "\x8Aping");
  EXPECT_EQ(client.ReadFrame().size(), 300'001u);
  client.Send(ClientClose(1000));
  EXPECT_EQ(client.ReadFrame(), CloseOf(1000));
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
}

TEST_F(ServerTest, WhatIsLargeMayBeBinaryAndEncrypted) {
  const TestCertificate certificate = MakeTestCertificate(testing::TempDir(), "large");
  Start({.listeners = {{.certificate_file = certificate.certificate_file,
                        .key_file = certificate.key_file}},
         .large_message_bytes = 1000});
  TestClient client(http(), /*is_tls=*/true);
  client.Upgrade("/echo");
  std::string sent;
  for (int i = 0; i < 50; ++i) {
    sent +=
        Encode({.opcode = 0x2, .payload = std::string(40'000, static_cast<char>('a' + i % 26))});
  }
  // Whoever only sends would wait for ever once neither side reads.
  std::thread sender([&] { client.Send(sent); });
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.ReadFrame(), "\x82" + std::string(40'000, static_cast<char>('a' + i % 26)));
  }
  sender.join();
}

// A handler is told that it is over once it has returned from a large message.
TEST_F(ServerTest, APeerThatIsGoneDuringALargeMessageIsToldAfterIt) {
  StartWithClock({.large_message_bytes = 1000});
  for (size_t i = 0; i < 2; ++i) {
    site_.Hold();
    TestClient client(http());
    client.Upgrade("/echo");
    client.Send(ClientText("wait" + std::string(100'000, 'l')));
    site_.WaitForWaiting(1);
    // However long it takes, it is not taken for silence.
    Advance(absl::Minutes(10));
    client.Reset();
    WaitUntil([&] { return server_->stats().num_open == 0; });
    site_.Release();
    EXPECT_THAT(site_.WaitForClosed(i + 1).back(), StatusIs(absl::StatusCode::kUnavailable));
  }
}

TEST_F(ServerTest, AServerMayEndDuringALargeMessage) {
  Start({.large_message_bytes = 1000});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<TestClient>(http()));
    clients.back()->Upgrade("/echo");
    clients.back()->Send(ClientText("wait" + std::string(100'000, 'l')));
  }
  // One is being given, and the others wait for their turn.
  site_.WaitForWaiting(1);
  WaitUntil([&] { return server_->stats().num_messages_in == 3; });
  std::thread ending([&] { server_.reset(); });
  site_.Release();
  ending.join();
  EXPECT_EQ(site_.WaitForClosed(3).size(), 3u);
}

TEST_F(ServerTest, APeerThatSendsTooFastIsReadLater) {
  StartWithClock({.bytes = {.per_second = 100'000, .burst = 300'000},
                  .messages = {.per_second = 1e6, .burst = 1e6},
                  // The clock may run away below.
                  .ping_interval = absl::Hours(1e6),
                  .idle_timeout = absl::Hours(1e6),
                  .stream_idle_timeout = absl::Hours(1e6)});
  for (const bool is_stream : {false, true}) {
    TestClient client(is_stream ? stream() : http());
    if (!is_stream) client.Upgrade("/echo");
    const int64_t before = server_->stats().num_bytes_in;
    const std::string piece(1000, 'p');
    const std::string message = is_stream ? piece : ClientText(piece);
    std::thread sender([&] {
      for (int i = 0; i < 1000; ++i) client.Send(message);
    });
    const auto num_read = [&] { return server_->stats().num_bytes_in - before; };
    WaitUntil([&] { return num_read() >= 300'000; });
    const size_t frame_bytes = is_stream ? 1000 : 1004;
    EXPECT_EQ(client.Read(200 * frame_bytes).size(), 200 * frame_bytes);
    // One read more than what may come, of up to 64 KiB.
    EXPECT_LT(num_read(), 300'000 + 66'000);
    // The clock may have moved before the server looks at it: so it moves until all is read, to the
    // last byte, since what were left would wait for a clock that stands still.
    const auto num_sent = static_cast<int64_t>(1000 * message.size());
    WaitUntil([&] {
      Advance(absl::Milliseconds(10));
      return num_read() >= num_sent;
    });
    EXPECT_EQ(client.Read(800 * frame_bytes).size(), 800 * frame_bytes);
    sender.join();
  }
}

// Others have their turn between so many of them; none is lost, and they stay in order.
TEST_F(ServerTest, SmallMessagesThatComeAtOnceStayInOrder) {
  Start();
  TestClient client(http());
  client.Upgrade("/echo");
  std::string sent;
  for (int i = 0; i < 1000; ++i) sent += ClientText(absl::StrCat(i));
  client.Send(absl::StrCat(sent, ClientClose(1000)));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.ReadFrame(), absl::StrCat("\x81", i));
  EXPECT_EQ(client.ReadFrame(), CloseOf(1000));
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
}

TEST_F(ServerTest, APeerThatDoesNotReadIsDisconnected) {
  Start({.max_waiting_bytes = 100'000});
  for (const bool is_stream : {false, true}) {
    TestClient client(is_stream ? stream() : http());
    if (!is_stream) client.Upgrade("/echo");
    const size_t index = is_stream ? 1 : 0;
    WaitUntil([&] { return site_.num_opened() == index + 1; });
    const std::shared_ptr<Connection> connection = site_.connection(index);
    const std::string message(10'000, 'm');
    int num_sent = 0;
    size_t most = 0;
    while (connection->SendText(message)) {
      ++num_sent;
      most = std::max(most, connection->num_bytes_waiting());
    }
    EXPECT_THAT(site_.WaitForClosed(index + 1).back(),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("does not read")));
    EXPECT_GT(num_sent, 9);
    EXPECT_GT(most, 50'000u);
    EXPECT_LE(most, 100'000u);
    EXPECT_FALSE(connection->SendText("late"));
    EXPECT_EQ(connection->num_bytes_waiting(), 0u);
  }
  EXPECT_EQ(server_->stats().num_slow_readers, 2);
}

TEST_F(ServerTest, WhatWaitsIsWrittenInOrder) {
  Start();
  TestClient client(http());
  client.Upgrade("/echo");
  WaitUntil([&] { return site_.num_opened() == 1; });
  const std::shared_ptr<Connection> connection = site_.connection(0);
  // More than the system takes, so that most of it waits.
  int num_sent = 0;
  while (connection->num_bytes_waiting() < 2'000'000) {
    ASSERT_TRUE(connection->SendText(absl::StrCat(num_sent++, std::string(50'000, 'm'))));
  }
  connection->Close(kCloseNormal, "done");
  EXPECT_FALSE(connection->SendText("late"));
  for (int i = 0; i < num_sent; ++i) {
    ASSERT_EQ(client.ReadFrame(), absl::StrCat("\x81", i, std::string(50'000, 'm')));
  }
  EXPECT_EQ(client.ReadFrame(), CloseOf(1000, "done"));
  client.Send(ClientClose(1000));
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(ServerTest, ThreadsMaySendAtOnce) {
  Start();
  TestClient client(http());
  client.Upgrade("/echo");
  WaitUntil([&] { return site_.num_opened() == 1; });
  constexpr int kThreads = 4;
  constexpr int kMessages = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string message(static_cast<size_t>(1000 * (i + 1)), static_cast<char>('a' + i));
      for (int j = 0; j < kMessages; ++j) site_.connection(0)->SendText(message);
    });
  }
  std::vector<int> counts(kThreads);
  for (int i = 0; i < kThreads * kMessages; ++i) {
    const std::string frame = client.ReadFrame();
    ASSERT_GT(frame.size(), 1u);
    const int thread = frame[1] - 'a';
    ASSERT_EQ(frame.substr(1), std::string(static_cast<size_t>(1000 * (thread + 1)), frame[1]));
    ++counts[static_cast<size_t>(thread)];
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(counts, testing::Each(kMessages));
}

TEST_F(ServerTest, ARequestHasItsTime) {
  StartWithClock();
  TestClient slow(http());
  slow.Send("GET / HTTP/1.1\r\nHost:");
  WaitUntil([&] { return server_->stats().num_bytes_in == 21; });
  Advance(absl::Seconds(9));
  slow.Send(" a\r\n");
  WaitUntil([&] { return server_->stats().num_bytes_in == 25; });
  EXPECT_EQ(server_->stats().num_timed_out, 0);
  // A byte now and then does not help.
  Advance(absl::Seconds(2));
  EXPECT_THAT(slow.ReadAll(), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(server_->stats().num_timed_out, 1);
}

TEST_F(ServerTest, BetweenRequestsAConnectionIsClosedAfterAWhile) {
  StartWithClock();
  TestClient client(http());
  client.Send(Get("/healthz"));
  client.ReadHead();
  client.Read(2);
  Advance(absl::Seconds(29));
  client.Send(Get("/healthz"));
  client.ReadHead();
  client.Read(2);
  Advance(absl::Seconds(31));
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_EQ(server_->stats().num_timed_out, 0);
}

TEST_F(ServerTest, AnEndlessSecondRequestHasItsTime) {
  StartWithClock();
  TestClient client(http());
  client.Send(absl::StrCat(Get("/healthz"), "GET"));
  client.ReadHead();
  client.Read(2);
  Advance(absl::Seconds(11));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 408"));
}

TEST_F(ServerTest, ASilentPeerIsPingedAndThenClosed) {
  StartWithClock();
  TestClient client(http());
  client.Upgrade("/echo");
  Advance(absl::Seconds(20));
  EXPECT_EQ(client.ReadFrame(), "\x89");
  // One that answers stays.
  client.Send(absl::StrCat(Encode({.opcode = 0xA}), ClientText("hello")));
  EXPECT_EQ(client.ReadFrame(), "\x81hello");
  Advance(absl::Seconds(20));
  EXPECT_EQ(client.ReadFrame(), "\x89");
  Advance(absl::Seconds(20));
  EXPECT_EQ(client.ReadFrame(), "\x89");
  Advance(absl::Seconds(20));
  EXPECT_THAT(client.ReadFrame(), StartsWith(CloseOf(1001)));
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(server_->stats().num_timed_out, 1);
}

TEST_F(ServerTest, APeerThatDoesNotCloseIsDisconnected) {
  StartWithClock();
  TestClient client(http());
  client.Upgrade("/echo");
  client.Send(ClientText("close 3001 go"));
  EXPECT_EQ(client.ReadFrame(), CloseOf(3001, "go"));
  // What it says now is heard by nobody.
  client.Send(ClientText("still here"));
  Advance(absl::Seconds(6));
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
}

TEST_F(ServerTest, WhatBreaksOffIsUnavailable) {
  Start();
  for (const bool is_reset : {false, true}) {
    TestClient client(http());
    client.Upgrade("/echo");
    if (is_reset) {
      client.Reset();
    } else {
      client.EndSending();
    }
    EXPECT_THAT(site_.WaitForClosed(is_reset ? 2 : 1).back(),
                StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(server_->stats().num_broken_off, 2);
}

TEST_F(ServerTest, AStreamIsBytes) {
  Start();
  TestClient client(stream());
  client.Send("hello");
  EXPECT_EQ(client.Read(5), "hello");
  client.Send("quit");
  EXPECT_EQ(client.ReadAll(), "quit");
  client.EndSending();
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
  // The peer may end it, too, and gets what was sent before.
  TestClient other(stream());
  const std::string much(100'000, 'm');
  std::thread sender([&] {
    other.Send(much);
    other.EndSending();
  });
  EXPECT_EQ(other.ReadAll(), much);
  sender.join();
  EXPECT_THAT(site_.WaitForClosed(2)[1], IsOk());
  EXPECT_EQ(server_->stats().num_streams, 2);
}

TEST_F(ServerTest, WhoeverSaysNoMoreOverAStreamGetsWhatIsToBeSaidYet) {
  Start();
  TestClient client(stream());
  client.Send("later");
  client.EndSending();
  WaitUntil([&] { return site_.num_waiting_for_answers() == 1; });
  EXPECT_EQ(client.Read(5), "later");
  const std::string much(100'000, 'm');
  EXPECT_TRUE(site_.connection(0)->SendBinary(
      absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(much.data()), much.size())));
  site_.connection(0)->Close(kCloseNormal, "");
  EXPECT_EQ(client.ReadAll(), much);
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());
  // One that has gone altogether is noticed.
  TestClient gone(stream());
  gone.Send("later");
  gone.EndSending();
  WaitUntil([&] { return site_.num_waiting_for_answers() == 2; });
  gone.Reset();
  EXPECT_THAT(site_.WaitForClosed(2)[1], StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, AStreamThatWaitsForAnAnswerTooLongIsClosed) {
  StartWithClock();
  TestClient client(stream());
  client.Send("later");
  client.EndSending();
  WaitUntil([&] { return site_.num_waiting_for_answers() == 1; });
  Advance(absl::Minutes(11));
  EXPECT_EQ(client.ReadAll(), "later");
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ServerTest, ASilentStreamIsClosed) {
  StartWithClock();
  TestClient client(stream());
  client.Send("hello");
  client.Read(5);
  Advance(absl::Minutes(11));
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ServerTest, ConnectionsHaveABoundInAll) {
  Start({.max_connections = 2});
  auto first = std::make_unique<TestClient>(http());
  TestClient second(http());
  first->Upgrade("/echo");
  second.Upgrade("/echo");
  TestClient third(http());
  EXPECT_THAT(third.ReadAll(), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(server_->stats().num_refused_full, 1);
  first.reset();
  WaitUntil([&] { return server_->stats().num_open == 1; });
  TestClient fourth(http());
  EXPECT_THAT(fourth.Upgrade("/echo"), StartsWith("HTTP/1.1 101"));
}

TEST_F(ServerTest, ConnectionsOfAPeerHaveABound) {
  Start({.listeners = {{.address = "0.0.0.0"}}, .max_connections_of_peer = 1});
  TestClient first(http(), false, "127.0.0.1");
  first.Upgrade("/echo");
  TestClient second(http(), false, "127.0.0.1");
  EXPECT_THAT(second.ReadAll(), StartsWith("HTTP/1.1 429"));
  EXPECT_EQ(server_->stats().num_refused_peer, 1);
  EXPECT_EQ(server_->stats().num_open, 1);
}

TEST_F(ServerTest, SeveralThreadsServe) {
  for (const bool share_port : {false, true}) {
    Start({.num_threads = 3, .share_port = share_port});
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<TestClient>(http()));
      clients.back()->Upgrade("/echo");
    }
    for (int i = 0; i < 20; ++i) {
      clients[static_cast<size_t>(i)]->Send(ClientText(absl::StrCat(i)));
      EXPECT_EQ(clients[static_cast<size_t>(i)]->ReadFrame(), absl::StrCat("\x81", i));
    }
    EXPECT_EQ(server_->stats().num_open, 20);
    server_.reset();
  }
}

TEST_F(ServerTest, Ipv6) {
  auto server = Server::Create({.listeners = {{.address = "::1"}}}, &site_);
  if (!server.ok()) GTEST_SKIP() << "no IPv6 here: " << server.status();
  TestClient client((*server)->port(0), false, "::1");
  EXPECT_THAT(client.Upgrade("/echo"), StartsWith("HTTP/1.1 101"));
}

TEST_F(ServerTest, DrainingClosesEverybody) {
  Start({.num_threads = 2});
  TestClient at_rest(http());
  at_rest.Send(Get("/healthz"));
  at_rest.ReadHead();
  TestClient spoken_to(http());
  spoken_to.Upgrade("/echo");
  TestClient raw(stream());
  raw.Send("hello");
  raw.Read(5);
  absl::Status drained;
  std::thread drain([&] { drained = server_->Drain(kLong); });
  EXPECT_EQ(at_rest.ReadAll(), "ok");
  EXPECT_EQ(spoken_to.ReadFrame(), CloseOf(1001, "the server is shutting down"));
  spoken_to.Send(ClientClose(1001));
  EXPECT_EQ(spoken_to.ReadAll(), "");
  EXPECT_EQ(raw.ReadAll(), "");
  at_rest.Reset();
  spoken_to.Reset();
  raw.Reset();
  drain.join();
  EXPECT_THAT(drained, IsOk());
  TestClient late(http());
  EXPECT_FALSE(late.is_connected());
  for (const absl::Status& status : site_.WaitForClosed(2)) EXPECT_THAT(status, IsOk());
}

TEST_F(ServerTest, DrainingWaitsForDecisionsAndRefusesThem) {
  Start();
  TestClient client(http());
  client.Send(UpgradeRequest("/slow"));
  site_.WaitForWaiting(1);
  EXPECT_THAT(server_->Drain(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("1 connections")));
  site_.Release();
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ServerTest, AServerThatEndsTellsHandlersAndMayBeOutlived) {
  Start({.num_threads = 2});
  TestClient first(http());
  first.Upgrade("/echo");
  TestClient second(stream());
  second.Send("a");
  second.Read(1);
  server_.reset();
  for (const absl::Status& status : site_.WaitForClosed(2)) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
  }
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(site_.connection(i)->SendText("late"));
    site_.connection(i)->Close(1000, "late");
    EXPECT_EQ(site_.connection(i)->num_bytes_waiting(), 0u);
  }
}

TEST_F(ServerTest, Tls) {
  const TestCertificate certificate = MakeTestCertificate(testing::TempDir(), "server_test");
  ListenerOptions http_listener = {.certificate_file = certificate.certificate_file,
                                   .key_file = certificate.key_file};
  ListenerOptions stream_listener = http_listener;
  stream_listener.is_stream = true;
  Start({.listeners = {http_listener, stream_listener}});

  TestClient page(http(), /*is_tls=*/true);
  page.Send(Get("/big", "Connection: close\r\n"));
  page.ReadHead();
  EXPECT_EQ(page.ReadAll().size(), size_t{1} << 20);

  TestClient client(http(), /*is_tls=*/true);
  client.Send(absl::StrCat(UpgradeRequest("/early"), ClientText("one")));
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101"));
  EXPECT_EQ(client.ReadFrame(),
            "\x81"
            "early");
  EXPECT_EQ(client.ReadFrame(), "\x81one");
  const std::string large(1'000'000, 'l');
  client.Send(ClientText(large));
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("\x81", large));
  client.Send(ClientClose(1000));
  EXPECT_EQ(client.ReadFrame(), CloseOf(1000));
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_THAT(site_.WaitForClosed(1)[0], IsOk());

  TestClient raw(stream(), /*is_tls=*/true);
  raw.Send("hello");
  EXPECT_EQ(raw.Read(5), "hello");
  raw.Send("quit");
  EXPECT_EQ(raw.ReadAll(), "quit");

  // A peer that speaks no TLS: what speaks HTTP is told what to do, also if it sends much.
  for (const std::string& asked : {Get("/healthz"), UpgradeRequest("/early"),
                                   "POST / HTTP/1.1\r\n" + std::string(50'000, 'x')}) {
    TestClient plain(http());
    plain.Send(asked);
    const std::string answer = plain.ReadAll();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("this port speaks TLS: ask for https:// or wss:// here\n"));
  }
  for (const uint16_t port : {http(), stream()}) {
    TestClient plain(port);
    plain.Send(port == http() ? std::string(100, '\1') : Get("/healthz"));
    EXPECT_EQ(plain.ReadAll(), "");
  }
  EXPECT_EQ(server_->stats().num_refused_request, 5);
}

TEST_F(ServerTest, ATlsPeerThatDoesNotReadIsDisconnected) {
  const TestCertificate certificate = MakeTestCertificate(testing::TempDir(), "slow_test");
  Start({.listeners = {{.certificate_file = certificate.certificate_file,
                        .key_file = certificate.key_file}},
         .max_waiting_bytes = 100'000});
  TestClient client(http(), /*is_tls=*/true);
  client.Upgrade("/echo");
  WaitUntil([&] { return site_.num_opened() == 1; });
  while (site_.connection(0)->SendText(std::string(10'000, 'm'))) {
  }
  EXPECT_THAT(site_.WaitForClosed(1)[0], StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(ServerTest, ACertificateThatClientsWillRefuseIsAWorry) {
  const struct {
    TestCertificateOptions options;
    std::vector<std::string> worries;
  } cases[] = {{{}, {}},
               {{.begins = -2, .ends = -1}, {" has expired, on "}},
               {{.begins = 1, .ends = 2}, {" is valid from "}}};
  for (const auto& c : cases) {
    const TestCertificate made = MakeTestCertificate(testing::TempDir(), "worry", c.options);
    const auto server = Server::Create(
        {.listeners = {{.certificate_file = made.certificate_file, .key_file = made.key_file}}},
        &site_);
    ASSERT_THAT(server, IsOk());
    ASSERT_EQ((*server)->worries().size(), c.worries.size());
    for (size_t i = 0; i < c.worries.size(); ++i) {
      EXPECT_THAT((*server)->worries()[i],
                  HasSubstr(absl::StrCat("the certificate ", made.certificate_file, c.worries[i])));
    }
  }
}

TEST_F(ServerTest, OptionsThatAreRefused) {
  const TestCertificate one = MakeTestCertificate(testing::TempDir(), "one");
  const TestCertificate other = MakeTestCertificate(testing::TempDir(), "other");
  const TestCertificate open = MakeTestCertificate(testing::TempDir(), "open");
  ASSERT_EQ(chmod(open.key_file.c_str(), 0644), 0);
  const TestCertificate locked =
      MakeTestCertificate(testing::TempDir(), "locked", {.passphrase = "of the house"});
  const struct {
    std::string name;
    ServerOptions options;
    std::string message;
  } cases[] = {
      {"NoListener", {}, "needs an address"},
      {"NoThreads", {.listeners = {{}}, .num_threads = 0}, "1 to 256 threads"},
      {"NoWorkers", {.listeners = {{}}, .num_opening_workers = 0}, "1 to 256 threads"},
      {"NoMessages", {.listeners = {{}}, .messages = {.burst = 0}}, "at least one message"},
      {"NoTime", {.listeners = {{}}, .idle_timeout = absl::ZeroDuration()}, "more than 0"},
      {"Name", {.listeners = {{.address = "localhost"}}}, "'localhost' is not a numeric address"},
      {"NoKey", {.listeners = {{.certificate_file = "a"}}}, "both a certificate and a key"},
      {"NoFile",
       {.listeners = {{.certificate_file = "/nowhere/a", .key_file = "/nowhere/b"}}},
       "the certificate /nowhere/a cannot be read: No such file or directory"},
      {"Folder",
       {.listeners = {{.certificate_file = testing::TempDir(), .key_file = one.key_file}}},
       "is a folder; name a file"},
      {"NoPem",
       {.listeners = {{.certificate_file = one.key_file, .key_file = one.key_file}}},
       "cannot be read as PEM"},
      {"NoKeyFile",
       {.listeners = {{.certificate_file = one.certificate_file, .key_file = "/nowhere/b"}}},
       "the key /nowhere/b cannot be read: No such file or directory"},
      {"KeyOfAll",
       {.listeners = {{.certificate_file = one.certificate_file, .key_file = open.key_file}}},
       "can be read by everybody on this machine, or written by others than its owner; run: chmod "
       "600 "},
      {"Passphrase",
       {.listeners = {{.certificate_file = locked.certificate_file, .key_file = locked.key_file}}},
       absl::StrCat("has a passphrase; remove it with: openssl pkey -in ", locked.key_file,
                    " -out NEW")},
      {"AnothersKey",
       {.listeners = {{.certificate_file = one.certificate_file, .key_file = other.key_file}}},
       "is not that of the certificate"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Server::Create(c.options, &site_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.name;
  }
  Start();
  EXPECT_THAT(Server::Create({.listeners = {{.port = http()}}}, &site_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("choose another port")));
}

}  // namespace
}  // namespace parlance::pipeline::door

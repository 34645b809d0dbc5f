// Thousands of connections that are opened and dropped at any point, by several threads at once:
// for the sanitizers, and for promises that only many connections break. What each client does is
// drawn from a seed, which is printed; give it again as CHURN_SEED.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/connection.h"
#include "pipeline/door/net/server.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/testing/echo_site.h"
#include "pipeline/door/net/testing/test_certificate.h"
#include "pipeline/door/net/testing/test_client.h"
#include "pipeline/door/wire/testing/websocket_frames.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

constexpr int kClients = 4;
constexpr int kConnectionsOfClient = 750;

uint32_t Seed() {
  const char* given = std::getenv("CHURN_SEED");
  uint32_t seed = 0;
  if (given == nullptr || !absl::SimpleAtoi(given, &seed)) seed = std::random_device()();
  return seed;
}

// Something that a client may say, right or wrong.
std::string Saying(std::mt19937& random) {
  switch (random() % 8) {
    case 0:
      return ClientText(std::string(random() % 20'000, 'a'));
    case 1:
      return ClientBinary(std::string(random() % 200, 'b'));
    case 2:
      return Encode({.opcode = 0x9, .payload = "ping"});
    case 3:
      return absl::StrCat(Encode({.is_final = false, .payload = "frag"}),
                          Encode({.opcode = 0x0, .payload = "ments"}));
    case 4:
      return ClientText("close 1000 please");
    case 5:
      return ClientClose(1000);
    case 6:
      return ClientText("\xFF");
    default:
      return ClientText("hello");
  }
}

void TalkOnce(const Server& server, std::mt19937& random) {
  const bool is_stream = random() % 4 == 0;
  const bool is_tls = !is_stream && random() % 8 == 0;
  TestClient client(server.port(is_stream ? 2 : is_tls ? 1 : 0), is_tls);
  if (!client.is_connected()) return;
  const char* const paths[] = {"/echo", "/early", "/closed", "/nowhere"};
  std::string said = is_stream ? "hello" : UpgradeRequest(paths[random() % 4]);
  if (!is_stream && random() % 8 == 0) said = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
  for (uint32_t i = random() % 4; i > 0; --i) absl::StrAppend(&said, Saying(random));
  // All of it, or what a client that dies has said.
  const bool is_whole = random() % 2 == 0;
  if (!is_whole) said.resize(random() % (said.size() + 1));
  client.Send(said);
  switch (random() % 4) {
    case 0:
      if (!is_tls) client.Reset();
      return;
    case 1:
      if (is_tls) return;
      client.EndSending();
      client.Read(random() % 100);
      return;
    case 2:
      if (is_whole) client.Read(1);
      return;
    default:
      return;
  }
}

TEST(ServerChurnTest, ConnectionsComeAndGo) {
  const uint32_t seed = Seed();
  std::printf("CHURN_SEED=%u\n", seed);
  std::fflush(stdout);
  const TestCertificate certificate = MakeTestCertificate(testing::TempDir(), "churn");
  EchoSite site;
  ServerOptions options;
  options.listeners = {
      {},
      {.certificate_file = certificate.certificate_file, .key_file = certificate.key_file},
      {.is_stream = true}};
  options.num_threads = 3;
  options.max_waiting_bytes = 100'000;
  options.close_timeout = absl::Milliseconds(50);
  auto server = Server::Create(options, &site);
  ASSERT_THAT(server, absl_testing::IsOk());

  std::atomic<bool> is_over = false;
  // Somebody else speaks to all that there are, as an agent does.
  std::thread speaker([&] {
    std::mt19937 random(seed);
    while (!is_over) {
      const size_t count = site.num_opened();
      for (size_t i = count > 20 ? count - 20 : 0; i < count; ++i) {
        const std::shared_ptr<Connection> connection = site.connection(i);
        connection->SendText(std::string(random() % 5000, 's'));
        if (random() % 16 == 0) connection->Close(kCloseNormal, "enough");
        connection->num_bytes_waiting();
      }
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      std::mt19937 random(seed + 1 + static_cast<uint32_t>(i));
      for (int j = 0; j < kConnectionsOfClient; ++j) TalkOnce(**server, random);
    });
  }
  for (std::thread& client : clients) client.join();
  is_over = true;
  speaker.join();

  const ServerStats stats = (*server)->stats();
  EXPECT_EQ(stats.num_accepted, kClients * kConnectionsOfClient);
  EXPECT_THAT((*server)->Drain(absl::Minutes(5)), absl_testing::IsOk());
  EXPECT_EQ((*server)->stats().num_open, 0);
  // Every handler was told once: twice, or never, aborts.
  server->reset();
  EXPECT_EQ(site.WaitForClosed(site.num_opened()).size(), site.num_opened());
  std::printf("%d websockets, %d streams, %d broken off, %d protocol errors, %d slow readers\n",
              static_cast<int>(stats.num_websockets), static_cast<int>(stats.num_streams),
              static_cast<int>(stats.num_broken_off), static_cast<int>(stats.num_protocol_errors),
              static_cast<int>(stats.num_slow_readers));
}

}  // namespace
}  // namespace parlance::pipeline::door

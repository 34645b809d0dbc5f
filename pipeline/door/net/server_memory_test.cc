// What connections at rest cost: thousands of them are to be nothing but their state.
#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "pipeline/door/net/server.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/testing/echo_site.h"
#include "pipeline/door/net/testing/test_client.h"
#include "pipeline/door/wire/testing/websocket_frames.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

// Less than 1024 descriptors, with those of the clients.
constexpr size_t kConnections = 400;
// A buffer for reading or writing would be many times as much.
constexpr size_t kMaxBytesAtRest = 2048;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCountsAllocations = false;
#else
constexpr bool kCountsAllocations = true;
#endif

TEST(ServerMemoryTest, AConnectionAtRestHasNoBuffers) {
  if (!kCountsAllocations) GTEST_SKIP() << "the sanitizer has an allocator of its own";
  EchoSite site;
  auto server = Server::Create({.listeners = {{}}}, &site);
  ASSERT_THAT(server, absl_testing::IsOk());
  std::vector<std::unique_ptr<TestClient>> clients;
  const auto connect = [&] {
    clients.push_back(std::make_unique<TestClient>((*server)->port(0)));
    clients.back()->Upgrade("/echo");
    // One that has been used, and is at rest again.
    clients.back()->Send(ClientText(std::string(100'000, 'a')));
    clients.back()->ReadFrame();
  };
  // What is made once.
  for (int i = 0; i < 8; ++i) connect();
  const size_t before = mallinfo2().uordblks;
  for (size_t i = 0; i < kConnections; ++i) connect();
  const size_t bytes = (mallinfo2().uordblks - before) / kConnections;
  std::printf("%zu bytes for each connection, with its handler and the client's own\n", bytes);
  EXPECT_LT(bytes, kMaxBytesAtRest);
}

}  // namespace
}  // namespace parlance::pipeline::door

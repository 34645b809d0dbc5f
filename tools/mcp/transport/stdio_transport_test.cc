#include "tools/mcp/transport/stdio_transport.h"

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/connect.h"
#include "tools/mcp/testing/received.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::EndsWith;
using testing::StartsWith;

constexpr absl::Duration kNever = absl::Minutes(5);
constexpr absl::Duration kSoon = absl::Milliseconds(20);

StdioTransportOptions Shell(const std::string& script) {
  StdioTransportOptions options;
  options.process.words = {"sh", "-c", script};
  options.exit_timeout = kNever;
  options.terminate_timeout = kNever;
  return options;
}

// A server that is a shell script, and what it says.
class Peer {
 public:
  explicit Peer(const StdioTransportOptions& options) {
    auto transport = StartStdioTransport(options);
    EXPECT_THAT(transport, IsOk());
    transport_ = *std::move(transport);
    EXPECT_THAT(
        transport_->Start(
            {.on_message = [this](std::string text) { received.Add(std::move(text)); },
             .on_request_failed = [](int64_t, const absl::Status&) { FAIL(); },
             .on_closed = [this](const absl::Status& status) { closed.Add(status.ToString()); }}),
        IsOk());
  }

  absl::Status Send(const std::string& text) {
    return transport_->Send({.text = text, .method = "m", .request_id = std::nullopt});
  }
  void Close() { transport_->Close(); }

  Received received;
  Received closed;

 private:
  std::unique_ptr<Transport> transport_;
};

bool Runs(const std::string& pid_text) {
  int pid = 0;
  EXPECT_TRUE(absl::SimpleAtoi(pid_text, &pid)) << pid_text;
  if (kill(pid, 0) != 0) return false;
  // A process that has ended and that nobody has waited for yet does not run.
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string stat;
  std::getline(file, stat);
  return !stat.empty() && !absl::StrContains(stat, ") Z ");
}

TEST(StdioTransportTest, AMessageIsALineBothWays) {
  Peer peer(Shell("cat"));
  ASSERT_THAT(peer.Send("{\n\"a\": 1}"), IsOk());
  const std::string large(3'000'000, 'x');
  ASSERT_THAT(peer.Send(large), IsOk());
  ASSERT_THAT(peer.Send("last"), IsOk());
  EXPECT_EQ(peer.received.WaitFor(3), (std::vector<std::string>{"{ \"a\": 1}", large, "last"}));
  EXPECT_TRUE(peer.closed.texts().empty());
  peer.Close();
  EXPECT_THAT(peer.Send("x"), StatusIs(absl::StatusCode::kUnavailable));
  // We ended it: that is no news.
  EXPECT_TRUE(peer.closed.texts().empty());
}

TEST(StdioTransportTest, GivesItsEnvironmentAndFolder) {
  StdioTransportOptions options = Shell("echo \"$GREETING $HOME_OF_TEST\"; pwd; cat");
  options.process.environment = {{"GREETING", "hello"}, {"HOME_OF_TEST", "a=b"}};
  options.process.directory = "/";
  Peer peer(options);
  EXPECT_EQ(peer.received.WaitFor(2), (std::vector<std::string>{"hello a=b", "/"}));
}

TEST(StdioTransportTest, SaysThatItCannotStart) {
  EXPECT_THAT(ConnectStdio({}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ConnectStdio({"no-such-program"}), StatusIs(absl::StatusCode::kNotFound));
  StdioTransportOptions options;
  options.process.directory = "/no/such/folder";
  EXPECT_THAT(ConnectStdio({"cat"}, options), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ConnectStdio({"/"}), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(StdioTransportTest, SaysHowTheServerEnded) {
  Peer exits(Shell("echo last; exit 3"));
  EXPECT_THAT(exits.closed.WaitFor(1)[0], StartsWith("UNAVAILABLE"));
  EXPECT_EQ(exits.received.texts(), std::vector<std::string>{"last"});
  EXPECT_THAT(exits.Send("x"), StatusIs(absl::StatusCode::kUnavailable));
  Peer explains(Shell("echo starting >&2; echo 'no key is set' >&2; exit 3"));
  EXPECT_THAT(explains.closed.WaitFor(1)[0], EndsWith("exited with status 3: no key is set"));
  Peer chatters(Shell("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 3"));
  EXPECT_LE(chatters.closed.WaitFor(1)[0].size(), 600u);
  Peer killed(Shell("kill -9 $$"));
  EXPECT_THAT(killed.closed.WaitFor(1)[0], StartsWith("UNAVAILABLE"));
}

TEST(StdioTransportTest, AServerThatReadsNothingHoldsUpNobody) {
  // More than a pipe holds, and more than may wait.
  StdioTransportOptions options = Shell("sleep 1000");
  options.max_unsent_bytes = 1'000'000;
  options.exit_timeout = kSoon;
  Peer peer(options);
  absl::Status sent;
  int num_sent = 0;
  for (; sent.ok() && num_sent < 1000; ++num_sent) sent = peer.Send(std::string(10'000, 'x'));
  EXPECT_THAT(sent, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GE(num_sent, 100);
}

TEST(StdioTransportTest, AMessageThatIsTooLongEndsIt) {
  StdioTransportOptions options = Shell("echo first; head -c 2000000 /dev/zero | tr '\\0' x; cat");
  options.max_message_bytes = 100'000;
  options.exit_timeout = kSoon;
  Peer peer(options);
  EXPECT_THAT(peer.closed.WaitFor(1)[0], StartsWith("RESOURCE_EXHAUSTED"));
  EXPECT_EQ(peer.received.texts(), std::vector<std::string>{"first"});
}

TEST(StdioTransportTest, EndsByClosedInputIfTheServerDoes) {
  // With the time limits as they are, a signal would come after minutes only.
  Peer peer(Shell("trap 'exit 1' TERM; echo ready; cat > /dev/null; yes | head -c 1000000"));
  peer.received.WaitFor(1);
  peer.Close();
}

TEST(StdioTransportTest, EndsByTermIfTheServerStays) {
  StdioTransportOptions options =
      Shell("trap 'echo > \"$MARK\"; exit' TERM; echo ready; while :; do sleep 0.01; done");
  const std::string mark = absl::StrCat(testing::TempDir(), "/terminated");
  options.process.environment = {{"MARK", mark}};
  options.exit_timeout = kSoon;
  Peer peer(options);
  peer.received.WaitFor(1);
  EXPECT_FALSE(std::filesystem::exists(mark));
  peer.Close();
  EXPECT_TRUE(std::filesystem::exists(mark));
}

TEST(StdioTransportTest, EndsByKillWithItsChildrenAtLast) {
  StdioTransportOptions options = Shell(
      "trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000' & echo $!; echo $$; "
      "while :; do sleep 1; done");
  options.exit_timeout = kSoon;
  options.terminate_timeout = kSoon;
  Peer peer(options);
  const std::vector<std::string> pids = peer.received.WaitFor(2);
  for (const std::string& pid : pids) EXPECT_TRUE(Runs(pid));
  peer.Close();
  EXPECT_FALSE(Runs(pids[1]));
  // Killed, and perhaps not gone yet.
  while (Runs(pids[0])) std::this_thread::yield();
}

TEST(StdioTransportTest, KillsWhatAServerThatHasEndedLeftBehind) {
  Peer peer(Shell("sleep 1000 <&- >&- & echo $!; cat > /dev/null"));
  const std::string pid = peer.received.WaitFor(1)[0];
  EXPECT_TRUE(Runs(pid));
  peer.Close();
  while (Runs(pid)) std::this_thread::yield();
}

// A whole client with a server that is a child process.
constexpr char kInitialize[] =
    R"(read line; echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{"tools":{}}}}'; read line; )";

absl::Status CallCode(const std::string& script, absl::Duration timeout = kNever,
                      const MessageLimits& limits = {}) {
  StdioTransportOptions transport = Shell("");
  transport.exit_timeout = kSoon;
  ClientOptions options;
  options.request_timeout = timeout;
  options.limits = limits;
  auto client = ConnectStdio({"sh", "-c", absl::StrCat(kInitialize, script)}, transport, options);
  if (!client.ok()) return client.status();
  return (*client)->CallTool("tool", "").status();
}

TEST(StdioClientTest, WhateverTheServerDoesACallEnds) {
  EXPECT_THAT(
      CallCode(R"(read line; echo '{"jsonrpc":"2.0","id":2,"result":{"content":[]}}'; cat)"),
      IsOk());
  // Silent.
  EXPECT_THAT(CallCode("sleep 1000", kSoon), StatusIs(absl::StatusCode::kDeadlineExceeded));
  // Reads, and says what is none of it.
  EXPECT_THAT(CallCode("while read line; do echo garbage; echo '[]'; done", kSoon),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  // Dies in the middle of its answer.
  EXPECT_THAT(CallCode(R"(read line; printf '{"jsonrpc":"2.0","id":2,')"),
              StatusIs(absl::StatusCode::kUnavailable));
  // Floods.
  EXPECT_THAT(CallCode(R"(yes '{"jsonrpc":"2.0","method":"notifications/progress","params":)"
                       R"({"progressToken":2,"progress":1}}')",
                       kSoon),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  // Asks without end, and reads nothing of the answers.
  EXPECT_THAT(CallCode(R"(yes '{"jsonrpc":"2.0","method":"ping","id":"x"}')", kSoon),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  // Too much for one message.
  EXPECT_THAT(CallCode("yes | tr -d '\\n'", kNever, {.max_bytes = 100'000}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  // Closes its output, and stays.
  EXPECT_THAT(CallCode("exec >&-; sleep 1000"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(StdioClientTest, AServerThatNeverAnswersDoesNotConnect) {
  StdioTransportOptions transport = Shell("");
  transport.exit_timeout = kSoon;
  EXPECT_THAT(ConnectStdio({"sleep", "1000"}, transport, {.initialize_timeout = kSoon}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(ConnectStdio({"true"}, transport), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace parlance::tools::mcp

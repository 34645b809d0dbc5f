// With software that others wrote: a reference server, the Inspector and the TypeScript SDK of the
// Model Context Protocol, in the versions of testing/package.json. What they say is printed.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "third_party/npm_packages.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/json/json_value.h"
#include "tools/mcp/connect.h"
#include "tools/mcp/register_tools.h"
#include "tools/mcp/testing/run_command.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/process/child_process.h"
#include "tools/registry.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kNever = absl::Minutes(5);
constexpr char kOurServer[] = "tools/mcp/testing/serve_builtin";

void Say(const std::string& line) { std::cout << "  " << line << std::endl; }

absl::StatusOr<std::string> Execute(const npm::Command& command) {
  return RunToEnd(command, absl::Minutes(8));
}

class InteropTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto folder = npm::InstallPackages("tools/mcp/testing", Execute);
    if (folder.ok()) {
      folder_ = *folder;
    } else {
      missing_ = std::string(folder.status().message());
    }
  }
  void SetUp() override {
    if (!missing_.empty()) GTEST_SKIP() << "SKIPPED: " << missing_;
  }

  static std::string Package(const std::string& path) {
    return absl::StrCat(folder_, "/node_modules/@modelcontextprotocol/", path);
  }
  static std::vector<std::string> Everything(const std::string& transport) {
    return {"node", Package("server-everything/dist/index.js"), transport};
  }

  static std::string folder_;
  static std::string missing_;
};

std::string InteropTest::folder_;
std::string InteropTest::missing_;

// All that the reference server offers and we use.
void UseEverything(std::shared_ptr<Client> client) {
  const ServerInfo info = client->server_info();
  Say(absl::StrCat("connected to ", info.name, " ", info.version, ", revision ",
                   info.protocol_version));
  EXPECT_EQ(info.protocol_version, "2025-11-25");
  EXPECT_THAT(client->Ping(kNever), IsOk());

  const auto tools = client->ListTools(kNever);
  ASSERT_THAT(tools, IsOk());
  Say(absl::StrCat("tools: ",
                   absl::StrJoin(tools->tools, " ", [](std::string* out, const RemoteTool& t) {
                     out->append(t.name);
                   })));
  EXPECT_GT(tools->tools.size(), 5);
  EXPECT_EQ(tools->cut_short, "");

  const auto call = [&](const std::string& name, const std::string& arguments,
                        CallToolOptions options = {}) {
    if (options.timeout == absl::ZeroDuration()) options.timeout = kNever;
    auto result = client->CallTool(name, arguments, options);
    Say(absl::StrCat(name, " ", arguments, " -> ",
                     !result.ok()
                         ? result.status().ToString()
                         : absl::StrCat(result->is_error ? "error: " : "", result->output.text,
                                        " | ", result->output.json.substr(0, 120))));
    return result;
  };

  const auto echo = call("echo", R"({"message":"h\u00e9llo \"you\"\n"})");
  ASSERT_THAT(echo, IsOk());
  EXPECT_EQ(echo->output.text, "Echo: h\xC3\xA9llo \"you\"\n");
  const auto sum = call("get-sum", R"({"a":2,"b":40})");
  ASSERT_THAT(sum, IsOk());
  EXPECT_THAT(sum->output.text, HasSubstr("42"));

  const auto structured = call("get-structured-content", R"({"location":"Chicago"})");
  ASSERT_THAT(structured, IsOk());
  rapidjson::Document weather;
  weather.Parse(structured->output.json.c_str());
  ASSERT_TRUE(weather.IsObject());
  EXPECT_TRUE(weather.HasMember("temperature") && weather["temperature"].IsNumber());

  const auto image = call("get-tiny-image", "");
  ASSERT_THAT(image, IsOk());
  EXPECT_THAT(image->output.json, HasSubstr(R"("type":"image")"));
  EXPECT_FALSE(image->output.text.empty());
  const auto link = call("get-resource-links", R"({"count":2})");
  ASSERT_THAT(link, IsOk());
  EXPECT_THAT(link->output.json, HasSubstr(R"("type":"resource_link")"));

  // It is for the server to say how: as an error of the tool, or of the protocol.
  const auto wrong = call("get-sum", R"({"a":"x"})");
  EXPECT_TRUE(wrong.ok() ? wrong->is_error : absl::IsInvalidArgument(wrong.status()));
  const auto unknown = call("no-such-tool", "");
  EXPECT_TRUE(unknown.ok() ? unknown->is_error : absl::IsInvalidArgument(unknown.status()));

  std::vector<double> progress;
  const auto finished =
      call("trigger-long-running-operation", R"({"duration":0.5,"steps":4})",
           {.on_progress = [&](const ToolProgress& one) {
             Say(absl::StrCat("progress ", one.progress, " of ", one.total.value_or(-1)));
             progress.push_back(one.progress);
           }});
  ASSERT_THAT(finished, IsOk());
  EXPECT_THAT(finished->output.text, HasSubstr("completed"));
  EXPECT_EQ(progress, (std::vector<double>{1, 2, 3, 4}));

  // A call that takes an hour is given up when it has surely begun.
  std::atomic<bool> cancelled = false;
  EXPECT_THAT(call("trigger-long-running-operation", R"({"duration":3600,"steps":36000})",
                   {.cancelled = &cancelled,
                    .on_progress = [&](const ToolProgress&) { cancelled = true; }}),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(call("trigger-long-running-operation", R"({"duration":3600,"steps":1})",
                   {.timeout = absl::Milliseconds(100)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(client->Ping(kNever), IsOk());

  ToolRegistry registry;
  const auto registered = RegisterMcpTools(client, registry, "everything_");
  ASSERT_THAT(registered, IsOk());
  for (const auto& skipped : registered->skipped) {
    Say(absl::StrCat("skipped ", skipped.remote_name, ": ", skipped.reason));
  }
  Say(absl::StrCat("registered ", registered->registered.size(), ", skipped ",
                   registered->skipped.size()));
  EXPECT_EQ(registered->registered.size() + registered->skipped.size(),
            tools->tools.size() + tools->skipped.size());
  const auto executor = *ToolExecutor::Create(&registry, {.default_timeout = kNever});
  const ToolResult ours = executor->Execute("everything_get-sum", R"({"a":1,"b":2})");
  ASSERT_TRUE(std::holds_alternative<ToolOutput>(ours)) << std::get<ToolError>(ours).message;
  EXPECT_THAT(std::get<ToolOutput>(ours).text, HasSubstr("3"));
  const ToolResult refused = executor->Execute("everything_get-sum", R"({"a":1})");
  ASSERT_TRUE(std::holds_alternative<ToolError>(refused));
  EXPECT_EQ(std::get<ToolError>(refused).kind, ToolErrorKind::kInvalidArguments);
}

TEST_F(InteropTest, OurClientWithTheReferenceServerOverStdio) {
  auto client = ConnectStdio(Everything("stdio"), {}, {.initialize_timeout = kNever});
  ASSERT_THAT(client, IsOk());
  UseEverything(*std::move(client));
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  socklen_t length = sizeof(address);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

// Waits until it listens; false if it ends before.
bool WaitUntilItListens(ChildProcess& server) {
  std::string said;
  while (!absl::StrContains(said, "listening on port")) {
    std::array<char, 1000> buffer;
    const ssize_t count = read(server.stdout_fd(), buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count > 0) {
      said.append(buffer.data(), static_cast<size_t>(count));
    } else {
      usleep(1000);
    }
  }
  return true;
}

TEST_F(InteropTest, OurClientWithTheReferenceServerOverHttp) {
  std::unique_ptr<ChildProcess> server;
  std::string url;
  // Somebody else may take the port before it does.
  for (int attempt = 0; attempt < 5; ++attempt) {
    const int port = FreePort();
    ChildProcessOptions options;
    options.words = {"sh", "-c", "exec \"$@\" 2>&1", "sh"};
    for (const std::string& word : Everything("streamableHttp")) options.words.push_back(word);
    options.environment = {{"PORT", absl::StrCat(port)}};
    auto started = ChildProcess::Start(options);
    ASSERT_THAT(started, IsOk());
    server = *std::move(started);
    url = absl::StrCat("http://127.0.0.1:", port, "/mcp");
    if (WaitUntilItListens(*server)) break;
  }
  ASSERT_EQ(server->state().ToString(), "runs");
  auto client = ConnectHttp(url, {}, {.initialize_timeout = kNever});
  ASSERT_THAT(client, IsOk());
  UseEverything(*std::move(client));
  // The server says of each session that it has ended, among much else.
  std::string said;
  while (!absl::StrContains(said, "Received session termination request")) {
    std::array<char, 1000> buffer;
    const ssize_t count = read(server->stdout_fd(), buffer.data(), buffer.size());
    ASSERT_NE(count, 0) << said;
    if (count > 0) said.append(buffer.data(), static_cast<size_t>(count));
    if (count < 0) usleep(1000);
  }
}

// What the Inspector prints of a request to our server.
rapidjson::Document Inspect(const std::string& inspector, const std::vector<std::string>& request) {
  std::vector<std::string> words = {"node", inspector, "--cli", kOurServer};
  words.insert(words.end(), request.begin(), request.end());
  // It writes to its user's folder.
  const auto result = RunCommand(words, kNever, {{"HOME", testing::TempDir()}});
  rapidjson::Document printed;
  if (!result.ok()) {
    ADD_FAILURE() << result.status();
    return printed;
  }
  EXPECT_EQ(result->state, "exited with status 0") << result->output;
  // What our server writes to stderr, such as coverage's complaints, may follow.
  printed.Parse<rapidjson::kParseStopWhenDoneFlag>(
      result->output.substr(std::min(result->output.find('{'), result->output.size())).c_str());
  EXPECT_TRUE(printed.IsObject()) << result->output;
  Say(absl::StrCat("inspector ", absl::StrJoin(request, " "), " -> ",
                   printed.IsObject() ? ValueJson(printed).substr(0, 300) : ""));
  return printed;
}

TEST_F(InteropTest, TheInspectorWithOurServer) {
  const std::string inspector = Package("inspector/clients/launcher/build/index.js");
  const rapidjson::Document list = Inspect(inspector, {"--method", "tools/list"});
  ASSERT_TRUE(list.IsObject() && list.HasMember("tools"));
  std::vector<std::string> names;
  for (const auto& tool : list["tools"].GetArray()) names.emplace_back(tool["name"].GetString());
  EXPECT_EQ(names, (std::vector<std::string>{"calculator", "clock", "convert_units", "notes",
                                             "search_conversation", "slow", "timers"}));
  const rapidjson::Document result = Inspect(
      inspector,
      {"--method", "tools/call", "--tool-name", "calculator", "--tool-arg", "expression=6 * 7"});
  ASSERT_TRUE(result.IsObject() && result.HasMember("structuredContent"));
  EXPECT_THAT(ValueJson(result["structuredContent"]), HasSubstr("42"));
}

TEST_F(InteropTest, TheSdkWithOurServer) {
  const auto result =
      RunCommand({"node", "tools/mcp/testing/sdk_client.mjs", folder_, kOurServer, "3"}, kNever);
  ASSERT_THAT(result, IsOk());
  std::cout << result->output << std::endl;
  EXPECT_EQ(result->state, "exited with status 0");
  for (const char* line :
       {R"(server: {"name":"parlance-test","version":"1.0.0"})",
        R"(capabilities: {"tools":{"listChanged":true}})",
        R"(instructions: "Tools of a voice agent.")", R"(ping: "answered")", "pages: [3,3,1]",
        R"(tools: ["calculator","clock","convert_units","notes",)", "wrong cursor: -32602",
        "wrong argument: [true,", "failure: [true,", R"(unknown tool: {"code":-32602,)",
        R"(order: ["calculator","slow"])", R"(after: {"done":true})", "closed: true"}) {
    EXPECT_THAT(result->output, HasSubstr(line)) << line;
  }
  EXPECT_THAT(result->output, HasSubstr(R"(calculator: [false,{)"));
  EXPECT_THAT(result->output, HasSubstr("enough")) << "cancelled";
  EXPECT_THAT(result->output, Not(HasSubstr("client error")));
}

}  // namespace
}  // namespace parlance::tools::mcp

#include "tools/mcp/register_tools.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/executor.h"
#include "tools/mcp/testing/scripted_transport.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::StartsWith;

std::shared_ptr<Client> Connect(ScriptedServer& server) {
  auto client = Client::Connect(std::make_unique<ScriptedTransport>(&server), {});
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

// A server with these tools, as JSON, which answers calls with that result.
ScriptedServer::Script Serve(const std::string& tools, const std::string& result = "") {
  return [=](ScriptedServer& server, const OutgoingMessage& message) {
    if (message.method == "tools/list") {
      server.Answer(message, absl::StrCat(R"({"tools":[)", tools, "]}"));
    } else if (message.method == "tools/call" && !result.empty()) {
      server.Answer(message, result);
    }
  };
}

constexpr char kTool[] = R"({"name":"add","description":"Adds.","inputSchema":{"type":"object",)"
                         R"("properties":{"a":{"type":"integer"}},"required":["a"]},)"
                         R"("outputSchema":{"type":"object","required":["sum"]}})";

// What a call with these arguments gives.
ToolResult Call(const std::string& answer, const std::string& arguments,
                absl::Duration timeout = absl::Minutes(5)) {
  ScriptedServer server(Serve(kTool, answer));
  ToolRegistry registry;
  EXPECT_THAT(RegisterMcpTools(Connect(server), registry, "x_"), IsOk());
  auto executor = *ToolExecutor::Create(&registry, {});
  return executor->Execute("x_add", arguments, timeout);
}

ToolError Error(const ToolResult& result) {
  const auto* const error = std::get_if<ToolError>(&result);
  if (error == nullptr) ADD_FAILURE() << std::get<ToolOutput>(result).json;
  return error == nullptr ? ToolError{} : *error;
}

TEST(RegisterToolsTest, TheirToolsAreAsOurs) {
  const ToolResult result =
      Call(R"({"content":[{"type":"text","text":"It is 3."}],"structuredContent":{"sum":3}})",
           R"({"a":3})");
  ASSERT_TRUE(std::holds_alternative<ToolOutput>(result)) << Error(result).message;
  EXPECT_EQ(std::get<ToolOutput>(result).json, R"({"sum":3})");
  EXPECT_EQ(std::get<ToolOutput>(result).text, "It is 3.");
}

TEST(RegisterToolsTest, EveryFailureHasItsKind) {
  EXPECT_EQ(Error(Call("{}", R"({"a":"x"})")).kind, ToolErrorKind::kInvalidArguments);
  const ToolError failed = Error(
      Call(R"({"content":[{"type":"text","text":"too large"}],"isError":true})", R"({"a":1})"));
  EXPECT_EQ(failed.kind, ToolErrorKind::kFailed);
  EXPECT_EQ(failed.message, "too large");
  const ToolError unfit = Error(Call(R"({"structuredContent":{"total":3}})", R"({"a":1})"));
  EXPECT_EQ(unfit.kind, ToolErrorKind::kFailed);
  EXPECT_THAT(unfit.message, HasSubstr("the tool's result: lacks the property 'sum'"));
  EXPECT_EQ(Error(Call("", R"({"a":1})", absl::Milliseconds(20))).kind,
            ToolErrorKind::kDeadlineExceeded);
}

TEST(RegisterToolsTest, WhatNoToolHasAnsweredIsUnavailable) {
  // What becomes of a call: the transport's errors, answers that are malformed, and the tool's own.
  const auto kind_of = [](const ScriptedServer::Script& answer) {
    ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
      if (message.method == "tools/list") {
        self.Answer(message, absl::StrCat(R"({"tools":[)", kTool, "]}"));
      } else if (message.method == "tools/call") {
        answer(self, message);
      }
    });
    ToolRegistry registry;
    EXPECT_THAT(RegisterMcpTools(Connect(server), registry, ""), IsOk());
    return Error((*ToolExecutor::Create(&registry, {}))->Execute("add", R"({"a":1})")).kind;
  };
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnauthenticated, absl::StatusCode::kPermissionDenied,
        absl::StatusCode::kNotFound, absl::StatusCode::kResourceExhausted,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kInternal,
        absl::StatusCode::kUnavailable}) {
    EXPECT_EQ(kind_of([&](ScriptedServer& server, const OutgoingMessage& message) {
                server.FailRequest(*message.request_id, absl::Status(code, "it is not there"));
              }),
              ToolErrorKind::kUnavailable)
        << code;
  }
  EXPECT_EQ(kind_of([](ScriptedServer& server, const OutgoingMessage& message) {
              server.Answer(message, "{}");
            }),
            ToolErrorKind::kUnavailable);
  for (const auto& [code, kind] :
       {std::pair{-32602, ToolErrorKind::kInvalidArguments},
        std::pair{-32601, ToolErrorKind::kFailed}, std::pair{-32603, ToolErrorKind::kFailed},
        // It could not read the request.
        std::pair{-32600, ToolErrorKind::kUnavailable},
        std::pair{-32700, ToolErrorKind::kUnavailable},
        std::pair{-32000, ToolErrorKind::kFailed}}) {
    EXPECT_EQ(kind_of([&, code = code](ScriptedServer& server, const OutgoingMessage& message) {
                server.Deliver(absl::StrCat(R"({"jsonrpc":"2.0","id":)", *message.request_id,
                                            R"(,"error":{"code":)", code, R"(,"message":"no"}})"));
              }),
              kind)
        << code;
  }
}

TEST(RegisterToolsTest, ACallEndsWithItsContext) {
  ScriptedServer server(Serve(kTool));
  ToolRegistry registry;
  ASSERT_THAT(RegisterMcpTools(Connect(server), registry, ""), IsOk());
  const std::atomic<bool> cancelled = true;
  rapidjson::Document arguments;
  arguments.Parse(R"({"a":1})");
  const auto result = registry.Find("add")->tool.handler(
      arguments, {.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5),
                  .cancelled = cancelled});
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(server.sent("notifications/cancelled").size(), 1);
  const std::atomic<bool> not_cancelled = false;
  const auto late = registry.Find("add")->tool.handler(
      arguments, {.deadline = std::chrono::steady_clock::now() - std::chrono::minutes(5),
                  .cancelled = not_cancelled});
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(RegisterToolsTest, MakesNamesValidAndUnique) {
  const std::string long_name(70, 'n');
  std::string tools;
  for (const std::string& name : {std::string("admin.list"), std::string("admin/list"), long_name,
                                  long_name + "2", std::string("\xC3\xA9"), std::string()}) {
    absl::StrAppend(&tools, tools.empty() ? "" : ",", R"({"name":")", name,
                    R"(","inputSchema":{"type":"object"}})");
  }
  ScriptedServer server(Serve(tools, R"({"content":[]})"));
  ToolRegistry registry;
  const auto client = Connect(server);
  const auto result = RegisterMcpTools(client, registry, "");
  ASSERT_THAT(result, IsOk());
  std::vector<std::string> names;
  for (const auto& registered : result->registered) names.push_back(registered.name);
  EXPECT_EQ(names, (std::vector<std::string>{"admin_list", "admin_list_2", std::string(64, 'n'),
                                             absl::StrCat(std::string(62, 'n'), "_2"), "__"}));
  EXPECT_EQ(result->registered[1].remote_name, "admin/list");
  // An empty name makes no tool.
  EXPECT_EQ(result->skipped.size(), 1);
  // The server knows its own names only.
  auto executor = *ToolExecutor::Create(&registry, {});
  executor->Execute("admin_list_2", "{}");
  EXPECT_THAT(server.sent("tools/call").at(0), HasSubstr(R"("name":"admin/list")"));
  // A description there is always.
  EXPECT_EQ(registry.Find("admin_list")->tool.description, "admin.list");
}

TEST(RegisterToolsTest, NamesWhatItSkips) {
  ScriptedServer server(Serve(
      absl::StrCat(kTool, R"(,{"name":"odd","inputSchema":{"type":"object","noSuchKeyword":1}},)",
                   R"({"name":"last","inputSchema":{"type":"object"}})")));
  ToolRegistry registry;
  const auto result = RegisterMcpTools(Connect(server), registry, "p-");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(registry.List().size(), 2);
  EXPECT_NE(registry.Find("p-last"), nullptr);
  ASSERT_EQ(result->skipped.size(), 1);
  EXPECT_EQ(result->skipped[0].remote_name, "odd");
  EXPECT_THAT(result->skipped[0].reason, HasSubstr("noSuchKeyword"));
}

TEST(RegisterToolsTest, FollowsAListThatChanges) {
  const auto tool = [](const std::string& name, const std::string& description) {
    return absl::StrCat(R"({"name":")", name, R"(","description":")", description,
                        R"(","inputSchema":{"type":"object"}})");
  };
  std::string tools =
      absl::StrCat(tool("stays", "a"), ",", tool("changes", "b"), ",", tool("goes", "c"));
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method == "tools/list") {
      self.Answer(message, absl::StrCat(R"({"tools":[)", tools, "]}"));
    }
  });
  ToolRegistry registry;
  const auto client = Connect(server);
  const auto before = RegisterMcpTools(client, registry, "x_");
  ASSERT_THAT(before, IsOk());
  const ToolPtr stays = registry.Find("x_stays");
  tools = absl::StrCat(tool("changes", "d"), ",", tool("stays", "a"), ",", tool("comes", "e"));
  const auto after = RegisterMcpTools(client, registry, "x_", *before);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->registered.size(), 3);
  EXPECT_EQ(registry.List().size(), 3);
  EXPECT_EQ(registry.Find("x_stays"), stays);
  EXPECT_EQ(registry.Find("x_changes")->tool.description, "d");
  EXPECT_NE(registry.Find("x_comes"), nullptr);
  EXPECT_EQ(registry.Find("x_goes"), nullptr);
}

TEST(RegisterToolsTest, OneBadToolDoesNotLoseTheOthers) {
  ScriptedServer server(
      Serve(absl::StrCat(R"({"name":"bare"},{"inputSchema":{}},)", kTool, ",", kTool)));
  ToolRegistry registry;
  const auto result = RegisterMcpTools(Connect(server), registry, "");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(registry.List().size(), 1);
  EXPECT_NE(registry.Find("add"), nullptr);
  ASSERT_EQ(result->skipped.size(), 3);
  EXPECT_EQ(result->skipped[0].remote_name, "bare");
  EXPECT_EQ(result->skipped[1].remote_name, "tool 2");
  EXPECT_EQ(result->skipped[2].remote_name, "add");
}

TEST(RegisterToolsTest, AListThatIsCutShortRemovesNothing) {
  bool is_broken = false;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/list") return;
    if (!absl::StrContains(message.text, "cursor")) {
      self.Answer(message, absl::StrCat(R"({"tools":[{"name":"changes","inputSchema":{"title":")",
                                        is_broken, R"("}}],"nextCursor":"2"})"));
    } else if (is_broken) {
      self.Answer(message, "{}");
    } else {
      self.Answer(message, R"({"tools":[{"name":"stays","inputSchema":{}}]})");
    }
  });
  ToolRegistry registry;
  const auto client = Connect(server);
  const auto before = RegisterMcpTools(client, registry, "");
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->cut_short, "");
  const ToolPtr changes = registry.Find("changes");
  is_broken = true;
  const auto after = RegisterMcpTools(client, registry, "", *before);
  ASSERT_THAT(after, IsOk());
  EXPECT_THAT(after->cut_short, StartsWith("page 2: "));
  EXPECT_EQ(after->registered.size(), 2);
  EXPECT_NE(registry.Find("stays"), nullptr);
  ASSERT_NE(registry.Find("changes"), nullptr);
  EXPECT_NE(registry.Find("changes"), changes);
}

TEST(RegisterToolsTest, SaysThatItCannotList) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method == "tools/list") self.CloseConnection(absl::UnavailableError("gone"));
  });
  ToolRegistry registry;
  EXPECT_EQ(RegisterMcpTools(Connect(server), registry, "").status(),
            absl::UnavailableError("gone"));
}

}  // namespace
}  // namespace parlance::tools::mcp

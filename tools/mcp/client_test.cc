#include "tools/mcp/client.h"

#include <atomic>
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
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/testing/scripted_transport.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Long enough never to pass, and so short that it surely does.
constexpr absl::Duration kNever = absl::Minutes(5);
constexpr absl::Duration kSoon = absl::Milliseconds(20);

void Silent(ScriptedServer&, const OutgoingMessage&) {}

std::unique_ptr<Client> Connect(ScriptedServer& server, ClientOptions options = {}) {
  options.request_timeout = kNever;
  auto client = Client::Connect(std::make_unique<ScriptedTransport>(&server), std::move(options));
  EXPECT_THAT(client, IsOk());
  return client.ok() ? *std::move(client) : nullptr;
}

// Answers each call with that result.
ScriptedServer::Script AnswerCalls(const std::string& result) {
  return [result](ScriptedServer& server, const OutgoingMessage& message) {
    if (message.method == "tools/call") server.Answer(message, result);
  };
}

absl::StatusCode CallCode(ScriptedServer& server, const CallToolOptions& options = {}) {
  const auto client = Connect(server);
  return client->CallTool("tool", "", options).status().code();
}

TEST(ClientTest, InitialisesWithTheNewestRevisionFirst) {
  ScriptedServer server(Silent);
  const auto client = Connect(server, {.name = "a \"name\"", .version = "3"});
  const std::vector<OutgoingMessage> sent = server.sent();
  ASSERT_EQ(sent.size(), 2);
  EXPECT_EQ(sent[0].text,
            R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":)"
            R"("2025-11-25","capabilities":{},"clientInfo":{"name":"a \"name\"","version":"3"}}})");
  EXPECT_EQ(sent[1].text, R"({"jsonrpc":"2.0","method":"notifications/initialized","params":{}})");
  EXPECT_FALSE(sent[1].request_id.has_value());
  EXPECT_EQ(server.protocol_version(), "2025-11-25");
  EXPECT_EQ(client->server_info().name, "scripted");
  EXPECT_EQ(client->server_info().version, "7");
  EXPECT_EQ(client->server_info().instructions, "Use it.");
  EXPECT_TRUE(client->server_info().has_tools);
}

TEST(ClientTest, TakesOlderRevisionsAndNoOthers) {
  for (const char* revision : {"2025-06-18", "2025-03-26", "2024-11-05"}) {
    ScriptedServer server(Silent);
    server.initialize_answer =
        absl::StrCat(R"({"protocolVersion":")", revision, R"(","capabilities":{}})");
    const auto client = Connect(server);
    EXPECT_EQ(client->server_info().protocol_version, revision);
    EXPECT_EQ(server.protocol_version(), revision);
  }
  ScriptedServer server(Silent);
  server.initialize_answer = R"({"protocolVersion":"1999-01-01","capabilities":{}})";
  const auto refused = Client::Connect(std::make_unique<ScriptedTransport>(&server), {});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(server.sent("notifications/initialized").empty());
}

TEST(ClientTest, ConnectFailsWithASilentOrMalformedServer) {
  ScriptedServer silent(Silent);
  silent.initialize_answer = "";
  EXPECT_THAT(
      Client::Connect(std::make_unique<ScriptedTransport>(&silent), {.initialize_timeout = kSoon}),
      StatusIs(absl::StatusCode::kDeadlineExceeded));
  // It must not be cancelled.
  EXPECT_EQ(silent.sent().size(), 1);
  for (const char* answer : {"{}", R"({"protocolVersion":"2025-11-25"})",
                             R"({"protocolVersion":7,"capabilities":{}})"}) {
    ScriptedServer malformed(Silent);
    malformed.initialize_answer = answer;
    EXPECT_THAT(Client::Connect(std::make_unique<ScriptedTransport>(&malformed), {}),
                StatusIs(absl::StatusCode::kInternal));
  }
}

TEST(ClientTest, ListsAllPages) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/list") return;
    if (absl::StrContains(message.text, "\"cursor\":\"p\\\"2\"")) {
      self.Answer(message, R"({"tools":[{"name":"b","inputSchema":{"type":"object"}}]})");
    } else {
      self.Answer(message,
                  R"({"tools":[{"name":"a","title":"A","description":"Does a.","inputSchema":)"
                  R"({"type":"object","properties":{}},"outputSchema":{"type":"object"},)"
                  R"("annotations":{"readOnlyHint":true}}],"nextCursor":"p\"2"})");
    }
  });
  const auto client = Connect(server);
  const auto tools = client->ListTools();
  ASSERT_THAT(tools, IsOk());
  EXPECT_TRUE(tools->skipped.empty());
  EXPECT_EQ(tools->cut_short, "");
  ASSERT_EQ(tools->tools.size(), 2);
  EXPECT_EQ(tools->tools[0].name, "a");
  EXPECT_EQ(tools->tools[0].title, "A");
  EXPECT_EQ(tools->tools[0].description, "Does a.");
  EXPECT_EQ(tools->tools[0].input_schema, R"({"type":"object","properties":{}})");
  EXPECT_EQ(tools->tools[0].output_schema, R"({"type":"object"})");
  EXPECT_EQ(tools->tools[0].annotations, R"({"readOnlyHint":true})");
  EXPECT_EQ(tools->tools[1].name, "b");
  EXPECT_EQ(tools->tools[1].output_schema, "");
  EXPECT_EQ(server.sent("tools/list").size(), 2);
}

TEST(ClientTest, EndsAListThatDoesNotEndAndKeepsWhatWasRead) {
  std::atomic<int> page = 0;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/list") return;
    const int number = ++page;
    self.Answer(message, absl::StrCat(R"({"tools":[{"name":"a)", number,
                                      R"(","inputSchema":{}}],"nextCursor":")", number, "\"}"));
  });
  const auto by_pages = Connect(server, {.max_pages = 30})->ListTools();
  ASSERT_THAT(by_pages, IsOk());
  EXPECT_EQ(by_pages->tools.size(), 30);
  EXPECT_EQ(by_pages->cut_short, "the server lists its tools on more than 30 pages");
  EXPECT_EQ(page, 30);
  const auto by_tools = Connect(server, {.max_tools = 5})->ListTools();
  ASSERT_THAT(by_tools, IsOk());
  EXPECT_EQ(by_tools->tools.size(), 5);
  EXPECT_EQ(by_tools->cut_short, "the server lists more than 5 tools");
  EXPECT_EQ(page, 36);
}

std::string NamesOf(const RemoteTools& tools) {
  std::string names;
  for (const RemoteTool& tool : tools.tools) absl::StrAppend(&names, tool.name, " ");
  return names;
}

// It was an error, and what was read was lost.
TEST(ClientTest, ARepeatedCursorKeepsWhatWasRead) {
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/list") return;
    const char* name = absl::StrContains(message.text, "cursor") ? "b" : "a";
    self.Answer(message, absl::StrCat(R"({"tools":[{"name":")", name,
                                      R"(","inputSchema":{}}],"nextCursor":"x"})"));
  });
  const auto tools = Connect(server)->ListTools();
  ASSERT_THAT(tools, IsOk());
  EXPECT_EQ(NamesOf(*tools), "a b ");
  EXPECT_EQ(tools->cut_short, "page 2 leads back to an earlier one");
  EXPECT_EQ(server.sent("tools/list").size(), 2);
}

TEST(ClientTest, ALaterPageThatFailsKeepsTheEarlier) {
  for (const auto& [answer, why] : std::vector<std::pair<std::string, std::string>>{
           {R"("result":{"tools":7})",
            "page 2: the server's answer is malformed: tools/list does not give"},
           {R"("result":{"tools":[NaN]})", "page 2: the server's answer is malformed: not JSON: "},
           {R"("error":{"code":-32603,"message":"out of tools"})", "page 2: out of tools"}}) {
    ScriptedServer server(
        [&, answer = answer](ScriptedServer& self, const OutgoingMessage& message) {
          if (message.method != "tools/list") return;
          if (absl::StrContains(message.text, "cursor")) {
            self.Deliver(
                absl::StrCat(R"({"jsonrpc":"2.0","id":)", *message.request_id, ",", answer, "}"));
          } else {
            self.Answer(message, R"({"tools":[{"name":"a","inputSchema":{}}],"nextCursor":"x"})");
          }
        });
    const auto tools = Connect(server)->ListTools();
    ASSERT_THAT(tools, IsOk());
    EXPECT_EQ(NamesOf(*tools), "a ");
    EXPECT_THAT(tools->cut_short, StartsWith(why));
  }
}

TEST(ClientTest, AnEmptyOrNullCursorIsTheEnd) {
  for (const char* cursor : {R"("")", "null", "7"}) {
    ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
      if (message.method != "tools/list") return;
      self.Answer(message, absl::StrCat(R"({"tools":[{"name":"a","inputSchema":{}}],"nextCursor":)",
                                        cursor, "}"));
    });
    const auto tools = Connect(server)->ListTools();
    ASSERT_THAT(tools, IsOk());
    EXPECT_EQ(NamesOf(*tools), "a ");
    EXPECT_EQ(tools->cut_short, "");
  }
}

// One bad tool lost all of a server's.
TEST(ClientTest, OneBadToolDoesNotLoseTheOthers) {
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/list") return;
    self.Answer(message,
                R"({"tools":[{"name":"first","inputSchema":{}},{"name":"missing"},)"
                R"({"name":"null","inputSchema":null},{"name":"text","inputSchema":"{}"},)"
                R"({"name":"list","inputSchema":[]},{"inputSchema":{}},)"
                R"({"name":7,"inputSchema":{}},7,null,[],{},)"
                R"({"name":"first","inputSchema":{"type":"object"}},)"
                R"({"name":"odd","title":7,"description":[],"annotations":"x",)"
                R"("outputSchema":null,"inputSchema":{}},{"name":"last","inputSchema":{}}]})");
  });
  const auto tools = Connect(server)->ListTools();
  ASSERT_THAT(tools, IsOk());
  EXPECT_EQ(NamesOf(*tools), "first odd last ");
  EXPECT_EQ(tools->cut_short, "");
  std::string skipped;
  for (const auto& [name, reason] : tools->skipped) {
    absl::StrAppend(&skipped, name, ": ", reason, "\n");
  }
  EXPECT_EQ(skipped,
            "missing: it has no inputSchema\n"
            "null: its inputSchema is not an object\n"
            "text: its inputSchema is not an object\n"
            "list: its inputSchema is not an object\n"
            "tool 6: it has no name\ntool 7: it has no name\ntool 8: it has no name\n"
            "tool 9: it has no name\ntool 10: it has no name\ntool 11: it has no name\n"
            "first: the server lists another of that name before it\n");
}

// A schema that was too deep lost all of a server's tools.
TEST(ClientTest, AToolThatIsTooDeepDoesNotLoseTheOthers) {
  const auto list = [](int num_levels) {
    return absl::StrCat(R"({"tools":[{"name":"first","inputSchema":{}},)",
                        R"({"name":"deep","inputSchema":{"enum":)", std::string(num_levels, '['),
                        std::string(num_levels, ']'),
                        R"(}},{"name":"last","inputSchema":{"type":"object"}}]})");
  };
  for (const auto& [num_levels, names] :
       std::vector<std::pair<int, std::string>>{{100, "first deep last "}, {200, "first last "}}) {
    ScriptedServer server(
        [&, levels = num_levels](ScriptedServer& self, const OutgoingMessage& message) {
          if (message.method == "tools/list") self.Answer(message, list(levels));
        });
    const auto tools = Connect(server)->ListTools();
    ASSERT_THAT(tools, IsOk());
    EXPECT_EQ(NamesOf(*tools), names);
    EXPECT_EQ(tools->cut_short, "");
    if (num_levels < 128) continue;
    ASSERT_EQ(tools->skipped.size(), 1);
    EXPECT_EQ(tools->skipped[0].name, "deep");
    EXPECT_EQ(tools->skipped[0].reason, "it is nested too deeply; the limit is 128 levels");
  }
}

TEST(ClientTest, RefusesAMalformedList) {
  for (const char* result : {"{}", R"({"tools":{}})", R"({"tools":null})", R"({"tools":"a"})"}) {
    ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
      if (message.method == "tools/list") self.Answer(message, result);
    });
    EXPECT_THAT(Connect(server)->ListTools(), StatusIs(absl::StatusCode::kInternal)) << result;
  }
}

TEST(ClientTest, AsksForNoToolsWhereNoneAreOffered) {
  ScriptedServer server(Silent);
  server.initialize_answer = R"({"protocolVersion":"2025-11-25","capabilities":{}})";
  EXPECT_THAT(Connect(server)->ListTools(), StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_TRUE(server.sent("tools/list").empty());
}

TEST(ClientTest, CallsATool) {
  ScriptedServer server(
      AnswerCalls(R"({"content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]})"));
  const auto result = Connect(server)->CallTool("the tool", R"({"a":[1]})");
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->is_error);
  EXPECT_EQ(result->output.text, "one\ntwo");
  EXPECT_EQ(result->output.json,
            R"({"content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]})");
  EXPECT_EQ(server.sent("tools/call")[0],
            R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":)"
            R"({"name":"the tool","arguments":{"a":[1]}}})");
}

TEST(ClientTest, NumbersAreAsTheyAreWritten) {
  constexpr char kNumbers[] = R"({"n":12345678901234567890123,"z":-0,"e":1E5})";
  ScriptedServer server(AnswerCalls(absl::StrCat(R"({"structuredContent":)", kNumbers,
                                                 R"(,"content":[{"type":"text","text":)",
                                                 StringJson(kNumbers), "}]}")));
  const auto result = Connect(server)->CallTool("tool", kNumbers);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->output.json, kNumbers);
  EXPECT_EQ(result->output.text, kNumbers);
  EXPECT_THAT(server.sent("tools/call")[0], HasSubstr(kNumbers));
}

TEST(ClientTest, ReadsEveryKindOfContent) {
  const std::string content = R"([{"type":"image","data":"AA==","mimeType":"image/png"},)"
                              R"({"type":"audio","data":"AA==","mimeType":"audio/wav"},)"
                              R"({"type":"resource_link","uri":"file:///a","name":"a"},)"
                              R"({"type":"resource","resource":{"uri":"file:///b","text":"b"}},)"
                              R"({"type":"of the future"},{"type":"text","text":"said"}])";
  ScriptedServer server(AnswerCalls(absl::StrCat(R"({"content":)", content, "}")));
  const auto result = Connect(server)->CallTool("tool", "");
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->output.text, "said");
  EXPECT_EQ(result->output.json, absl::StrCat(R"({"content":)", content, "}"));
}

TEST(ClientTest, AnAnswerWithoutTextIsNotSilent) {
  ScriptedServer server(
      AnswerCalls(R"({"content":[{"type":"image","data":"AA==","mimeType":"image/png"},)"
                  R"({"type":"resource_link","uri":"file:///a","name":"a"}]})"));
  EXPECT_EQ(Connect(server)->CallTool("tool", "")->output.text,
            "[not shown: image/png, resource_link]");
}

TEST(ClientTest, PrefersStructuredContentAndLeavesOutItsCopy) {
  ScriptedServer server(AnswerCalls(
      R"({"content":[{"type":"text","text":"It is 7."},{"type":"text","text":"{ \"a\": 7 }"}],)"
      R"("structuredContent":{"a":7}})"));
  const auto both = Connect(server)->CallTool("tool", "");
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ(both->output.json, R"({"a":7})");
  EXPECT_EQ(both->output.text, "It is 7.");
  ScriptedServer copy_only(AnswerCalls(
      R"({"content":[{"type":"text","text":"{\"a\":7}"}],"structuredContent":{"a":7}})"));
  EXPECT_EQ(Connect(copy_only)->CallTool("tool", "")->output.text, R"({"a":7})");
}

TEST(ClientTest, AnErrorOfTheToolIsAResult) {
  ScriptedServer server(
      AnswerCalls(R"({"content":[{"type":"text","text":"no such city"}],"isError":true})"));
  const auto result = Connect(server)->CallTool("tool", "");
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(result->is_error);
  EXPECT_EQ(result->output.text, "no such city");
}

TEST(ClientTest, AnErrorOfTheProtocolIsAStatus) {
  const std::pair<int, absl::StatusCode> kCases[] = {
      {-32602, absl::StatusCode::kInvalidArgument}, {-32601, absl::StatusCode::kUnimplemented},
      {-32600, absl::StatusCode::kInternal},        {-32603, absl::StatusCode::kUnknown},
      {-32700, absl::StatusCode::kInternal},        {-32000, absl::StatusCode::kUnknown}};
  for (const auto& [code, status] : kCases) {
    ScriptedServer server([code = code](ScriptedServer& self, const OutgoingMessage& message) {
      if (message.method != "tools/call") return;
      self.Deliver(ErrorText(*message.request_id, {.code = code, .message = "the reason"}));
    });
    const auto result = Connect(server)->CallTool("tool", "");
    EXPECT_EQ(result.status().code(), status) << code;
    EXPECT_THAT(result.status().message(), HasSubstr("the reason"));
  }
}

TEST(ClientTest, RefusesAMalformedResult) {
  for (const char* result : {"{}", R"({"content":{}})", R"({"content":[{}]})", R"({"content":[7]})",
                             R"({"content":[{"type":"text"}]})", R"({"structuredContent":7})"}) {
    ScriptedServer server(AnswerCalls(result));
    EXPECT_EQ(CallCode(server), absl::StatusCode::kInternal) << result;
  }
  // No result at all.
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method == "tools/call") self.Answer(message, "7");
  });
  EXPECT_EQ(CallCode(server), absl::StatusCode::kInternal);
}

TEST(ClientTest, SendsNoArgumentsThatAreNoObject) {
  ScriptedServer server(Silent);
  const auto client = Connect(server);
  const std::string nul(1, '\0');
  for (const std::string& arguments :
       {std::string("[]"), std::string("7"), std::string("{"), std::string("{} x"), "{}" + nul}) {
    EXPECT_THAT(client->CallTool("tool", arguments), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_TRUE(server.sent("tools/call").empty());
}

TEST(ClientTest, ADeadlineHoldsAndTheServerIsTold) {
  ScriptedServer server(Silent);
  const auto client = Connect(server);
  EXPECT_THAT(client->CallTool("tool", "", {.timeout = kSoon}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  const std::vector<std::string> cancelled = server.sent("notifications/cancelled");
  ASSERT_EQ(cancelled.size(), 1);
  EXPECT_EQ(cancelled[0], R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":)"
                          R"({"requestId":2,"reason":"deadline exceeded"}})");
  EXPECT_EQ(server.finished(), (std::vector<std::pair<int64_t, bool>>{{1, true}, {2, false}}));
  // It is late, and twice.
  server.Deliver(ResultText(int64_t{2}, R"({"content":[]})"));
  server.Deliver(ResultText(int64_t{2}, R"({"content":[]})"));
}

TEST(ClientTest, AnswersToOtherRequestsAreNone) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    const std::string result = R"({"content":[]})";
    self.Deliver(ResultText(*message.request_id + 1, result));
    self.Deliver(ResultText("seven", result));
    self.Deliver("garbage");
    self.Deliver("[]");
    self.Deliver(ErrorText(std::nullopt, {.code = -32601, .message = "whose?"}));
  });
  const auto client = Connect(server);
  const absl::Status status = client->CallTool("tool", "", {.timeout = kSoon}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  // Whoever looks for the reason may find it there.
  EXPECT_THAT(status.message(), HasSubstr("meanwhile it sent this: whose?"));
}

// They waited out the deadline, and then were said to be no answer.
TEST(ClientTest, AnAnswerThatCannotBeReadIsAnErrorAtOnce) {
  const std::pair<std::string, std::string> kCases[] = {
      {R"("id":2,"result":{"content":[{"type":"text","text":"\ud83d"}]})", "surrogate pair"},
      {R"("id":2,"result":{"content":[{"type":"text","text":"\ude00"}]})", "surrogate pair"},
      {"\"id\":2,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"caf\xE9\"}]}",
       "Byte 0xe9 is not UTF-8"},
      {R"("id":2,"result":{"structuredContent":{"n":NaN}})", "JSON has no NaN"},
      {R"("id":2,"result":{"structuredContent":{"n":Infinity}})", "JSON has no Infinity"},
      {R"("id":2,"result":{"structuredContent":{"n":1e999}})", "Number too big"},
      {absl::StrCat(R"("id":2,"result":{"structuredContent":{"n":)", std::string(200, '['),
                    std::string(200, ']'), "}}"),
       "nested deeper than 128 levels"},
      {R"("id":2,"result":{"content":[)" + std::string(1, '\0') + "]}", "Invalid value"},
      {R"("id":2,"result":7)", "the result is not an object"},
      {R"("id":2,"error":"no")", "the error has no code and message"},
      {R"("id":2)", "exactly one of method, result and error"},
      {R"("id":2,"resulT":{"content":[]})", "exactly one of method, result and error"},
      {R"("id":2,"result":{"content":[],"isError":"yes"})", "isError is neither true nor false"},
      {R"("id":"2","result":{"content":[]})", R"(its id is the string "2")"},
      {R"("id":null,"result":{"content":[]})", "neither a string nor an integer"},
      {R"("id":2.5,"result":{"content":[]})", "neither a string nor an integer"},
      {R"("result":{"content":[]})", "the result has no id"},
      {R"("id":null,"error":{"code":-32700,"message":"cannot parse it"})", "cannot parse it"},
  };
  for (const auto& [answer, says] : kCases) {
    ScriptedServer server(
        [&, answer = answer](ScriptedServer& self, const OutgoingMessage& message) {
          if (message.method != "tools/call") return;
          self.Deliver(absl::StrCat(R"({"jsonrpc":"2.0",)", answer, "}"));
        });
    const auto result = Connect(server)->CallTool("tool", "");
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kInternal, HasSubstr(says))) << answer;
  }
}

TEST(ClientTest, WhatComesAfterAnErrorIsNoAnswer) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    self.Deliver(ErrorText(*message.request_id, {.code = -32602, .message = "first"}));
    self.Answer(message, R"({"content":[]})");
    self.Deliver(ErrorText(*message.request_id, {.code = -32602, .message = "second"}));
  });
  const auto client = Connect(server);
  EXPECT_THAT(client->CallTool("tool", "").status().message(), HasSubstr("first"));
  EXPECT_THAT(client->CallTool("tool", "").status().message(), HasSubstr("first"));
}

TEST(ClientTest, ReadsABatchAndAnswersItWithOne) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    self.Deliver(BatchText({RequestText(int64_t{70}, "ping", "{}"),
                            NotificationText("notifications/message", "{}"), "7",
                            ResultText(*message.request_id, R"({"content":[]})"),
                            RequestText("b", "roots/list", "{}")}));
  });
  server.initialize_answer = R"({"protocolVersion":"2025-03-26","capabilities":{"tools":{}}})";
  const auto result = Connect(server)->CallTool("tool", "");
  EXPECT_THAT(result, IsOk());
  EXPECT_EQ(server.sent(""),
            std::vector<std::string>{
                R"([{"jsonrpc":"2.0","id":70,"result":{}},{"jsonrpc":"2.0","id":"b",)"
                R"("error":{"code":-32601,"message":"this client does not offer )"
                R"(roots/list"}}])"});
}

TEST(ClientTest, ABatchWithOneBadAnswerFailsThatOneOnly) {
  std::mutex mutex;
  std::vector<OutgoingMessage> held;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    std::lock_guard<std::mutex> lock(mutex);
    held.push_back(message);
    if (held.size() < 2) return;
    self.Deliver(BatchText({ResultText(*held[0].request_id, R"({"content":[]})"),
                            ResultText(*held[1].request_id, "7")}));
  });
  const auto client = Connect(server);
  std::atomic<int> num_ok = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] { num_ok += client->CallTool("tool", "").ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_ok, 1);
}

TEST(ClientTest, TheCallerCancels) {
  std::atomic<bool> cancelled = false;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    self.Deliver(ErrorText(std::nullopt, {.code = -32601, .message = "whose?"}));
    cancelled = true;
  });
  const auto client = Connect(server);
  const absl::Status status = client->CallTool("tool", "", {.cancelled = &cancelled}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
  // What the server said meanwhile was lost.
  EXPECT_THAT(status.message(), HasSubstr("meanwhile it sent this: whose?"));
  EXPECT_THAT(server.sent("notifications/cancelled").at(0),
              HasSubstr(R"({"requestId":2,"reason":"cancelled"})"));
}

std::string ProgressText(int64_t token, int progress) {
  return NotificationText("notifications/progress",
                          absl::StrCat(R"({"progressToken":)", token, R"(,"progress":)", progress,
                                       R"(,"total":10,"message":"step )", progress, "\"}"));
}

TEST(ClientTest, ToldOfProgressBeforeTheResult) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    const int64_t id = *message.request_id;
    self.Deliver(ProgressText(id, 1));
    self.Deliver(ProgressText(id + 1, 9));
    self.Deliver(NotificationText("notifications/progress", R"({"progressToken":"x"})"));
    self.Deliver(
        NotificationText("notifications/progress", absl::StrCat(R"({"progressToken":)", id, "}")));
    self.Deliver(NotificationText("notifications/progress",
                                  absl::StrCat(R"({"progressToken":)", id, R"(,"progress":1.5})")));
    self.Answer(message, R"({"content":[]})");
    self.Deliver(ProgressText(id, 9));
  });
  const auto client = Connect(server);
  std::vector<ToolProgress> told;
  const auto result = client->CallTool(
      "tool", "", {.on_progress = [&](const ToolProgress& progress) { told.push_back(progress); }});
  EXPECT_THAT(result, IsOk());
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[0].progress, 1);
  EXPECT_EQ(told[0].total, 10);
  EXPECT_EQ(told[0].message, "step 1");
  EXPECT_EQ(told[1].progress, 1.5);
  EXPECT_FALSE(told[1].total.has_value());
  EXPECT_THAT(server.sent("tools/call")[0],
              HasSubstr(R"("params":{"_meta":{"progressToken":2},"name":"tool","arguments":{}})"));
  // Nobody is told, so nobody is asked.
  EXPECT_THAT(client->CallTool("tool", ""), IsOk());
  EXPECT_THAT(server.sent("tools/call")[1], Not(HasSubstr("progressToken")));
}

TEST(ClientTest, AFloodOfProgressIsBoundedAndHoldsUpNothing) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    for (int i = 0; i < 10'000; ++i) self.Deliver(ProgressText(*message.request_id, i));
  });
  const auto client = Connect(server);
  int num_told = 0;
  const auto result = client->CallTool(
      "tool", "", {.timeout = kSoon, .on_progress = [&](const ToolProgress& progress) {
                     // One more comes for each that is told.
                     server.Deliver(ProgressText(2, static_cast<int>(progress.progress)));
                     ++num_told;
                   }});
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_GT(num_told, 0);
  // Far fewer than came at first, but for those that came one by one.
  ScriptedServer burst([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    for (int i = 0; i < 10'000; ++i) self.Deliver(ProgressText(*message.request_id, i));
    self.Answer(message, R"({"content":[]})");
  });
  std::vector<double> told;
  EXPECT_THAT(Connect(burst)->CallTool(
                  "tool", "",
                  {.on_progress =
                       [&](const ToolProgress& progress) { told.push_back(progress.progress); }}),
              IsOk());
  ASSERT_EQ(told.size(), 64);
  EXPECT_EQ(told.back(), 9999);
}

TEST(ClientTest, AnswersPingAndRefusesWhatItDoesNotOffer) {
  ScriptedServer server(Silent);
  const auto client = Connect(server);
  server.Deliver(RequestText(std::string("p"), "ping", "{}"));
  server.Deliver(RequestText(int64_t{5}, "sampling/createMessage", "{}"));
  server.Deliver(RequestText(int64_t{6}, "elicitation/create", "{}"));
  server.Deliver(R"({"jsonrpc":"2.0","id":7,"method":"roots/list","params":[]})");
  server.Deliver(NotificationText("notifications/message", R"({"level":"info","data":"x"})"));
  const std::vector<std::string> answers = server.sent("");
  ASSERT_EQ(answers.size(), 4);
  EXPECT_EQ(answers[0], R"({"jsonrpc":"2.0","id":"p","result":{}})");
  EXPECT_THAT(answers[1], HasSubstr(R"("id":5,"error":{"code":-32601)"));
  EXPECT_THAT(answers[2], HasSubstr(R"("id":6,"error":{"code":-32601)"));
  EXPECT_THAT(answers[3], HasSubstr(R"("id":7,"error":{"code":-32602)"));
}

TEST(ClientTest, ALostConnectionFailsWhatWaitsAndWhatComes) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method == "tools/call") self.CloseConnection(absl::UnavailableError("it died"));
  });
  const auto client = Connect(server);
  EXPECT_EQ(client->CallTool("tool", "").status(), absl::UnavailableError("it died"));
  EXPECT_EQ(client->CallTool("tool", "").status(), absl::UnavailableError("it died"));
  EXPECT_THAT(client->Ping(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server.sent("tools/call").size(), 1);
}

TEST(ClientTest, SaysWhatCannotBeSent) {
  ScriptedServer server(Silent);
  const auto client = Connect(server);
  server.send_status = absl::ResourceExhaustedError("full");
  EXPECT_EQ(client->CallTool("tool", "").status(), server.send_status);
}

TEST(ClientTest, TellsOfChangedToolsAndTheListenerMayAsk) {
  ScriptedServer server([](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method == "tools/list") self.Answer(message, R"({"tools":[]})");
  });
  std::mutex mutex;
  std::condition_variable told;
  int num_lists = 0;
  std::unique_ptr<Client> client;
  std::atomic<bool> connected = false;
  client = Connect(server, {.on_tools_changed = [&] {
                     while (!connected) std::this_thread::yield();
                     const bool listed = client->ListTools().ok();
                     std::lock_guard<std::mutex> lock(mutex);
                     num_lists += listed ? 1 : 0;
                     told.notify_all();
                   }});
  connected = true;
  const std::string changed = NotificationText("notifications/tools/list_changed", "{}");
  for (int i = 0; i < 1000; ++i) server.Deliver(changed);
  {
    std::unique_lock<std::mutex> lock(mutex);
    told.wait(lock, [&] { return num_lists > 0; });
  }
  client.reset();
  EXPECT_LE(num_lists, 1000);
}

TEST(ClientTest, InitialisesAgainWhenTheSessionHasExpired) {
  std::atomic<int> num_calls = 0;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    if (++num_calls == 1) {
      self.FailRequest(*message.request_id, absl::AbortedError("the session has expired"));
    } else {
      self.Answer(message, R"({"content":[]})");
    }
  });
  const auto client = Connect(server);
  EXPECT_THAT(client->CallTool("tool", ""), IsOk());
  EXPECT_EQ(server.sent("initialize").size(), 2);
  EXPECT_EQ(server.sent("notifications/initialized").size(), 2);
  EXPECT_EQ(num_calls, 2);

  // A server that always forgets it.
  ScriptedServer forgetful([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    self.FailRequest(*message.request_id, absl::AbortedError("the session has expired"));
  });
  EXPECT_EQ(CallCode(forgetful), absl::StatusCode::kAborted);
  EXPECT_EQ(forgetful.sent("tools/call").size(), 2);
}

TEST(ClientTest, ManyRequestsInitialiseAgainOnce) {
  constexpr int kNumCalls = 8;
  std::mutex mutex;
  std::vector<int64_t> first;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    std::vector<int64_t> expired;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (first.size() < kNumCalls) {
        first.push_back(*message.request_id);
        // When all are under way, all fail.
        if (first.size() == kNumCalls) expired = first;
      } else {
        expired = {};
      }
      if (first.size() < kNumCalls || !expired.empty()) {
        for (const int64_t id : expired) self.FailRequest(id, absl::AbortedError("expired"));
        return;
      }
    }
    self.Answer(message, R"({"content":[]})");
  });
  const auto client = Connect(server);
  std::vector<std::thread> threads;
  std::atomic<int> num_ok = 0;
  for (int i = 0; i < kNumCalls; ++i) {
    threads.emplace_back([&] { num_ok += client->CallTool("tool", "").ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_ok, kNumCalls);
  EXPECT_EQ(server.sent("initialize").size(), 2);
}

TEST(ClientTest, CallsAreUnderWayAtOnceAndAnsweredInAnyOrder) {
  constexpr int kNumCalls = 8;
  std::mutex mutex;
  std::vector<OutgoingMessage> held;
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    if (message.method != "tools/call") return;
    std::lock_guard<std::mutex> lock(mutex);
    held.push_back(message);
    if (held.size() < kNumCalls) return;
    for (auto one = held.rbegin(); one != held.rend(); ++one) {
      const size_t at = one->text.find("tool_");
      self.Answer(*one, absl::StrCat(R"({"content":[{"type":"text","text":")",
                                     one->text.substr(at, 6), "\"}]}"));
    }
  });
  const auto client = Connect(server);
  std::vector<std::thread> threads;
  for (int i = 0; i < kNumCalls; ++i) {
    threads.emplace_back([&, name = absl::StrCat("tool_", i)] {
      const auto result = client->CallTool(name, "");
      ASSERT_THAT(result, IsOk());
      EXPECT_EQ(result->output.text, name);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int64_t> ids;
  for (const OutgoingMessage& message : held) ids.insert(*message.request_id);
  EXPECT_EQ(ids.size(), kNumCalls);
}

}  // namespace
}  // namespace parlance::tools::mcp

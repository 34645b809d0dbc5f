#include "session/chat_lines.h"

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "session/sqlite_store.h"

namespace parlance::session {
namespace {

class ChatLinesTest : public testing::Test {
 protected:
  ChatLinesTest() : store_(Open("store")) {}

  static std::unique_ptr<SqliteStore> Open(const std::string& name) {
    auto store = SqliteStore::Open(absl::StrCat(
        std::getenv("TEST_TMPDIR"), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name(), "_", name, ".db"));
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  absl::StatusOr<Imported> Import(const std::string& text) {
    std::istringstream in(text);
    return ImportSessions(in, *store_);
  }

  std::unique_ptr<SqliteStore> store_;
};

TEST_F(ChatLinesTest, ExportsOneObjectALine) {
  const std::string id = store_->CreateSession("a talk")->id;
  Message call;
  call.role = Role::kAssistant;
  call.content = "line\nbreak";
  call.tool_calls = "[\n{\"id\": \"call_1\"}\n]";
  for (int i = 0; i < 700; ++i) ASSERT_TRUE(store_->AppendAll(id, {call, call}).ok());
  std::ostringstream out;
  ASSERT_TRUE(ExportSession(*store_, id, out).ok());
  std::istringstream in(out.str());
  std::string line;
  int64_t sequence = -1;
  while (std::getline(in, line)) {
    rapidjson::Document object;
    ASSERT_FALSE(object.Parse(line.c_str()).HasParseError()) << line;
    if (++sequence == 0) {
      EXPECT_STREQ(object["type"].GetString(), "session");
      EXPECT_EQ(object["id"].GetString(), id);
      continue;
    }
    ASSERT_EQ(object["sequence"].GetInt64(), sequence);
    EXPECT_STREQ(object["role"].GetString(), "assistant");
    EXPECT_STREQ(object["content"].GetString(), "line\nbreak");
    EXPECT_STREQ(object["tool_calls"][0]["id"].GetString(), "call_1");
  }
  EXPECT_EQ(sequence, 1400);
  out.setstate(std::ios::failbit);
  EXPECT_EQ(ExportSession(*store_, id, out).code(), absl::StatusCode::kUnavailable);
}

// A session as rich as they come, there and back, is the same to the byte.
TEST_F(ChatLinesTest, WhatIsExportedIsImported) {
  Message call;
  call.role = Role::kAssistant;
  call.tool_calls =
      R"([{"id":"call_1","type":"function","function":{"name":"clock","arguments":"{}"}}])";
  call.input_tokens = 30;
  call.output_tokens = 4;
  call.latency = absl::Milliseconds(250);
  call.client_key = "k";
  Message result;
  result.role = Role::kTool;
  result.name = "clock";
  result.tool_call_id = "call_1";
  result.content = absl::StrCat("10:27 \"quoted\" \n 漢字 ", std::string(1, '\0'));
  result.metadata = R"({"cached":true})";
  const std::string id = store_->CreateSession({.title = "talk", .metadata = R"({"a":[1,2]})"})->id;
  for (int i = 0; i < 300; ++i) {
    Message next = call;
    next.client_key = absl::StrCat(i);
    ASSERT_TRUE(store_->AppendAll(id, {next, result}).ok());
  }
  const std::string other = store_->CreateSession("nothing said")->id;
  std::ostringstream out;
  ASSERT_TRUE(ExportSession(*store_, id, out).ok());
  ASSERT_TRUE(ExportSession(*store_, other, out).ok());

  auto copy = Open("copy");
  std::istringstream in(out.str());
  const auto imported = ImportSessions(in, *copy);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->num_sessions, 2);
  EXPECT_EQ(imported->num_messages, 600);
  std::ostringstream again;
  ASSERT_TRUE(ExportSession(*copy, id, again).ok());
  ASSERT_TRUE(ExportSession(*copy, other, again).ok());
  // All but when the copy was made.
  const auto without_times = [](std::string text) {
    for (size_t at = 0; (at = text.find("\"updated\":\"", at)) != std::string::npos;) {
      text.erase(at, text.find(',', at) - at);
    }
    return text;
  };
  EXPECT_EQ(without_times(again.str()), without_times(out.str()));
}

TEST_F(ChatLinesTest, TakesOpenAiChats) {
  const auto imported = Import(
      R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hi, "},{"type":"text","text":"you"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"42"}]})"
      "\n\n"
      R"({"messages":[{"role":"user","content":"again"}],"title":"second"})");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->num_sessions, 2);
  EXPECT_EQ(imported->num_messages, 5);
  const auto sessions = store_->ListSessions(10);
  ASSERT_EQ(sessions->size(), 2u);
  EXPECT_EQ((*sessions)[0].title, "second");
  const auto history = store_->History((*sessions)[1].id, {});
  ASSERT_EQ(history->size(), 4u);
  EXPECT_EQ((*history)[1].content, "Hi, you");
  EXPECT_EQ((*history)[2].content, "");
  EXPECT_TRUE(absl::StrContains(*(*history)[2].tool_calls, "\"id\":\"c\""));
  EXPECT_EQ((*history)[3].tool_call_id, "c");
}

TEST_F(ChatLinesTest, SaysWhatIsWrongAndInWhichLine) {
  const std::string good = "{\"type\":\"session\",\"id\":\"s\"}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good + "{\"type\":", "line 2: not JSON"},
      {good + "[]", "line 2: not a JSON object"},
      {good + "{\"type\":\"song\"}", "line 2: neither"},
      {"{\"type\":\"message\",\"role\":\"user\"}", "line 1: a message before"},
      {good + "{\"type\":\"message\",\"role\":\"king\"}", "line 2: \"role\" is 'king'"},
      {good + "{\"type\":\"message\",\"role\":\"user\",\"content\":7}", "\"content\" is not"},
      {good + "{\"type\":\"message\",\"role\":\"user\",\"created\":\"soon\"}", "\"created\""},
      {good + "{\"type\":\"message\",\"role\":\"tool\",\"content\":\"x\"}", "tool_call_id"},
      {"{\"messages\":3}", "line 1: \"messages\" is not"},
      {"{\"messages\":[3]}", "line 1: a message is not"},
      {good + "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}",
       "no text"},
  };
  for (const auto& [text, expected] : cases) {
    const auto imported = Import(text);
    EXPECT_EQ(imported.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StrContains(imported.status().message(), expected)) << imported.status();
    EXPECT_TRUE(store_->ListSessions(10)->empty()) << text;
  }
  ASSERT_TRUE(Import(good).ok());
  EXPECT_EQ(Import(good).status().code(), absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace parlance::session

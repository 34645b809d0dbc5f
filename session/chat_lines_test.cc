#include "session/chat_lines.h"

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "session/json_text.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

class ChatLinesTest : public testing::Test {
 protected:
  ChatLinesTest() : store_(Open("store")) {}

  static std::string Path(const std::string& name) {
    return absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                        testing::UnitTest::GetInstance()->current_test_info()->name(), "_", name,
                        ".db");
  }

  static std::unique_ptr<SqliteStore> Open(const std::string& name) {
    auto store = SqliteStore::Open(Path(name));
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  absl::StatusOr<Imported> Import(const std::string& text) {
    std::istringstream in(text);
    return ImportSessions(in, *store_);
  }

  static std::string ExportAll(SessionStore& store) {
    std::ostringstream out;
    const auto ids = AllSessionIds(store);
    EXPECT_THAT(ids, IsOk());
    for (const std::string& id : *ids) EXPECT_THAT(ExportSession(store, id, out), IsOk());
    return out.str();
  }

  std::unique_ptr<SqliteStore> store_;
};

TEST_F(ChatLinesTest, ExportsWhatAnAnswerBecame) {
  const std::string id = store_->CreateSession("a talk")->id;
  ASSERT_THAT(store_->Append(id, {.role = Role::kAssistant, .content = "at nine"}), IsOk());
  ASSERT_THAT(store_->Amend(id, {.sequence = 1, .content = "at", .metadata = R"({"cut":true})"}),
              IsOk());
  const std::string exported = ExportAll(*store_);
  EXPECT_THAT(exported, HasSubstr(R"("content":"at")"));
  EXPECT_THAT(exported, HasSubstr(R"({"cut":true})"));
  EXPECT_THAT(exported, Not(HasSubstr("nine")));
}

TEST_F(ChatLinesTest, ExportsOneObjectALine) {
  const std::string id = store_->CreateSession("a talk")->id;
  Message call;
  call.role = Role::kAssistant;
  call.content = "line\nbreak";
  call.tool_calls = "[\n{\"id\": \"call_1\"}\n]";
  for (int i = 0; i < 700; ++i) ASSERT_THAT(store_->AppendAll(id, {call, call}), IsOk());
  std::ostringstream out;
  ASSERT_THAT(ExportSession(*store_, id, out), IsOk());
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
  EXPECT_THAT(ExportSession(*store_, id, out), StatusIs(absl::StatusCode::kUnavailable));
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
    ASSERT_THAT(store_->AppendAll(id, {next, result}), IsOk());
  }
  const std::string other = store_->CreateSession("nothing said")->id;
  std::ostringstream out;
  ASSERT_THAT(ExportSession(*store_, id, out), IsOk());
  ASSERT_THAT(ExportSession(*store_, other, out), IsOk());

  auto copy = Open("copy");
  std::istringstream in(out.str());
  const auto imported = ImportSessions(in, *copy);
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->num_sessions, 2);
  EXPECT_EQ(imported->num_messages, 600);
  std::ostringstream again;
  ASSERT_THAT(ExportSession(*copy, id, again), IsOk());
  ASSERT_THAT(ExportSession(*copy, other, again), IsOk());
  EXPECT_EQ(again.str(), out.str());
}

// After an import, pruning has to keep what it would have kept before.
TEST_F(ChatLinesTest, TimesAndOrderOfSessionsAreImported) {
  absl::Time now = absl::FromUnixSeconds(1700000000);
  SqliteStoreOptions options;
  // The clock goes back now and then.
  int calls = 0;
  options.now = [&] { return now += absl::Seconds(++calls % 5 == 0 ? -100 : 7); };
  auto store = *SqliteStore::Open(Path("original"), options);
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(store->CreateSession(absl::StrCat("talk ", i))->id);
  for (const size_t i : {5u, 2u, 9u, 5u, 0u}) {
    ASSERT_THAT(store->Append(ids[i], Message{.content = "hello"}), IsOk());
  }
  ASSERT_THAT(store->CloseSession(ids[3]), IsOk());
  ASSERT_THAT(store->CloseSession(ids[7]), IsOk());
  ASSERT_THAT(store->ResumeSession(ids[7]), IsOk());
  const std::string exported = ExportAll(*store);

  auto copy = Open("copy");
  // One that was there already, and changed later than all of them.
  const std::string there = copy->CreateSession("there")->id;
  std::istringstream in(exported);
  ASSERT_THAT(ImportSessions(in, *copy), IsOk());
  const auto before = *store->ListSessions(100);
  const auto after = *copy->ListSessions(100);
  ASSERT_EQ(after.size(), before.size() + 1);
  EXPECT_EQ(after[0].id, there);
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i + 1].id, before[i].id);
    EXPECT_EQ(after[i + 1].created, before[i].created);
    EXPECT_EQ(after[i + 1].updated, before[i].updated);
    EXPECT_EQ(after[i + 1].closed, before[i].closed);
    EXPECT_EQ(after[i + 1].activity, before[i].activity);
  }
  ASSERT_THAT(copy->DeleteSession(there), IsOk());
  ASSERT_THAT(store->PruneSessions({.changed_since = {}, .most_sessions = 4}), IsOk());
  ASSERT_THAT(copy->PruneSessions({.changed_since = {}, .most_sessions = 4}), IsOk());
  EXPECT_EQ(ExportAll(*copy), ExportAll(*store));
}

// As an older program exported them: the one that changed last comes first, and has no "activity".
TEST_F(ChatLinesTest, SessionsInAnyOrderTakeTheirPlacesByTheirTimes) {
  ASSERT_THAT(Import(R"({"type":"session","id":"c","updated":"2024-05-06T07:08:12Z"}
{"type":"session","id":"b","updated":"2024-05-06T07:08:11Z","closed":"2024-05-06T07:08:11Z"}
{"type":"session","id":"a","updated":"2024-05-06T07:08:10Z"}
)"),
              IsOk());
  EXPECT_EQ(*store_->PruneSessions({.changed_since = {}, .most_sessions = 2}), 1);
  const auto sessions = *store_->ListSessions(10);
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(sessions[0].id, "c");
  EXPECT_EQ(sessions[1].id, "b");
  EXPECT_EQ(sessions[1].closed, sessions[1].updated);
}

// Numbers that a double cannot hold, and what a parser would write otherwise.
TEST_F(ChatLinesTest, JsonIsKeptByteForByte) {
  const std::vector<std::string> objects = {
      R"({"n":12345678901234567890123})",
      R"({"n":0.1000000000000000055511151231257827})",
      R"({"n":-0,"m":-0.0,"k":1.0,"e":1E+2,"f":1e-400})",
      R"({"z":1,"a":2,"z":3})",
      R"({ "a" :  [ 1 ,2 ], "u":"\u00e9\/é","s":"\ud83d\ude00" })",
      R"({})",
  };
  std::string lines = R"({"type":"session","id":"s","metadata":{"n":0.30000000000000004440}})";
  for (const std::string& object : objects) {
    absl::StrAppend(&lines, "\n", R"({"type":"message","role":"user","content":"x","metadata":)",
                    object, R"(,"tool_calls":[)", object, "]}");
  }
  ASSERT_THAT(Import(lines), IsOk());
  EXPECT_EQ(store_->GetSession("s")->metadata, R"({"n":0.30000000000000004440})");
  const auto history = *store_->History("s", {});
  ASSERT_EQ(history.size(), objects.size());
  const std::string exported = ExportAll(*store_);
  for (size_t i = 0; i < objects.size(); ++i) {
    EXPECT_EQ(history[i].metadata, objects[i]);
    EXPECT_EQ(history[i].tool_calls, absl::StrCat("[", objects[i], "]"));
    EXPECT_THAT(exported, HasSubstr(absl::StrCat("\"metadata\":", objects[i])));
  }
  auto copy = Open("copy");
  std::istringstream in(exported);
  ASSERT_THAT(ImportSessions(in, *copy), IsOk());
  EXPECT_EQ(ExportAll(*copy), exported);
}

TEST_F(ChatLinesTest, WhatIsNotUnderstoodIsKeptInTheMetadata) {
  const auto imported =
      Import(R"({"messages":[{"role":"assistant","content":"no","refusal":"I cannot","weight":0},)"
             R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"},)"
             R"("metadata":{"k":1}},{"role":"user","content":"x","audio":null,"metadata":{}}],)"
             R"("tools":[{"type":"function"}],"parallel_tool_calls":false,"id":"s"})"
             "\n"
             R"({"type":"session","id":"t","new":1e3})"
             "\n"
             R"({"type":"message","role":"user","content":"x","sequence":1,"mood":[ 1.50 ]})");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(store_->GetSession("s")->metadata,
            R"({"tools":[{"type":"function"}],"parallel_tool_calls":false})");
  EXPECT_EQ(store_->GetSession("t")->metadata, R"({"new":1e3})");
  const auto history = *store_->History("s", {});
  EXPECT_EQ(history[0].metadata, R"({"refusal":"I cannot","weight":0})");
  EXPECT_EQ(history[1].metadata, R"({"k":1,"function_call":{"name":"f","arguments":"{}"}})");
  EXPECT_EQ(history[2].metadata, R"({"audio":null})");
  EXPECT_EQ((*store_->History("t", {}))[0].metadata, R"({"mood":[ 1.50 ]})");
}

TEST_F(ChatLinesTest, SaysWhichSessionsLackMessages) {
  const auto imported = Import(R"({"type":"session","id":"whole","num_messages":1}
{"type":"message","sequence":1,"role":"user","content":"x"}
{"type":"session","id":"gap","num_messages":3}
{"type":"message","sequence":1,"role":"user","content":"x"}
{"type":"message","sequence":3,"role":"user","content":"x"}
{"type":"session","id":"cut","num_messages":2}
{"type":"message","sequence":1,"role":"user","content":"x"})");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->num_incomplete, 2);
  EXPECT_EQ(imported->first_incomplete, "line 3: the session 'gap' has 2 of 3 messages");
}

// Zero, in the clock's numbers.
TEST_F(ChatLinesTest, WhatWasSaidIn1970StaysThere) {
  ASSERT_THAT(Import(R"({"type":"session","id":"s","created":"1970-01-01T00:00:00Z"}
{"type":"message","role":"user","created":"1970-01-01T00:00:00Z"})"),
              IsOk());
  EXPECT_EQ(store_->GetSession("s")->created, absl::UnixEpoch());
  ASSERT_THAT(Import(R"({"type":"session","id":"t","updated":"1970-01-01T00:00:00Z"})"), IsOk());
  EXPECT_EQ(store_->GetSession("t")->activity, 0);
  EXPECT_EQ((*store_->ListSessions(1))[0].id, "s");
  EXPECT_EQ((*store_->History("s", {}))[0].created, absl::UnixEpoch());
}

// What changes after the last moment that there is comes after it.
TEST_F(ChatLinesTest, WhatFollowsTheEndOfTimeIsExportedAndImported) {
  for (const std::string last :
       {R"("updated":"9999-12-31T23:59:59.999999Z")", R"("activity":9223372036854775807)",
        R"("activity":253402300800000000)"}) {
    const std::string id = absl::StrCat("a", last.size());
    ASSERT_THAT(Import(absl::StrCat(R"({"type":"session","id":")", id, R"(",)", last, "}\n",
                                    R"({"type":"session","id":"then_)", id, R"("})")),
                IsOk());
    EXPECT_EQ((*store_->ListSessions(1))[0].id, absl::StrCat("then_", id));
    const std::string exported = ExportAll(*store_);
    auto copy = Open(absl::StrCat("copy", last.size()));
    std::istringstream in(exported);
    ASSERT_THAT(ImportSessions(in, *copy), IsOk());
    EXPECT_EQ(*AllSessionIds(*copy), *AllSessionIds(*store_));
  }
}

TEST_F(ChatLinesTest, TimesBeforeTheYear1000HaveFourDigits) {
  ASSERT_THAT(Import(R"({"type":"session","id":"s","created":"0987-06-05T04:03:02.5Z"}
{"type":"message","role":"user","created":"0001-01-01T00:00:00Z"})"),
              IsOk());
  const std::string exported = ExportAll(*store_);
  EXPECT_THAT(exported, HasSubstr(R"("created":"0987-06-05T04:03:02.5+00:00")"));
  EXPECT_THAT(exported, HasSubstr(R"("created":"0001-01-01T00:00:00+00:00")"));
}

TEST_F(ChatLinesTest, TakesAByteOrderMarkAndLinesThatEndAsOnWindows) {
  const auto imported = Import(
      "\xEF\xBB\xBF{\"type\":\"session\"}\r\n\r\n"
      "{\"type\":\"message\",\"role\":\"user\"}\r\n");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->num_messages, 1);
}

TEST_F(ChatLinesTest, ALineHasALimitAndIsNotReadBeyond) {
  std::istringstream in(
      absl::StrCat("{\"type\":\"session\"}\n{\"a\":\"", std::string(300000, 'x'), "\"}\n"));
  const auto imported = ImportSessions(in, *store_, 200000);
  EXPECT_THAT(imported, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("line 2: the line has more than 200000 bytes")));
  // Longer than what is read at a time, in each way that it can end.
  for (const size_t length : {65530u, 65534u, 65535u, 65536u, 131070u}) {
    std::istringstream fits(
        absl::StrCat("{\"type\":\"session\",\"title\":\"", std::string(length - 29, 'x'), "\"}\n"));
    EXPECT_EQ(ImportSessions(fits, *store_)->num_sessions, 1) << length;
  }
}

// A program that walked down the levels one call each ran out of stack.
TEST_F(ChatLinesTest, DeeplyNestedJsonIsRefusedWhereverItIs) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "[";
  deep += std::string(100000, ']');
  const std::string session = "{\"type\":\"session\",\"id\":\"s\"}\n";
  for (const std::string& line :
       {absl::StrCat(session, R"({"type":"message","role":"user","tool_calls":)", deep, "}"),
        absl::StrCat(session, R"({"type":"message","role":"user","metadata":{"a":)", deep, "}}"),
        absl::StrCat(session, R"({"messages":)", deep, "}"), absl::StrCat(session, deep),
        absl::StrCat(session, std::string(200000, '[')),
        absl::StrCat(session, R"({"type":"message","role":"user","new":)", deep, "}")}) {
    const auto imported = Import(line);
    EXPECT_THAT(imported, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(imported.status().message(),
              "line 2: the JSON is nested more than 203 deep; nothing was imported");
  }
  const std::string id = store_->CreateSession("x")->id;
  EXPECT_THAT(store_->Append(id, Message{.tool_calls = deep}), Not(IsOk()));
  EXPECT_THAT(store_->Append(id, Message{.metadata = absl::StrCat("{\"a\":", deep, "}")}),
              Not(IsOk()));
  EXPECT_THAT(store_->CreateSession({.title = "x", .metadata = absl::StrCat("{\"a\":", deep, "}")}),
              Not(IsOk()));
}

// Lines have more levels than the values in them.
TEST_F(ChatLinesTest, TheDeepestValueThatIsTakenIsExportedAndImported) {
  const auto array = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']');
  };
  const std::string metadata = absl::StrCat("{\"a\":", array(kMaxJsonDepth - 1), "}");
  ASSERT_THAT(store_->CreateSession({.title = "deep",
                                     .metadata = metadata,
                                     .messages = {{.role = Role::kAssistant,
                                                   .tool_calls = array(kMaxJsonDepth),
                                                   .metadata = metadata}}}),
              IsOk());
  ASSERT_THAT(Import(absl::StrCat(R"({"messages":[{"role":"user","metadata":)", metadata,
                                  R"(}],"x":)", array(kMaxJsonDepth - 1), "}")),
              IsOk());
  const std::string exported = ExportAll(*store_);
  EXPECT_THAT(exported, HasSubstr(absl::StrCat("\"tool_calls\":", array(kMaxJsonDepth))));
  auto copy = Open("copy");
  std::istringstream in(exported);
  const auto imported = ImportSessions(in, *copy);
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->num_messages, 2);
  EXPECT_EQ(ExportAll(*copy), exported);
  // What the store would refuse is refused with its line.
  for (const std::string& line :
       {absl::StrCat(R"({"messages":[],"x":)", array(kMaxJsonDepth), "}"),
        absl::StrCat(R"({"messages":[{"role":"user","x":)", array(kMaxJsonDepth), "}]}")}) {
    EXPECT_THAT(Import(line), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1: ")));
  }
}

TEST_F(ChatLinesTest, TakesOpenAiChats) {
  const auto imported = Import(
      R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hi, "},{"type":"text","text":"you"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"42"}]})"
      "\n\n"
      R"({"messages":[{"role":"user","content":"again"}],"title":"second"})");
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->num_sessions, 2);
  EXPECT_EQ(imported->num_messages, 5);
  const auto sessions = store_->ListSessions(10);
  ASSERT_EQ(sessions->size(), 2u);
  EXPECT_EQ((*sessions)[0].title, "second");
  const auto history = store_->History((*sessions)[1].id, {});
  ASSERT_EQ(history->size(), 4u);
  EXPECT_EQ((*history)[1].content, "Hi, you");
  EXPECT_EQ((*history)[2].content, "");
  EXPECT_THAT(*(*history)[2].tool_calls, HasSubstr("\"id\":\"c\""));
  EXPECT_EQ((*history)[3].tool_call_id, "c");
}

TEST_F(ChatLinesTest, SaysWhatIsWrongAndInWhichLine) {
  const std::string good = "{\"type\":\"session\",\"id\":\"s\"}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good + "{\"type\":", "line 2: not JSON"},
      {good + "[]", "line 2: not a JSON object"},
      {good + "{\"type\":\"song\"}", "line 2: it has neither the \"type\""},
      {"{\"type\":\"message\",\"role\":\"user\"}", "line 1: the message comes before"},
      {good + "{\"type\":\"message\",\"role\":\"king\"}", "line 2: \"role\" is 'king'"},
      {good + "{\"type\":\"message\",\"role\":\"user\",\"content\":7}", "\"content\" is not"},
      {good + "{\"type\":\"message\",\"role\":\"user\",\"created\":\"soon\"}", "\"created\""},
      {good + "{\"type\":\"message\",\"role\":\"tool\",\"content\":\"x\"}",
       "line 2: a message of role tool needs the tool_call_id"},
      {"{\"messages\":3}", "line 1: \"messages\" is not"},
      {"{\"messages\":[3]}", "line 1: message 1: not a JSON object"},
      {good + "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}",
       "\"content\" has a part that is not text but of type \"image\""},
      {R"({"messages":[{"role":"user","content":[{"type":"text","text":"x","cache":1}]}]})",
       "line 1: message 1: \"content\" has a part with \"cache\", which"},
      {R"({"messages":[{"role":"user","content":[{"type":"refusal","refusal":"x"}]}]})",
       "line 1: message 1: \"content\" has a part"},
      {R"({"messages":[{"role":"user"},{"role":"user","role":"tool"}]})",
       "line 1: message 2: \"role\" is there twice"},
      {good + R"({"type":"message","role":"user","content":"a","content":"b"})",
       "line 2: \"content\" is there twice"},
      {good + R"({"type":"message","role":"user","mood":1,"metadata":{"mood":2}})",
       "line 2: \"mood\" is unknown, and \"metadata\""},
      {good + R"({"type":"message","role":"user","metadata":[]})",
       "line 2: \"metadata\" is not a JSON object"},
      {good + R"({"type":"message","role":"user","tool_calls":{}})",
       "line 2: \"tool_calls\" is not a JSON array"},
      {good + R"({"type":"message","role":"user","input_tokens":1.5})", "line 2: \"input_tokens\""},
      {good + R"({"type":"message","role":"user","created":"infinite-future"})", "\"created\""},
      {good + R"({"type":"message","role":"user","content":"\udc00"})", "line 2: content is not"},
      {good + R"({"type":"message","role":"user","sequence":2})" + "\n" +
           R"({"type":"message","role":"user","sequence":2})",
       "line 3: \"sequence\" is 2 after 2"},
      {R"({"type":"session","updated":"10000-01-01T00:00:00Z"})", "line 1: "},
  };
  for (const auto& [text, expected] : cases) {
    const auto imported = Import(text);
    EXPECT_THAT(imported, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(expected)))
        << text;
    EXPECT_TRUE(store_->ListSessions(10)->empty()) << text;
  }
  ASSERT_THAT(Import(good), IsOk());
  EXPECT_THAT(Import(good), StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace parlance::session

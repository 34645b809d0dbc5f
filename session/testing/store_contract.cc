#include "session/testing/store_contract.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

Message User(const std::string& content) {
  Message message;
  message.content = content;
  return message;
}

Message Answer(const std::string& content) {
  Message message = User(content);
  message.role = Role::kAssistant;
  return message;
}

}  // namespace

std::unique_ptr<SessionStore> StoreContract::Open(const StoreContractOptions& options) {
  std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  name = absl::StrCat("store_", name.substr(0, name.find('/')));
  auto store = GetParam().open(name, options);
  EXPECT_THAT(store, IsOk());
  return store.ok() ? *std::move(store) : nullptr;
}

std::string StoreContract::NewSession(SessionStore& store) {
  auto session = store.CreateSession("a talk");
  EXPECT_THAT(session, IsOk());
  return session.ok() ? session->id : "";
}

TEST_P(StoreContract, RemembersWhatWasSaid) {
  std::string id;
  {
    auto store = Open();
    id = NewSession(*store);
    EXPECT_EQ(*store->Append(id, User("what time is it")), 1);
    Message call;
    call.role = Role::kAssistant;
    call.tool_calls = R"([{"id":"call_1","type":"function"}])";
    Message result;
    result.role = Role::kTool;
    result.name = "clock";
    result.tool_call_id = "call_1";
    result.content = "10:27";
    EXPECT_EQ(*store->AppendAll(id, {call, result}), 2);
  }
  auto store = Open();
  const auto history = store->History(id, {});
  ASSERT_THAT(history, IsOk());
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ((*history)[0].content, "what time is it");
  EXPECT_EQ((*history)[0].role, Role::kUser);
  EXPECT_FALSE((*history)[0].name.has_value());
  EXPECT_EQ((*history)[1].tool_calls, R"([{"id":"call_1","type":"function"}])");
  EXPECT_EQ((*history)[2].tool_call_id, "call_1");
  EXPECT_EQ((*history)[2].sequence, 3);
  EXPECT_EQ(store->GetSession(id)->num_messages, 3);
}

TEST_P(StoreContract, KeepsEveryCharacter) {
  auto store = Open();
  const std::string id = NewSession(*store);
  const std::string text = "quote ' \", 漢字, \xF0\x9F\x8E\xA4, back\\slash, end\n";
  ASSERT_THAT(store->Append(id, User(text)), IsOk());
  EXPECT_EQ((*store->History(id, {}))[0].content, text);

  const std::string with_nul = absl::StrCat("nul ", std::string(1, '\0'), " end");
  const auto appended = store->Append(id, User(with_nul));
  if (GetParam().keeps_nul) {
    EXPECT_EQ((*store->History(id, {}))[1].content, with_nul);
  } else {
    EXPECT_THAT(appended, StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

// Whatever part of the messages search knows.
TEST_P(StoreContract, PagesInBothDirections) {
  auto store = Open();
  for (const int num_known : {0, 1, 7, 10}) {
    const std::string id = NewSession(*store);
    for (int i = 1; i <= 10; ++i) {
      ASSERT_THAT(store->Append(id, User(absl::StrCat(i))), IsOk());
      if (i == num_known) {
        ASSERT_THAT(store->Search("all", "", 1), IsOk());
      }
    }
    const auto contents = [&](const SessionStore::HistoryOptions& options) {
      std::string all;
      const auto page = store->History(id, options);
      for (const Message& message : *page) {
        EXPECT_EQ(absl::StrCat(message.sequence), message.content);
        absl::StrAppend(&all, message.content, " ");
      }
      return all;
    };
    EXPECT_EQ(contents({}), "1 2 3 4 5 6 7 8 9 10 ");
    EXPECT_EQ(contents({.after = {}, .before = {}, .limit = 3}), "8 9 10 ");
    EXPECT_EQ(contents({.after = {}, .before = {}, .limit = 4}), "7 8 9 10 ");
    EXPECT_EQ(contents({.after = {}, .before = 8, .limit = 3}), "5 6 7 ");
    EXPECT_EQ(contents({.after = {}, .before = 9, .limit = 3}), "6 7 8 ");
    EXPECT_EQ(contents({.after = 0, .before = {}, .limit = 3}), "1 2 3 ");
    EXPECT_EQ(contents({.after = 5, .before = {}, .limit = 4}), "6 7 8 9 ");
    EXPECT_EQ(contents({.after = -1, .before = {}, .limit = 50}), "1 2 3 4 5 6 7 8 9 10 ");
    EXPECT_EQ(contents({.after = 3, .before = 6, .limit = 50}), "4 5 ");
    EXPECT_EQ(contents({.after = 10, .before = {}, .limit = 3}), "");
    EXPECT_EQ(contents({.after = INT64_MAX, .before = {}, .limit = 3}), "");
    EXPECT_EQ(contents({.after = {}, .before = 1, .limit = 3}), "");
    EXPECT_EQ(contents({.after = {}, .before = INT64_MIN, .limit = 3}), "");
    EXPECT_THAT(store->History(id, {.after = {}, .before = {}, .limit = 0}),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST_P(StoreContract, ListsTheLastChangedFirstWhateverTheClockSays) {
  absl::Time now = absl::FromUnixSeconds(1000000);
  StoreContractOptions options;
  options.now = [&] { return now -= absl::Hours(1); };
  auto store = Open(options);
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  const std::string c = NewSession(*store);
  ASSERT_THAT(store->Append(a, User("again")), IsOk());
  const auto first = store->ListSessions(2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].id, a);
  EXPECT_EQ((*first)[1].id, c);
  const auto second = store->ListSessions(2, c);
  ASSERT_EQ(second->size(), 1u);
  EXPECT_EQ((*second)[0].id, b);
  EXPECT_THAT(store->ListSessions(2, "gone"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(StoreContract, FindsWords) {
  auto store = Open();
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  ASSERT_THAT(store->Append(a, User("remind me to buy oat milk tomorrow")), IsOk());
  ASSERT_THAT(store->Append(b, User("milk is in the fridge")), IsOk());
  ASSERT_THAT(store->Append(b, User("no dairy here")), IsOk());
  EXPECT_EQ(store->Search("MILK", "", 10)->size(), 2u);
  const auto hits = store->Search("milk oat", "", 10);
  ASSERT_EQ(hits->size(), 1u);
  EXPECT_EQ((*hits)[0].session_id, a);
  EXPECT_THAT((*hits)[0].snippet, HasSubstr("[oat] [milk]"));
  EXPECT_EQ(store->Search("milk", b, 10)->size(), 1u);
  EXPECT_TRUE(store->Search("honey", "", 10)->empty());
}

TEST_P(StoreContract, NothingInASearchIsSyntax) {
  auto store = Open();
  const std::string id = NewSession(*store);
  ASSERT_THAT(store->Append(id, User("rock AND roll (live) \"now\" a* col: -x")), IsOk());
  for (const std::string words :
       {"\"", "AND", "rock AND", "(", "a*", "col:", "-x", "NEAR(", "'", "^", "\"now\"", "{x}: y"}) {
    EXPECT_THAT(store->Search(words, "", 10), IsOk()) << words;
  }
  EXPECT_EQ(store->Search("rock AND roll", "", 10)->size(), 1u);
  EXPECT_THAT(store->Search(" \t ", "", 10), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(StoreContract, DeletesASessionWithItsMessages) {
  auto store = Open();
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  ASSERT_THAT(store->Append(a, User("secret")), IsOk());
  ASSERT_THAT(store->Append(b, User("secret too")), IsOk());
  ASSERT_THAT(store->DeleteSession(a), IsOk());
  EXPECT_THAT(store->DeleteSession(a), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store->GetSession(a), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store->History(a, {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store->Append(a, User("x")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(store->Search("secret", "", 10)->size(), 1u);
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
}

TEST_P(StoreContract, KeepsWhatBelongsToAMessage) {
  auto store = Open();
  const std::string id = NewSession(*store);
  Message message = User("hello");
  message.client_key = "key";
  message.metadata = R"({"voice":"kal16"})";
  message.input_tokens = 12;
  message.output_tokens = 0;
  message.latency = absl::Milliseconds(321);
  message.created = absl::FromUnixSeconds(1234567890);
  ASSERT_THAT(store->AppendAll(id, {message, User("bare")}), IsOk());
  const auto history = store->History(id, {});
  ASSERT_EQ(history->size(), 2u);
  const Message& kept = (*history)[0];
  EXPECT_EQ(kept.client_key, message.client_key);
  EXPECT_EQ(kept.metadata, message.metadata);
  EXPECT_EQ(kept.input_tokens, 12);
  EXPECT_EQ(kept.output_tokens, 0);
  EXPECT_EQ(kept.latency, absl::Milliseconds(321));
  EXPECT_EQ(kept.created, message.created);
  EXPECT_FALSE((*history)[1].metadata.has_value());
  EXPECT_FALSE((*history)[1].input_tokens.has_value());
  EXPECT_FALSE((*history)[1].latency.has_value());
  message.metadata = "[]";
  EXPECT_THAT(store->Append(id, message), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(StoreContract, ARetryWithTheSameKeyIsAcknowledgedAndAppendsNothing) {
  auto store = Open();
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  Message first = User("first");
  first.client_key = "1";
  Message second = User("second");
  second.client_key = "2";
  EXPECT_EQ(*store->AppendAll(a, {first, second}), 1);
  EXPECT_EQ(*store->AppendAll(a, {first, second}), 1);
  EXPECT_EQ(*store->Append(a, second), 2);
  EXPECT_EQ(*store->Append(b, second), 1) << "a key is of its session";
  EXPECT_EQ(store->GetSession(a)->num_messages, 2);
  Message third = User("third");
  third.client_key = "3";
  EXPECT_THAT(store->AppendAll(a, {third, second}), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(store->AppendAll(a, {third, third}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(store->GetSession(a)->num_messages, 2);
  ASSERT_THAT(store->CloseSession(a), IsOk());
  EXPECT_EQ(*store->Append(a, first), 1) << "what was acknowledged once is again";
}

TEST_P(StoreContract, AClosedSessionTakesNothingUntilItIsResumed) {
  auto store = Open();
  const std::string id = NewSession(*store);
  ASSERT_THAT(store->CloseSession(id), IsOk());
  ASSERT_THAT(store->CloseSession(id), IsOk());
  EXPECT_TRUE(store->GetSession(id)->closed.has_value());
  EXPECT_THAT(store->Append(id, User("x")), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(store->History(id, {})->empty());
  const auto resumed = store->ResumeSession(id);
  ASSERT_THAT(resumed, IsOk());
  EXPECT_FALSE(resumed->closed.has_value());
  EXPECT_EQ(*store->Append(id, User("x")), 1);
  for (const absl::Status& status :
       {store->CloseSession("gone"), store->ResumeSession("gone").status(),
        store->RenameSession("gone", "x")}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_P(StoreContract, RenamesAndCountsAsAChange) {
  auto store = Open();
  const std::string a = NewSession(*store);
  NewSession(*store);
  ASSERT_THAT(store->RenameSession(a, "the train"), IsOk());
  EXPECT_EQ(store->GetSession(a)->title, "the train");
  EXPECT_EQ((*store->ListSessions(1))[0].id, a);
  EXPECT_THAT(store->RenameSession(a, "\xFF"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(StoreContract, TakesSessionsFromElsewhereWhole) {
  auto store = Open();
  const SessionStore::NewSession session{.title = "old",
                                         .metadata = R"({"from":"elsewhere"})",
                                         .id = "old_1",
                                         .created = absl::FromUnixSeconds(1000),
                                         .messages = {User("one"), User("two")},
                                         .updated = absl::FromUnixSeconds(3000),
                                         .closed = absl::FromUnixSeconds(2000)};
  const auto created = store->CreateSession(session);
  ASSERT_THAT(created, IsOk());
  const auto kept = store->GetSession("old_1");
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->title, "old");
  EXPECT_EQ(kept->metadata, session.metadata);
  EXPECT_EQ(kept->created, absl::FromUnixSeconds(1000));
  EXPECT_EQ(kept->num_messages, 2);
  EXPECT_EQ(kept->closed, absl::FromUnixSeconds(2000));
  EXPECT_EQ(kept->updated, absl::FromUnixSeconds(3000));
  EXPECT_EQ(kept->activity, int64_t{3000} * 1000000);
  EXPECT_EQ(created->updated, kept->updated);
  EXPECT_EQ(created->closed, kept->closed);
  EXPECT_THAT(store->CreateSession(session), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(store->GetSession("old_1")->num_messages, 2);
  for (const std::string id : {"", "with space", "line\nbreak"}) {
    EXPECT_THAT(store->CreateSession(SessionStore::NewSession{.id = id}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << id;
  }
}

TEST_P(StoreContract, PrunesByAgeAndByCount) {
  absl::Time now = absl::FromUnixSeconds(1000000);
  StoreContractOptions options;
  options.now = [&] { return now; };
  auto store = Open(options);
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(NewSession(*store));
    ASSERT_THAT(store->Append(ids.back(), User(absl::StrCat("word", i, " shared"))), IsOk());
    now += absl::Hours(1);
  }
  ASSERT_EQ(store->Search("shared", "", 10)->size(), 6u);
  EXPECT_EQ(*store->PruneSessions({.changed_since = now - absl::Hours(4)}), 2);
  EXPECT_THAT(store->GetSession(ids[1]), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(*store->PruneSessions({.most_sessions = 3}), 1);
  EXPECT_EQ(*store->PruneSessions({.most_sessions = 3}), 0);
  EXPECT_EQ(store->Search("shared", "", 10)->size(), 3u);
  EXPECT_EQ(store->ListSessions(10)->size(), 3u);
  EXPECT_EQ((*store->ListSessions(10))[0].id, ids[5]);
  EXPECT_THAT(store->PruneSessions({}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store->PruneSessions({.most_sessions = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
  // There are three sessions: one is too old, and one is too many.
  const absl::Time updated = (*store->ListSessions(10))[1].updated;
  EXPECT_EQ(*store->PruneSessions({.changed_since = updated, .most_sessions = 1}), 2);
  EXPECT_EQ((*store->ListSessions(10))[0].id, ids[5]);
  EXPECT_EQ(*store->PruneSessions({.most_sessions = 0}), 1);
  EXPECT_TRUE(store->Search("shared", "", 10)->empty());
}

// An older session that comes from elsewhere must not outlive those that changed after it.
TEST_P(StoreContract, SessionsFromElsewhereTakeTheirPlaceInTheOrder) {
  absl::Time now = absl::FromUnixSeconds(1000000);
  StoreContractOptions options;
  options.now = [&] { return now += absl::Seconds(1); };
  auto store = Open(options);
  const std::string oldest = NewSession(*store);
  now += absl::Hours(2);
  const std::string newest = NewSession(*store);
  const absl::Time between = now - absl::Hours(1);
  const auto from_elsewhere = [&](const std::string& id, absl::Time updated) {
    SessionStore::NewSession session{.id = id, .messages = {User("x")}, .updated = updated};
    EXPECT_THAT(store->CreateSession(session), IsOk());
  };
  from_elsewhere("b", between);
  // At the same moment: the one that came later changed later.
  from_elsewhere("c", between);
  from_elsewhere("a", absl::FromUnixSeconds(5));
  EXPECT_THAT(store->CreateSession(SessionStore::NewSession{
                  .id = "d",
                  .updated = absl::FromUnixSeconds(1),
                  .activity = absl::ToUnixMicros(between + absl::Seconds(1))}),
              IsOk());
  const auto ids = [&] {
    std::vector<std::string> all;
    std::string before;
    for (;;) {
      const auto page = store->ListSessions(2, before);
      if (!page.ok() || page->empty()) return all;
      for (const Session& session : *page) all.push_back(session.id);
      before = all.back();
    }
  };
  EXPECT_EQ(ids(), (std::vector<std::string>{newest, "d", "c", "b", oldest, "a"}));
  EXPECT_EQ(*store->PruneSessions({.most_sessions = 3}), 3);
  EXPECT_EQ(ids(), (std::vector<std::string>{newest, "d", "c"}));
  // What happens here is later than all of it.
  ASSERT_THAT(store->Append("c", User("more")), IsOk());
  EXPECT_EQ(ids(), (std::vector<std::string>{"c", newest, "d"}));
  for (const absl::Time time : {absl::InfiniteFuture(), absl::InfinitePast()}) {
    EXPECT_THAT(store->CreateSession(SessionStore::NewSession{.id = "e", .updated = time}),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(store->CreateSession(SessionStore::NewSession{.id = "e", .closed = time}),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

// Each search finds the first text and not the second.
TEST_P(StoreContract, WhatChangesAfterTheEndOfTimeComesAfterIt) {
  auto store = Open();
  for (const int64_t last : {int64_t{253402300799999999}, INT64_MAX}) {
    const auto made = store->CreateSession(SessionStore::NewSession{.activity = last});
    ASSERT_THAT(made, IsOk());
    const std::string next = NewSession(*store);
    const auto sessions = store->ListSessions(1);
    ASSERT_THAT(sessions, IsOk());
    EXPECT_EQ((*sessions)[0].id, next);
    EXPECT_GT((*sessions)[0].activity, store->GetSession(made->id)->activity);
    // Elsewhere it keeps its place.
    EXPECT_THAT(store->CreateSession(SessionStore::NewSession{.activity = (*sessions)[0].activity}),
                IsOk());
  }
  EXPECT_THAT(store->CreateSession(SessionStore::NewSession{.activity = INT64_MIN}), IsOk());
}

TEST_P(StoreContract, FindsWordsOfScriptsWithoutSpaces) {
  auto store = Open();
  const struct {
    const char* name;
    std::string text;
    std::vector<std::string> found;
    std::vector<std::string> not_found;
  } cases[] = {
      {"Chinese",
       "今天讨论了部署方案。明天再说",
       {"部署", "讨论", "方案", "今天讨论了部署方案", "部", "明天", "部署 明天", "方案　今天"},
       {"署部", "案明", "再见", "讨部"}},
      {"Japanese",
       "明日の会議は東京タワーで行います",
       {"会議", "東京", "タワー", "東京タワー"},
       {"京都", "タワ一"}},
      {"Korean",
       "회의를 내일 시작합니다",
       {"회의", "회의를", "내일", "시작", "합니다"},
       {"를내", "의회"}},
      {"Korean, two words that are one across the space",
       "사회 의견",
       {"사회", "의견", "회"},
       {"회의"}},
      {"Thai", "วันนี้เราคุยเรื่องการติดตั้งระบบ", {"ติดตั้ง", "ระบบ", "วันนี้"}, {"ระบม"}},
      {"Lao", "ມື້ນີ້ພວກເຮົາປະຊຸມກັນ", {"ປະຊຸມ"}, {"ປະຊາ"}},
      {"Khmer, with unseen breaks",
       "យើង​ជួប​ប្រជុំ​គ្នា",
       {"ប្រជុំ", "ជួបប្រជុំ"},
       {"ប្រជា"}},
      {"Burmese", "ဒီနေ့အစည်းအဝေးရှိတယ်", {"အစည်းအဝေး"}, {"အစည်းများ"}},
      {"with Latin words and numbers",
       "我们用Kubernetes部署v2版本,共3台GPU服务器",
       {"kubernetes", "Kubernetes部署", "部署v2", "gpu服务器", "3台", "版本", "部署 GPU"},
       {"kube", "服务员"}},
      {"of the higher planes", "𠮷野家𠀋", {"𠮷野", "𠀋"}, {"吉野"}},
  };
  for (const auto& test : cases) {
    const std::string id = NewSession(*store);
    ASSERT_THAT(store->Append(id, User(test.text)), IsOk()) << test.name;
    ASSERT_THAT(store->Append(id, User("something else")), IsOk());
    for (const std::string& words : test.found) {
      const auto hits = store->Search(words, id, 10);
      ASSERT_THAT(hits, IsOk()) << test.name;
      ASSERT_EQ(hits->size(), 1u) << test.name << ": " << words;
      EXPECT_EQ((*hits)[0].message.content, test.text);
    }
    for (const std::string& words : test.not_found) {
      EXPECT_EQ(store->Search(words, id, 10)->size(), 0u) << test.name << ": " << words;
    }
    ASSERT_THAT(store->DeleteSession(id), IsOk());
  }
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
  // What surrounds the word is shown, and not all of a long text.
  const std::string id = NewSession(*store);
  std::string large;
  for (int i = 0; i < 200; ++i) large += "前后左右";
  ASSERT_THAT(store->Append(id, User(large + "部署" + large)), IsOk());
  const std::string snippet = (*store->Search("部署", id, 1))[0].snippet;
  EXPECT_THAT(snippet, HasSubstr("[部署]"));
  EXPECT_THAT(snippet, HasSubstr("…"));
  EXPECT_LT(snippet.size(), 120u) << snippet;
}

// The rows of deleted messages are numbered anew, and the index must not take the new ones for
// known.
TEST_P(StoreContract, SearchKnowsWhatTakesADeletedOnesPlace) {
  auto store = Open();
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  ASSERT_THAT(store->Append(a, User("first apple")), IsOk());
  ASSERT_THAT(store->Append(b, User("second apple")), IsOk());
  EXPECT_EQ(store->Search("apple", "", 10)->size(), 2u);
  // Indexed, and then not indexed.
  ASSERT_THAT(store->DeleteSession(b), IsOk());
  const std::string c = NewSession(*store);
  ASSERT_THAT(store->Append(c, User("third apple")), IsOk());
  const std::string d = NewSession(*store);
  ASSERT_THAT(store->Append(d, User("fourth apple")), IsOk());
  ASSERT_THAT(store->DeleteSession(d), IsOk());
  ASSERT_THAT(store->Append(c, User("fifth apple")), IsOk());
  EXPECT_EQ(store->Search("apple", "", 10)->size(), 3u);
  EXPECT_EQ(store->Search("third", "", 10)->size(), 1u);
  EXPECT_TRUE(store->Search("second", "", 10)->empty());
  EXPECT_TRUE(store->Search("fourth", "", 10)->empty());
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
}

TEST_P(StoreContract, AppendsInFlightAreAcknowledgedInOrder) {
  std::vector<int64_t> sequences;
  std::string id;
  {
    auto store = Open();
    id = NewSession(*store);
    // From the thread that commits, one after the other.
    for (int i = 0; i < 1000; ++i) {
      ASSERT_THAT(store->AppendAsync(id, {User(absl::StrCat(i))},
                                     [&](const absl::StatusOr<int64_t>& sequence) {
                                       ASSERT_TRUE(sequence.ok()) << sequence.status();
                                       sequences.push_back(*sequence);
                                     }),
                  IsOk());
    }
    std::promise<absl::Status> refused;
    ASSERT_THAT(store->AppendAsync("gone", {User("x")},
                                   [&](const absl::StatusOr<int64_t>& sequence) {
                                     refused.set_value(sequence.status());
                                   }),
                IsOk());
    EXPECT_THAT(refused.get_future().get(), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(store->AppendAsync(id, {}, nullptr), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  ASSERT_EQ(sequences.size(), 1000u);
  for (size_t i = 0; i < sequences.size(); ++i)
    EXPECT_EQ(sequences[i], static_cast<int64_t>(i) + 1);
  auto store = Open();
  EXPECT_EQ((*store->History(id, {.after = 499, .before = {}, .limit = 1}))[0].content, "499");
}

// In one batch with others, what is refused is refused alone.
TEST_P(StoreContract, NoAppendFailsForAnothersSake) {
  auto store = Open();
  const std::string id = NewSession(*store);
  std::vector<std::promise<absl::StatusOr<int64_t>>> results(60);
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_THAT(store->AppendAsync(i % 3 == 1 ? "gone" : id, {User("x")},
                                   [&, i](const absl::StatusOr<int64_t>& sequence) {
                                     results[i].set_value(sequence);
                                   }),
                IsOk());
  }
  int64_t last = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const absl::StatusOr<int64_t> result = results[i].get_future().get();
    EXPECT_EQ(result.ok(), i % 3 != 1) << i;
    if (result.ok()) {
      EXPECT_EQ(*result, ++last);
    }
  }
  EXPECT_EQ(store->GetSession(id)->num_messages, last);
}

TEST_P(StoreContract, TakesALargeMessage) {
  auto store = Open();
  const std::string id = NewSession(*store);
  const std::string large(size_t{16} << 20, 'a');
  ASSERT_THAT(store->Append(id, User(large)), IsOk());
  EXPECT_EQ((*store->History(id, {}))[0].content, large);
  EXPECT_THAT(store->Append(id, User(large + "a")), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(StoreContract, CountsWhatThereIs) {
  auto store = Open();
  const std::string id = NewSession(*store);
  ASSERT_THAT(store->CloseSession(NewSession(*store)), IsOk());
  ASSERT_THAT(store->AppendAll(id, {User("a"), User("b"), User("c")}), IsOk());
  ASSERT_THAT(store->Search("a", "", 1), IsOk());
  const auto stats = store->GetStats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->num_sessions, 2);
  EXPECT_EQ(stats->num_closed_sessions, 1);
  EXPECT_EQ(stats->num_messages, 3);
  EXPECT_EQ(stats->num_unindexed_messages, 0);
  EXPECT_GT(stats->bytes, 4096);
}

TEST_P(StoreContract, RefusesMalformedMessages) {
  StoreContractOptions options;
  options.max_message_bytes = 100;
  auto store = Open(options);
  const std::string id = NewSession(*store);
  Message tool_without_call = User("10:27");
  tool_without_call.role = Role::kTool;
  Message calls_that_are_none = User("");
  calls_that_are_none.tool_calls = "{\"id\":1}";
  Message calls_that_are_no_json = User("");
  calls_that_are_no_json.tool_calls = "[";
  const std::vector<std::pair<Message, std::string>> cases = {
      {User(std::string(101, 'a')), "the limit is 100"},
      {User("\xFF\xFE"), "not UTF-8"},
      {User("cut \xE6\xBC"), "not UTF-8"},
      {tool_without_call, "tool_call_id"},
      {calls_that_are_none, "not a JSON array"},
      {calls_that_are_no_json, "not a JSON array"},
  };
  for (const auto& [message, expected] : cases) {
    // The good message before it is not kept either.
    const auto appended = store->AppendAll(id, {User("good"), message});
    EXPECT_THAT(appended, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(expected)))
        << expected;
  }
  EXPECT_TRUE(store->History(id, {})->empty());
  EXPECT_THAT(store->AppendAll(id, {}), Not(IsOk()));
}

// An answer is stored before it is heard, and becomes what was heard of it.
TEST_P(StoreContract, AnAmendedAnswerSaysWhatItSaysNow) {
  auto store = Open();
  const struct {
    const char* name;
    // Whether search knows the answer before it is amended.
    bool is_indexed;
    std::string before;
    std::vector<std::string> amended;
    std::string lost;
    std::string found;
  } cases[] = {
      {"new", false, "the train leaves at nine", {"the train leaves"}, "nine", "leaves"},
      {"indexed", true, "the train leaves at nine", {"the train leaves"}, "nine", "leaves"},
      {"new, with other words", false, "nine", {"the train"}, "nine", "train"},
      {"indexed, with other words", true, "nine", {"the train"}, "nine", "train"},
      {"new, twice", false, "one two three", {"one two", "one four"}, "two", "four"},
      {"indexed, twice", true, "one two three", {"one two", "one four"}, "two", "four"},
      {"new, to what it was", false, "one", {"two", "one"}, "two", "one"},
      {"indexed, to what it was", true, "one", {"two", "one"}, "two", "one"},
      {"new, without spaces", false, "今天讨论了部署方案", {"今天讨论"}, "部署", "讨论"},
      {"indexed, without spaces", true, "今天讨论了部署方案", {"今天讨论"}, "部署", "讨论"},
      {"new, from nothing", false, "", {"one"}, "two", "one"},
      {"indexed, from nothing", true, "", {"one"}, "two", "one"},
  };
  for (const auto& test : cases) {
    const std::string id = NewSession(*store);
    Message answer = Answer(test.before);
    answer.client_key = "key";
    answer.metadata = R"({"voice":"kal16"})";
    answer.tool_calls = "[]";
    answer.output_tokens = 12;
    answer.created = absl::FromUnixSeconds(1234567890);
    ASSERT_THAT(store->AppendAll(id, {User("when"), answer, User("thanks")}), IsOk()) << test.name;
    if (test.is_indexed) {
      ASSERT_THAT(store->Search("when", id, 1), IsOk()) << test.name;
    }
    for (const std::string& content : test.amended) {
      ASSERT_THAT(store->Amend(id, {.sequence = 2, .content = content}), IsOk()) << test.name;
    }
    const auto history = store->History(id, {});
    ASSERT_EQ(history->size(), 3u) << test.name;
    const Message& kept = (*history)[1];
    EXPECT_EQ(kept.content, test.amended.back()) << test.name;
    EXPECT_EQ(kept.role, Role::kAssistant) << test.name;
    EXPECT_EQ(kept.client_key, answer.client_key) << test.name;
    EXPECT_EQ(kept.metadata, answer.metadata) << test.name;
    EXPECT_EQ(kept.tool_calls, answer.tool_calls) << test.name;
    EXPECT_EQ(kept.output_tokens, answer.output_tokens) << test.name;
    EXPECT_EQ(kept.created, answer.created) << test.name;
    EXPECT_EQ((*history)[0].content, "when") << test.name;
    EXPECT_EQ((*history)[2].content, "thanks") << test.name;
    EXPECT_TRUE(store->Search(test.lost, id, 10)->empty()) << test.name;
    const auto hits = store->Search(test.found, id, 10);
    ASSERT_EQ(hits->size(), 1u) << test.name;
    EXPECT_EQ((*hits)[0].message.content, test.amended.back()) << test.name;
    EXPECT_THAT((*hits)[0].snippet, HasSubstr(absl::StrCat("[", test.found, "]"))) << test.name;
    EXPECT_EQ(*store->Append(id, answer), 2) << test.name << ": it still is what was appended";
    EXPECT_EQ(store->GetSession(id)->num_messages, 3) << test.name;
    EXPECT_THAT(store->CheckIntegrity(), IsOk()) << test.name;
  }
  EXPECT_EQ(store->Search("thanks", "", 100)->size(), std::size(cases));
}

// Nothing of an interrupted answer may have been heard.
TEST_P(StoreContract, AnAnswerMayBeAmendedToNothing) {
  auto store = Open();
  for (const bool is_indexed : {false, true}) {
    const std::string id = NewSession(*store);
    ASSERT_THAT(store->Append(id, Answer("unheard words")), IsOk());
    if (is_indexed) {
      ASSERT_EQ(store->Search("unheard", id, 10)->size(), 1u);
    }
    ASSERT_THAT(store->Amend(id, {.sequence = 1, .content = ""}), IsOk());
    EXPECT_EQ((*store->History(id, {}))[0].content, "");
    EXPECT_TRUE(store->Search("unheard", id, 10)->empty());
    EXPECT_THAT(store->CheckIntegrity(), IsOk());
    ASSERT_THAT(store->DeleteSession(id), IsOk());
    EXPECT_THAT(store->CheckIntegrity(), IsOk());
  }
}

TEST_P(StoreContract, AnAmendmentMayReplaceTheMetadata) {
  auto store = Open();
  for (const bool is_indexed : {false, true}) {
    const std::string id = NewSession(*store);
    ASSERT_THAT(store->Append(id, Answer("one")), IsOk());
    if (is_indexed) {
      ASSERT_THAT(store->Search("one", id, 10), IsOk());
    }
    const auto metadata = [&] { return (*store->History(id, {}))[0].metadata; };
    ASSERT_THAT(store->Amend(id, {.sequence = 1, .content = "two"}), IsOk());
    EXPECT_EQ(metadata(), std::nullopt);
    ASSERT_THAT(store->Amend(id, {.sequence = 1, .content = "two", .metadata = R"({"cut":1})"}),
                IsOk());
    EXPECT_EQ(metadata(), R"({"cut":1})");
    ASSERT_THAT(store->Amend(id, {.sequence = 1, .content = "three"}), IsOk());
    EXPECT_EQ(metadata(), R"({"cut":1})");
    ASSERT_THAT(store->Amend(id, {.sequence = 1, .content = "four", .metadata = "{}"}), IsOk());
    EXPECT_EQ(metadata(), "{}");
  }
}

TEST_P(StoreContract, RefusesAmendmentsAndChangesNothing) {
  StoreContractOptions options;
  options.max_message_bytes = 100;
  auto store = Open(options);
  const std::string id = NewSession(*store);
  const std::string other = NewSession(*store);
  const std::string closed = NewSession(*store);
  Message system = User("be brief");
  system.role = Role::kSystem;
  Message tool = User("10:27");
  tool.role = Role::kTool;
  tool.tool_call_id = "call_1";
  const std::vector<Message> said = {User("when"), Answer("at nine"), tool, system};
  for (const std::string& session : {id, other, closed}) {
    ASSERT_THAT(store->AppendAll(session, said), IsOk());
  }
  ASSERT_THAT(store->CloseSession(closed), IsOk());
  const int64_t activity = store->GetSession(id)->activity;
  const struct {
    const char* name;
    std::string session_id;
    SessionStore::Amendment amendment;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {"no such session",
       "gone",
       {.sequence = 2, .content = "x"},
       absl::StatusCode::kNotFound,
       "there is no session 'gone'"},
      {"no such message",
       id,
       {.sequence = 5, .content = "x"},
       absl::StatusCode::kNotFound,
       "has no message 5"},
      {"sequence 0",
       id,
       {.sequence = 0, .content = "x"},
       absl::StatusCode::kNotFound,
       "has no message 0"},
      {"a negative sequence",
       id,
       {.sequence = -1, .content = "x"},
       absl::StatusCode::kNotFound,
       "has no message -1"},
      {"a message of the next session, by its number",
       id,
       {.sequence = (int64_t{1} << 24) + 2, .content = "x"},
       absl::StatusCode::kNotFound,
       "has no message 16777218"},
      {"the largest number",
       id,
       {.sequence = INT64_MAX, .content = "x"},
       absl::StatusCode::kNotFound,
       "has no message"},
      {"what a user said",
       id,
       {.sequence = 1, .content = "x"},
       absl::StatusCode::kInvalidArgument,
       "of role user"},
      {"what a tool said",
       id,
       {.sequence = 3, .content = "x"},
       absl::StatusCode::kInvalidArgument,
       "of role tool"},
      {"what the system was told",
       id,
       {.sequence = 4, .content = "x"},
       absl::StatusCode::kInvalidArgument,
       "of role system"},
      {"a closed session",
       closed,
       {.sequence = 2, .content = "x"},
       absl::StatusCode::kFailedPrecondition,
       "is closed"},
      {"no UTF-8",
       id,
       {.sequence = 2, .content = "\xFF\xFE"},
       absl::StatusCode::kInvalidArgument,
       "content is not UTF-8"},
      {"a cut character",
       id,
       {.sequence = 2, .content = "cut \xE6\xBC"},
       absl::StatusCode::kInvalidArgument,
       "content is not UTF-8"},
      {"too long",
       id,
       {.sequence = 2, .content = std::string(101, 'a')},
       absl::StatusCode::kInvalidArgument,
       "the limit is 100"},
      {"metadata that are no object",
       id,
       {.sequence = 2, .content = "x", .metadata = "[]"},
       absl::StatusCode::kInvalidArgument,
       "metadata is not a JSON object"},
      {"metadata that are too long",
       id,
       {.sequence = 2, .content = "x", .metadata = R"({"k":")" + std::string(100, 'a') + R"("})"},
       absl::StatusCode::kInvalidArgument,
       "the limit is 100"},
  };
  for (const bool is_indexed : {false, true}) {
    if (is_indexed) {
      ASSERT_THAT(store->Search("nine", "", 10), IsOk());
    }
    for (const auto& test : cases) {
      EXPECT_THAT(store->Amend(test.session_id, test.amendment),
                  StatusIs(test.code, HasSubstr(test.message)))
          << test.name;
      std::promise<absl::Status> late;
      const absl::Status at_once =
          store->AmendAsync(test.session_id, test.amendment,
                            [&](const absl::Status& amended) { late.set_value(amended); });
      EXPECT_THAT(at_once.ok() ? late.get_future().get() : at_once,
                  StatusIs(test.code, HasSubstr(test.message)))
          << test.name;
    }
  }
  for (const std::string& session : {id, other, closed}) {
    const auto history = store->History(session, {});
    ASSERT_EQ(history->size(), said.size());
    for (size_t i = 0; i < said.size(); ++i) EXPECT_EQ((*history)[i].content, said[i].content);
  }
  EXPECT_EQ(store->GetSession(id)->activity, activity);
  EXPECT_EQ(store->Search("nine", "", 10)->size(), 3u);
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
  ASSERT_THAT(store->ResumeSession(closed), IsOk());
  EXPECT_THAT(store->Amend(closed, {.sequence = 2, .content = "at ten"}), IsOk());
}

TEST_P(StoreContract, AmendsToEveryCharacter) {
  auto store = Open();
  const std::string id = NewSession(*store);
  const std::string text = "quote ' \", 漢字, \xF0\x9F\x8E\xA4, back\\slash, end\n";
  const std::string with_nul = absl::StrCat("nul ", std::string(1, '\0'), " end");
  ASSERT_THAT(store->AppendAll(id, {Answer("one"), Answer("one")}), IsOk());
  for (const bool is_indexed : {false, true}) {
    const int64_t sequence = is_indexed ? 2 : 1;
    if (is_indexed) {
      ASSERT_THAT(store->Search("one", "", 10), IsOk());
    }
    const auto content = [&] {
      return (*store->History(id, {.after = sequence - 1, .before = {}, .limit = 1}))[0].content;
    };
    ASSERT_THAT(store->Amend(id, {.sequence = sequence, .content = text}), IsOk());
    EXPECT_EQ(content(), text);
    const absl::Status amended = store->Amend(id, {.sequence = sequence, .content = with_nul});
    if (GetParam().keeps_nul) {
      EXPECT_EQ(content(), with_nul);
      ASSERT_THAT(store->Amend(id, {.sequence = sequence, .content = text}), IsOk());
    } else {
      EXPECT_THAT(amended, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
    }
    EXPECT_EQ(content(), text);
    EXPECT_THAT(store->CheckIntegrity(), IsOk());
  }
  EXPECT_EQ(store->Search("漢字", "", 10)->size(), 2u);
}

TEST_P(StoreContract, AnAmendmentCountsAsAChange) {
  absl::Time now = absl::FromUnixSeconds(1000000);
  StoreContractOptions options;
  options.now = [&] { return now += absl::Hours(1); };
  auto store = Open(options);
  const std::string a = NewSession(*store);
  ASSERT_THAT(store->Append(a, Answer("one")), IsOk());
  NewSession(*store);
  const Session before = *store->GetSession(a);
  ASSERT_THAT(store->Amend(a, {.sequence = 1, .content = "two"}), IsOk());
  const auto sessions = store->ListSessions(1);
  ASSERT_EQ(sessions->size(), 1u);
  EXPECT_EQ((*sessions)[0].id, a);
  EXPECT_GT((*sessions)[0].activity, before.activity);
  EXPECT_EQ((*sessions)[0].updated, now);
  EXPECT_EQ((*sessions)[0].num_messages, 1);
  EXPECT_EQ((*store->History(a, {}))[0].created, before.updated) << "when it was said";
}

// An answer and what became of it may come in one batch, before either is durable.
TEST_P(StoreContract, AmendmentsAndAppendsAreMadeInTheOrderOfTheCalls) {
  constexpr int kAnswers = 200;
  std::string id;
  {
    auto store = Open();
    id = NewSession(*store);
    // From the thread that commits, one after the other.
    std::vector<std::string> done;
    std::vector<std::string> expected;
    for (int i = 1; i <= kAnswers; ++i) {
      const std::string name = absl::StrCat(i);
      // What is not there yet is not there.
      ASSERT_THAT(
          store->AmendAsync(id, {.sequence = i, .content = "too early"},
                            [&done](const absl::Status& amended) {
                              done.push_back(absl::IsNotFound(amended) ? "early" : "amended early");
                            }),
          IsOk());
      ASSERT_THAT(store->AppendAsync(id, {Answer(absl::StrCat("unheard ", name))},
                                     [&done, i](const absl::StatusOr<int64_t>& sequence) {
                                       ASSERT_THAT(sequence, IsOk());
                                       EXPECT_EQ(*sequence, i);
                                       done.push_back("appended");
                                     }),
                  IsOk());
      for (const char* content : {"unheard too", "heard"}) {
        ASSERT_THAT(
            store->AmendAsync(id, {.sequence = i, .content = absl::StrCat(content, " ", name)},
                              [&done, content](const absl::Status& amended) {
                                EXPECT_THAT(amended, IsOk());
                                done.emplace_back(content);
                              }),
            IsOk());
      }
      expected.insert(expected.end(), {"early", "appended", "unheard too", "heard"});
    }
    // What was handed in before it is over when it is.
    ASSERT_THAT(store->Append(id, User("thanks")), IsOk());
    EXPECT_EQ(done, expected);
    EXPECT_EQ(store->Search("heard", "", 1000)->size(), size_t{kAnswers});
    EXPECT_TRUE(store->Search("unheard", "", 10)->empty());
    EXPECT_THAT(store->CheckIntegrity(), IsOk());
  }
  auto store = Open();
  const auto history = store->History(id, {.after = 0, .before = {}, .limit = 1000});
  ASSERT_EQ(history->size(), size_t{kAnswers} + 1);
  for (size_t i = 0; i < kAnswers; ++i) {
    EXPECT_EQ((*history)[i].content, absl::StrCat("heard ", i + 1));
  }
}

// Some are amended while they are new, and others when search knows them.
TEST_P(StoreContract, ThreadsAmendWhileOthersAppend) {
  constexpr int kThreads = 4;
  constexpr int kAnswers = 25;
  std::string id;
  {
    auto store = Open();
    id = NewSession(*store);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        int64_t last = 0;
        for (int j = 0; j < kAnswers; ++j) {
          const auto sequence = store->Append(id, Answer("unheard"));
          ASSERT_THAT(sequence, IsOk());
          if (i == 0) {
            EXPECT_THAT(store->Search("heard", id, 10), IsOk());
          }
          for (const int64_t amended : {*sequence, last}) {
            if (amended == 0) continue;
            EXPECT_THAT(
                store->Amend(id, {.sequence = amended, .content = absl::StrCat("heard ", amended)}),
                IsOk());
          }
          last = *sequence;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(store->Search("unheard", "", 10)->empty());
    EXPECT_EQ(store->Search("heard", "", 1000)->size(), size_t{kThreads} * kAnswers);
    EXPECT_THAT(store->CheckIntegrity(), IsOk());
  }
  auto store = Open();
  const auto history = store->History(id, {.after = 0, .before = {}, .limit = 1000});
  ASSERT_EQ(history->size(), size_t{kThreads} * kAnswers);
  for (size_t i = 0; i < history->size(); ++i) {
    EXPECT_EQ((*history)[i].sequence, static_cast<int64_t>(i) + 1);
    EXPECT_EQ((*history)[i].content, absl::StrCat("heard ", i + 1));
  }
}

// In one batch with others, what is refused is refused alone.
TEST_P(StoreContract, NoAmendmentFailsForAnothersSake) {
  auto store = Open();
  const std::string id = NewSession(*store);
  ASSERT_THAT(store->AppendAll(id, {Answer("one"), User("two")}), IsOk());
  std::vector<std::promise<absl::Status>> results(60);
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_THAT(
        store->AmendAsync(
            id, {.sequence = 1 + static_cast<int64_t>(i % 3), .content = absl::StrCat("now ", i)},
            [&, i](const absl::Status& amended) { results[i].set_value(amended); }),
        IsOk());
  }
  for (size_t i = 0; i < results.size(); ++i) {
    const absl::Status result = results[i].get_future().get();
    EXPECT_EQ(result.code(), i % 3 == 0   ? absl::StatusCode::kOk
                             : i % 3 == 1 ? absl::StatusCode::kInvalidArgument
                                          : absl::StatusCode::kNotFound)
        << i;
  }
  EXPECT_EQ((*store->History(id, {}))[0].content, "now 57");
  EXPECT_EQ((*store->History(id, {}))[1].content, "two");
}

TEST_P(StoreContract, ThreadsAppendWithoutGaps) {
  auto store = Open();
  const std::string id = NewSession(*store);
  constexpr int kThreads = 4;
  constexpr int kMessages = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kMessages; ++j) {
        EXPECT_THAT(store->Append(id, User(absl::StrCat("thread ", i))), IsOk());
        EXPECT_THAT(store->History(id, {}), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto history = store->History(id, {.after = 0, .before = {}, .limit = 1000});
  ASSERT_EQ(history->size(), static_cast<size_t>(kThreads * kMessages));
  for (size_t i = 0; i < history->size(); ++i) {
    EXPECT_EQ((*history)[i].sequence, static_cast<int64_t>(i) + 1);
  }
}

}  // namespace parlance::session

#include "session/store.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "session/database.h"

namespace parlance::session {
namespace {

Message User(const std::string& content) {
  Message message;
  message.content = content;
  return message;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(std::getenv("TEST_TMPDIR"), "/", info.name());
    std::filesystem::create_directories(directory_);
    path_ = absl::StrCat(directory_, "/sessions.db");
  }

  std::unique_ptr<SessionStore> OpenStore(SessionStore::Options options = {}) {
    auto store = SessionStore::Open(path_, std::move(options));
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  static std::string NewSession(SessionStore& store) {
    auto session = store.CreateSession("a talk");
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? session->id : "";
  }

  std::string directory_;
  std::string path_;
};

TEST_F(StoreTest, RemembersWhatWasSaid) {
  std::string id;
  {
    auto store = OpenStore();
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
  auto store = OpenStore();
  const auto history = store->History(id, {});
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ((*history)[0].content, "what time is it");
  EXPECT_EQ((*history)[0].role, Role::kUser);
  EXPECT_FALSE((*history)[0].name.has_value());
  EXPECT_EQ((*history)[1].tool_calls, R"([{"id":"call_1","type":"function"}])");
  EXPECT_EQ((*history)[2].tool_call_id, "call_1");
  EXPECT_EQ((*history)[2].sequence, 3);
  EXPECT_EQ(store->GetSession(id)->num_messages, 3);
}

TEST_F(StoreTest, KeepsEveryCharacter) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  const std::string text =
      absl::StrCat("nul ", std::string(1, '\0'), ", quote ' \", 漢字, \xF0\x9F\x8E\xA4, end\n");
  ASSERT_TRUE(store->Append(id, User(text)).ok());
  const auto history = store->History(id, {});
  EXPECT_EQ((*history)[0].content, text);
}

TEST_F(StoreTest, PagesInBothDirections) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  for (int i = 1; i <= 10; ++i) ASSERT_TRUE(store->Append(id, User(absl::StrCat(i))).ok());
  const auto contents = [&](const SessionStore::HistoryOptions& options) {
    std::string all;
    const auto page = store->History(id, options);
    for (const Message& message : *page) {
      absl::StrAppend(&all, message.content, " ");
    }
    return all;
  };
  EXPECT_EQ(contents({.after = {}, .before = {}, .limit = 3}), "8 9 10 ");
  EXPECT_EQ(contents({.after = {}, .before = 8, .limit = 3}), "5 6 7 ");
  EXPECT_EQ(contents({.after = 0, .before = {}, .limit = 3}), "1 2 3 ");
  EXPECT_EQ(contents({.after = 3, .before = 6, .limit = 50}), "4 5 ");
  EXPECT_EQ(contents({.after = 10, .before = {}, .limit = 3}), "");
  EXPECT_EQ(store->History(id, {.after = {}, .before = {}, .limit = 0}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(StoreTest, ListsTheLastChangedFirstWhateverTheClockSays) {
  absl::Time now = absl::FromUnixSeconds(1000000);
  SessionStore::Options options;
  options.now = [&] { return now -= absl::Hours(1); };
  auto store = OpenStore(std::move(options));
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  const std::string c = NewSession(*store);
  ASSERT_TRUE(store->Append(a, User("again")).ok());
  const auto first = store->ListSessions(2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].id, a);
  EXPECT_EQ((*first)[1].id, c);
  const auto second = store->ListSessions(2, c);
  ASSERT_EQ(second->size(), 1u);
  EXPECT_EQ((*second)[0].id, b);
  EXPECT_EQ(store->ListSessions(2, "gone").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreTest, FindsWords) {
  auto store = OpenStore();
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  ASSERT_TRUE(store->Append(a, User("remind me to buy oat milk tomorrow")).ok());
  ASSERT_TRUE(store->Append(b, User("milk is in the fridge")).ok());
  ASSERT_TRUE(store->Append(b, User("no dairy here")).ok());
  EXPECT_EQ(store->Search("MILK", "", 10)->size(), 2u);
  const auto hits = store->Search("milk oat", "", 10);
  ASSERT_EQ(hits->size(), 1u);
  EXPECT_EQ((*hits)[0].session_id, a);
  EXPECT_TRUE(absl::StrContains((*hits)[0].snippet, "[oat] [milk]")) << (*hits)[0].snippet;
  EXPECT_EQ(store->Search("milk", b, 10)->size(), 1u);
  EXPECT_TRUE(store->Search("honey", "", 10)->empty());
}

TEST_F(StoreTest, NothingInASearchIsSyntax) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  ASSERT_TRUE(store->Append(id, User("rock AND roll (live) \"now\" a* col: -x")).ok());
  for (const std::string words :
       {"\"", "AND", "rock AND", "(", "a*", "col:", "-x", "NEAR(", "'", "^", "\"now\"", "{x}: y"}) {
    EXPECT_TRUE(store->Search(words, "", 10).ok()) << words;
  }
  EXPECT_EQ(store->Search("rock AND roll", "", 10)->size(), 1u);
  EXPECT_EQ(store->Search(" \t ", "", 10).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StoreTest, DeletesASessionWithItsMessages) {
  auto store = OpenStore();
  const std::string a = NewSession(*store);
  const std::string b = NewSession(*store);
  ASSERT_TRUE(store->Append(a, User("secret")).ok());
  ASSERT_TRUE(store->Append(b, User("secret too")).ok());
  ASSERT_TRUE(store->DeleteSession(a).ok());
  EXPECT_EQ(store->DeleteSession(a).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->GetSession(a).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->History(a, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->Append(a, User("x")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store->Search("secret", "", 10)->size(), 1u);
  EXPECT_TRUE(store->CheckIntegrity().ok());
}

TEST_F(StoreTest, ExportsOneObjectALine) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  Message call;
  call.role = Role::kAssistant;
  call.content = "line\nbreak";
  call.tool_calls = "[\n{\"id\": \"call_1\"}\n]";
  for (int i = 0; i < 700; ++i) ASSERT_TRUE(store->AppendAll(id, {call, call}).ok());
  std::ostringstream out;
  ASSERT_TRUE(store->ExportJsonLines(id, out).ok());
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
  EXPECT_EQ(store->ExportJsonLines(id, out).code(), absl::StatusCode::kUnavailable);
}

TEST_F(StoreTest, RefusesMalformedMessages) {
  SessionStore::Options options;
  options.max_message_bytes = 100;
  auto store = OpenStore(std::move(options));
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
    EXPECT_EQ(appended.status().code(), absl::StatusCode::kInvalidArgument) << expected;
    EXPECT_TRUE(absl::StrContains(appended.status().message(), expected)) << appended.status();
  }
  EXPECT_TRUE(store->History(id, {})->empty());
  EXPECT_FALSE(store->AppendAll(id, {}).ok());
}

TEST_F(StoreTest, RefusesFilesThatAreNoStore) {
  const auto status_of = [](const std::string& path) { return SessionStore::Open(path).status(); };
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_EQ(status_of(path_).code(), absl::StatusCode::kDataLoss) << status_of(path_);
  EXPECT_TRUE(absl::StrContains(status_of(path_).message(), path_)) << status_of(path_);
  EXPECT_EQ(status_of(directory_).code(), absl::StatusCode::kNotFound) << status_of(directory_);
  const std::string missing = absl::StrCat(directory_, "/no/such/folder.db");
  EXPECT_EQ(status_of(missing).code(), absl::StatusCode::kNotFound) << status_of(missing);

  const std::string other = absl::StrCat(directory_, "/other.db");
  ASSERT_TRUE(Database::Open(other, 0)->Execute("CREATE TABLE birds (name TEXT)").ok());
  EXPECT_EQ(status_of(other).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status_of(other).message(), "another application"));

  const std::string newer = absl::StrCat(directory_, "/newer.db");
  ASSERT_TRUE(SessionStore::Open(newer).ok());
  ASSERT_TRUE(Database::Open(newer, 0)->Execute("PRAGMA user_version = 999").ok());
  EXPECT_EQ(status_of(newer).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status_of(newer).message(), "schema version 999"));
}

TEST_F(StoreTest, AnEmptyFileIsANewStore) {
  std::ofstream(path_).flush();
  auto store = OpenStore();
  EXPECT_TRUE(store->Append(NewSession(*store), User("hello")).ok());
}

// Whatever is cut off is noticed; whatever is overwritten makes no crash, though bytes that nothing
// uses may change unnoticed.
TEST_F(StoreTest, SurvivesDamagedFiles) {
  {
    auto store = OpenStore();
    const std::string id = NewSession(*store);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(store->Append(id, User(absl::StrCat("message number ", i))).ok());
    }
  }
  std::ifstream file(path_, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  constexpr uint64_t kSeed = 42;
  std::mt19937_64 random(kSeed);
  int num_noticed = 0;
  for (int i = 0; i < 60; ++i) {
    std::string damaged = whole;
    const bool cut = i % 2 == 0;
    if (cut) {
      // A page or more: SQLite reads the missing end of the last page as zeros.
      damaged.resize(random() % (whole.size() - 4096));
    } else {
      for (int j = 0; j < 200; ++j)
        damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const std::string path = absl::StrCat(directory_, "/damaged_", i, ".db");
    std::ofstream(path, std::ios::binary) << damaged;
    auto store = SessionStore::Open(path);
    if (!store.ok()) {
      ++num_noticed;
      continue;
    }
    bool noticed = !(*store)->CheckIntegrity().ok();
    auto sessions = (*store)->ListSessions(10);
    noticed |= !sessions.ok();
    if (sessions.ok()) {
      for (const Session& session : *sessions) {
        noticed |= !(*store)->History(session.id, {}).ok();
        noticed |= !(*store)->Append(session.id, User("more")).ok();
      }
      noticed |= sessions->empty();
    }
    EXPECT_TRUE(noticed || !cut) << "seed " << kSeed << ", round " << i;
    num_noticed += noticed;
  }
  EXPECT_GT(num_noticed, 40) << "seed " << kSeed;
}

TEST_F(StoreTest, ThreadsAppendWithoutGaps) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  constexpr int kThreads = 4;
  constexpr int kMessages = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kMessages; ++j) {
        EXPECT_TRUE(store->Append(id, User(absl::StrCat("thread ", i))).ok());
        EXPECT_TRUE(store->History(id, {}).ok());
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

TEST_F(StoreTest, TwoStoresShareAFile) {
  auto one = OpenStore();
  auto other = OpenStore();
  const std::string id = NewSession(*one);
  std::thread thread([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(other->Append(id, User("other")).ok());
  });
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(one->Append(id, User("one")).ok());
  thread.join();
  EXPECT_EQ(one->GetSession(id)->num_messages, 100);
}

// Appends in a child process until it ends, and returns the sequences it acknowledged. `ends` is
// called in the parent with the number of acknowledgements so far; it kills.
class Appender {
 public:
  // `limit_bytes`: how large the child's files may grow; 0: any size.
  Appender(const std::string& path, const std::string& id, rlim_t limit_bytes) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    child_ = fork();
    if (child_ == 0) {
      close(ends[0]);
      Append(path, id, limit_bytes, ends[1]);
    }
    close(ends[1]);
    acknowledged_ = ends[0];
  }

  // The next acknowledged sequence; 0 when there is no more.
  int64_t Next() {
    int64_t sequence = 0;
    return read(acknowledged_, &sequence, sizeof sequence) == sizeof sequence ? sequence : 0;
  }

  void Kill() { kill(child_, SIGKILL); }

  int Wait() {
    int status = 0;
    waitpid(child_, &status, 0);
    close(acknowledged_);
    return status;
  }

 private:
  [[noreturn]] static void Append(const std::string& path, const std::string& id,
                                  rlim_t limit_bytes, int acknowledge) {
    if (limit_bytes > 0) {
      signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{.rlim_cur = limit_bytes, .rlim_max = limit_bytes};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    auto store = SessionStore::Open(path);
    if (!store.ok()) _exit(2);
    for (;;) {
      auto sequence = (*store)->Append(id, User("word " + std::string(500, 'x')));
      if (!sequence.ok()) _exit(sequence.status().message().empty() ? 3 : 0);
      if (write(acknowledge, &*sequence, sizeof *sequence) != sizeof *sequence) _exit(4);
    }
  }

  pid_t child_ = 0;
  int acknowledged_ = -1;
};

TEST_F(StoreTest, WhatAppendAcknowledgedSurvivesKill9) {
  std::string id;
  { id = NewSession(*OpenStore()); }
  constexpr uint64_t kSeed = 9;
  std::mt19937_64 random(kSeed);
  int64_t last = 0;
  for (int round = 0; round < 10; ++round) {
    Appender appender(path_, id, 0);
    const int64_t kill_after = last + 1 + static_cast<int64_t>(random() % 40);
    bool killed = false;
    while (const int64_t sequence = appender.Next()) {
      ASSERT_EQ(sequence, last + 1) << "seed " << kSeed;
      last = sequence;
      if (!killed && last >= kill_after) {
        appender.Kill();
        killed = true;
      }
    }
    EXPECT_TRUE(WIFSIGNALED(appender.Wait()));
    auto store = OpenStore();
    const int64_t num_messages = store->GetSession(id)->num_messages;
    // One append may have been on its way: durable, and not acknowledged yet.
    ASSERT_GE(num_messages, last) << "seed " << kSeed;
    ASSERT_LE(num_messages, last + 1) << "seed " << kSeed;
    ASSERT_TRUE(store->CheckIntegrity().ok());
    ASSERT_EQ((*store->History(id, {.after = {}, .before = {}, .limit = 1}))[0].sequence,
              num_messages);
    last = num_messages;
  }
}

TEST_F(StoreTest, AFullDiskLosesNothing) {
  std::string id;
  { id = NewSession(*OpenStore()); }
  Appender appender(path_, id, 600 * 1024);
  int64_t last = 0;
  while (const int64_t sequence = appender.Next()) last = sequence;
  const int status = appender.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_GT(last, 10);
  auto store = OpenStore();
  EXPECT_EQ(store->GetSession(id)->num_messages, last);
  EXPECT_TRUE(store->CheckIntegrity().ok());
  EXPECT_EQ(*store->Append(id, User("there is room again")), last + 1);
}

TEST_F(StoreTest, ALockedFileIsSaidToBeBusy) {
  SessionStore::Options options;
  options.busy_timeout_ms = 1;
  auto store = OpenStore(std::move(options));
  const std::string id = NewSession(*store);
  auto other = Database::Open(path_, 0);
  ASSERT_TRUE(other->Execute("BEGIN IMMEDIATE").ok());
  EXPECT_EQ(store->Append(id, User("x")).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(other->Execute("COMMIT").ok());
  EXPECT_EQ(*store->Append(id, User("x")), 1);
}

}  // namespace
}  // namespace parlance::session

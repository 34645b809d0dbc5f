#include "session/sqlite/sqlite_store.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "session/sqlite/database.h"
#include "session/sqlite/migrations.h"
#include "session/sqlite/testing/fault_vfs.h"
#include "session/testing/store_contract.h"
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

INSTANTIATE_TEST_SUITE_P(
    Sqlite, StoreContract,
    testing::Values(StoreKind{
        .open = [](const std::string& name, const StoreContractOptions& options)
            -> absl::StatusOr<std::unique_ptr<SessionStore>> {
          SqliteStoreOptions sqlite_options;
          sqlite_options.now = options.now;
          sqlite_options.max_message_bytes = options.max_message_bytes;
          auto store = SqliteStore::Open(absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name, ".db"),
                                         sqlite_options);
          if (!store.ok()) return store.status();
          return *std::move(store);
        }}));

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(std::getenv("TEST_TMPDIR"), "/", info.name());
    std::filesystem::create_directories(directory_);
    path_ = absl::StrCat(directory_, "/sessions.db");
  }

  std::unique_ptr<SqliteStore> OpenStore(SqliteStoreOptions options = {}) {
    auto store = SqliteStore::Open(path_, std::move(options));
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }

  static std::string NewSession(SessionStore& store) {
    auto session = store.CreateSession("a talk");
    EXPECT_THAT(session, IsOk());
    return session.ok() ? session->id : "";
  }

  std::string directory_;
  std::string path_;
};

TEST_F(SqliteStoreTest, BacksUpWhileItIsWritten) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  for (int i = 0; i < 50; ++i) ASSERT_THAT(store->Append(id, User("before")), IsOk());
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) EXPECT_THAT(store->Append(id, User("meanwhile")), IsOk());
  });
  const std::string copy_path = absl::StrCat(directory_, "/copy.db");
  const absl::Status copied = store->Backup(copy_path);
  stop = true;
  writer.join();
  ASSERT_THAT(copied, IsOk());
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(copy_path, ".partial")));
  EXPECT_THAT(store->Backup(copy_path), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(store->Backup(absl::StrCat(directory_, "/no/folder.db")), Not(IsOk()));
  auto copy = SqliteStore::Open(copy_path);
  ASSERT_THAT(copy, IsOk());
  const auto session = (*copy)->GetSession(id);
  ASSERT_THAT(session, IsOk());
  EXPECT_GE(session->num_messages, 50);
  EXPECT_EQ((*copy)->History(id, {.after = 0, .before = {}, .limit = 10000})->size(),
            static_cast<size_t>(session->num_messages));
  EXPECT_THAT((*copy)->CheckIntegrity(), IsOk());
}

TEST_F(SqliteStoreTest, ProcessesShareAFileAndNoneIsToldThatItIsLocked) {
  constexpr int kProcesses = 8;
  constexpr int kThreads = 64;
  constexpr int kMessages = 3;
  { OpenStore(); }
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    SqliteStoreOptions options;
    options.database.busy_timeout = absl::Seconds(60);
    options.queue.patience = absl::Seconds(60);
    auto store = SqliteStore::Open(path_, options);
    if (!store.ok()) _exit(2);
    std::atomic<int> num_failed = 0;
    std::vector<std::thread> threads;
    for (int j = 0; j < kThreads; ++j) {
      threads.emplace_back([&] {
        const auto session = (*store)->CreateSession("talk");
        for (int k = 0; session.ok() && k < kMessages; ++k) {
          num_failed += !(*store)->Append(session->id, User("x")).ok();
          num_failed += !(*store)->History(session->id, {}).ok();
        }
        num_failed += !session.ok();
      });
    }
    for (std::thread& thread : threads) thread.join();
    _exit(num_failed == 0 ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  EXPECT_EQ(OpenStore()->GetStats()->num_messages, kProcesses * kThreads * kMessages);
}

TEST_F(SqliteStoreTest, RefusesFilesThatAreNoStore) {
  const auto status_of = [](const std::string& path) { return SqliteStore::Open(path).status(); };
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_THAT(status_of(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
  EXPECT_THAT(status_of(directory_), StatusIs(absl::StatusCode::kNotFound));
  const std::string missing = absl::StrCat(directory_, "/no/such/folder.db");
  EXPECT_THAT(status_of(missing), StatusIs(absl::StatusCode::kNotFound));

  const std::string other = absl::StrCat(directory_, "/other.db");
  ASSERT_THAT(Database::Open(other, {})->Execute("CREATE TABLE birds (name TEXT)"), IsOk());
  EXPECT_THAT(status_of(other),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another application")));

  // A byte is an empty database to SQLite.
  const std::string note = absl::StrCat(directory_, "/note");
  for (const int size : {1, 2, 100, 511}) {
    std::ofstream(note) << std::string(static_cast<size_t>(size), 'x');
    EXPECT_THAT(status_of(note), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("note is not a database")));
    EXPECT_EQ(std::filesystem::file_size(note), size);
  }

  const std::string newer = absl::StrCat(directory_, "/newer.db");
  ASSERT_THAT(SqliteStore::Open(newer), IsOk());
  ASSERT_THAT(Database::Open(newer, {})->Execute("PRAGMA user_version = 999"), IsOk());
  EXPECT_THAT(status_of(newer),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("schema version 999")));
}

TEST_F(SqliteStoreTest, AnEmptyFileIsANewStore) {
  std::ofstream(path_).flush();
  auto store = OpenStore();
  EXPECT_THAT(store->Append(NewSession(*store), User("hello")), IsOk());
}

// Whatever is cut off is noticed; whatever is overwritten makes no crash, though bytes that nothing
// uses may change unnoticed.
TEST_F(SqliteStoreTest, SurvivesDamagedFiles) {
  {
    auto store = OpenStore();
    const std::string id = NewSession(*store);
    for (int i = 0; i < 200; ++i) {
      ASSERT_THAT(store->Append(id, User(absl::StrCat("message number ", i))), IsOk());
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
    auto store = SqliteStore::Open(path);
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

TEST_F(SqliteStoreTest, TwoStoresShareAFile) {
  auto one = OpenStore();
  auto other = OpenStore();
  const std::string id = NewSession(*one);
  std::thread thread([&] {
    for (int i = 0; i < 50; ++i) EXPECT_THAT(other->Append(id, User("other")), IsOk());
  });
  for (int i = 0; i < 50; ++i) EXPECT_THAT(one->Append(id, User("one")), IsOk());
  thread.join();
  EXPECT_EQ(one->GetSession(id)->num_messages, 100);
}

// What a store remembers of a session, another may change.
TEST_F(SqliteStoreTest, AStoreNoticesWhatAnotherChanged) {
  auto one = OpenStore();
  auto other = OpenStore();
  const std::string id = NewSession(*one);
  EXPECT_EQ(*one->Append(id, User("one")), 1);
  EXPECT_EQ(*other->Append(id, User("other")), 2);
  EXPECT_EQ(*one->Append(id, User("one")), 3);
  const std::string second = NewSession(*other);
  EXPECT_EQ(*one->Append(id, User("one")), 4);
  EXPECT_EQ((*one->ListSessions(1))[0].id, id);
  ASSERT_THAT(other->CloseSession(id), IsOk());
  EXPECT_THAT(one->Append(id, User("one")), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(other->ResumeSession(id), IsOk());
  EXPECT_EQ(*one->Append(id, User("one")), 5);
  Message answer = User("unheard");
  answer.role = Role::kAssistant;
  EXPECT_EQ(*other->Append(id, answer), 6);
  EXPECT_THAT(one->Amend(id, {.sequence = 6, .content = "heard"}), IsOk());
  EXPECT_EQ(other->Search("heard", id, 10)->size(), 1u);
  EXPECT_THAT(one->Amend(id, {.sequence = 6, .content = "half"}), IsOk());
  EXPECT_EQ(other->Search("half", id, 10)->size(), 1u);
  EXPECT_TRUE(other->Search("heard", id, 10)->empty());
  ASSERT_THAT(other->DeleteSession(id), IsOk());
  EXPECT_THAT(one->Append(id, User("one")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(*one->Append(second, User("one")), 1);
  EXPECT_EQ(*other->PruneSessions({.changed_since = {}, .most_sessions = 0}), 1);
  EXPECT_THAT(one->Append(second, User("one")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(one->CheckIntegrity(), IsOk());
}

TEST_F(SqliteStoreTest, MoreSessionsThanAreRememberedTakeMessages) {
  auto store = OpenStore({.new_id = {}, .queue = {.idle_after = absl::ZeroDuration()}});
  constexpr int kSessions = 5000;
  std::vector<std::string> ids;
  for (int i = 0; i < kSessions; ++i) ids.push_back(absl::StrCat("s", i));
  std::atomic<int> num_failed = 0;
  for (int round = 1; round <= 2; ++round) {
    for (const std::string& id : ids) {
      if (round == 1) {
        ASSERT_THAT(store->CreateSession({.title = "a talk", .id = id}), IsOk());
      }
      ASSERT_THAT(store->AppendAsync(id, {User("hello")},
                                     [&, round](const absl::StatusOr<int64_t>& sequence) {
                                       num_failed += !sequence.ok() || *sequence != round;
                                     }),
                  IsOk());
    }
  }
  // What was handed in before it is over when it is.
  EXPECT_EQ(*store->Append(ids[0], User("the last")), 3);
  EXPECT_EQ(num_failed, 0);
  EXPECT_EQ(store->GetStats()->num_messages, 2 * kSessions + 1);
}

// A message of a session is named by the session's number and its own in one integer, and a number
// that is too large must not reach the next session's messages.
TEST_F(SqliteStoreTest, AnAmendmentReachesNoMessageButItsOwn) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  const std::string next = NewSession(*store);
  Message answer = User("at nine");
  answer.role = Role::kAssistant;
  for (const std::string& session : {id, next}) {
    ASSERT_THAT(store->AppendAll(session, {answer, answer}), IsOk());
  }
  ASSERT_EQ(store->Search("nine", "", 10)->size(), 4u);
  // As of a store that was repaired, and lost a message in the midst.
  ASSERT_THAT(Database::Open(path_, {})->Execute(
                  absl::StrCat("DELETE FROM messages WHERE id = 1 << 24 | 2; UPDATE sessions SET "
                               "next_sequence = ",
                               kMaxMessages, " WHERE id = 1")),
              IsOk());
  for (const int64_t sequence : {int64_t{2}, kMaxMessages - 1, kMaxMessages, kMaxMessages + 2}) {
    EXPECT_THAT(store->Amend(id, {.sequence = sequence, .content = "at ten"}),
                StatusIs(absl::StatusCode::kNotFound))
        << sequence;
  }
  EXPECT_TRUE(store->Search("ten", "", 10)->empty());
  EXPECT_EQ(store->Search("nine", "", 10)->size(), 3u);
  EXPECT_THAT(store->Amend(id, {.sequence = 1, .content = "at ten"}), IsOk());
  EXPECT_EQ(store->Search("ten", "", 10)->size(), 1u);
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
}

TEST_F(SqliteStoreTest, AFullSessionTakesNothing) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  ASSERT_THAT(store->Append(id, User("the first")), IsOk());
  ASSERT_THAT(Database::Open(path_, {})->Execute(
                  absl::StrCat("UPDATE sessions SET next_sequence = ", kMaxMessages)),
              IsOk());
  const std::vector<Message> two = {User("one"), User("two")};
  EXPECT_THAT(store->AppendAll(id, two), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(*store->Append(id, User("the last")), kMaxMessages);
  EXPECT_THAT(store->Append(id, User("more")), StatusIs(absl::StatusCode::kFailedPrecondition));
  // Neighbours by number, and of different sessions.
  const std::string next = NewSession(*store);
  ASSERT_THAT(store->Append(next, User("the first")), IsOk());
  EXPECT_EQ(store->Search("first", "", 10)->size(), 2u);
  EXPECT_EQ(store->Search("last", id, 10)->size(), 1u);
  EXPECT_EQ(store->Search("last", next, 10)->size(), 0u);
  EXPECT_EQ(store->History(id, {})->size(), 2u);
  EXPECT_EQ(store->History(next, {})->size(), 1u);
  ASSERT_THAT(store->DeleteSession(id), IsOk());
  EXPECT_EQ(store->Search("first", "", 10)->size(), 1u);
  EXPECT_EQ(store->History(next, {})->size(), 1u);
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
    auto store = SqliteStore::Open(path);
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

TEST_F(SqliteStoreTest, WhatAppendAcknowledgedSurvivesKill9) {
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
    ASSERT_THAT(store->CheckIntegrity(), IsOk());
    ASSERT_EQ((*store->History(id, {.after = {}, .before = {}, .limit = 1}))[0].sequence,
              num_messages);
    last = num_messages;
  }
}

TEST_F(SqliteStoreTest, AFullDiskLosesNothing) {
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
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
  EXPECT_EQ(*store->Append(id, User("there is room again")), last + 1);
}

TEST_F(SqliteStoreTest, ALockedFileIsSaidToBeBusy) {
  SqliteStoreOptions options;
  options.database.busy_timeout = absl::Milliseconds(1);
  auto store = OpenStore(std::move(options));
  const std::string id = NewSession(*store);
  auto other = Database::Open(path_, {});
  ASSERT_THAT(other->Execute("BEGIN IMMEDIATE"), IsOk());
  EXPECT_THAT(store->Append(id, User("x")), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(other->Execute("COMMIT"), IsOk());
  EXPECT_EQ(*store->Append(id, User("x")), 1);
}

TEST_F(SqliteStoreTest, AReadOnlyFileIsSaidToBe) {
  {
    auto store = OpenStore();
    NewSession(*store);
  }
  FaultVfs disk;
  disk.SetReadOnly(true);
  SqliteStoreOptions options;
  options.database.vfs = disk.name();
  auto store = SqliteStore::Open(path_, options);
  const absl::Status status = store.ok() ? (*store)->CreateSession("x").status() : store.status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
}

// Runs `check` in a child process for which permissions count, though it may be root's. Returns
// what it found wrong, or nothing.
std::string WithoutPrivileges(const std::function<std::string()>& check) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct none[2] = {};
    const std::string wrong =
        syscall(SYS_capset, &header, none) == 0 ? check() : "capabilities cannot be dropped";
    const bool told = write(ends[1], wrong.data(), wrong.size()) >= 0;
    _exit(told && wrong.empty() ? 0 : 1);
  }
  close(ends[1]);
  std::string wrong;
  std::array<char, 4096> part;
  for (ssize_t count; (count = read(ends[0], part.data(), part.size())) > 0;) {
    wrong.append(part.data(), static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (wrong.empty() && status != 0) return absl::StrCat("the child ended with ", status);
  return wrong;
}

// What a store that may only be read has to do, of one session "s" with `messages`, of which the
// word "milk" is in all.
std::string CheckReadOnly(const std::string& path, int64_t messages) {
  SqliteStoreOptions options;
  if (SqliteStore::Open(path, options).ok()) return "it may be changed";
  options.may_be_read_only = true;
  options.may_make = false;
  auto opened = SqliteStore::Open(path, options);
  if (!opened.ok()) return opened.status().ToString();
  SqliteStore& store = **opened;
  const auto sessions = store.ListSessions(10);
  if (!sessions.ok()) return sessions.status().ToString();
  if (sessions->size() != 1 || (*sessions)[0].id != "s") return "the session is not listed";
  const auto history = store.History("s", {.after = 0, .before = {}, .limit = 1000});
  if (!history.ok()) return history.status().ToString();
  if (static_cast<int64_t>(history->size()) != messages) {
    return absl::StrCat("the history has ", history->size());
  }
  const auto hits = store.Search("milk", "s", 1000);
  if (!hits.ok()) return hits.status().ToString();
  if (static_cast<int64_t>(hits->size()) != messages) return absl::StrCat("found ", hits->size());
  if (absl::Status checked = store.CheckIntegrity(); !checked.ok()) return checked.ToString();
  if (const auto stats = store.GetStats(); !stats.ok() || stats->num_messages != messages) {
    return "no stats";
  }
  const std::string backup = absl::StrCat(std::getenv("TEST_TMPDIR"), "/read_only_backup.db");
  if (absl::Status copied = store.Backup(backup); !copied.ok()) return copied.ToString();
  std::filesystem::remove(backup);
  for (const absl::Status& status :
       {store.Append("s", User("x")).status(), store.CreateSession("x").status(),
        store.DeleteSession("s"), store.RenameSession("s", "x"),
        store.AppendAsync("s", {User("x")}, nullptr),
        store.Amend("s", {.sequence = 1, .content = "x"}),
        store.AmendAsync("s", {.sequence = 1, .content = "x"}, nullptr)}) {
    if (!absl::IsPermissionDenied(status)) return status.ToString();
    if (!absl::StrContains(status.message(), "may only be read")) return status.ToString();
  }
  return "";
}

TEST_F(SqliteStoreTest, AStoreThatMayOnlyBeReadIsReadAndNothingIsWrittenBesideIt) {
  namespace fs = std::filesystem;
  const struct {
    const char* name;
    bool settled;
    // As they are when a program that has the store open is killed.
    bool with_log;
    bool with_log_index;
    size_t version;
    mode_t file_mode;
    mode_t folder_mode;
  } cases[] = {
      {"file", true, false, false, 4, 0444, 0755},
      {"folder", true, false, false, 4, 0644, 0555},
      {"both", true, false, false, 4, 0444, 0555},
      {"messages that search does not know", false, false, false, 4, 0444, 0555},
      {"a log", false, true, false, 4, 0444, 0555},
      {"a log, and a file that may be written", false, true, false, 4, 0644, 0555},
      {"a log and its index", false, true, true, 4, 0444, 0555},
      {"a log in a folder that may be written", false, true, true, 4, 0444, 0755},
      {"an older version", true, false, false, 3, 0444, 0555},
  };
  int number = 0;
  for (const auto& test : cases) {
    const std::string folder = absl::StrCat(directory_, "/", ++number, "?#%");
    const std::string path = absl::StrCat(folder, "/s.db");
    const std::string original = absl::StrCat(directory_, "/", number, ".db");
    fs::create_directories(folder);
    if (test.version == 4) {
      SqliteStoreOptions options;
      // Nothing is settled unless it is asked for.
      options.queue.idle_after = absl::Hours(1);
      auto store = *SqliteStore::Open(original, options);
      ASSERT_THAT(store->CreateSession({.title = "talk", .id = "s"}), IsOk());
      for (int i = 0; i < 50; ++i) ASSERT_THAT(store->Append("s", User("oat milk")), IsOk());
      if (test.settled) {
        ASSERT_EQ(store->Search("milk", "", 100)->size(), 50u);
      }
      if (!test.with_log) store.reset();
      for (const char* suffix : {"", "-wal", "-shm"}) {
        if (*suffix != '\0' && !test.with_log) continue;
        if (std::string(suffix) == "-shm" && !test.with_log_index) continue;
        fs::copy_file(original + suffix, path + suffix);
      }
    } else {
      auto database = *Database::Open(path, {});
      ASSERT_THAT(Migrate(database, SchemaMigrations().first(test.version)), IsOk());
      ASSERT_THAT(database.Execute(R"sql(PRAGMA journal_mode = WAL;
INSERT INTO sessions (public_id, title, created_us, updated_us, activity, next_sequence)
  VALUES ('s', 'talk', 1, 1, 1, 51);
WITH RECURSIVE number (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM number LIMIT 50)
INSERT INTO new_messages (session, sequence, role, content, created_us)
  SELECT 1, value, 'user', 'oat milk', 1 FROM number;)sql"),
                  IsOk());
    }
    std::vector<std::string> before;
    for (const auto& entry : fs::directory_iterator(folder)) {
      chmod(entry.path().c_str(), test.file_mode);
      before.push_back(entry.path().filename());
    }
    chmod(folder.c_str(), test.folder_mode);
    EXPECT_EQ(WithoutPrivileges([&] { return CheckReadOnly(path, 50); }), "") << test.name;
    if (test.folder_mode == 0555) {
      size_t after = 0;
      for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++after;
      EXPECT_EQ(after, before.size()) << test.name;
    }
    chmod(folder.c_str(), 0755);
  }
}

TEST_F(SqliteStoreTest, SaysWhyAPathCannotBeOpened) {
  namespace fs = std::filesystem;
  SqliteStoreOptions options;
  options.may_make = false;
  options.may_be_read_only = true;
  const auto message = [&](const std::string& path) {
    return std::string(SqliteStore::Open(path, options).status().message());
  };
  const auto message_if_made = [&](const std::string& path) {
    return std::string(SqliteStore::Open(path).status().message());
  };
  const std::string loop = absl::StrCat(directory_, "/loop");
  fs::create_symlink("loop", loop);
  const std::string fifo = absl::StrCat(directory_, "/fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::ofstream(path_).flush();
  const std::string missing = absl::StrCat(directory_, "/missing.db");
  // A database without a table.
  const std::string bare = absl::StrCat(directory_, "/bare.db");
  ASSERT_THAT(Database::Open(bare, {})->Execute("CREATE TABLE a (b); DROP TABLE a"), IsOk());
  const auto bare_bytes = fs::file_size(bare);
  EXPECT_THAT(message(bare), HasSubstr("bare.db is empty: there is no store in it"));
  EXPECT_EQ(fs::file_size(bare), bare_bytes);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {missing, "there is no "},
      {path_, "is empty: there is no store in it"},
      {loop, "Too many levels of symbolic links"},
      {absl::StrCat(loop, "/x.db"), "Too many levels of symbolic links"},
      {absl::StrCat(directory_, "/", std::string(300, 'x')), "File name too long"},
      {fifo, "is not a file"},
      {directory_, "is not a file"},
  };
  for (const auto& [path, expected] : cases) {
    EXPECT_THAT(message(path), HasSubstr(expected));
    EXPECT_THAT(message(path), HasSubstr(path));
    if (path != missing && path != path_) {
      EXPECT_THAT(message_if_made(path), HasSubstr(expected));
    }
  }
  EXPECT_FALSE(fs::exists(missing));
  EXPECT_EQ(fs::file_size(path_), 0u);
  const std::string closed = absl::StrCat(directory_, "/closed");
  fs::create_directory(closed);
  chmod(closed.c_str(), 0);
  EXPECT_EQ(WithoutPrivileges([&]() -> std::string {
              const std::string said = message(absl::StrCat(closed, "/s.db"));
              return absl::StrContains(said, "Permission denied") ? "" : said;
            }),
            "");
  EXPECT_EQ(WithoutPrivileges([&]() -> std::string {
              chmod(closed.c_str(), 0500);
              const std::string said = message_if_made(absl::StrCat(closed, "/s.db"));
              return absl::StrContains(said, "Permission denied") ? "" : said;
            }),
            "");
}

TEST_F(SqliteStoreTest, ABackupIsWrittenIntoAnEmptyFileAndEmptiesItAgainIfItFails) {
  auto store = OpenStore();
  const std::string id = NewSession(*store);
  ASSERT_THAT(store->Append(id, User("hello")), IsOk());
  const std::string target = absl::StrCat(directory_, "/target.db");
  std::ofstream(target).flush();
  ASSERT_THAT(store->Backup(target), IsOk());
  EXPECT_EQ((*SqliteStore::Open(target))->GetStats()->num_messages, 1);
  EXPECT_THAT(store->Backup(target), StatusIs(absl::StatusCode::kAlreadyExists));
}

}  // namespace
}  // namespace parlance::session

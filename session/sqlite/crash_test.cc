// What the store acknowledged survives kills, power cuts and failing disks.
//
// $SESSION_CRASH_TRIALS: how often each is tried. The test sets the usual number; the slow one,
// more.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "session/sqlite/sqlite_store.h"
#include "session/sqlite/testing/fault_vfs.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;

int Trials() {
  const char* text = std::getenv("SESSION_CRASH_TRIALS");
  int trials = 0;
  return text != nullptr && absl::SimpleAtoi(text, &trials) ? trials : 100;
}

// The content of a message, which varies in length up to several pages and is no other's.
std::string Content(int key) {
  return absl::StrCat("message ", key, " ", std::string(static_cast<size_t>(key * 37 % 9000), 'x'));
}

Message Keyed(int key) {
  Message message;
  message.role = Role::kAssistant;
  message.content = Content(key);
  message.client_key = absl::StrCat(key);
  return message;
}

// Every third message is amended at once, as an answer is that is interrupted. Shorter, longer and
// as long as before, in turn.
bool IsAmended(int key) { return key % 3 == 0; }
std::string AmendedContent(int key) {
  return absl::StrCat("amended ", key, " ", std::string(static_cast<size_t>(key * 53 % 9000), 'y'));
}

// Appends the message, or finds it, and amends it. Its sequence, when all of it is acknowledged.
absl::StatusOr<int64_t> Say(SqliteStore& store, int key) {
  absl::StatusOr<int64_t> sequence = store.Append("s", Keyed(key));
  if (!sequence.ok() || !IsAmended(key)) return sequence;
  const absl::Status amended =
      store.Amend("s", {.sequence = *sequence, .content = AmendedContent(key)});
  if (!amended.ok()) return amended;
  return sequence;
}

// Parts of the trials, which shards take apart.
constexpr int kParts = 4;

class CrashTest : public testing::TestWithParam<int> {
 protected:
  CrashTest() {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::replace(name.begin(), name.end(), '/', '_');
    directory_ = absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
    std::filesystem::create_directories(directory_);
    path_ = absl::StrCat(directory_, "/store.db");
    template_ = absl::StrCat(directory_, "/template.db");
    auto store = *SqliteStore::Open(template_);
    EXPECT_THAT(store->CreateSession(SessionStore::NewSession{.title = "talk", .id = "s"}), IsOk());
  }

  // The seed of this part of the trials.
  static uint64_t Seed() { return 20260101 + static_cast<uint64_t>(GetParam()); }

  void StartAnew() {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(absl::StrCat(path_, suffix));
    }
    std::filesystem::copy_file(template_, path_);
  }

  std::unique_ptr<SqliteStore> Open(const std::string& vfs = "") {
    SqliteStoreOptions options;
    options.database.vfs = vfs;
    options.queue.idle_after = absl::Milliseconds(1);
    auto store = SqliteStore::Open(path_, options);
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }

  // Checks that every acknowledged message is there, once, whole, as it was amended, in its place,
  // and none in part; that the store is sound and goes on; and that a retry of everything makes no
  // second one.
  void Verify(const std::map<int, int64_t>& acknowledged, int num_keys, const std::string& vfs) {
    auto store = Open(vfs);
    ASSERT_NE(store, nullptr);
    const auto check = [&] {
      const auto history = store->History("s", {.after = 0, .before = {}, .limit = 10000});
      ASSERT_THAT(history, IsOk());
      std::map<int, int64_t> there;
      for (size_t i = 0; i < history->size(); ++i) {
        const Message& message = (*history)[i];
        ASSERT_EQ(message.sequence, static_cast<int64_t>(i) + 1) << "there is a gap";
        int key = -1;
        ASSERT_TRUE(message.client_key.has_value() && absl::SimpleAtoi(*message.client_key, &key));
        const bool has_to_be_amended = IsAmended(key) && acknowledged.count(key) != 0;
        const bool is_whole = message.content == Content(key) && !has_to_be_amended;
        ASSERT_TRUE(is_whole || (IsAmended(key) && message.content == AmendedContent(key)))
            << "half a message, or not as it was amended: " << key;
        ASSERT_TRUE(there.emplace(key, message.sequence).second) << "twice: " << key;
      }
      for (const auto& [key, sequence] : acknowledged) {
        const auto found = there.find(key);
        ASSERT_TRUE(found != there.end()) << "lost: " << key;
        ASSERT_EQ(found->second, sequence);
      }
      ASSERT_EQ(store->GetSession("s")->num_messages, static_cast<int64_t>(history->size()));
    };
    check();
    // Handed in together, because single commits would take most of the test's time.
    std::vector<std::promise<absl::StatusOr<int64_t>>> retries(static_cast<size_t>(num_keys));
    for (int key = 0; key < num_keys; ++key) {
      ASSERT_THAT(store->AppendAsync("s", {Keyed(key)},
                                     [&, key](const absl::StatusOr<int64_t>& sequence) {
                                       retries[static_cast<size_t>(key)].set_value(sequence);
                                     }),
                  IsOk());
    }
    for (int key = 0; key < num_keys; ++key) {
      const absl::StatusOr<int64_t> sequence = retries[static_cast<size_t>(key)].get_future().get();
      ASSERT_THAT(sequence, IsOk());
      const auto before = acknowledged.find(key);
      if (before != acknowledged.end()) {
        ASSERT_EQ(*sequence, before->second);
      }
    }
    check();
    ASSERT_EQ(store->GetSession("s")->num_messages, num_keys);
    // What search has been told of an amended message is what is there.
    const auto amended = store->Search("amended", "s", 10000);
    ASSERT_THAT(amended, IsOk());
    const auto unamended = store->Search("message", "s", 10000);
    ASSERT_THAT(unamended, IsOk());
    ASSERT_EQ(static_cast<int>(amended->size() + unamended->size()), num_keys);
    const absl::Status sound = store->CheckIntegrity();
    ASSERT_THAT(sound, IsOk());
  }

  std::string directory_;
  std::string path_;
  std::string template_;
};

// Appends by three threads at once until the disk fails or all is done. Returns what was
// acknowledged, by key.
std::map<int, int64_t> AppendUntilItFails(SqliteStore& store, int num_keys) {
  constexpr int kThreads = 3;
  std::mutex mutex;
  std::map<int, int64_t> acknowledged;
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int key = next++; key < num_keys; key = next++) {
        const auto sequence = Say(store, key);
        if (!sequence.ok()) return;
        std::lock_guard<std::mutex> lock(mutex);
        acknowledged[key] = *sequence;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return acknowledged;
}

constexpr int kKeys = 20;

// The power fails at every operation in turn, and then at random ones: what was not synced is gone,
// or not, or half of it is.
TEST_P(CrashTest, PowerCuts) {
  std::mt19937_64 random(Seed());
  bool every = true;
  for (int trial = GetParam(); trial < Trials(); trial += kParts) {
    SCOPED_TRACE(absl::StrCat("trial ", trial, ", seed ", Seed()));
    StartAnew();
    FaultVfs disk;
    std::map<int, int64_t> acknowledged;
    {
      auto store = Open(disk.name());
      ASSERT_NE(store, nullptr);
      const auto at = static_cast<int64_t>(every ? trial : random() % 200);
      disk.BreakAfter(at, random() % 2 == 0 ? Fault::kIoError : Fault::kShortWrite);
      acknowledged = AppendUntilItFails(*store, kKeys);
      // By then, all boundaries were tried.
      if (every && !disk.broken()) every = false;
    }
    disk.LoseUnsynced(random);
    disk.Heal();
    Verify(acknowledged, kKeys, disk.name());
    if (HasFatalFailure()) return;
  }
}

// The disk fails for a while, the process goes on, and so does the service when it is well again.
TEST_P(CrashTest, DisksThatFailForAWhile) {
  std::mt19937_64 random(Seed());
  constexpr std::array<Fault, 4> kFaults = {Fault::kIoError, Fault::kDiskFull, Fault::kShortWrite,
                                            Fault::kSyncError};
  int num_failed = 0;
  for (int trial = GetParam(); trial < Trials(); trial += kParts) {
    const Fault fault = kFaults[static_cast<size_t>(trial / kParts) % kFaults.size()];
    SCOPED_TRACE(absl::StrCat("trial ", trial, ", seed ", Seed()));
    StartAnew();
    FaultVfs disk;
    std::map<int, int64_t> acknowledged;
    {
      auto store = Open(disk.name());
      ASSERT_NE(store, nullptr);
      disk.BreakAfter(static_cast<int64_t>(random() % 60), fault);
      acknowledged = AppendUntilItFails(*store, kKeys);
      const auto broken = store->Append("s", Keyed(1000));
      if (!broken.ok()) {
        ++num_failed;
        EXPECT_EQ(broken.status().code(), fault == Fault::kDiskFull
                                              ? absl::StatusCode::kResourceExhausted
                                              : absl::StatusCode::kInternal)
            << broken.status();
        EXPECT_FALSE(broken.status().message().empty());
      }
      disk.Heal();
      // Whether or not it was there before, it is now, and once.
      const auto healed = store->Append("s", Keyed(1000));
      ASSERT_THAT(healed, IsOk());
      acknowledged[1000] = *healed;
      for (int key = 0; key < kKeys; ++key) {
        const auto sequence = Say(*store, key);
        ASSERT_THAT(sequence, IsOk());
        const auto before = acknowledged.find(key);
        if (before != acknowledged.end()) {
          ASSERT_EQ(*sequence, before->second);
        }
        acknowledged[key] = *sequence;
      }
      ASSERT_THAT(store->CheckIntegrity(), IsOk());
    }
    auto store = Open();
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(store->GetSession("s")->num_messages, kKeys + 1);
    for (const auto& [key, sequence] : acknowledged) {
      ASSERT_EQ(*store->Append("s", Keyed(key)), sequence);
      if (key >= kKeys) continue;
      const auto message = store->History("s", {.after = sequence - 1, .before = {}, .limit = 1});
      ASSERT_THAT(message, IsOk());
      ASSERT_EQ((*message)[0].content, IsAmended(key) ? AmendedContent(key) : Content(key));
    }
  }
  EXPECT_GT(num_failed, Trials() / kParts / 2);
}

// Appends in another process, which is killed with signal 9 at a random moment.
TEST_P(CrashTest, Kills) {
  std::mt19937_64 random(Seed());
  for (int trial = GetParam(); trial < Trials(); trial += kParts) {
    SCOPED_TRACE(absl::StrCat("trial ", trial, ", seed ", Seed()));
    StartAnew();
    struct Acknowledged {
      int key;
      int64_t sequence;
    };
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      SqliteStoreOptions options;
      // Some are settled when they are amended.
      options.queue.idle_after = absl::ZeroDuration();
      auto store = SqliteStore::Open(path_, options);
      if (!store.ok()) _exit(2);
      std::vector<std::thread> threads;
      std::atomic<int> next = 0;
      for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
          for (;;) {
            const int key = next++;
            const auto sequence = Say(**store, key);
            if (!sequence.ok()) _exit(3);
            // Less than PIPE_BUF, so in one piece.
            const Acknowledged done{.key = key, .sequence = *sequence};
            if (write(ends[1], &done, sizeof done) != sizeof done) _exit(4);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      _exit(5);
    }
    close(ends[1]);
    std::map<int, int64_t> acknowledged;
    const auto wanted = static_cast<size_t>(random() % 30);
    Acknowledged done{};
    bool killed = false;
    const auto maybe_kill = [&] {
      if (killed || acknowledged.size() < wanted) return;
      absl::SleepFor(absl::Microseconds(random() % 1000));
      kill(child, SIGKILL);
      killed = true;
    };
    maybe_kill();
    while (read(ends[0], &done, sizeof done) == sizeof done) {
      acknowledged[done.key] = done.sequence;
      maybe_kill();
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    int last_key = -1;
    for (const auto& [key, sequence] : acknowledged) last_key = std::max(last_key, key);
    // Three threads may each have had one under way beyond.
    Verify(acknowledged, last_key + 4, "");
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, CrashTest, testing::Range(0, kParts));

}  // namespace
}  // namespace parlance::session

// The store beside what it is made of, in the same run and in turns: the disk itself, SQLite with
// the same schema in one thread, and SQLite with a commit for each message. The figures that count
// are ratios, as all sides wait for the same disk.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "session/sqlite/sqlite_store.h"
#include "session/sqlite/testing/raw_peers.h"
#include "session/testing/conversation.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;

constexpr int kWriters = 64;
// How many appends each writer of `pipelined` has under way.
constexpr int kInFlight = 32;

std::string Path(const std::string& name) {
  std::string path = absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(absl::StrCat(path, suffix));
  }
  return path;
}

template <typename Body>
absl::Duration TimeOf(Body&& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return absl::FromChrono(std::chrono::steady_clock::now() - start);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// Where time is measured, ok() is asked for: a matcher would be measured, too.

// One message at a time, from one thread.
TEST(SessionPeers, LoneAppend) {
  auto store = *SqliteStore::Open(Path("lone_store"));
  const std::string id = store->CreateSession("talk")->id;
  auto raw = RawSqlite::Create(Path("lone_raw"), 1);
  ASSERT_THAT(raw, IsOk());
  RawFile file(Path("lone_file"));
  const std::vector<Message> messages = Conversation(100);

  perf::Recorder store_latency({.name = "session.store.append_lone",
                                .title = "Append, Lone",
                                .unit = "us",
                                .better = perf::LOWER});
  perf::Recorder raw_latency({.name = "session.raw_sqlite.append_lone",
                              .title = "Raw SQLite: the Same Rows",
                              .unit = "us",
                              .better = perf::LOWER});
  perf::Recorder file_latency({.name = "session.raw_file.append",
                               .title = "Raw File: 4 KB and fdatasync",
                               .unit = "us",
                               .better = perf::LOWER});
  perf::Recorder ratio({.name = "session.store.append_lone_to_raw",
                        .title = "Append, Lone, to Raw SQLite",
                        .unit = "ratio",
                        .better = perf::LOWER});
  std::mt19937_64 random(1);
  size_t next = 0;
  const int64_t per_block = perf::Load("peer_lone_messages");
  for (int64_t block = 0; block < perf::Load("peer_blocks"); ++block) {
    std::vector<double> store_us;
    std::vector<double> raw_us;
    for (int64_t i = 0; i < per_block; ++i) {
      const Message& message = messages[next++ % messages.size()];
      const auto append_to_store = [&] {
        const absl::Duration took = TimeOf([&] { ASSERT_TRUE(store->Append(id, message).ok()); });
        store_latency.Add(took);
        store_us.push_back(absl::ToDoubleMicroseconds(took));
      };
      const auto append_to_raw = [&] {
        const absl::Duration took =
            TimeOf([&] { ASSERT_TRUE(raw->Commit(absl::MakeConstSpan(&message, 1)).ok()); });
        raw_latency.Add(took);
        raw_us.push_back(absl::ToDoubleMicroseconds(took));
      };
      if (random() % 2 == 0) {
        append_to_store();
        append_to_raw();
      } else {
        append_to_raw();
        append_to_store();
      }
      file_latency.Time([&] { ASSERT_TRUE(file.Append()); });
    }
    ratio.Add(Median(store_us) / Median(raw_us));
  }
}

// Runs `append` in so many threads until each has done its part. Messages a second.
double Throughput(int num_threads, int64_t per_thread,
                  const std::function<void(int thread, int64_t i)>& append) {
  std::vector<std::thread> threads;
  const absl::Duration took = TimeOf([&] {
    for (int thread = 0; thread < num_threads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int64_t i = 0; i < per_thread; ++i) append(thread, i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  return static_cast<double>(num_threads * per_thread) / absl::ToDoubleSeconds(took);
}

// Lets each of several writers have so many appends under way.
class Window {
 public:
  explicit Window(int size) : free_(size), size_(size) {}
  void Enter() {
    annotated::MutexLock lock(mutex_);
    while (free_ <= 0) changed_.wait(lock.native());
    --free_;
  }
  void Leave() {
    annotated::MutexLock lock(mutex_);
    ++free_;
    // Half a window at a time: a writer that is woken for each one does little else.
    if (free_ == size_ / 2 || free_ == size_) changed_.notify_one();
  }
  void WaitUntilEmpty() {
    annotated::MutexLock lock(mutex_);
    while (free_ != size_) changed_.wait(lock.native());
  }

 private:
  annotated::Mutex mutex_;
  std::condition_variable changed_;
  int free_ ABSL_GUARDED_BY(mutex_);
  const int size_;
};

// Writes as many messages as possible. The raw peer commits batches of the size that the store's
// formed.
TEST(SessionPeers, Throughput) {
  auto store = *SqliteStore::Open(Path("many_store"));
  auto pipelined_store = *SqliteStore::Open(Path("many_pipelined"));
  auto raw = RawSqlite::Create(Path("many_raw"), kWriters);
  ASSERT_THAT(raw, IsOk());
  const std::vector<std::string> ids = *CreateSessions(*store, kWriters);
  const std::vector<std::string> pipelined_ids = *CreateSessions(*pipelined_store, kWriters);
  const std::vector<Message> messages = Conversation(1000);
  const auto message = [&](int64_t i) -> const Message& {
    return messages[static_cast<size_t>(i) % messages.size()];
  };

  perf::Recorder throughput({.name = "session.store.append_64_writers",
                             .title = "Append, 64 Writers",
                             .unit = "msgs/sec",
                             .better = perf::HIGHER});
  perf::Recorder batch_size({.name = "session.store.batch_64_writers",
                             .title = "Messages a Commit, 64 Writers",
                             .unit = "messages",
                             .better = perf::HIGHER});
  perf::Recorder pipelined({.name = "session.store.append_64_writers_32_in_flight",
                            .title = "Append, 64 Writers, 32 in Flight",
                            .unit = "msgs/sec",
                            .better = perf::HIGHER});
  perf::Recorder raw_batch({.name = "session.raw_sqlite.append_batch",
                            .title = "Raw SQLite: Batches of that Size",
                            .unit = "msgs/sec",
                            .better = perf::HIGHER});
  perf::Recorder raw_lone({.name = "session.raw_sqlite.append_each",
                           .title = "Raw SQLite: a Commit for Each",
                           .unit = "msgs/sec",
                           .better = perf::HIGHER});
  perf::Recorder to_batch({.name = "session.store.append_64_writers_to_batch",
                           .title = "64 Writers to Raw Batches",
                           .unit = "ratio",
                           .better = perf::HIGHER});
  perf::Recorder to_each({.name = "session.store.append_64_writers_to_each",
                          .title = "64 Writers to Raw Single Commits",
                          .unit = "ratio",
                          .better = perf::HIGHER});
  perf::Recorder pipelined_to_each({.name = "session.store.append_in_flight_to_each",
                                    .title = "32 in Flight to Raw Single Commits",
                                    .unit = "ratio",
                                    .better = perf::HIGHER});
  perf::Recorder settled({.name = "session.store.append_and_settle",
                          .title = "Append, 32 in Flight, until Settled and Searchable",
                          .unit = "msgs/sec",
                          .better = perf::HIGHER});
  // What a store has left to do must not disturb its peers. A search waits for it.
  const auto settle = [](SqliteStore& settling) {
    ASSERT_TRUE(settling.Search("anything", "", 1).ok());
  };
  const int64_t per_writer = perf::Load("peer_messages") / kWriters;
  for (int64_t block = 0; block < perf::Load("peer_blocks"); ++block) {
    const int64_t commits_before = store->num_commits();
    const double store_rate = Throughput(kWriters, per_writer, [&](int writer, int64_t i) {
      ASSERT_TRUE(store->Append(ids[static_cast<size_t>(writer)], message(i)).ok());
    });
    const double batch = static_cast<double>(kWriters * per_writer) /
                         static_cast<double>(store->num_commits() - commits_before);
    throughput.Add(store_rate);
    batch_size.Add(batch);
    settle(*store);

    const auto raw_rate = [&](size_t size, int64_t total) {
      const absl::Duration took = TimeOf([&] {
        for (int64_t done = 0; done < total; done += static_cast<int64_t>(size)) {
          const auto first = static_cast<size_t>(done) % (messages.size() - size);
          ASSERT_TRUE(raw->Commit(absl::MakeConstSpan(messages).subspan(first, size)).ok());
        }
      });
      return static_cast<double>(total) / absl::ToDoubleSeconds(took);
    };
    const auto size = static_cast<size_t>(std::clamp(std::round(batch), 1.0, 500.0));
    const double batch_rate =
        raw_rate(size, (kWriters * per_writer + static_cast<int64_t>(size) - 1) /
                           static_cast<int64_t>(size) * static_cast<int64_t>(size));
    raw_batch.Add(batch_rate);
    const double each_rate = raw_rate(1, std::max<int64_t>(5, kWriters * per_writer / 20));
    raw_lone.Add(each_rate);
    to_batch.Add(store_rate / batch_rate);
    to_each.Add(store_rate / each_rate);

    std::vector<std::unique_ptr<Window>> windows;
    for (int i = 0; i < kWriters; ++i) windows.push_back(std::make_unique<Window>(kInFlight));
    std::atomic<int> num_failed = 0;
    const int64_t more_per_writer = 5 * per_writer;
    const double pipelined_rate = Throughput(kWriters, more_per_writer, [&](int writer, int64_t i) {
      Window& window = *windows[static_cast<size_t>(writer)];
      window.Enter();
      const absl::Status queued =
          pipelined_store->AppendAsync(pipelined_ids[static_cast<size_t>(writer)], {message(i)},
                                       [&](const absl::StatusOr<int64_t>& sequence) {
                                         num_failed += !sequence.ok();
                                         window.Leave();
                                       });
      ASSERT_TRUE(queued.ok()) << queued;
      if (i + 1 == more_per_writer) window.WaitUntilEmpty();
    });
    ASSERT_EQ(num_failed, 0);
    const auto num_pipelined = static_cast<double>(kWriters * more_per_writer);
    const absl::Duration settling = TimeOf([&] { settle(*pipelined_store); });
    settled.Add(num_pipelined / (num_pipelined / pipelined_rate + absl::ToDoubleSeconds(settling)));
    ASSERT_THAT(raw->Clear(), IsOk());
    pipelined.Add(pipelined_rate);
    pipelined_to_each.Add(pipelined_rate / each_rate);
  }
  int64_t stored = 0;
  for (const std::string& id : ids) stored += store->GetSession(id)->num_messages;
  EXPECT_EQ(stored, perf::Load("peer_blocks") * per_writer * kWriters);
}

TEST(SessionPeers, SessionsBy64Writers) {
  auto store = *SqliteStore::Open(Path("creation"));
  perf::Recorder rate({.name = "session.store.create_64_writers",
                       .title = "Session Creation, 64 Writers",
                       .unit = "sessions/sec",
                       .better = perf::HIGHER});
  const int64_t per_writer = std::max<int64_t>(1, perf::Load("peer_messages") / kWriters);
  for (int64_t block = 0; block < perf::Load("peer_blocks"); ++block) {
    rate.Add(Throughput(kWriters, per_writer,
                        [&](int, int64_t) { ASSERT_TRUE(store->CreateSession("talk").ok()); }));
  }
}

}  // namespace
}  // namespace parlance::session

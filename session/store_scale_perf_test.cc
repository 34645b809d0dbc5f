// A store of many messages: reading, searching and opening must not feel how many there are.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "session/sqlite/sqlite_store.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;

// Words as people use them: the k-th most common is said 1/k as often as the first (Zipf 1935), out
// of 20,000.
class Talk {
 public:
  explicit Talk(uint64_t seed) : random_(seed) {}

  std::string Word() {
    // The inverse of Zipf's distribution, nearly: ranks are exp(uniform).
    const double rank = std::exp(std::uniform_real_distribution<double>(0, kLogWords)(random_));
    return WordOfRank(static_cast<int>(rank));
  }
  std::string Sentence() {
    std::string sentence;
    const int words = 5 + static_cast<int>(random_() % 20);
    for (int i = 0; i < words; ++i) absl::StrAppend(&sentence, i == 0 ? "" : " ", Word());
    return sentence;
  }
  // Neither of the commonest, which nobody searches for, nor of the rarest.
  std::string SearchWord() { return WordOfRank(50 + static_cast<int>(random_() % 950)); }
  uint64_t Random() { return random_(); }

 private:
  static constexpr double kLogWords = 9.9;

  static std::string WordOfRank(int rank) {
    std::string word;
    for (int left = rank + 26; left > 0; left /= 26) {
      word.push_back(static_cast<char>('a' + left % 26));
    }
    return word;
  }

  std::mt19937_64 random_;
};

std::string Path(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name, ".db");
}

double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident = 0;
  statm >> pages >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

// Sessions that talk in turns, as they do in life: neighbours on the disk are of different
// sessions.
std::vector<std::string> Fill(SqliteStore& store, int64_t num_messages, Talk& talk) {
  std::vector<std::string> ids;
  const int64_t num_sessions = std::max<int64_t>(1, num_messages / 1000);
  for (int64_t i = 0; i < num_sessions; ++i) ids.push_back(store.CreateSession("talk")->id);
  std::atomic<int64_t> num_failed = 0;
  for (int64_t i = 0; i < num_messages; ++i) {
    Message message;
    message.content = talk.Sentence();
    const absl::Status queued = store.AppendAsync(
        ids[talk.Random() % ids.size()], {std::move(message)},
        [&](const absl::StatusOr<int64_t>& sequence) { num_failed += !sequence.ok(); });
    EXPECT_THAT(queued, IsOk());
  }
  // What was handed in before it is durable when it is.
  EXPECT_THAT(store.Append(ids[0], Message{.content = "the last"}), IsOk());
  EXPECT_EQ(num_failed, 0);
  return ids;
}

void MeasureHistory(SqliteStore& store, const std::vector<std::string>& ids, Talk& talk,
                    perf::Recorder& recorder) {
  for (int64_t i = 0; i < perf::Load("scale_reads"); ++i) {
    const std::string& id = ids[talk.Random() % ids.size()];
    size_t count = 0;
    recorder.Time([&] { count = store.History(id, {})->size(); });
    ASSERT_GT(count, 0u);
  }
}

TEST(SessionScale, HistoryAndSearchInALargeStore) {
  Talk talk(1);
  const double empty_mb = [] {
    auto store = *SqliteStore::Open(Path("empty"));
    EXPECT_THAT(store->CreateSession("talk"), IsOk());
    return ResidentMegabytes();
  }();

  perf::Recorder small_history({.name = "session.store.history_of_10000",
                                .title = "Last 50 of 10,000",
                                .unit = "us",
                                .better = perf::LOWER});
  perf::Recorder large_history({.name = "session.store.history_of_many",
                                .title = "Last 50 of Many",
                                .unit = "us",
                                .better = perf::LOWER});
  perf::Recorder search({.name = "session.store.search_many",
                         .title = "Two Words in Many",
                         .unit = "ms",
                         .better = perf::LOWER});
  perf::Recorder resident({.name = "session.store.resident_of_many",
                           .title = "Resident, above an Empty Store",
                           .unit = "MB",
                           .better = perf::LOWER});
  auto small = *SqliteStore::Open(Path("small"));
  const std::vector<std::string> small_ids = Fill(*small, perf::Load("scale_few_messages"), talk);
  MeasureHistory(*small, small_ids, talk, small_history);

  auto large = *SqliteStore::Open(Path("large"));
  const int64_t num_messages = perf::Load("scale_messages");
  const std::vector<std::string> large_ids = Fill(*large, num_messages, talk);
  large_history.SetCounter("messages", static_cast<double>(num_messages));
  MeasureHistory(*large, large_ids, talk, large_history);

  // The first one waits for the index.
  ASSERT_THAT(large->Search("the last", "", 1), IsOk());
  for (int64_t i = 0; i < perf::Load("scale_searches"); ++i) {
    const std::string words = absl::StrCat(talk.SearchWord(), " ", talk.SearchWord());
    const auto hits = search.Time([&] { return large->Search(words, "", 20); });
    ASSERT_THAT(hits, IsOk());
  }
  resident.Add(ResidentMegabytes() - empty_mb);
}

TEST(SessionScale, OpeningAStoreOfManySessions) {
  perf::Recorder open({.name = "session.store.open",
                       .title = "Opening a Store",
                       .unit = "ms",
                       .better = perf::LOWER});
  const int64_t num_sessions = perf::Load("scale_sessions");
  {
    auto store = *SqliteStore::Open(Path("sessions"));
    constexpr int kThreads = 32;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        for (int64_t i = 0; i < num_sessions / kThreads; ++i) {
          ASSERT_THAT(store->CreateSession("talk"), IsOk());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  open.SetCounter("sessions", static_cast<double>(num_sessions));
  for (int i = 0; i < 20; ++i) {
    const auto store = open.Time([&] { return SqliteStore::Open(Path("sessions")); });
    ASSERT_THAT(store, IsOk());
    ASSERT_EQ((*store)->ListSessions(1)->size(), 1u);
  }
}

}  // namespace
}  // namespace parlance::session

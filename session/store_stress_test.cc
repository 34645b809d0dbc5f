// The store under load: as many messages as go, from several writers, for a while.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/memory_recorder.h"
#include "perf/recorder.h"
#include "session/sqlite/sqlite_store.h"
#include "session/testing/conversation.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;

std::unique_ptr<SqliteStore> OpenStore(const std::string& name) {
  auto store = SqliteStore::Open(absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name, ".db"));
  EXPECT_THAT(store, IsOk());
  return *std::move(store);
}

// Appends by four sessions at once; each is durable before it counts. One sample a slice of time.
TEST(StressSession, HighVolume) {
  constexpr int kWriters = 4;
  const int64_t num_slices = perf::Load("stress_slices");
  auto store = OpenStore("volume");
  const absl::Duration slice =
      absl::Milliseconds(perf::LoadValue("stress_duration_ms")) / num_slices;
  perf::Recorder throughput({.name = "session.store.throughput",
                             .title = "Session Throughput",
                             .unit = "msgs/sec",
                             .better = perf::HIGHER});
  const std::vector<Message> messages = Conversation(100);
  std::atomic<int64_t> num_appended = 0;
  std::atomic<bool> stop = false;
  std::vector<std::string> ids;
  for (int i = 0; i < kWriters; ++i) ids.push_back(store->CreateSession(absl::StrCat(i))->id);
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      for (size_t j = 0; !stop; ++j) {
        const auto sequence =
            store->Append(ids[static_cast<size_t>(i)], messages[j % messages.size()]);
        // No matcher: it would take time from what is measured.
        ASSERT_TRUE(sequence.ok()) << sequence.status();
        ASSERT_EQ(*sequence, static_cast<int64_t>(j) + 1);
        ++num_appended;
      }
    });
  }
  for (int64_t i = 0; i < num_slices; ++i) {
    const int64_t before = num_appended;
    const absl::Time start = absl::Now();
    absl::SleepFor(slice);
    throughput.Add(static_cast<double>(num_appended - before) /
                   absl::ToDoubleSeconds(absl::Now() - start));
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  int64_t num_stored = 0;
  for (const std::string& id : ids) num_stored += store->GetSession(id)->num_messages;
  EXPECT_EQ(num_stored, num_appended);
  EXPECT_THAT(store->CheckIntegrity(), IsOk());
}

// Sessions come and go for a while; what they occupied has to come back.
TEST(StressSession, MemoryStability) {
  auto store = OpenStore("memory");
  const std::vector<Message> messages = Conversation(200);
  const auto one_session = [&] {
    const std::string id = store->CreateSession("talk")->id;
    ASSERT_THAT(store->AppendAll(id, messages), IsOk());
    ASSERT_EQ(store->History(id, {.after = 0, .before = {}, .limit = 1000})->size(), 200u);
    ASSERT_EQ(store->Search("milk", id, 5)->size(), 5u);
    ASSERT_THAT(store->DeleteSession(id), IsOk());
  };
  for (int64_t i = 0; i < perf::Load("warm_sessions"); ++i) one_session();
  perf::MemoryRecorder memory(
      {.name = "session.store", .title = "Session", .work_unit = "session"});
  const absl::Time end = absl::Now() + absl::Milliseconds(perf::LoadValue("stress_duration_ms"));
  int64_t num_sessions = 0;
  while (absl::Now() < end) {
    one_session();
    memory.Sample(++num_sessions);
  }
  EXPECT_GT(num_sessions, 0);
}

}  // namespace
}  // namespace parlance::session

// What a turn waits for: creating a session, appending to it, reading and searching it.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
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

// The figures include the disk's fsync, and so say as much of the disk as of the store.
TEST(SessionPerformance, SessionCreation) {
  auto store = OpenStore("creation");
  perf::Recorder recorder({.name = "session.store.create_session",
                           .title = "Session Creation",
                           .unit = "ms",
                           .better = perf::LOWER});
  const int64_t iterations = perf::Load("iterations");
  for (int64_t i = 0; i < iterations; ++i) {
    const std::string title = absl::StrCat("talk ", i);
    const auto session = recorder.Time([&] { return store->CreateSession(title); });
    ASSERT_THAT(session, IsOk());
  }
  EXPECT_EQ(store->ListSessions(10000)->size(), static_cast<size_t>(iterations));
}

TEST(SessionPerformance, MessageInsertion) {
  auto store = OpenStore("insertion");
  const std::string id = store->CreateSession("talk")->id;
  perf::Recorder recorder({.name = "session.store.append",
                           .title = "Message Insert",
                           .unit = "ms",
                           .better = perf::LOWER});
  const int64_t iterations = perf::Load("iterations");
  const std::vector<Message> messages = Conversation(iterations);
  for (const Message& message : messages) {
    const auto sequence = recorder.Time([&] { return store->Append(id, message); });
    ASSERT_THAT(sequence, IsOk());
  }
  EXPECT_EQ(store->GetSession(id)->num_messages, iterations);
}

TEST(SessionPerformance, SessionQuery) {
  auto store = OpenStore("query");
  const std::string id = store->CreateSession("talk")->id;
  const int64_t num_messages = perf::Load("large_session_messages");
  const std::vector<Message> messages = Conversation(num_messages);
  ASSERT_THAT(store->AppendAll(id, messages), IsOk());
  // One sample is ten pages: a single one is too short to time well.
  constexpr int kPages = 10;
  perf::Recorder last({.name = "session.store.history",
                       .title = "Session Query",
                       .unit = "ms",
                       .better = perf::LOWER});
  perf::Recorder search({.name = "session.store.search",
                         .title = "Session Search",
                         .unit = "ms",
                         .better = perf::LOWER});
  for (int64_t i = 0; i < perf::Load("iterations"); ++i) {
    size_t num_read = 0;
    last.Time([&] {
      for (int page = 0; page < kPages; ++page) {
        SessionStore::HistoryOptions options;
        options.before = num_messages - page;
        num_read += store->History(id, options)->size();
      }
    });
    ASSERT_EQ(num_read, 50u * kPages);
    const auto hits = search.Time([&] { return store->Search("meeting tomorrow", id, 10); });
    ASSERT_THAT(hits, IsOk());
    ASSERT_EQ(hits->size(), 10u);
  }
}

}  // namespace
}  // namespace parlance::session

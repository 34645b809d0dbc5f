// The store's calls, one by one. store_peers_perf_test measures it beside what it is made of.
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "session/sqlite/sqlite_store.h"
#include "session/testing/conversation.h"

namespace parlance::session {
namespace {

std::string Path(const char* name) {
  const char* directory = std::getenv("TEST_TMPDIR");
  static int number = 0;
  return absl::StrCat(directory == nullptr ? "/tmp" : directory, "/", name, "_", getpid(), "_",
                      ++number, ".db");
}

void RemoveDatabase(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::remove(absl::StrCat(path, suffix).c_str());
}

// Opens a store that does nothing when it is idle, so that counts are the same every time.
std::unique_ptr<SqliteStore> OpenBusy(const std::string& path) {
  SqliteStoreOptions options;
  options.queue.idle_after = absl::Hours(1);
  return *SqliteStore::Open(path, options);
}

// Both grow while they are measured, so the figure is of a database of some hundred messages.
void BM_StoreAppend(benchmark::State& state) {
  state.SetLabel("Store Append, Durable");
  const std::vector<Message> messages = Conversation(100);
  const std::string path = Path("store");
  auto store = OpenBusy(path);
  const std::string id = store->CreateSession("talk")->id;
  size_t i = 0;
  for (auto _ : state) {
    const auto sequence = store->Append(id, messages[i++ % messages.size()]);
    if (!sequence.ok()) {
      state.SkipWithError(std::string(sequence.status().message()).c_str());
      break;
    }
  }
  store.reset();
  RemoveDatabase(path);
}
BENCHMARK(BM_StoreAppend)
    ->Name("session.store.append_durable")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void BM_StoreAppendBatch(benchmark::State& state) {
  state.SetLabel("Store Append, 64 at Once");
  const std::vector<Message> messages = Conversation(64);
  const std::string path = Path("batch");
  auto store = OpenBusy(path);
  const std::string id = store->CreateSession("talk")->id;
  for (auto _ : state) {
    const auto sequence = store->AppendAll(id, messages);
    if (!sequence.ok()) {
      state.SkipWithError(std::string(sequence.status().message()).c_str());
      break;
    }
  }
  state.counters["messages_per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * 64, benchmark::Counter::kIsRate);
  store.reset();
  RemoveDatabase(path);
}
BENCHMARK(BM_StoreAppendBatch)
    ->Name("session.store.append_batch_64")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

// Answers that search knows, as it does a moment after they were appended: the old words are taken
// out of the index, and the new ones into it.
void BM_StoreAmend(benchmark::State& state) {
  state.SetLabel("Store Amend, Durable");
  const std::vector<Message> messages = Conversation(100);
  const std::string path = Path("amend");
  auto store = OpenBusy(path);
  const std::string id = store->CreateSession("talk")->id;
  // Every second one is an assistant's.
  if (!store->AppendAll(id, messages).ok()) state.SkipWithError("cannot append");
  // Settles them.
  if (!store->Search("meeting", "", 1).ok()) state.SkipWithError("cannot search");
  size_t i = 0;
  for (auto _ : state) {
    const int64_t sequence = 2 + 2 * static_cast<int64_t>(i % (messages.size() / 2));
    const absl::Status amended = store->Amend(
        id, {.sequence = sequence, .content = messages[(i * 7 + 3) % messages.size()].content});
    ++i;
    if (!amended.ok()) {
      state.SkipWithError(std::string(amended.message()).c_str());
      break;
    }
  }
  store.reset();
  RemoveDatabase(path);
}
BENCHMARK(BM_StoreAmend)
    ->Name("session.store.amend_durable")
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

void BM_StoreHistory(benchmark::State& state) {
  state.SetLabel("Store Last 50 of 10000");
  const std::string path = Path("history");
  auto store = OpenBusy(path);
  const std::string id = store->CreateSession("talk")->id;
  if (!store->AppendAll(id, Conversation(10000)).ok()) state.SkipWithError("cannot append");
  // Settles them.
  if (!store->Search("meeting", "", 1).ok()) state.SkipWithError("cannot search");
  for (auto _ : state) {
    const auto messages = store->History(id, {});
    if (!messages.ok() || messages->size() != 50) {
      state.SkipWithError("the page is not full");
      break;
    }
  }
  store.reset();
  RemoveDatabase(path);
}
BENCHMARK(BM_StoreHistory)->Name("session.store.history_last_50")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace parlance::session

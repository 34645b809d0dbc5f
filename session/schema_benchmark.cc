// Why the messages lie as they do: layouts of the table, and ways to keep the search index, in the
// same run. docs/session_schema.md reads the figures.
//
// Argument: messages a commit. Counters, which do not depend on the machine: bytes written to the
// log a message, and pages read for the last 50 messages of a session.
#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "session/message.h"
#include "session/testing/conversation.h"

namespace parlance::session {
namespace {

constexpr int64_t kSessions = 64;

struct Layout {
  const char* schema;
  // Of session, sequence and content.
  const char* insert;
  // Of a session, the last 50.
  const char* history;
};

// In the order of arrival, with an index: what the store does.
constexpr Layout kByArrival = {
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, sequence INTEGER NOT "
    "NULL, content TEXT NOT NULL, UNIQUE (session, sequence)) STRICT;",
    "INSERT INTO messages (session, sequence, content) VALUES (?1, ?2, ?3)",
    "SELECT content FROM messages WHERE session = ?1 ORDER BY sequence DESC LIMIT 50"};

// Each session's messages side by side.
constexpr Layout kClustered = {
    "CREATE TABLE messages (session INTEGER NOT NULL, sequence INTEGER NOT NULL, content TEXT NOT "
    "NULL, PRIMARY KEY (session, sequence)) STRICT, WITHOUT ROWID;",
    "INSERT INTO messages (session, sequence, content) VALUES (?1, ?2, ?3)",
    "SELECT content FROM messages WHERE session = ?1 ORDER BY sequence DESC LIMIT 50"};

// The same, as one number, without an index.
constexpr Layout kPacked = {
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT;",
    "INSERT INTO messages (id, content) VALUES (?1 << 32 | ?2, ?3)",
    "SELECT content FROM messages WHERE id BETWEEN ?1 << 32 AND (?1 + 1 << 32) - 1 ORDER BY id "
    "DESC "
    "LIMIT 50"};

// By arrival, with the search index kept by a trigger instead of in batches.
constexpr Layout kSearchTrigger = {
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, sequence INTEGER NOT "
    "NULL, content TEXT NOT NULL, UNIQUE (session, sequence)) STRICT; CREATE VIRTUAL TABLE fts "
    "USING fts5 (content, content='messages', content_rowid='id'); CREATE TRIGGER inserted AFTER "
    "INSERT ON messages BEGIN INSERT INTO fts (rowid, content) VALUES (new.id, new.content); END;",
    "INSERT INTO messages (session, sequence, content) VALUES (?1, ?2, ?3)",
    "SELECT content FROM messages WHERE session = ?1 ORDER BY sequence DESC LIMIT 50"};

class Table {
 public:
  explicit Table(const Layout& layout) {
    static int number = 0;
    const char* directory = std::getenv("TEST_TMPDIR");
    path_ = absl::StrCat(directory == nullptr ? "/tmp" : directory, "/layout_", getpid(), "_",
                         ++number, ".db");
    ok_ = sqlite3_open(path_.c_str(), &connection_) == SQLITE_OK &&
          Execute("PRAGMA journal_mode = WAL") &&
          Execute(
              "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA "
              "wal_autocheckpoint = 4000") &&
          Execute(layout.schema) && Prepare(layout.insert, &insert_) &&
          Prepare(layout.history, &history_);
  }
  ~Table() {
    sqlite3_finalize(insert_);
    sqlite3_finalize(history_);
    sqlite3_close(connection_);
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::remove(absl::StrCat(path_, suffix).c_str());
    }
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  bool ok() const { return ok_; }

  // To the sessions in turn, in one transaction.
  bool Commit(const std::vector<Message>& messages, int64_t count) {
    bool ok = Execute("BEGIN IMMEDIATE");
    for (int64_t i = 0; i < count; ++i, ++next_) {
      const std::string& content = messages[static_cast<size_t>(next_) % messages.size()].content;
      sqlite3_bind_int64(insert_, 1, next_ % kSessions);
      sqlite3_bind_int64(insert_, 2, next_ / kSessions);
      sqlite3_bind_text(insert_, 3, content.data(), static_cast<int>(content.size()),
                        SQLITE_STATIC);
      ok &= sqlite3_step(insert_) == SQLITE_DONE;
      sqlite3_reset(insert_);
    }
    return Execute("COMMIT") && ok;
  }

  int64_t Read(int64_t session) {
    sqlite3_bind_int64(history_, 1, session);
    int64_t rows = 0;
    while (sqlite3_step(history_) == SQLITE_ROW) ++rows;
    sqlite3_reset(history_);
    return rows;
  }

  // Since the last call: pages that were written to the log, and pages looked up.
  int64_t PagesWritten() { return Status(SQLITE_DBSTATUS_CACHE_WRITE); }
  int64_t PagesRead() {
    return Status(SQLITE_DBSTATUS_CACHE_HIT) + Status(SQLITE_DBSTATUS_CACHE_MISS);
  }
  int64_t num_messages() const { return next_; }

 private:
  bool Execute(const char* sql) {
    return sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  bool Prepare(const char* sql, sqlite3_stmt** statement) {
    return sqlite3_prepare_v2(connection_, sql, -1, statement, nullptr) == SQLITE_OK;
  }
  int64_t Status(int what) {
    int current = 0;
    int highest = 0;
    sqlite3_db_status(connection_, what, &current, &highest, 1);
    return current;
  }

  std::string path_;
  sqlite3* connection_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* history_ = nullptr;
  bool ok_ = false;
  int64_t next_ = 0;
};

void Insert(benchmark::State& state, const Layout& layout, const char* title) {
  state.SetLabel(title);
  const std::vector<Message> messages = Conversation(1000);
  Table table(layout);
  // Past the first, small pages.
  if (!table.ok() || !table.Commit(messages, 20000)) return state.SkipWithError("cannot fill");
  table.PagesWritten();
  const int64_t before = table.num_messages();
  const int64_t batch = state.range(0);
  for (auto _ : state) {
    if (!table.Commit(messages, batch)) {
      state.SkipWithError("cannot commit");
      break;
    }
  }
  const auto written = static_cast<double>(table.num_messages() - before);
  state.counters["log_bytes_per_message"] =
      static_cast<double>(table.PagesWritten()) * 4096 / written;
  state.counters["messages_per_second"] = benchmark::Counter(written, benchmark::Counter::kIsRate);
}

void History(benchmark::State& state, const Layout& layout, const char* title) {
  state.SetLabel(title);
  const std::vector<Message> messages = Conversation(1000);
  Table table(layout);
  if (!table.ok()) return state.SkipWithError("cannot open");
  for (int i = 0; i < 100; ++i) {
    if (!table.Commit(messages, 1000)) return state.SkipWithError("cannot fill");
  }
  table.PagesRead();
  int64_t session = 0;
  for (auto _ : state) {
    if (table.Read(session++ % kSessions) != 50) {
      state.SkipWithError("the page is not full");
      break;
    }
  }
  state.counters["pages_read"] =
      static_cast<double>(table.PagesRead()) / static_cast<double>(state.iterations());
}

void BM_ByArrival(benchmark::State& state) { Insert(state, kByArrival, "By Arrival, Indexed"); }
void BM_Clustered(benchmark::State& state) { Insert(state, kClustered, "Clustered by Session"); }
void BM_Packed(benchmark::State& state) { Insert(state, kPacked, "Packed Key"); }
void BM_SearchTrigger(benchmark::State& state) {
  Insert(state, kSearchTrigger, "By Arrival, Search by Trigger");
}
void BM_ByArrivalHistory(benchmark::State& state) {
  History(state, kByArrival, "Last 50, By Arrival");
}
void BM_ClusteredHistory(benchmark::State& state) {
  History(state, kClustered, "Last 50, Clustered");
}

void InsertArguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1)->Arg(64)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();
}
BENCHMARK(BM_ByArrival)->Name("session.schema.by_arrival")->Apply(InsertArguments);
BENCHMARK(BM_Clustered)->Name("session.schema.clustered")->Apply(InsertArguments);
BENCHMARK(BM_Packed)->Name("session.schema.packed")->Apply(InsertArguments);
BENCHMARK(BM_SearchTrigger)->Name("session.schema.search_trigger")->Apply(InsertArguments);
BENCHMARK(BM_ByArrivalHistory)
    ->Name("session.schema.by_arrival_history")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_ClusteredHistory)
    ->Name("session.schema.clustered_history")
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace parlance::session

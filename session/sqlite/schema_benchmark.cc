// Why the messages lie as they do: layouts of the tables, and ways to keep the search index, in the
// same run. docs/session_schema.md reads the figures. Not of the suite: it measures what was
// decided, not what the store does.
//
// Argument: messages a commit. Counters, which do not depend on the machine: bytes written to the
// log a message, and pages read for the last 50 messages of a session.
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "session/message.h"
#include "session/sqlite/tokenizer.h"
#include "session/testing/conversation.h"

namespace parlance::session {
namespace {

struct Layout {
  const char* schema;
  // Inserts a session, a sequence and a content.
  const char* insert;
  // Selects the last 50 messages of a session.
  const char* history;
  // Executed with every kSettleEvery messages, in the same transaction.
  const char* settle = nullptr;
};

constexpr int64_t kSettleEvery = 2000;

// Messages in the order of arrival, with an index.
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
    "SELECT content FROM messages WHERE id BETWEEN ?1 << 32 AND ((?1 + 1) << 32) - 1 ORDER BY id "
    "DESC LIMIT 50"};

// First by arrival, with an index, and then side by side: what the store does, but for the search
// index.
constexpr Layout kSettled = {
    "CREATE TABLE new_messages (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, sequence INTEGER "
    "NOT NULL, content TEXT NOT NULL, UNIQUE (session, sequence)) STRICT; CREATE TABLE messages "
    "(id INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT;",
    "INSERT INTO new_messages (session, sequence, content) VALUES (?1, ?2, ?3)",
    "SELECT content FROM messages WHERE id BETWEEN ?1 << 32 AND ((?1 + 1) << 32) - 1 ORDER BY id "
    "DESC LIMIT 50",
    "INSERT INTO messages (id, content) SELECT session << 32 | sequence, content FROM new_messages "
    "NOT INDEXED ORDER BY session, sequence; DELETE FROM new_messages;"};

// Messages in the order of arrival, with the search index kept by a trigger instead of in batches.
constexpr Layout kSearchTrigger = {
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, sequence INTEGER NOT "
    "NULL, content TEXT NOT NULL, UNIQUE (session, sequence)) STRICT; CREATE VIRTUAL TABLE fts "
    "USING fts5 (content, content='messages', content_rowid='id'); CREATE TRIGGER inserted AFTER "
    "INSERT ON messages BEGIN INSERT INTO fts (rowid, content) VALUES (new.id, new.content); END;",
    "INSERT INTO messages (session, sequence, content) VALUES (?1, ?2, ?3)",
    "SELECT content FROM messages WHERE session = ?1 ORDER BY sequence DESC LIMIT 50"};

class Table {
 public:
  Table(const Layout& layout, int64_t num_sessions)
      : settle_(layout.settle), num_sessions_(num_sessions) {
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

  // Inserts messages of the sessions in turn, in one transaction.
  bool Commit(const std::vector<Message>& messages, int64_t count) {
    bool ok = Execute("BEGIN IMMEDIATE");
    for (int64_t i = 0; i < count; ++i, ++next_) {
      const std::string& content = messages[static_cast<size_t>(next_) % messages.size()].content;
      sqlite3_bind_int64(insert_, 1, next_ % num_sessions_);
      sqlite3_bind_int64(insert_, 2, next_ / num_sessions_);
      sqlite3_bind_text(insert_, 3, content.data(), static_cast<int>(content.size()),
                        SQLITE_STATIC);
      ok &= sqlite3_step(insert_) == SQLITE_DONE;
      sqlite3_reset(insert_);
    }
    if (settle_ != nullptr && next_ / kSettleEvery != (next_ - count) / kSettleEvery) {
      ok &= Execute(settle_);
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

  const char* settle_;
  const int64_t num_sessions_;
  std::string path_;
  sqlite3* connection_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* history_ = nullptr;
  bool ok_ = false;
  int64_t next_ = 0;
};

void Insert(benchmark::State& state, const Layout& layout) {
  const std::vector<Message> messages = Conversation(1000);
  Table table(layout, 64);
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

// Reads histories of a thousand sessions, which are more than the page cache holds.
void History(benchmark::State& state, const Layout& layout) {
  constexpr int64_t kSessions = 1000;
  const std::vector<Message> messages = Conversation(1000);
  Table table(layout, kSessions);
  if (!table.ok()) return state.SkipWithError("cannot open");
  for (int i = 0; i < 150; ++i) {
    if (!table.Commit(messages, 2000)) return state.SkipWithError("cannot fill");
  }
  table.PagesRead();
  int64_t read = 0;
  for (auto _ : state) {
    // In an order without neighbours.
    if (table.Read(read++ * 619 % kSessions) != 50) {
      state.SkipWithError("the page is not full");
      break;
    }
  }
  state.counters["pages_read"] =
      static_cast<double>(table.PagesRead()) / static_cast<double>(state.iterations());
}

// Words of two characters, the k-th most common said 1/k as often as the first, ten to a message.
std::vector<std::string> ChineseMessages(size_t count) {
  constexpr size_t kWords = 5000;
  constexpr uint32_t kCharacters = 2500;
  std::mt19937_64 random(1);
  std::vector<std::string> words(kWords);
  for (std::string& word : words) {
    for (int i = 0; i < 2; ++i) {
      const auto code = static_cast<uint32_t>(0x4E00 + random() % kCharacters);
      word.push_back(static_cast<char>(0xE0 | code >> 12));
      word.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
      word.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
  }
  const double log_words = std::log(static_cast<double>(kWords));
  std::uniform_real_distribution<double> log_rank(0, log_words);
  std::vector<std::string> messages(count);
  for (std::string& message : messages) {
    for (int i = 0; i < 10; ++i) {
      message += words[static_cast<size_t>(std::exp(log_rank(random))) - 1];
    }
  }
  return messages;
}

// Taking messages into the search index, as settling does, 2,000 at a time and without waiting for
// the disk; and a search for a word that one in some hundreds has.
void SearchIndex(benchmark::State& state, const char* tokenizer, bool chinese) {
  constexpr size_t kMessages = 20000;
  constexpr size_t kAtOnce = 2000;
  std::vector<std::string> messages = ChineseMessages(kMessages);
  std::string word = messages[7].substr(0, 6);
  if (!chinese) {
    messages.clear();
    for (const Message& message : Conversation(kMessages)) messages.push_back(message.content);
    word = "777";
  }
  double bytes = 0;
  double search_us = 0;
  for (auto _ : state) {
    state.PauseTiming();
    sqlite3* connection = nullptr;
    sqlite3_open(":memory:", &connection);
    const auto execute = [&](const std::string& sql) {
      if (sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        state.SkipWithError(sqlite3_errmsg(connection));
      }
    };
    if (!RegisterTokenizer(connection).ok()) state.SkipWithError("no tokenizer");
    execute(
        absl::StrCat("CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT); CREATE "
                     "VIRTUAL TABLE fts USING fts5 (content, content='messages', "
                     "content_rowid='id', tokenize='",
                     tokenizer, "')"));
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(connection, "INSERT INTO fts (rowid, content) VALUES (?1, ?2)", -1, &insert,
                       nullptr);
    state.ResumeTiming();
    for (size_t i = 0; i < kMessages; ++i) {
      if (i % kAtOnce == 0) execute("BEGIN");
      sqlite3_bind_int64(insert, 1, static_cast<int64_t>(i));
      sqlite3_bind_text(insert, 2, messages[i].data(), static_cast<int>(messages[i].size()),
                        SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
      if (i % kAtOnce == kAtOnce - 1) execute("COMMIT");
    }
    state.PauseTiming();
    sqlite3_finalize(insert);
    sqlite3_stmt* size = nullptr;
    sqlite3_prepare_v2(connection, "SELECT sum(length(block)) FROM fts_data", -1, &size, nullptr);
    sqlite3_step(size);
    bytes = sqlite3_column_double(size, 0);
    sqlite3_finalize(size);
    sqlite3_stmt* search = nullptr;
    sqlite3_prepare_v2(connection,
                       absl::StrCat("SELECT rowid FROM fts WHERE fts MATCH '\"", word,
                                    "\"' ORDER BY rank LIMIT 20")
                           .c_str(),
                       -1, &search, nullptr);
    const auto start = std::chrono::steady_clock::now();
    int found = 0;
    while (sqlite3_step(search) == SQLITE_ROW) ++found;
    search_us =
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
    state.counters["found"] = found;
    sqlite3_finalize(search);
    sqlite3_close(connection);
    state.ResumeTiming();
  }
  state.counters["per_message"] = benchmark::Counter(
      kMessages, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["index_bytes_per_message"] = bytes / kMessages;
  state.counters["search_us"] = search_us;
}
BENCHMARK_CAPTURE(SearchIndex, english_unicode61, "unicode61", false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SearchIndex, english_parlance, "parlance", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SearchIndex, english_trigram, "trigram", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SearchIndex, chinese_unicode61, "unicode61", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SearchIndex, chinese_parlance, "parlance", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(SearchIndex, chinese_trigram, "trigram", true)->Unit(benchmark::kMillisecond);

void InsertArguments(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1)->Arg(64)->Arg(1000)->Unit(benchmark::kMicrosecond)->UseRealTime();
}
BENCHMARK_CAPTURE(Insert, by_arrival, kByArrival)->Apply(InsertArguments);
BENCHMARK_CAPTURE(Insert, clustered, kClustered)->Apply(InsertArguments);
BENCHMARK_CAPTURE(Insert, packed, kPacked)->Apply(InsertArguments);
BENCHMARK_CAPTURE(Insert, settled, kSettled)->Apply(InsertArguments);
BENCHMARK_CAPTURE(Insert, search_trigger, kSearchTrigger)->Apply(InsertArguments);
BENCHMARK_CAPTURE(History, by_arrival, kByArrival)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(History, clustered, kClustered)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(History, packed, kPacked)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(History, settled, kSettled)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace parlance::session

BENCHMARK_MAIN();

// What the store is measured against, in the same run: the disk itself, and SQLite without a store.
#ifndef SESSION_SQLITE_TESTING_RAW_PEERS_H_
#define SESSION_SQLITE_TESTING_RAW_PEERS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "session/message.h"
#include "session/sqlite/connection.h"
#include "session/sqlite/sqlite_store.h"

namespace parlance::session {

// Creates so many sessions at once, because one after the other each would wait for the disk. Their
// ids, or an error of CreateSession.
absl::StatusOr<std::vector<std::string>> CreateSessions(SqliteStore& store, int num_sessions);

// A file that grows by one page at a time, each on the disk before the next.
class RawFile {
 public:
  explicit RawFile(const std::string& path);
  ~RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  // pwrite of 4096 bytes at the end, and fdatasync. False if that failed.
  bool Append();

 private:
  int file_;
  int64_t size_ = 0;
};

// One thread, one connection, prepared statements, the store's schema and settings, and the rows
// the store writes: what group commit could reach at best.
class RawSqlite {
 public:
  static absl::StatusOr<RawSqlite> Create(const std::string& path, int num_sessions);

  // Writes all in one durable transaction: the messages go to the sessions in turn, and each
  // session's row is updated once.
  absl::Status Commit(absl::Span<const Message> messages);
  // Takes away what was committed, as settling does in a store.
  absl::Status Clear() { return connection_.database().Execute("DELETE FROM new_messages"); }

 private:
  struct Statements {
    Preparer prepare;
    Statement begin = prepare("BEGIN IMMEDIATE");
    Statement insert = prepare(
        "INSERT INTO new_messages (session, sequence, role, content, created_us) "
        "VALUES (?1, ?2, ?3, ?4, ?5)");
    Statement update = prepare(
        "UPDATE sessions SET next_sequence = ?2, updated_us = ?3, activity = ?4 WHERE id = ?1");
    Statement commit = prepare("COMMIT");
  };

  RawSqlite(Connection<Statements> connection, int num_sessions)
      : connection_(std::move(connection)),
        next_sequences_(static_cast<size_t>(num_sessions), 1),
        activity_(num_sessions) {}

  Connection<Statements> connection_;
  std::vector<int64_t> next_sequences_;
  int64_t activity_;
  size_t next_session_ = 0;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_TESTING_RAW_PEERS_H_

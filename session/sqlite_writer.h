// The one connection of a store that writes: turns a batch of writes into one transaction.
//
// Writes are made of this class's methods, each of which either makes its change whole or returns a
// refusal (NotFound, AlreadyExists, FailedPrecondition, InvalidArgument) and has changed nothing.
// Any other error, such as a full disk, undoes the batch.
//
// Not thread-safe; CommitQueue sees to it that one batch runs at a time.
#ifndef SESSION_SQLITE_WRITER_H_
#define SESSION_SQLITE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "session/connection.h"
#include "session/message.h"

namespace parlance::session {

class SqliteWriter;

// Durable commits, and larger batches of dirty pages before a checkpoint: each copies a page once,
// however often it was written meanwhile.
inline constexpr char kWriterSettings[] =
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA "
    "wal_autocheckpoint = 4000";

// Something to write. After an undone batch it is applied again, alone.
class SqliteWrite {
 public:
  using Apply = std::function<absl::Status(SqliteWriter&)>;
  using Finish = std::function<void(const absl::Status&)>;

  // `bytes`: what it keeps in memory. `finish`, if there is one, is called when the result is
  // durable or the write has failed, by the committing thread.
  SqliteWrite(size_t bytes, Apply apply, Finish finish = nullptr)
      : bytes_(bytes), apply_(std::move(apply)), finish_(std::move(finish)) {}

  size_t bytes() const { return bytes_; }
  // Valid after the commit.
  const absl::Status& status() const { return status_; }

 private:
  friend class SqliteWriter;

  const size_t bytes_;
  const Apply apply_;
  const Finish finish_;
  absl::Status status_;
};

class SqliteWriter {
 public:
  // Takes a database with the current schema, in WAL mode, and makes its commits durable.
  static absl::StatusOr<std::unique_ptr<SqliteWriter>> Create(Database database);

  // Applies the writes in order and commits them together. If that fails, each is tried alone, so
  // that none fails for another's sake; if the database is locked by somebody else, all fail.
  void Commit(absl::Span<SqliteWrite* const> writes);

  // For the writes.

  // AlreadyExists if the id is taken.
  absl::Status CreateSession(const Session& session);
  // Returns the sequence of the first. NotFound; FailedPrecondition if the session is closed;
  // AlreadyExists if one of the client keys but not the first is taken. If the first is, nothing is
  // appended, and its sequence is returned.
  absl::StatusOr<int64_t> Append(absl::string_view session_id, absl::Span<const Message> messages,
                                 absl::Time now);
  // NotFound, as the following.
  absl::Status RenameSession(absl::string_view session_id, absl::string_view title, absl::Time now);
  absl::Status SetClosed(absl::string_view session_id, std::optional<absl::Time> closed,
                         absl::Time now);
  // With its messages, and with what the search index has of them.
  absl::Status DeleteSession(absl::string_view session_id);
  // Deletes all but the `keep` sessions that changed last. Returns how many.
  absl::StatusOr<int64_t> KeepSessions(int64_t keep);
  // Deletes all sessions that did not change since.
  absl::StatusOr<int64_t> DeleteSessionsBefore(absl::Time updated);
  // Takes up to so many more messages into the search index. Whether there are more.
  absl::StatusOr<bool> Index(int64_t most);
  // All of them, and compares the index with the messages. DataLoss if they differ.
  absl::Status CheckIndex();

 private:
  enum class Query;
  // A session that the batch appends to; its row is written once, at the end.
  struct Touched {
    int64_t row = 0;
    int64_t next_sequence = 1;
    bool closed = false;
    int64_t updated_us = 0;
    // 0: not changed.
    int64_t activity = 0;
  };

  explicit SqliteWriter(Connection<Query> connection) : connection_(std::move(connection)) {}

  absl::Status TryCommit(absl::Span<SqliteWrite* const> writes);
  void Rollback();
  absl::StatusOr<Touched*> Touch(absl::string_view session_id);
  absl::StatusOr<int64_t> NextActivity();
  // The sequence under which the session has the key, or 0.
  absl::StatusOr<int64_t> FindKey(int64_t session_row, absl::string_view client_key);
  absl::Status Insert(int64_t session_row, int64_t sequence, const Message& message,
                      absl::Time now);
  // Writes the rows of the sessions that were appended to, so that statements see them.
  absl::Status WriteTouched();
  // Those that a statement with one parameter deletes.
  absl::StatusOr<int64_t> DeleteSessions(Query query, int64_t parameter);
  // What is deleted may have been the last that was indexed, and its row's number is used again.
  absl::Status LowerIndexedThrough();
  // Keeps the index from falling further behind than kMostUnindexed.
  absl::Status IndexIfFarBehind(int64_t num_appended);

  Connection<Query> connection_;
  std::unordered_map<std::string, Touched> touched_;
  std::optional<int64_t> last_activity_;
  int64_t num_appended_ = 0;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_WRITER_H_

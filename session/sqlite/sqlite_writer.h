// The one connection of a store that writes: turns a batch of writes into one transaction.
//
// Writes are made of this class's methods, each of which either makes its change whole or returns a
// refusal (NotFound, AlreadyExists, FailedPrecondition, InvalidArgument) and has changed nothing.
// Any other error, such as a full disk, undoes the batch.
//
// Not thread-safe; CommitQueue sees to it that one batch runs at a time.
#ifndef SESSION_SQLITE_SQLITE_WRITER_H_
#define SESSION_SQLITE_SQLITE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "session/message.h"
#include "session/sqlite/connection.h"
#include "session/store.h"

namespace parlance::session {

class SqliteWriter;

// Durable commits, and larger batches of dirty pages before a checkpoint: each copies a page once,
// however often it was written meanwhile.
inline constexpr char kWriterSettings[] =
    "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000";

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
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  // Takes a database with the current schema, in WAL mode, and makes its commits durable.
  static absl::StatusOr<std::unique_ptr<SqliteWriter>> Create(Database database);

  // Applies the writes in order and commits them together. If that fails, each is tried alone, so
  // that none fails for another's sake; if the database is locked by somebody else, all fail.
  void Commit(absl::Span<SqliteWrite* const> writes);

  // The following are for the writes.

  // The session is open, and changed after all others, which sets its activity if that is
  // kNoActivity (new_session.h). AlreadyExists if the id is taken.
  absl::Status CreateSession(Session& session, absl::Time now);
  // Returns the sequence of the first. NotFound; FailedPrecondition if the session is closed
  // or full; AlreadyExists if one of the client keys but not the first is taken. If the first is,
  // nothing is appended, and its sequence is returned.
  absl::StatusOr<int64_t> Append(absl::string_view session_id, absl::Span<const Message> messages,
                                 absl::Time now);
  // NotFound; InvalidArgument for a message that is not an assistant's; FailedPrecondition if the
  // session is closed.
  absl::Status Amend(absl::string_view session_id, const SessionStore::Amendment& amendment,
                     absl::Time now);
  // NotFound, as the following.
  absl::Status RenameSession(absl::string_view session_id, absl::string_view title, absl::Time now);
  absl::Status SetClosed(absl::string_view session_id, std::optional<absl::Time> closed,
                         absl::Time now);
  // Sets `updated`, `closed` and `activity` to what they were elsewhere.
  absl::Status SetTimes(const Session& session);
  // Deletes the session with its messages, and with what the search index has of them.
  absl::Status DeleteSession(absl::string_view session_id);
  // Deletes all but the `keep` sessions that changed last. Returns how many.
  absl::StatusOr<int64_t> KeepSessions(int64_t keep);
  // Deletes all sessions that did not change since.
  absl::StatusOr<int64_t> DeleteSessionsBefore(absl::Time updated);
  // Moves up to so many new messages to where they lie by session and search knows them, from
  // where the last call ended, and then from the first session again. Whether there are more.
  absl::StatusOr<bool> Settle(int64_t most);
  // Settles all of them, and compares the search index with the messages. DataLoss if they differ.
  absl::Status CheckIndex();

 private:
  // Each statement with its SQL.
  struct Statements;
  // A session's row. That of one whose messages the batch changes is written once, at the end.
  struct SessionRow {
    int64_t id = 0;
    int64_t next_sequence = 1;
    bool closed = false;
    // The values that Touch has set and that are not written yet. An activity of 0 means that there
    // are none.
    int64_t updated_us = 0;
    int64_t activity = 0;
  };

  explicit SqliteWriter(Connection<Statements> connection);

  absl::Status TryCommit(absl::Span<SqliteWrite* const> writes);
  void Rollback();
  // Forgets what is known of the database from earlier batches if another connection has written
  // since.
  absl::Status ForgetIfStale();
  void Forget();
  absl::StatusOr<SessionRow*> FindSession(absl::string_view session_id);
  // The next value of `activity`: after all others, and `now` if that is after them.
  absl::StatusOr<int64_t> NextActivity(absl::Time now);
  // The sequence under which the session has the key, or 0.
  absl::StatusOr<int64_t> FindKey(int64_t session_row, absl::string_view client_key);
  absl::Status Insert(int64_t session_row, int64_t sequence, const Message& message,
                      absl::Time now);
  // Says that the session's messages changed, so that its row will be written.
  void Touch(SessionRow& session, int64_t activity, absl::Time now);
  // Writes those rows, so that statements see them.
  absl::Status WriteChanged();
  // Runs a statement with one parameter that deletes sessions. Returns how many it deleted.
  absl::StatusOr<int64_t> DeleteSessions(Statement& statement, int64_t parameter);
  absl::StatusOr<int64_t> CountNew();
  // Keeps new messages from becoming more than kMaxNewMessages.
  absl::Status SettleIfMany();

  const std::unique_ptr<Connection<Statements>> connection_;
  Statements& sql_;
  // Changes with each transaction of another connection.
  int64_t data_version_ = 0;
  absl::flat_hash_map<std::string, std::unique_ptr<SessionRow>> sessions_;
  std::optional<int64_t> last_activity_;
  // How many new messages there are at most.
  std::optional<int64_t> num_new_messages_;
  // The session from which on settling goes on.
  int64_t settle_from_ = 0;
  // The sessions whose messages this batch changes, and how many it appends.
  std::vector<SessionRow*> changed_;
  int64_t num_appended_ = 0;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_SQLITE_WRITER_H_

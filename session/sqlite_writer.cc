#include "session/sqlite_writer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "session/message_check.h"

namespace parlance::session {

enum class SqliteWriter::Query {
  kBegin,
  kCommit,
  kLastActivity,
  kCreateSession,
  kFindSession,
  kUpdateSession,
  kFindKey,
  kInsertMessage,
  kRename,
  kSetClosed,
  kDeleteSession,
  kDeleteAllBut,
  kDeleteBefore,
  kLowerIndexedThrough,
  kIndexedThrough,
  kLastMessage,
  kEndOfIndexing,
  kIndexMessages,
  kSetIndexedThrough,
};

namespace {

// Messages that the search index may lack before appends have to wait for it. About a second's
// worth of indexing.
constexpr int64_t kMostUnindexed = 100000;

std::vector<std::string> Queries() {
  return {
      "BEGIN IMMEDIATE",
      "COMMIT",
      "SELECT ifnull(max(activity), 0) FROM sessions",
      R"sql(INSERT INTO sessions (public_id, title, metadata, created_us, updated_us, closed_us,
          activity) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7))sql",
      "SELECT id, next_sequence, closed_us IS NOT NULL FROM sessions WHERE public_id = ?1",
      "UPDATE sessions SET next_sequence = ?2, updated_us = ?3, activity = ?4 WHERE id = ?1",
      "SELECT sequence FROM messages WHERE session = ?1 AND client_key = ?2",
      R"sql(INSERT INTO messages (session, sequence, role, content, name, tool_call_id, tool_calls,
          created_us, client_key, metadata, input_tokens, output_tokens, latency_us)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13))sql",
      "UPDATE sessions SET title = ?2, updated_us = ?3, activity = ?4 WHERE public_id = ?1",
      "UPDATE sessions SET closed_us = ?2, updated_us = ?3, activity = ?4 WHERE public_id = ?1",
      "DELETE FROM sessions WHERE public_id = ?1",
      R"sql(DELETE FROM sessions WHERE activity <=
          (SELECT activity FROM sessions ORDER BY activity DESC LIMIT 1 OFFSET ?1))sql",
      "DELETE FROM sessions WHERE updated_us < ?1",
      R"sql(UPDATE search_index SET indexed_through =
          min(indexed_through, (SELECT ifnull(max(id), 0) FROM messages)))sql",
      "SELECT indexed_through FROM search_index",
      "SELECT ifnull(max(id), 0) FROM messages",
      "SELECT max(id) FROM (SELECT id FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2)",
      R"sql(INSERT INTO messages_fts (rowid, content)
          SELECT id, content FROM messages WHERE id > ?1 AND id <= ?2 ORDER BY id)sql",
      "UPDATE search_index SET indexed_through = ?1",
  };
}

bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
      return true;
    default:
      return false;
  }
}

std::optional<int64_t> Micros(const std::optional<absl::Time>& time) {
  return time.has_value() ? std::optional<int64_t>(absl::ToUnixMicros(*time)) : std::nullopt;
}

// The first column of a statement that has one row.
absl::StatusOr<int64_t> OneInteger(Statement& statement) {
  const StatementReset reset(statement);
  absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  return *row ? statement.Integer(0) : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteWriter>> SqliteWriter::Create(Database database) {
  if (absl::Status set = database.Execute(kWriterSettings); !set.ok()) return set;
  auto connection = Connection<Query>::Create(std::move(database), Queries());
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<SqliteWriter>(new SqliteWriter(*std::move(connection)));
}

void SqliteWriter::Commit(absl::Span<SqliteWrite* const> writes) {
  const absl::Status together = TryCommit(writes);
  if (!together.ok()) {
    for (SqliteWrite* const& write : writes) {
      const bool again = writes.size() > 1 && !absl::IsUnavailable(together);
      const absl::Status alone = again ? TryCommit(absl::MakeConstSpan(&write, 1)) : together;
      if (!alone.ok()) write->status_ = alone;
    }
  }
  for (SqliteWrite* const write : writes) {
    if (write->finish_ != nullptr) write->finish_(write->status_);
  }
}

absl::Status SqliteWriter::TryCommit(absl::Span<SqliteWrite* const> writes) {
  touched_.clear();
  last_activity_.reset();
  num_appended_ = 0;
  if (absl::Status begun = connection_[Query::kBegin].Run(); !begun.ok()) return begun;
  absl::Status status;
  for (SqliteWrite* const write : writes) {
    write->status_ = write->apply_(*this);
    if (!write->status_.ok() && !IsRefusal(write->status_)) {
      status = write->status_;
      break;
    }
  }
  if (status.ok()) status = WriteTouched();
  if (status.ok()) status = IndexIfFarBehind(num_appended_);
  if (status.ok()) status = connection_[Query::kCommit].Run();
  if (!status.ok()) Rollback();
  return status;
}

void SqliteWriter::Rollback() {
  // Fails only where SQLite has rolled back by itself already, as it does on a full disk.
  connection_.database().Execute("ROLLBACK").IgnoreError();
}

absl::StatusOr<int64_t> SqliteWriter::NextActivity() {
  if (!last_activity_.has_value()) {
    absl::StatusOr<int64_t> last = OneInteger(connection_[Query::kLastActivity]);
    if (!last.ok()) return last.status();
    last_activity_ = *last;
  }
  return ++*last_activity_;
}

absl::Status SqliteWriter::CreateSession(const Session& session) {
  absl::StatusOr<int64_t> activity = NextActivity();
  if (!activity.ok()) return activity.status();
  Statement& insert = connection_[Query::kCreateSession];
  insert.Bind(1, absl::string_view(session.id));
  insert.Bind(2, absl::string_view(session.title));
  insert.BindOptional(3, session.metadata);
  insert.Bind(4, absl::ToUnixMicros(session.created));
  insert.Bind(5, absl::ToUnixMicros(session.updated));
  insert.BindOptional(6, Micros(session.closed));
  insert.Bind(7, *activity);
  absl::Status inserted = insert.Run();
  if (absl::IsAlreadyExists(inserted)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a session '", session.id, "' already"));
  }
  return inserted;
}

absl::StatusOr<SqliteWriter::Touched*> SqliteWriter::Touch(absl::string_view session_id) {
  const auto [place, is_new] = touched_.try_emplace(std::string(session_id));
  if (!is_new) return &place->second;
  Statement& find = connection_[Query::kFindSession];
  const StatementReset reset(find);
  find.Bind(1, session_id);
  absl::StatusOr<bool> row = find.Step();
  if (!row.ok() || !*row) {
    touched_.erase(place);
    return row.ok() ? NoSession(session_id) : row.status();
  }
  place->second = {
      .row = find.Integer(0), .next_sequence = find.Integer(1), .closed = find.Integer(2) != 0};
  return &place->second;
}

absl::StatusOr<int64_t> SqliteWriter::FindKey(int64_t session_row, absl::string_view client_key) {
  Statement& find = connection_[Query::kFindKey];
  find.Bind(1, session_row);
  find.Bind(2, client_key);
  return OneInteger(find);
}

absl::StatusOr<int64_t> SqliteWriter::Append(absl::string_view session_id,
                                             absl::Span<const Message> messages, absl::Time now) {
  absl::StatusOr<Touched*> touched = Touch(session_id);
  if (!touched.ok()) return touched.status();
  Touched& session = **touched;
  for (const Message& message : messages) {
    if (!message.client_key.has_value()) continue;
    absl::StatusOr<int64_t> sequence = FindKey(session.row, *message.client_key);
    if (!sequence.ok()) return sequence.status();
    if (*sequence == 0) continue;
    if (&message == messages.data()) return *sequence;
    return absl::AlreadyExistsError(absl::StrCat("the session has a message with client key '",
                                                 *message.client_key, "' already"));
  }
  // After the keys, because what was appended before the session was closed is acknowledged again.
  if (session.closed) {
    return absl::FailedPreconditionError(
        absl::StrCat("the session '", session_id, "' is closed; resume it first"));
  }
  absl::StatusOr<int64_t> activity = NextActivity();
  if (!activity.ok()) return activity.status();
  const int64_t first = session.next_sequence;
  for (const Message& message : messages) {
    if (absl::Status inserted = Insert(session.row, session.next_sequence, message, now);
        !inserted.ok()) {
      return inserted;
    }
    ++session.next_sequence;
  }
  session.activity = *activity;
  session.updated_us = absl::ToUnixMicros(now);
  num_appended_ += static_cast<int64_t>(messages.size());
  return first;
}

absl::Status SqliteWriter::Insert(int64_t session_row, int64_t sequence, const Message& message,
                                  absl::Time now) {
  Statement& insert = connection_[Query::kInsertMessage];
  insert.Bind(1, session_row);
  insert.Bind(2, sequence);
  insert.Bind(3, RoleName(message.role));
  insert.Bind(4, absl::string_view(message.content));
  insert.BindOptional(5, message.name);
  insert.BindOptional(6, message.tool_call_id);
  insert.BindOptional(7, message.tool_calls);
  insert.Bind(8, absl::ToUnixMicros(message.created == absl::Time() ? now : message.created));
  insert.BindOptional(9, message.client_key);
  insert.BindOptional(10, message.metadata);
  insert.BindOptional(11, message.input_tokens);
  insert.BindOptional(12, message.output_tokens);
  insert.BindOptional(13, message.latency.has_value()
                              ? std::optional<int64_t>(absl::ToInt64Microseconds(*message.latency))
                              : std::nullopt);
  absl::Status inserted = insert.Run();
  // Numbers and keys are free, unless the file is damaged. No refusal: the batch is to be undone,
  // as some of the append may be inserted by now.
  if (absl::IsAlreadyExists(inserted)) return absl::InternalError(inserted.message());
  return inserted;
}

absl::Status SqliteWriter::WriteTouched() {
  Statement& update = connection_[Query::kUpdateSession];
  for (const auto& [id, session] : touched_) {
    if (session.activity == 0) continue;
    update.Bind(1, session.row);
    update.Bind(2, session.next_sequence);
    update.Bind(3, session.updated_us);
    update.Bind(4, session.activity);
    if (absl::Status updated = update.Run(); !updated.ok()) return updated;
  }
  touched_.clear();
  return absl::OkStatus();
}

absl::Status SqliteWriter::RenameSession(absl::string_view session_id, absl::string_view title,
                                         absl::Time now) {
  absl::StatusOr<int64_t> activity = NextActivity();
  if (!activity.ok()) return activity.status();
  if (absl::Status written = WriteTouched(); !written.ok()) return written;
  Statement& update = connection_[Query::kRename];
  update.Bind(1, session_id);
  update.Bind(2, title);
  update.Bind(3, absl::ToUnixMicros(now));
  update.Bind(4, *activity);
  if (absl::Status updated = update.Run(); !updated.ok()) return updated;
  return connection_.database().NumChanged() == 0 ? NoSession(session_id) : absl::OkStatus();
}

absl::Status SqliteWriter::SetClosed(absl::string_view session_id, std::optional<absl::Time> closed,
                                     absl::Time now) {
  absl::StatusOr<int64_t> activity = NextActivity();
  if (!activity.ok()) return activity.status();
  if (absl::Status written = WriteTouched(); !written.ok()) return written;
  Statement& update = connection_[Query::kSetClosed];
  update.Bind(1, session_id);
  update.BindOptional(2, Micros(closed));
  update.Bind(3, absl::ToUnixMicros(now));
  update.Bind(4, *activity);
  if (absl::Status updated = update.Run(); !updated.ok()) return updated;
  return connection_.database().NumChanged() == 0 ? NoSession(session_id) : absl::OkStatus();
}

absl::Status SqliteWriter::LowerIndexedThrough() {
  return connection_[Query::kLowerIndexedThrough].Run();
}

absl::Status SqliteWriter::DeleteSession(absl::string_view session_id) {
  if (absl::Status written = WriteTouched(); !written.ok()) return written;
  Statement& statement = connection_[Query::kDeleteSession];
  statement.Bind(1, session_id);
  if (absl::Status deleted = statement.Run(); !deleted.ok()) return deleted;
  if (connection_.database().NumChanged() == 0) return NoSession(session_id);
  return LowerIndexedThrough();
}

absl::StatusOr<int64_t> SqliteWriter::DeleteSessions(Query query, int64_t parameter) {
  if (absl::Status written = WriteTouched(); !written.ok()) return written;
  Statement& statement = connection_[query];
  statement.Bind(1, parameter);
  if (absl::Status deleted = statement.Run(); !deleted.ok()) return deleted;
  const int64_t num_deleted = connection_.database().NumChanged();
  if (absl::Status lowered = LowerIndexedThrough(); !lowered.ok()) return lowered;
  return num_deleted;
}

absl::StatusOr<int64_t> SqliteWriter::KeepSessions(int64_t keep) {
  return DeleteSessions(Query::kDeleteAllBut, keep);
}

absl::StatusOr<int64_t> SqliteWriter::DeleteSessionsBefore(absl::Time updated) {
  return DeleteSessions(Query::kDeleteBefore, absl::ToUnixMicros(updated));
}

absl::StatusOr<bool> SqliteWriter::Index(int64_t most) {
  absl::StatusOr<int64_t> from = OneInteger(connection_[Query::kIndexedThrough]);
  if (!from.ok()) return from.status();
  Statement& find_end = connection_[Query::kEndOfIndexing];
  find_end.Bind(1, *from);
  find_end.Bind(2, most);
  absl::StatusOr<int64_t> to = OneInteger(find_end);
  if (!to.ok()) return to.status();
  // NULL, read as 0: there is none.
  if (*to <= *from) return false;
  Statement& index = connection_[Query::kIndexMessages];
  index.Bind(1, *from);
  index.Bind(2, *to);
  if (absl::Status indexed = index.Run(); !indexed.ok()) return indexed;
  Statement& set = connection_[Query::kSetIndexedThrough];
  set.Bind(1, *to);
  if (absl::Status done = set.Run(); !done.ok()) return done;
  absl::StatusOr<int64_t> last = OneInteger(connection_[Query::kLastMessage]);
  if (!last.ok()) return last.status();
  return *last > *to;
}

absl::Status SqliteWriter::IndexIfFarBehind(int64_t num_appended) {
  if (num_appended == 0) return absl::OkStatus();
  absl::StatusOr<int64_t> indexed = OneInteger(connection_[Query::kIndexedThrough]);
  if (!indexed.ok()) return indexed.status();
  absl::StatusOr<int64_t> last = OneInteger(connection_[Query::kLastMessage]);
  if (!last.ok()) return last.status();
  if (*last - *indexed <= kMostUnindexed) return absl::OkStatus();
  return Index(2 * num_appended).status();
}

absl::Status SqliteWriter::CheckIndex() {
  constexpr int64_t kAll = INT64_MAX;
  if (absl::StatusOr<bool> indexed = Index(kAll); !indexed.ok()) return indexed.status();
  // Compares the index with the text it refers to (FTS5 documentation, section 6.5).
  return connection_.database().Execute(
      "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)");
}

}  // namespace parlance::session

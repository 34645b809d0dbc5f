#include "session/sqlite/sqlite_writer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "session/message_check.h"
#include "session/new_session.h"
#include "session/sqlite/migrations.h"

namespace parlance::session {

namespace {

// New messages that there may be before appends have to wait until some are settled, which takes
// about a second for so many.
constexpr int64_t kMaxNewMessages = 100000;

// Sessions whose rows are remembered from one batch to the next.
constexpr size_t kMaxRememberedSessions = 4096;

// The columns that both tables of messages have, in the order in which Insert binds them.
constexpr char kContentColumns[] =
    "role, content, name, tool_call_id, tool_calls, created_us, client_key, metadata, "
    "input_tokens, output_tokens, latency_us";

// Selects the new messages from a session on, up to a message.
constexpr char kToSettle[] =
    " FROM new_messages WHERE session >= ?1 AND (session, sequence) <= (?2, ?3)";

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

struct SqliteWriter::Statements {
  Preparer prepare;
  Statement begin = prepare("BEGIN IMMEDIATE");
  Statement commit = prepare("COMMIT");
  Statement data_version = prepare("PRAGMA data_version");
  // Where there is no session, any time is later than this.
  Statement last_activity =
      prepare("SELECT ifnull(max(activity), -9000000000000000000) FROM sessions");
  Statement create_session = prepare(R"sql(INSERT INTO sessions
      (public_id, title, metadata, created_us, updated_us, activity)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6))sql");
  Statement find_session =
      prepare("SELECT id, next_sequence, closed_us IS NOT NULL FROM sessions WHERE public_id = ?1");
  Statement update_session = prepare(
      "UPDATE sessions SET next_sequence = ?2, updated_us = ?3, activity = ?4 WHERE id = ?1");
  Statement find_key = prepare(R"sql(SELECT sequence FROM new_messages
      WHERE session = ?1 AND client_key = ?2 UNION ALL
      SELECT sequence FROM messages WHERE session = ?1 AND client_key = ?2)sql");
  Statement insert_message =
      prepare(absl::StrCat("INSERT INTO new_messages (session, sequence, ", kContentColumns,
                           ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"));
  // Where a message is: among the new ones or not.
  Statement find_message = prepare(R"sql(SELECT role, TRUE FROM new_messages
      WHERE session = ?1 AND sequence = ?2 UNION ALL
      SELECT role, FALSE FROM messages WHERE id = ?1 << 24 | ?2)sql");
  Statement amend_new = prepare(R"sql(UPDATE new_messages
      SET content = ?3, metadata = ifnull(?4, metadata) WHERE session = ?1 AND sequence = ?2)sql");
  // The search index is told what it has of a message before that changes, as it has no text of its
  // own to look at (FTS5 documentation, section 4.4.3).
  Statement unindex_message = prepare(R"sql(INSERT INTO messages_fts (messages_fts, rowid, content)
      SELECT 'delete', id, content FROM messages WHERE id = ?1 << 24 | ?2)sql");
  Statement amend_settled = prepare(R"sql(UPDATE messages
      SET content = ?3, metadata = ifnull(?4, metadata) WHERE id = ?1 << 24 | ?2)sql");
  Statement index_message = prepare(R"sql(INSERT INTO messages_fts (rowid, content)
      SELECT id, content FROM messages WHERE id = ?1 << 24 | ?2)sql");
  Statement rename = prepare(
      "UPDATE sessions SET title = ?2, updated_us = ?3, activity = ?4 WHERE public_id = ?1");
  Statement set_times = prepare(
      "UPDATE sessions SET closed_us = ?2, updated_us = ?3, activity = ?4 WHERE public_id = ?1");
  Statement delete_session = prepare("DELETE FROM sessions WHERE public_id = ?1");
  Statement delete_all_but = prepare(R"sql(DELETE FROM sessions
      WHERE (activity, id) <= (SELECT activity, id FROM sessions
      ORDER BY activity DESC, id DESC LIMIT 1 OFFSET ?1))sql");
  Statement delete_before = prepare("DELETE FROM sessions WHERE updated_us < ?1");
  // This counts too many where some that came between are settled or deleted.
  Statement count_new = prepare(R"sql(SELECT ifnull((SELECT max(id) FROM new_messages) + 1 -
      (SELECT min(id) FROM new_messages), 0))sql");
  Statement has_new = prepare("SELECT EXISTS (SELECT 1 FROM new_messages)");
  // Settling goes from session to session, because those of one session come to lie on one page,
  // and because the search index writes a part of itself for each step back.
  Statement end_of_settling = prepare(R"sql(SELECT session, sequence FROM new_messages
      WHERE session >= ?1 ORDER BY session, sequence LIMIT 1 OFFSET ?2)sql");
  Statement move_messages = prepare(absl::StrCat(
      "INSERT INTO messages (id, ", kContentColumns, ") SELECT session << 24 | sequence, ",
      kContentColumns, kToSettle, " ORDER BY session, sequence"));
  Statement index_messages = prepare(absl::StrCat(
      "INSERT INTO messages_fts (rowid, content) SELECT session << 24 | sequence, content",
      kToSettle, " ORDER BY session, sequence"));
  Statement forget_new = prepare(absl::StrCat("DELETE", kToSettle));
};

SqliteWriter::SqliteWriter(Connection<Statements> connection)
    : connection_(std::make_unique<Connection<Statements>>(std::move(connection))),
      sql_(connection_->statements()) {}

SqliteWriter::~SqliteWriter() = default;

absl::StatusOr<std::unique_ptr<SqliteWriter>> SqliteWriter::Create(Database database) {
  if (absl::Status set = database.Execute(kWriterSettings); !set.ok()) return set;
  auto connection = Connection<Statements>::Create(std::move(database));
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
  if (absl::Status begun = sql_.begin.Run(); !begun.ok()) return begun;
  num_appended_ = 0;
  absl::Status status = ForgetIfStale();
  for (size_t i = 0; status.ok() && i < writes.size(); ++i) {
    writes[i]->status_ = writes[i]->apply_(*this);
    if (!IsRefusal(writes[i]->status_)) status = writes[i]->status_;
  }
  if (status.ok()) status = WriteChanged();
  if (status.ok()) status = SettleIfMany();
  if (status.ok()) status = sql_.commit.Run();
  if (!status.ok()) Rollback();
  return status;
}

void SqliteWriter::Rollback() {
  Forget();
  // Fails only where SQLite has rolled back by itself already, as it does on a full disk.
  connection_->database().Execute("ROLLBACK").IgnoreError();
}

absl::Status SqliteWriter::ForgetIfStale() {
  absl::StatusOr<int64_t> version = OneInteger(sql_.data_version);
  if (!version.ok()) return version.status();
  if (*version != data_version_ || sessions_.size() > kMaxRememberedSessions) Forget();
  data_version_ = *version;
  return absl::OkStatus();
}

void SqliteWriter::Forget() {
  sessions_.clear();
  last_activity_.reset();
  num_new_messages_.reset();
  changed_.clear();
}

absl::StatusOr<int64_t> SqliteWriter::NextActivity(absl::Time now) {
  if (!last_activity_.has_value()) {
    absl::StatusOr<int64_t> last = OneInteger(sql_.last_activity);
    if (!last.ok()) return last.status();
    last_activity_ = *last;
  }
  last_activity_ = std::max(absl::ToUnixMicros(now), *last_activity_ + 1);
  return *last_activity_;
}

absl::Status SqliteWriter::CreateSession(Session& session, absl::Time now) {
  absl::StatusOr<int64_t> activity = NextActivity(now);
  if (!activity.ok()) return activity.status();
  Statement& insert = sql_.create_session;
  insert.Bind(1, absl::string_view(session.id));
  insert.Bind(2, absl::string_view(session.title));
  insert.BindOptional(3, session.metadata);
  insert.Bind(4, absl::ToUnixMicros(session.created));
  insert.Bind(5, absl::ToUnixMicros(session.updated));
  insert.Bind(6, *activity);
  absl::Status inserted = insert.Run();
  if (absl::IsAlreadyExists(inserted)) {
    return absl::AlreadyExistsError(absl::StrCat("there is a session '", session.id, "' already"));
  }
  if (session.activity == kNoActivity) session.activity = *activity;
  return inserted;
}

absl::StatusOr<SqliteWriter::SessionRow*> SqliteWriter::FindSession(absl::string_view session_id) {
  if (const auto known = sessions_.find(session_id); known != sessions_.end()) {
    return known->second.get();
  }
  Statement& find = sql_.find_session;
  const StatementReset reset(find);
  find.Bind(1, session_id);
  absl::StatusOr<bool> row = find.Step();
  if (!row.ok()) return row.status();
  if (!*row) return NoSession(session_id);
  auto session = std::make_unique<SessionRow>();
  session->id = find.Integer(0);
  session->next_sequence = find.Integer(1);
  session->closed = find.Integer(2) != 0;
  return sessions_.emplace(session_id, std::move(session)).first->second.get();
}

absl::StatusOr<int64_t> SqliteWriter::FindKey(int64_t session_row, absl::string_view client_key) {
  Statement& find = sql_.find_key;
  find.Bind(1, session_row);
  find.Bind(2, client_key);
  return OneInteger(find);
}

absl::StatusOr<int64_t> SqliteWriter::Append(absl::string_view session_id,
                                             absl::Span<const Message> messages, absl::Time now) {
  absl::StatusOr<SessionRow*> found = FindSession(session_id);
  if (!found.ok()) return found.status();
  SessionRow& session = **found;
  for (const Message& message : messages) {
    if (!message.client_key.has_value()) continue;
    absl::StatusOr<int64_t> sequence = FindKey(session.id, *message.client_key);
    if (!sequence.ok()) return sequence.status();
    if (*sequence == 0) continue;
    if (&message == messages.data()) return *sequence;
    return absl::AlreadyExistsError(absl::StrCat("the session has a message with client key '",
                                                 *message.client_key, "' already"));
  }
  // This comes after the keys, because what was appended before the session was closed is
  // acknowledged again.
  if (session.closed) return SessionIsClosed(session_id);
  if (static_cast<int64_t>(messages.size()) > kMaxMessages + 1 - session.next_sequence) {
    return absl::FailedPreconditionError(absl::StrCat("the session '", session_id, "' is full: it ",
                                                      "can have ", kMaxMessages, " messages"));
  }
  absl::StatusOr<int64_t> activity = NextActivity(now);
  if (!activity.ok()) return activity.status();
  const int64_t first = session.next_sequence;
  for (const Message& message : messages) {
    if (absl::Status inserted = Insert(session.id, session.next_sequence, message, now);
        !inserted.ok()) {
      return inserted;
    }
    ++session.next_sequence;
  }
  Touch(session, *activity, now);
  num_appended_ += static_cast<int64_t>(messages.size());
  if (num_new_messages_.has_value()) *num_new_messages_ += static_cast<int64_t>(messages.size());
  return first;
}

absl::Status SqliteWriter::Insert(int64_t session_row, int64_t sequence, const Message& message,
                                  absl::Time now) {
  Statement& insert = sql_.insert_message;
  insert.Bind(1, session_row);
  insert.Bind(2, sequence);
  insert.Bind(3, RoleName(message.role));
  insert.Bind(4, absl::string_view(message.content));
  insert.BindOptional(5, message.name);
  insert.BindOptional(6, message.tool_call_id);
  insert.BindOptional(7, message.tool_calls);
  insert.Bind(8,
              absl::ToUnixMicros(message.created == absl::InfinitePast() ? now : message.created));
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

absl::Status SqliteWriter::Amend(absl::string_view session_id,
                                 const SessionStore::Amendment& amendment, absl::Time now) {
  absl::StatusOr<SessionRow*> found = FindSession(session_id);
  if (!found.ok()) return found.status();
  SessionRow& session = **found;
  const int64_t sequence = amendment.sequence;
  // A number beyond would be one of another session's in `messages`.
  if (sequence < 1 || sequence >= session.next_sequence) return NoMessage(session_id, sequence);
  bool is_new = false;
  {
    Statement& find = sql_.find_message;
    const StatementReset reset(find);
    find.Bind(1, session.id);
    find.Bind(2, sequence);
    absl::StatusOr<bool> row = find.Step();
    if (!row.ok()) return row.status();
    if (!*row) return NoMessage(session_id, sequence);
    if (find.Text(0) != RoleName(Role::kAssistant)) {
      return MayNotBeAmended(session_id, sequence, find.Text(0));
    }
    is_new = find.Integer(1) != 0;
  }
  if (session.closed) return SessionIsClosed(session_id);
  absl::StatusOr<int64_t> activity = NextActivity(now);
  if (!activity.ok()) return activity.status();
  const auto run = [&](Statement& statement) {
    statement.Bind(1, session.id);
    statement.Bind(2, sequence);
    return statement.Run();
  };
  Statement& amend = is_new ? sql_.amend_new : sql_.amend_settled;
  amend.Bind(3, absl::string_view(amendment.content));
  amend.BindOptional(4, amendment.metadata);
  absl::Status amended = is_new ? absl::OkStatus() : run(sql_.unindex_message);
  if (amended.ok()) amended = run(amend);
  if (amended.ok() && !is_new) amended = run(sql_.index_message);
  // No refusal, whatever it was: the batch is to be undone, as half of this may be done by now.
  if (IsRefusal(amended)) return absl::InternalError(amended.message());
  if (!amended.ok()) return amended;
  Touch(session, *activity, now);
  return absl::OkStatus();
}

void SqliteWriter::Touch(SessionRow& session, int64_t activity, absl::Time now) {
  if (session.activity == 0) changed_.push_back(&session);
  session.activity = activity;
  session.updated_us = absl::ToUnixMicros(now);
}

absl::Status SqliteWriter::WriteChanged() {
  Statement& update = sql_.update_session;
  for (SessionRow* const session : changed_) {
    update.Bind(1, session->id);
    update.Bind(2, session->next_sequence);
    update.Bind(3, session->updated_us);
    update.Bind(4, session->activity);
    if (absl::Status updated = update.Run(); !updated.ok()) return updated;
    session->activity = 0;
  }
  changed_.clear();
  return absl::OkStatus();
}

absl::Status SqliteWriter::RenameSession(absl::string_view session_id, absl::string_view title,
                                         absl::Time now) {
  absl::StatusOr<int64_t> activity = NextActivity(now);
  if (!activity.ok()) return activity.status();
  if (absl::Status written = WriteChanged(); !written.ok()) return written;
  Statement& update = sql_.rename;
  update.Bind(1, session_id);
  update.Bind(2, title);
  update.Bind(3, absl::ToUnixMicros(now));
  update.Bind(4, *activity);
  if (absl::Status updated = update.Run(); !updated.ok()) return updated;
  return connection_->database().NumChanged() == 0 ? NoSession(session_id) : absl::OkStatus();
}

absl::Status SqliteWriter::SetClosed(absl::string_view session_id, std::optional<absl::Time> closed,
                                     absl::Time now) {
  absl::StatusOr<int64_t> activity = NextActivity(now);
  if (!activity.ok()) return activity.status();
  if (absl::Status written = WriteChanged(); !written.ok()) return written;
  if (const auto known = sessions_.find(session_id); known != sessions_.end()) {
    known->second->closed = closed.has_value();
  }
  Statement& update = sql_.set_times;
  update.Bind(1, session_id);
  update.BindOptional(2, Micros(closed));
  update.Bind(3, absl::ToUnixMicros(now));
  update.Bind(4, *activity);
  if (absl::Status updated = update.Run(); !updated.ok()) return updated;
  return connection_->database().NumChanged() == 0 ? NoSession(session_id) : absl::OkStatus();
}

absl::Status SqliteWriter::SetTimes(const Session& session) {
  if (absl::Status written = WriteChanged(); !written.ok()) return written;
  // The order may go back by this, or far ahead.
  Forget();
  Statement& update = sql_.set_times;
  update.Bind(1, absl::string_view(session.id));
  update.BindOptional(2, Micros(session.closed));
  update.Bind(3, absl::ToUnixMicros(session.updated));
  update.Bind(4, session.activity);
  if (absl::Status updated = update.Run(); !updated.ok()) return updated;
  return connection_->database().NumChanged() == 0 ? NoSession(session.id) : absl::OkStatus();
}

absl::Status SqliteWriter::DeleteSession(absl::string_view session_id) {
  if (absl::Status written = WriteChanged(); !written.ok()) return written;
  Forget();
  Statement& statement = sql_.delete_session;
  statement.Bind(1, session_id);
  if (absl::Status deleted = statement.Run(); !deleted.ok()) return deleted;
  return connection_->database().NumChanged() == 0 ? NoSession(session_id) : absl::OkStatus();
}

absl::StatusOr<int64_t> SqliteWriter::DeleteSessions(Statement& statement, int64_t parameter) {
  if (absl::Status written = WriteChanged(); !written.ok()) return written;
  Forget();
  statement.Bind(1, parameter);
  if (absl::Status deleted = statement.Run(); !deleted.ok()) return deleted;
  return connection_->database().NumChanged();
}

absl::StatusOr<int64_t> SqliteWriter::KeepSessions(int64_t keep) {
  return DeleteSessions(sql_.delete_all_but, keep);
}

absl::StatusOr<int64_t> SqliteWriter::DeleteSessionsBefore(absl::Time updated) {
  return DeleteSessions(sql_.delete_before, absl::ToUnixMicros(updated));
}

absl::StatusOr<bool> SqliteWriter::Settle(int64_t most) {
  // Up to the last one, if there are not as many.
  int64_t end_session = INT64_MAX;
  int64_t end_sequence = 0;
  {
    Statement& find_end = sql_.end_of_settling;
    const StatementReset reset(find_end);
    find_end.Bind(1, settle_from_);
    find_end.Bind(2, most - 1);
    absl::StatusOr<bool> found = find_end.Step();
    if (!found.ok()) return found.status();
    if (*found) {
      end_session = find_end.Integer(0);
      end_sequence = find_end.Integer(1);
    }
  }
  for (Statement* const step : {&sql_.move_messages, &sql_.index_messages, &sql_.forget_new}) {
    step->Bind(1, settle_from_);
    step->Bind(2, end_session);
    step->Bind(3, end_sequence);
    const absl::Status done = step->Run();
    if (absl::IsAlreadyExists(done)) {
      // A number or key that `messages` has too. No refusal: half of it is done.
      return absl::DataLossError(absl::StrCat("a message is stored twice: ", done.message()));
    }
    if (!done.ok()) return done;
  }
  if (num_new_messages_.has_value()) *num_new_messages_ -= connection_->database().NumChanged();
  settle_from_ = end_session == INT64_MAX ? 0 : end_session;
  absl::StatusOr<int64_t> has_more = OneInteger(sql_.has_new);
  if (!has_more.ok()) return has_more.status();
  return *has_more != 0;
}

absl::StatusOr<int64_t> SqliteWriter::CountNew() {
  if (!num_new_messages_.has_value()) {
    absl::StatusOr<int64_t> count = OneInteger(sql_.count_new);
    if (!count.ok()) return count.status();
    num_new_messages_ = *count;
  }
  return *num_new_messages_;
}

absl::Status SqliteWriter::SettleIfMany() {
  if (num_appended_ == 0) return absl::OkStatus();
  absl::StatusOr<int64_t> count = CountNew();
  if (!count.ok()) return count.status();
  return *count <= kMaxNewMessages ? absl::OkStatus() : Settle(2 * num_appended_).status();
}

absl::Status SqliteWriter::CheckIndex() {
  constexpr int64_t kAll = INT64_MAX;
  settle_from_ = 0;
  if (absl::StatusOr<bool> settled = Settle(kAll); !settled.ok()) return settled.status();
  // Compares the index with the text it refers to (FTS5 documentation, section 6.5).
  return connection_->database().Execute(
      "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)");
}

}  // namespace parlance::session

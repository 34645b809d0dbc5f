#include "session/store.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "rapidjson/document.h"
#include "rapidjson/encodings.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/database.h"
#include "session/migrations.h"

namespace parlance::session {
namespace {

constexpr int kMaxPage = 10000;

std::string RandomId() {
  std::random_device random;
  return absl::StrFormat("sess_%08x%08x%08x%08x", random(), random(), random(), random());
}

bool IsUtf8(absl::string_view text) {
  struct Discard {
    void Put(char) {}
  } discard;
  rapidjson::MemoryStream stream(text.data(), text.size());
  while (stream.Tell() < text.size()) {
    // Takes nothing from a stream that ends within a character.
    if (!rapidjson::UTF8<>::Validate(stream, discard) || stream.Tell() > text.size()) return false;
  }
  return true;
}

absl::Status CheckText(absl::string_view what, absl::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " has ", text.size(), " bytes; the limit is ", max_bytes));
  }
  if (!IsUtf8(text)) return absl::InvalidArgumentError(absl::StrCat(what, " is not UTF-8"));
  return absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, size_t max_bytes) {
  if (absl::Status ok = CheckText("content", message.content, max_bytes); !ok.ok()) return ok;
  const std::pair<absl::string_view, const std::optional<std::string>&> optional_texts[] = {
      {"name", message.name},
      {"tool_call_id", message.tool_call_id},
      {"tool_calls", message.tool_calls}};
  for (const auto& [what, text] : optional_texts) {
    if (!text.has_value()) continue;
    if (absl::Status ok = CheckText(what, *text, max_bytes); !ok.ok()) return ok;
  }
  if (message.role == Role::kTool && !message.tool_call_id.has_value()) {
    return absl::InvalidArgumentError("a message of role tool needs the tool_call_id it answers");
  }
  if (message.tool_calls.has_value()) {
    rapidjson::Document calls;
    calls.Parse<rapidjson::kParseIterativeFlag>(message.tool_calls->data(),
                                                message.tool_calls->size());
    if (calls.HasParseError() || !calls.IsArray()) {
      return absl::InvalidArgumentError("tool_calls is not a JSON array");
    }
  }
  return absl::OkStatus();
}

Role RoleOf(absl::string_view name) {
  for (const Role role : {Role::kSystem, Role::kDeveloper, Role::kUser, Role::kAssistant}) {
    if (RoleName(role) == name) return role;
  }
  return Role::kTool;
}

// Each word as an FTS5 string, so that nothing in it is syntax (FTS5 documentation, section 3.1).
std::string FtsQuery(absl::string_view words) {
  std::string query;
  for (absl::string_view word :
       absl::StrSplit(words, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty())) {
    absl::StrAppend(&query, query.empty() ? "" : " ", "\"",
                    absl::StrReplaceAll(word, {{"\"", "\"\""}, {absl::string_view("\0", 1), ""}}),
                    "\"");
  }
  return query;
}

absl::Status NoSession(absl::string_view session_id) {
  return absl::NotFoundError(absl::StrCat("there is no session '", session_id, "'"));
}

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteString(JsonWriter& writer, absl::string_view key, absl::string_view value) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

std::string SessionLine(const Session& session) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  WriteString(writer, "type", "session");
  WriteString(writer, "id", session.id);
  WriteString(writer, "title", session.title);
  WriteString(writer, "created", absl::FormatTime(session.created, absl::UTCTimeZone()));
  WriteString(writer, "updated", absl::FormatTime(session.updated, absl::UTCTimeZone()));
  writer.EndObject();
  return buffer.GetString();
}

std::string MessageLine(const Message& message) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  WriteString(writer, "type", "message");
  writer.Key("sequence");
  writer.Int64(message.sequence);
  WriteString(writer, "role", RoleName(message.role));
  WriteString(writer, "content", message.content);
  if (message.name.has_value()) WriteString(writer, "name", *message.name);
  if (message.tool_call_id.has_value()) WriteString(writer, "tool_call_id", *message.tool_call_id);
  if (message.tool_calls.has_value()) {
    // Parsed and written again, because a JSON text may have line breaks and a line may not.
    rapidjson::Document calls;
    calls.Parse<rapidjson::kParseIterativeFlag>(message.tool_calls->data(),
                                                message.tool_calls->size());
    writer.Key("tool_calls");
    calls.Accept(writer);
  }
  WriteString(writer, "created", absl::FormatTime(message.created, absl::UTCTimeZone()));
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

constexpr char kMessageColumns[] =
    "m.sequence, m.role, m.content, m.name, m.tool_call_id, m.tool_calls, m.created_us";

Message MessageOf(const Statement& row) {
  Message message;
  message.sequence = row.Integer(0);
  message.role = RoleOf(row.Text(1));
  message.content = std::string(row.Text(2));
  message.name = row.OptionalText(3);
  message.tool_call_id = row.OptionalText(4);
  message.tool_calls = row.OptionalText(5);
  message.created = absl::FromUnixMicros(row.Integer(6));
  return message;
}

constexpr char kSessionColumns[] = "public_id, title, created_us, updated_us, num_messages";

Session SessionOf(const Statement& row) {
  return {.id = std::string(row.Text(0)),
          .title = std::string(row.Text(1)),
          .created = absl::FromUnixMicros(row.Integer(2)),
          .updated = absl::FromUnixMicros(row.Integer(3)),
          .num_messages = row.Integer(4)};
}

// A connection with its statements, prepared once, in the order of the enumeration.
template <typename Query>
class Connection {
 public:
  static absl::StatusOr<Connection> Open(const std::string& path, int busy_timeout_ms) {
    absl::StatusOr<Database> database = Database::Open(path, busy_timeout_ms);
    if (!database.ok()) return database.status();
    return Connection(*std::move(database));
  }

  absl::Status PrepareAll(absl::Span<const std::string> queries) {
    for (const std::string& sql : queries) {
      absl::StatusOr<Statement> statement = database_.Prepare(sql);
      if (!statement.ok()) return statement.status();
      statements_.push_back(*std::move(statement));
    }
    return absl::OkStatus();
  }

  Database& database() { return database_; }
  Statement& operator[](Query query) { return statements_[static_cast<size_t>(query)]; }

 private:
  explicit Connection(Database database) : database_(std::move(database)) {}

  Database database_;
  std::vector<Statement> statements_;
};

enum class Write { kCreateSession, kTakeSequences, kInsertMessage, kDeleteSession };

std::vector<std::string> WriteQueries() {
  constexpr char kNextActivity[] = "(SELECT ifnull(max(activity), 0) + 1 FROM sessions)";
  return {
      absl::StrCat("INSERT INTO sessions (public_id, title, created_us, updated_us, activity) "
                   "VALUES (?1, ?2, ?3, ?3, ",
                   kNextActivity, ")"),
      absl::StrCat("UPDATE sessions SET next_sequence = next_sequence + ?2, num_messages = "
                   "num_messages + ?2, updated_us = ?3, activity = ",
                   kNextActivity, " WHERE public_id = ?1 RETURNING id, next_sequence - ?2"),
      "INSERT INTO messages (session, sequence, role, content, name, tool_call_id, tool_calls, "
      "created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      "DELETE FROM sessions WHERE public_id = ?1 RETURNING id",
  };
}

enum class Read {
  kGetSession,
  kListSessions,
  kFindSession,
  kHistoryAfter,
  kHistoryBefore,
  kSearch
};

std::vector<std::string> ReadQueries() {
  return {
      absl::StrCat("SELECT ", kSessionColumns, " FROM sessions WHERE public_id = ?1"),
      absl::StrCat("SELECT ", kSessionColumns,
                   " FROM sessions WHERE activity < ?1 ORDER BY activity DESC LIMIT ?2"),
      "SELECT id, activity FROM sessions WHERE public_id = ?1",
      absl::StrCat("SELECT ", kMessageColumns,
                   " FROM messages m WHERE m.session = ?1 AND m.sequence > ?2 AND m.sequence < ?3 "
                   "ORDER BY m.sequence LIMIT ?4"),
      absl::StrCat("SELECT ", kMessageColumns,
                   " FROM messages m WHERE m.session = ?1 AND m.sequence > ?2 AND m.sequence < ?3 "
                   "ORDER BY m.sequence DESC LIMIT ?4"),
      absl::StrCat("SELECT ", kMessageColumns,
                   ", s.public_id, snippet(messages_fts, 0, '[', ']', '…', 12) "
                   "FROM messages_fts JOIN messages m ON m.id = messages_fts.rowid "
                   "JOIN sessions s ON s.id = m.session "
                   "WHERE messages_fts MATCH ?1 AND (?2 = '' OR s.public_id = ?2) "
                   "ORDER BY messages_fts.rank, m.id DESC LIMIT ?3"),
  };
}

absl::Status CheckLimit(int limit) {
  if (limit < 1 || limit > kMaxPage) {
    return absl::InvalidArgumentError(absl::StrCat("limit ", limit, " is not in 1 to ", kMaxPage));
  }
  return absl::OkStatus();
}

}  // namespace

class SessionStore::Impl {
 public:
  static absl::StatusOr<std::unique_ptr<Impl>> Open(const std::string& path, Options options) {
    if (options.new_id == nullptr) options.new_id = RandomId;
    auto writer = Connection<Write>::Open(path, options.busy_timeout_ms);
    if (!writer.ok()) return writer.status();
    Database& database = writer->database();
    if (absl::Status migrated = Configure(database); !migrated.ok()) {
      return absl::Status(migrated.code(), absl::StrCat(path, ": ", migrated.message()));
    }
    if (absl::Status ok = writer->PrepareAll(WriteQueries()); !ok.ok()) return ok;
    auto reader = Connection<Read>::Open(path, options.busy_timeout_ms);
    if (!reader.ok()) return reader.status();
    if (absl::Status ok = reader->PrepareAll(ReadQueries()); !ok.ok()) return ok;
    return std::unique_ptr<Impl>(
        new Impl(std::move(options), *std::move(writer), *std::move(reader)));
  }

  absl::StatusOr<Session> CreateSession(absl::string_view title) {
    if (absl::Status ok = CheckText("title", title, options_.max_message_bytes); !ok.ok())
      return ok;
    Session session{.id = options_.new_id(),
                    .title = std::string(title),
                    .created = absl::FromUnixMicros(absl::ToUnixMicros(options_.now())),
                    .updated = {},
                    .num_messages = 0};
    session.updated = session.created;
    std::lock_guard<std::mutex> lock(write_mutex_);
    Statement& insert = writer_[Write::kCreateSession];
    insert.Bind(1, session.id);
    insert.Bind(2, session.title);
    insert.Bind(3, absl::ToUnixMicros(session.created));
    if (absl::Status inserted = insert.Run(); !inserted.ok()) return inserted;
    return session;
  }

  absl::StatusOr<Session> GetSession(absl::string_view session_id) {
    std::lock_guard<std::mutex> lock(read_mutex_);
    Statement& query = reader_[Read::kGetSession];
    const StatementReset reset(query);
    query.Bind(1, session_id);
    absl::StatusOr<bool> row = query.Step();
    if (!row.ok()) return row.status();
    if (!*row) return NoSession(session_id);
    return SessionOf(query);
  }

  absl::StatusOr<std::vector<Session>> ListSessions(int limit, absl::string_view before) {
    if (absl::Status ok = CheckLimit(limit); !ok.ok()) return ok;
    std::lock_guard<std::mutex> lock(read_mutex_);
    int64_t before_activity = INT64_MAX;
    if (!before.empty()) {
      absl::StatusOr<SessionKey> key = FindSession(before);
      if (!key.ok()) return key.status();
      before_activity = key->activity;
    }
    Statement& query = reader_[Read::kListSessions];
    const StatementReset reset(query);
    query.Bind(1, before_activity);
    query.Bind(2, static_cast<int64_t>(limit));
    std::vector<Session> sessions;
    for (;;) {
      absl::StatusOr<bool> row = query.Step();
      if (!row.ok()) return row.status();
      if (!*row) return sessions;
      sessions.push_back(SessionOf(query));
    }
  }

  absl::Status DeleteSession(absl::string_view session_id) {
    std::lock_guard<std::mutex> lock(write_mutex_);
    Statement& statement = writer_[Write::kDeleteSession];
    const StatementReset reset(statement);
    statement.Bind(1, session_id);
    absl::StatusOr<bool> row = statement.Step();
    if (!row.ok()) return row.status();
    if (!*row) return NoSession(session_id);
    // The statement commits when it has no more rows.
    return statement.Step().status();
  }

  absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                    absl::Span<const Message> messages) {
    if (messages.empty()) return absl::InvalidArgumentError("there is no message to append");
    for (const Message& message : messages) {
      if (absl::Status ok = CheckMessage(message, options_.max_message_bytes); !ok.ok()) return ok;
    }
    const int64_t now_us = absl::ToUnixMicros(options_.now());
    std::lock_guard<std::mutex> lock(write_mutex_);
    absl::StatusOr<Transaction> transaction = Transaction::Begin(writer_.database());
    if (!transaction.ok()) return transaction.status();
    absl::StatusOr<std::pair<int64_t, int64_t>> place =
        TakeSequences(session_id, static_cast<int64_t>(messages.size()), now_us);
    if (!place.ok()) return place.status();
    const auto [session, first] = *place;
    Statement& insert = writer_[Write::kInsertMessage];
    for (size_t i = 0; i < messages.size(); ++i) {
      const Message& message = messages[i];
      insert.Bind(1, session);
      insert.Bind(2, first + static_cast<int64_t>(i));
      insert.Bind(3, RoleName(message.role));
      insert.Bind(4, absl::string_view(message.content));
      insert.BindOptional(5, message.name);
      insert.BindOptional(6, message.tool_call_id);
      insert.BindOptional(7, message.tool_calls);
      insert.Bind(8, now_us);
      if (absl::Status inserted = insert.Run(); !inserted.ok()) return inserted;
    }
    if (absl::Status committed = transaction->Commit(); !committed.ok()) return committed;
    return first;
  }

  absl::StatusOr<std::vector<Message>> History(absl::string_view session_id,
                                               const HistoryOptions& options) {
    if (absl::Status ok = CheckLimit(options.limit); !ok.ok()) return ok;
    std::lock_guard<std::mutex> lock(read_mutex_);
    absl::StatusOr<SessionKey> key = FindSession(session_id);
    if (!key.ok()) return key.status();
    Statement& query =
        reader_[options.after.has_value() ? Read::kHistoryAfter : Read::kHistoryBefore];
    const StatementReset reset(query);
    query.Bind(1, key->id);
    query.Bind(2, options.after.value_or(0));
    query.Bind(3, options.before.value_or(INT64_MAX));
    query.Bind(4, static_cast<int64_t>(options.limit));
    std::vector<Message> messages;
    for (;;) {
      absl::StatusOr<bool> row = query.Step();
      if (!row.ok()) return row.status();
      if (!*row) break;
      messages.push_back(MessageOf(query));
    }
    if (!options.after.has_value()) std::reverse(messages.begin(), messages.end());
    return messages;
  }

  absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view words,
                                                absl::string_view session_id, int limit) {
    if (absl::Status ok = CheckLimit(limit); !ok.ok()) return ok;
    if (absl::Status ok = CheckText("the search", words, options_.max_message_bytes); !ok.ok()) {
      return ok;
    }
    const std::string fts_query = FtsQuery(words);
    if (fts_query.empty()) return absl::InvalidArgumentError("there is no word to search for");
    std::lock_guard<std::mutex> lock(read_mutex_);
    if (!session_id.empty()) {
      if (absl::StatusOr<SessionKey> key = FindSession(session_id); !key.ok()) return key.status();
    }
    Statement& query = reader_[Read::kSearch];
    const StatementReset reset(query);
    query.Bind(1, absl::string_view(fts_query));
    query.Bind(2, session_id);
    query.Bind(3, static_cast<int64_t>(limit));
    std::vector<SearchHit> hits;
    for (;;) {
      absl::StatusOr<bool> row = query.Step();
      if (!row.ok()) return row.status();
      if (!*row) return hits;
      hits.push_back({.session_id = std::string(query.Text(7)),
                      .message = MessageOf(query),
                      .snippet = std::string(query.Text(8))});
    }
  }

  absl::Status CheckIntegrity() {
    std::lock_guard<std::mutex> lock(write_mutex_);
    Database& database = writer_.database();
    absl::StatusOr<std::string> checked = database.QueryText("PRAGMA integrity_check");
    if (!checked.ok()) return checked.status();
    if (*checked != "ok") return absl::DataLossError(*checked);
    // Compares the index with the text it refers to (FTS5 documentation, section 6.5).
    return database.Execute(
        "INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)");
  }

 private:
  struct SessionKey {
    int64_t id = 0;
    int64_t activity = 0;
  };

  Impl(Options options, Connection<Write> writer, Connection<Read> reader)
      : options_(std::move(options)), writer_(std::move(writer)), reader_(std::move(reader)) {}

  static absl::Status Configure(Database& database) {
    // Before anything is changed: the file may not be ours.
    if (absl::Status migrated = Migrate(database, SchemaMigrations()); !migrated.ok())
      return migrated;
    absl::StatusOr<std::string> mode = database.QueryText("PRAGMA journal_mode = WAL");
    if (!mode.ok()) return mode.status();
    if (*mode != "wal") {
      return absl::FailedPreconditionError(
          absl::StrCat("the file system does not support WAL mode; SQLite stays in mode ", *mode));
    }
    return database.Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  }

  // Under read_mutex_.
  absl::StatusOr<SessionKey> FindSession(absl::string_view session_id) {
    Statement& query = reader_[Read::kFindSession];
    const StatementReset reset(query);
    query.Bind(1, session_id);
    absl::StatusOr<bool> row = query.Step();
    if (!row.ok()) return row.status();
    if (!*row) return NoSession(session_id);
    return SessionKey{.id = query.Integer(0), .activity = query.Integer(1)};
  }

  // Under write_mutex_, in a transaction: the session's row and the first of `count` new sequences.
  absl::StatusOr<std::pair<int64_t, int64_t>> TakeSequences(absl::string_view session_id,
                                                            int64_t count, int64_t now_us) {
    Statement& take = writer_[Write::kTakeSequences];
    const StatementReset reset(take);
    take.Bind(1, session_id);
    take.Bind(2, count);
    take.Bind(3, now_us);
    absl::StatusOr<bool> row = take.Step();
    if (!row.ok()) return row.status();
    if (!*row) return NoSession(session_id);
    return std::pair(take.Integer(0), take.Integer(1));
  }

  const Options options_;
  std::mutex write_mutex_;
  Connection<Write> writer_;
  std::mutex read_mutex_;
  Connection<Read> reader_;
};

SessionStore::SessionStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SessionStore::~SessionStore() = default;

absl::StatusOr<std::unique_ptr<SessionStore>> SessionStore::Open(const std::string& path,
                                                                 Options options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = Impl::Open(path, std::move(options));
  if (!impl.ok()) return impl.status();
  return std::unique_ptr<SessionStore>(new SessionStore(*std::move(impl)));
}

absl::StatusOr<std::unique_ptr<SessionStore>> SessionStore::Open(const std::string& path) {
  return Open(path, Options());
}

absl::StatusOr<Session> SessionStore::CreateSession(absl::string_view title) {
  return impl_->CreateSession(title);
}

absl::StatusOr<Session> SessionStore::GetSession(absl::string_view session_id) {
  return impl_->GetSession(session_id);
}

absl::StatusOr<std::vector<Session>> SessionStore::ListSessions(int limit,
                                                                absl::string_view before) {
  return impl_->ListSessions(limit, before);
}

absl::Status SessionStore::DeleteSession(absl::string_view session_id) {
  return impl_->DeleteSession(session_id);
}

absl::StatusOr<int64_t> SessionStore::Append(absl::string_view session_id, const Message& message) {
  return impl_->AppendAll(session_id, absl::MakeConstSpan(&message, 1));
}

absl::StatusOr<int64_t> SessionStore::AppendAll(absl::string_view session_id,
                                                absl::Span<const Message> messages) {
  return impl_->AppendAll(session_id, messages);
}

absl::StatusOr<std::vector<Message>> SessionStore::History(absl::string_view session_id,
                                                           const HistoryOptions& options) {
  return impl_->History(session_id, options);
}

absl::StatusOr<std::vector<SessionStore::SearchHit>> SessionStore::Search(
    absl::string_view words, absl::string_view session_id, int limit) {
  return impl_->Search(words, session_id, limit);
}

absl::Status SessionStore::ExportJsonLines(absl::string_view session_id, std::ostream& out) {
  absl::StatusOr<Session> session = GetSession(session_id);
  if (!session.ok()) return session.status();
  out << SessionLine(*session) << '\n';
  HistoryOptions page{.after = 0, .before = std::nullopt, .limit = 500};
  for (;;) {
    absl::StatusOr<std::vector<Message>> messages = History(session_id, page);
    if (!messages.ok()) return messages.status();
    for (const Message& message : *messages) out << MessageLine(message) << '\n';
    if (!out.flush()) return absl::UnavailableError("cannot write the export");
    if (messages->empty()) return absl::OkStatus();
    page.after = messages->back().sequence;
  }
}

absl::Status SessionStore::CheckIntegrity() { return impl_->CheckIntegrity(); }

}  // namespace parlance::session

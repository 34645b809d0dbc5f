#include "session/sqlite/migrations.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace parlance::session {
namespace {

// Sequences count a session's messages from 1; `activity` orders sessions by their last change,
// because a clock may jump and a counter does not. The search index holds no text of its own: it
// refers to messages.content, and triggers keep it in step.
constexpr char kVersion1[] = R"sql(
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  activity INTEGER NOT NULL,
  num_messages INTEGER NOT NULL DEFAULT 0,
  next_sequence INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX sessions_by_activity ON sessions (activity);

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('system', 'developer', 'user', 'assistant', 'tool')),
  content TEXT NOT NULL,
  name TEXT,
  tool_call_id TEXT,
  tool_calls TEXT,
  created_us INTEGER NOT NULL,
  UNIQUE (session, sequence)
) STRICT;

CREATE VIRTUAL TABLE messages_fts USING fts5 (content, content='messages', content_rowid='id');
CREATE TRIGGER messages_inserted AFTER INSERT ON messages BEGIN
  INSERT INTO messages_fts (rowid, content) VALUES (new.id, new.content);
END;
CREATE TRIGGER messages_deleted AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.id, old.content);
END;
)sql";

// The search index follows messages in batches: it holds those up to `indexed_through`, and the
// trigger takes out what it holds. A session's number of messages is next_sequence - 1. What the
// columns were chosen for: docs/session_schema.md.
constexpr char kVersion2[] = R"sql(
ALTER TABLE sessions ADD COLUMN metadata TEXT;
ALTER TABLE sessions ADD COLUMN closed_us INTEGER;
ALTER TABLE sessions DROP COLUMN num_messages;

ALTER TABLE messages ADD COLUMN client_key TEXT;
ALTER TABLE messages ADD COLUMN metadata TEXT;
ALTER TABLE messages ADD COLUMN input_tokens INTEGER;
ALTER TABLE messages ADD COLUMN output_tokens INTEGER;
ALTER TABLE messages ADD COLUMN latency_us INTEGER;
CREATE UNIQUE INDEX messages_by_client_key ON messages (session, client_key)
  WHERE client_key IS NOT NULL;

CREATE TABLE search_index (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  indexed_through INTEGER NOT NULL
) STRICT;
INSERT INTO search_index SELECT 1, ifnull(max(id), 0) FROM messages;
DROP TRIGGER messages_inserted;
DROP TRIGGER messages_deleted;
CREATE TRIGGER messages_deleted AFTER DELETE ON messages
  WHEN old.id <= (SELECT indexed_through FROM search_index) BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.id, old.content);
END;
)sql";

// A message is written to new_messages, which grows at its end, and moved from there, many at a
// time, to where its session's messages lie side by side and search knows it: a row of `messages`
// is in the search index, and its number is made of its session's and its sequence (kSequenceBits).
constexpr char kVersion3[] = R"sql(
DROP TRIGGER messages_deleted;
DROP TABLE messages_fts;
DROP TABLE search_index;
DROP INDEX messages_by_client_key;
ALTER TABLE messages RENAME TO messages_by_arrival;

CREATE TABLE new_messages (
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('system', 'developer', 'user', 'assistant', 'tool')),
  content TEXT NOT NULL,
  name TEXT,
  tool_call_id TEXT,
  tool_calls TEXT,
  created_us INTEGER NOT NULL,
  client_key TEXT,
  metadata TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  latency_us INTEGER,
  UNIQUE (session, sequence)
) STRICT;
CREATE UNIQUE INDEX new_messages_by_client_key ON new_messages (session, client_key)
  WHERE client_key IS NOT NULL;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  session INTEGER AS (id >> 24),
  sequence INTEGER AS (id & 16777215),
  role TEXT NOT NULL CHECK (role IN ('system', 'developer', 'user', 'assistant', 'tool')),
  content TEXT NOT NULL,
  name TEXT,
  tool_call_id TEXT,
  tool_calls TEXT,
  created_us INTEGER NOT NULL,
  client_key TEXT,
  metadata TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  latency_us INTEGER
) STRICT;
CREATE UNIQUE INDEX messages_by_client_key ON messages (session, client_key)
  WHERE client_key IS NOT NULL;
INSERT INTO messages
  SELECT session << 24 | sequence, role, content, name, tool_call_id, tool_calls, created_us,
    client_key, metadata, input_tokens, output_tokens, latency_us
  FROM messages_by_arrival ORDER BY session, sequence;
DROP TABLE messages_by_arrival;

CREATE VIRTUAL TABLE messages_fts USING fts5 (content, content='messages', content_rowid='id');
INSERT INTO messages_fts (messages_fts) VALUES ('rebuild');
CREATE TRIGGER message_deleted AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.id, old.content);
END;
CREATE TRIGGER session_deleted AFTER DELETE ON sessions BEGIN
  DELETE FROM new_messages WHERE session = old.id;
  DELETE FROM messages WHERE id > old.id << 24 AND id < (old.id + 1) << 24;
END;
)sql";

// The search index knows words of scripts without spaces (tokenizer.h). `activity` is a time that
// never goes back, no longer a count, so that sessions from elsewhere take their places among those
// that are here: of each session, the least that is not before its `updated_us` and after the
// session before. Two of them may have the same.
constexpr char kOrderOfVersion4[] = "DROP INDEX sessions_by_activity;";
constexpr char kSearchOfVersion4[] = R"sql(
CREATE INDEX sessions_by_activity ON sessions (activity);

DROP TRIGGER message_deleted;
DROP TABLE messages_fts;
CREATE VIRTUAL TABLE messages_fts USING fts5
  (content, content='messages', content_rowid='id', tokenize='parlance');
INSERT INTO messages_fts (messages_fts) VALUES ('rebuild');
CREATE TRIGGER message_deleted AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.id, old.content);
END;
)sql";

}  // namespace

absl::Span<const std::string> SchemaMigrations() {
  static const std::vector<std::string>& migrations = *new std::vector<std::string>{
      kVersion1, kVersion2, kVersion3,
      absl::StrCat(kOrderOfVersion4, kTimeActivities, kSearchOfVersion4)};
  return migrations;
}

absl::StatusOr<bool> IsEmpty(Database& database) {
  for (const char* query :
       {"PRAGMA user_version", "PRAGMA application_id", "SELECT count(*) FROM sqlite_schema"}) {
    absl::StatusOr<int64_t> value = database.QueryInteger(query);
    if (!value.ok()) return value.status();
    if (*value != 0) return false;
  }
  return true;
}

absl::StatusOr<bool> IsCurrent(Database& database, absl::Span<const std::string> migrations) {
  const auto newest = static_cast<int64_t>(migrations.size());
  absl::StatusOr<int64_t> version = database.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  absl::StatusOr<int64_t> application = database.QueryInteger("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application == kApplicationId && *version == newest) return true;
  absl::StatusOr<int64_t> num_objects = database.QueryInteger("SELECT count(*) FROM sqlite_schema");
  if (!num_objects.ok()) return num_objects.status();
  if (*application != kApplicationId && (*application != 0 || *version != 0 || *num_objects != 0)) {
    return absl::FailedPreconditionError(
        "the file is a database of another application; name another file");
  }
  if (*version > newest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the database has schema version ", *version, ", and this program knows up to ", newest,
        "; use the program that made it, or a newer one"));
  }
  return false;
}

absl::Status Migrate(Database& database, absl::Span<const std::string> migrations) {
  absl::StatusOr<bool> current = IsCurrent(database, migrations);
  if (!current.ok()) return current.status();
  if (*current) return absl::OkStatus();

  absl::StatusOr<Transaction> transaction = Transaction::Begin(database);
  if (!transaction.ok()) return transaction.status();
  // Read again under the lock: another process may have been first.
  current = IsCurrent(database, migrations);
  if (!current.ok()) return current.status();
  absl::StatusOr<int64_t> version = database.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const auto newest = static_cast<int64_t>(migrations.size());
  for (int64_t i = *version; i < newest; ++i) {
    if (absl::Status done = database.Execute(migrations[static_cast<size_t>(i)]); !done.ok()) {
      return absl::Status(
          done.code(), absl::StrCat("migration to schema version ", i + 1, ": ", done.message()));
    }
  }
  if (absl::Status marked = database.Execute(absl::StrCat(
          "PRAGMA application_id = ", kApplicationId, "; PRAGMA user_version = ", newest));
      !marked.ok()) {
    return marked;
  }
  return transaction->Commit();
}

}  // namespace parlance::session

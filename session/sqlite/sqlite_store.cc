#include "session/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "session/message_check.h"
#include "session/new_session.h"
#include "session/reader_pool.h"
#include "session/rows.h"
#include "session/sqlite/connection.h"
#include "session/sqlite/database_header.h"
#include "session/sqlite/migrations.h"
#include "session/sqlite/sqlite_writer.h"
#include "session/sqlite/temporary_folder.h"
#include "session/unspaced.h"
#include "third_party/annotated_mutex.h"

namespace parlance::session {
namespace {

// Messages that are settled at a time: few enough that a write does not wait long for them.
constexpr int64_t kSettleAtOnce = 100;
constexpr int64_t kSettleAtOnceForSearch = 2000;

// Each word as an FTS5 string, so that nothing in it is syntax (FTS5 documentation, section 3.1).
std::string FtsQuery(absl::string_view words) {
  std::string query;
  // The space of Chinese and Japanese keyboards is one, too.
  const std::string spaced = absl::StrReplaceAll(words, {{"\u3000", " "}});
  for (absl::string_view word :
       absl::StrSplit(spaced, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty())) {
    absl::StrAppend(&query, query.empty() ? "" : " ", "\"",
                    absl::StrReplaceAll(word, {{"\"", "\"\""}, {absl::string_view("\0", 1), ""}}),
                    "\"");
  }
  return query;
}

// `best`: selects id and score of the hits, best first. Only they are read, and only they get a
// snippet, however many more there are.
std::string SearchQuery(const char* best) {
  return absl::StrCat("WITH best AS MATERIALIZED (", best, ") SELECT ", kMessageColumns,
                      ", s.public_id, snippet(messages_fts, 0, '[', ']', '…', ?4) FROM best "
                      "CROSS JOIN messages_fts ON messages_fts.rowid = best.id "
                      "CROSS JOIN messages m ON m.id = best.id "
                      "CROSS JOIN sessions s ON s.id = m.session "
                      "WHERE messages_fts MATCH ?1 ORDER BY best.score, m.id DESC");
}

// Selects the messages of a session between two sequences, from `messages` and from `new_messages`.
std::string HistoryQuery(const char* order) {
  return absl::StrCat("SELECT ", kMessageColumns,
                      " FROM messages m WHERE m.id > (?1 << 24) + ?2 AND m.id < (?1 << 24) + ?3 "
                      "ORDER BY m.id ",
                      order, " LIMIT ?4");
}
std::string NewHistoryQuery(const char* order) {
  return absl::StrCat("SELECT ", kMessageColumns,
                      " FROM new_messages m WHERE m.session = ?1 AND m.sequence > ?2 AND "
                      "m.sequence < ?3 ORDER BY m.sequence ",
                      order, " LIMIT ?4");
}

// The statements of a connection that reads.
struct ReadStatements {
  Preparer prepare;
  Statement begin = prepare("BEGIN");
  Statement end = prepare("COMMIT");
  Statement get_session =
      prepare(absl::StrCat("SELECT ", kSessionColumns, " FROM sessions WHERE public_id = ?1"));
  Statement list_sessions =
      prepare(absl::StrCat("SELECT ", kSessionColumns,
                           " FROM sessions WHERE (activity, id) < (?1, ?3) ORDER BY activity DESC, "
                           "id DESC LIMIT ?2"));
  Statement find_session = prepare("SELECT id, activity FROM sessions WHERE public_id = ?1");
  Statement history_after = prepare(HistoryQuery("ASC"));
  Statement new_history_after = prepare(NewHistoryQuery("ASC"));
  Statement history_before = prepare(HistoryQuery("DESC"));
  Statement new_history_before = prepare(NewHistoryQuery("DESC"));
  Statement search_all = prepare(
      SearchQuery("SELECT rowid AS id, rank AS score FROM messages_fts WHERE messages_fts MATCH ?1 "
                  "ORDER BY rank LIMIT ?2"));
  Statement search_session = prepare(
      SearchQuery("SELECT rowid AS id, rank AS score FROM messages_fts WHERE messages_fts MATCH ?1 "
                  "AND rowid > ?3 << 24 AND rowid < (?3 + 1) << 24 ORDER BY rank LIMIT ?2"));
  Statement new_messages = prepare(R"sql(SELECT ifnull((SELECT min(id) FROM new_messages), 0),
      ifnull((SELECT max(id) FROM new_messages), 0))sql");
  Statement stats = prepare(R"sql(SELECT count(*), ifnull(sum(closed_us IS NOT NULL), 0),
      ifnull(sum(next_sequence - 1), 0), (SELECT count(*) FROM new_messages) FROM sessions)sql");
};

using Reader = Connection<ReadStatements>;

// Calls `row` for each row. The statement is reset at the end.
template <typename Row>
absl::Status ForEachRow(Statement& query, Row&& row) {
  const StatementReset reset(query);
  for (;;) {
    absl::StatusOr<bool> stepped = query.Step();
    if (!stepped.ok()) return stepped.status();
    if (!*stepped) return absl::OkStatus();
    row();
  }
}

// While it lives, everything that the reader reads is from one moment.
class Snapshot {
 public:
  static absl::StatusOr<Snapshot> Take(Reader& reader) {
    if (absl::Status begun = reader.statements().begin.Run(); !begun.ok()) return begun;
    return Snapshot(reader);
  }
  ~Snapshot() {
    if (reader_ != nullptr) reader_->statements().end.Run().IgnoreError();
  }
  Snapshot(Snapshot&& other) noexcept : reader_(std::exchange(other.reader_, nullptr)) {}
  Snapshot& operator=(Snapshot&&) = delete;

 private:
  explicit Snapshot(Reader& reader) : reader_(&reader) {}

  Reader* reader_;
};

absl::Status Configure(Database& database) {
  // This comes before anything is changed: the file may not be ours.
  if (absl::Status migrated = Migrate(database, SchemaMigrations()); !migrated.ok()) {
    return migrated;
  }
  absl::StatusOr<std::string> mode = database.QueryText("PRAGMA journal_mode = WAL");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat("the file system does not support WAL mode; SQLite stays in mode ", *mode));
  }
  return absl::OkStatus();
}

// To become WAL, a database is locked for a moment, and SQLite does not wait for that lock.
absl::Status ConfigurePatiently(Database& database, absl::Duration patience) {
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(patience);
  for (;;) {
    absl::Status configured = Configure(database);
    if (!absl::IsUnavailable(configured) || std::chrono::steady_clock::now() >= end) {
      return configured;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

absl::StatusOr<Reader> OpenReader(const std::string& path, const DatabaseOptions& options) {
  absl::StatusOr<Database> database = Database::Open(path, options);
  if (!database.ok()) return database.status();
  if (absl::Status set = database->Execute("PRAGMA query_only = ON; PRAGMA cache_size = -4096");
      !set.ok()) {
    return set;
  }
  return Reader::Create(*std::move(database));
}

absl::Status SyncFile(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  const int synced = fsync(file);
  const int error = errno;
  close(file);
  if (synced != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

size_t BytesOf(absl::Span<const Message> messages) {
  const auto size = [](const std::optional<std::string>& text) {
    return text.has_value() ? text->size() : 0;
  };
  size_t bytes = 0;
  for (const Message& message : messages) {
    bytes += sizeof(Message) + message.content.size() + size(message.tool_calls) +
             size(message.metadata);
  }
  return bytes;
}

size_t BytesOf(const SessionStore::Amendment& amendment) {
  const size_t metadata = amendment.metadata.has_value() ? amendment.metadata->size() : 0;
  return sizeof(amendment) + amendment.content.size() + metadata;
}

// Copies in one step: each of several would start from the beginning when something was written.
absl::Status CopyDatabase(Database& source, const std::string& path) {
  absl::StatusOr<Database> copy = Database::Open(path, {});
  if (!copy.ok()) return copy.status();
  sqlite3_backup* backup = sqlite3_backup_init(copy->handle(), "main", source.handle(), "main");
  if (backup == nullptr) {
    return absl::InternalError(absl::StrCat(path, ": ", sqlite3_errmsg(copy->handle())));
  }
  sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if (result == SQLITE_OK) return absl::OkStatus();
  return absl::Status((result & 0xFF) == SQLITE_FULL ? absl::StatusCode::kResourceExhausted
                                                     : absl::StatusCode::kInternal,
                      absl::StrCat("cannot copy ", sqlite3_db_filename(source.handle(), "main"),
                                   " to ", path, ": ", sqlite3_errstr(result)));
}

// The size of a file; 0 if there is none.
int64_t SizeOf(const std::string& path) {
  struct stat file = {};
  return stat(path.c_str(), &file) == 0 ? file.st_size : 0;
}

absl::Status MayOnlyBeRead(const std::string& path) {
  return absl::PermissionDeniedError(absl::StrCat(
      path, " may only be read; this needs write access to the file and to its folder"));
}

// Whether the file, and files beside it, may be.
bool MayBeWritten(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return access(path.c_str(), W_OK) == 0 && access(folder.c_str(), W_OK) == 0;
}

// Defined below.
absl::StatusOr<std::unique_ptr<SqliteStore>> OpenCopy(const std::string& path, Database* source,
                                                      SqliteStoreOptions options);

// Where a store is, and how it is read.
struct Place {
  // The path that was asked for.
  std::string path;
  // What is opened, which may be a copy.
  std::string opened;
  Access access = Access::kChange;
  // Holds the copy, if it is one.
  std::unique_ptr<TemporaryFolder> folder = nullptr;
};

class SqliteStoreImpl : public SqliteStore {
 public:
  // `writer`: null if what is opened may not be written. `may_change`: whether callers may change
  // it, which in a copy would be lost.
  SqliteStoreImpl(Place place, SqliteStoreOptions options, std::unique_ptr<SqliteWriter> writer,
                  bool may_change)
      : place_(std::move(place)),
        options_(std::move(options)),
        may_change_(may_change),
        writer_(std::move(writer)),
        readers_(options_.max_readers,
                 [this] { return OpenReader(place_.opened, ReadingOptions()); }),
        queue_(
            options_.queue,
            [this](absl::Span<SqliteWrite* const> writes) { writer_->Commit(writes); },
            [this] { return SettleSome(kSettleAtOnce); }) {}

  absl::StatusOr<Session> CreateSession(const NewSession& from) override {
    if (absl::Status ok = CheckNewSession(from, options_.max_message_bytes); !ok.ok()) return ok;
    const absl::Time now = Now();
    Session session = SessionFrom(from, now, options_.new_id);
    Session made;
    const auto create = [&](SqliteWriter& writer) -> absl::Status {
      made = session;
      absl::Status written = writer.CreateSession(made, now);
      if (written.ok() && !from.messages.empty()) {
        written = writer.Append(made.id, from.messages, now).status();
      }
      // Appending has changed them.
      if (written.ok() &&
          (made.closed.has_value() || from.updated.has_value() || from.activity.has_value())) {
        written = writer.SetTimes(made);
      }
      return written;
    };
    if (absl::Status created = Write(session.title.size() + BytesOf(from.messages), create);
        !created.ok()) {
      return created;
    }
    return made;
  }

  absl::StatusOr<Session> GetSession(absl::string_view session_id) override {
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    Statement& query = (*reader)->statements().get_session;
    query.Bind(1, session_id);
    std::optional<Session> session;
    if (absl::Status read = ForEachRow(query, [&] { session = SessionOf(query); }); !read.ok()) {
      return read;
    }
    if (!session.has_value()) return NoSession(session_id);
    return *std::move(session);
  }

  absl::StatusOr<std::vector<Session>> ListSessions(int limit, absl::string_view before) override {
    if (absl::Status ok = CheckLimit(limit); !ok.ok()) return ok;
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    SessionKey end = {.id = INT64_MAX, .activity = INT64_MAX};
    if (!before.empty()) {
      absl::StatusOr<SessionKey> key = FindSession(**reader, before);
      if (!key.ok()) return key.status();
      end = *key;
    }
    Statement& query = (*reader)->statements().list_sessions;
    query.Bind(1, end.activity);
    query.Bind(2, static_cast<int64_t>(limit));
    query.Bind(3, end.id);
    std::vector<Session> sessions;
    if (absl::Status read = ForEachRow(query, [&] { sessions.push_back(SessionOf(query)); });
        !read.ok()) {
      return read;
    }
    return sessions;
  }

  absl::Status RenameSession(absl::string_view session_id, absl::string_view title) override {
    if (absl::Status ok = CheckText("title", title, options_.max_message_bytes); !ok.ok()) {
      return ok;
    }
    return Write(title.size(), [&, now = Now()](SqliteWriter& writer) {
      return writer.RenameSession(session_id, title, now);
    });
  }

  absl::Status CloseSession(absl::string_view session_id) override {
    return Write(0, [&, now = Now()](SqliteWriter& writer) {
      return writer.SetClosed(session_id, now, now);
    });
  }

  absl::StatusOr<Session> ResumeSession(absl::string_view session_id) override {
    if (absl::Status resumed = Write(0,
                                     [&, now = Now()](SqliteWriter& writer) {
                                       return writer.SetClosed(session_id, std::nullopt, now);
                                     });
        !resumed.ok()) {
      return resumed;
    }
    return GetSession(session_id);
  }

  absl::Status DeleteSession(absl::string_view session_id) override {
    return Write(0, [&](SqliteWriter& writer) { return writer.DeleteSession(session_id); });
  }

  absl::StatusOr<int64_t> PruneSessions(const Retention& retention) override {
    if (absl::Status ok = CheckRetention(retention); !ok.ok()) return ok;
    int64_t num_deleted = 0;
    const absl::Status pruned = Write(0, [&](SqliteWriter& writer) -> absl::Status {
      num_deleted = 0;
      if (retention.changed_since.has_value()) {
        absl::StatusOr<int64_t> deleted = writer.DeleteSessionsBefore(*retention.changed_since);
        if (!deleted.ok()) return deleted.status();
        num_deleted += *deleted;
      }
      if (retention.most_sessions.has_value()) {
        absl::StatusOr<int64_t> deleted = writer.KeepSessions(*retention.most_sessions);
        if (!deleted.ok()) return deleted.status();
        num_deleted += *deleted;
      }
      return absl::OkStatus();
    });
    if (!pruned.ok()) return pruned;
    return num_deleted;
  }

  absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                    absl::Span<const Message> messages) override {
    if (absl::Status ok = CheckMessages(messages, options_.max_message_bytes); !ok.ok()) return ok;
    int64_t first = 0;
    const absl::Status appended =
        Write(BytesOf(messages), [&, now = Now()](SqliteWriter& writer) -> absl::Status {
          absl::StatusOr<int64_t> sequence = writer.Append(session_id, messages, now);
          if (!sequence.ok()) return sequence.status();
          first = *sequence;
          return absl::OkStatus();
        });
    if (!appended.ok()) return appended;
    return first;
  }

  absl::Status AppendAsync(absl::string_view session_id, std::vector<Message> messages,
                           AppendDone done) override {
    if (absl::Status ok = CheckMessages(messages, options_.max_message_bytes); !ok.ok()) return ok;
    if (!may_change_) return MayOnlyBeRead(place_.path);
    const size_t bytes = BytesOf(messages);
    struct Pending {
      std::string session_id;
      std::vector<Message> messages;
      AppendDone done;
      absl::Time now;
      int64_t first = 0;
    };
    auto pending = std::make_shared<Pending>();
    pending->session_id = std::string(session_id);
    pending->messages = std::move(messages);
    pending->done = std::move(done);
    pending->now = Now();
    return queue_.Submit(std::make_unique<SqliteWrite>(
        bytes,
        [pending](SqliteWriter& writer) -> absl::Status {
          absl::StatusOr<int64_t> sequence =
              writer.Append(pending->session_id, pending->messages, pending->now);
          if (!sequence.ok()) return sequence.status();
          pending->first = *sequence;
          return absl::OkStatus();
        },
        [pending](const absl::Status& status) {
          if (status.ok()) {
            pending->done(pending->first);
          } else {
            pending->done(status);
          }
        }));
  }

  absl::Status Amend(absl::string_view session_id, const Amendment& amendment) override {
    if (absl::Status ok = CheckAmendment(amendment, options_.max_message_bytes); !ok.ok()) {
      return ok;
    }
    return Write(BytesOf(amendment), [&, now = Now()](SqliteWriter& writer) {
      return writer.Amend(session_id, amendment, now);
    });
  }

  absl::Status AmendAsync(absl::string_view session_id, Amendment amendment,
                          AmendDone done) override {
    if (absl::Status ok = CheckAmendment(amendment, options_.max_message_bytes); !ok.ok()) {
      return ok;
    }
    if (!may_change_) return MayOnlyBeRead(place_.path);
    const size_t bytes = BytesOf(amendment);
    return queue_.Submit(std::make_unique<SqliteWrite>(
        bytes,
        [id = std::string(session_id), amendment = std::move(amendment),
         now = Now()](SqliteWriter& writer) { return writer.Amend(id, amendment, now); },
        std::move(done)));
  }

  absl::StatusOr<std::vector<Message>> History(absl::string_view session_id,
                                               const HistoryOptions& options) override {
    if (absl::Status ok = CheckLimit(options.limit); !ok.ok()) return ok;
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    absl::StatusOr<Snapshot> snapshot = Snapshot::Take(**reader);
    if (!snapshot.ok()) return snapshot.status();
    absl::StatusOr<SessionKey> key = FindSession(**reader, session_id);
    if (!key.ok()) return key.status();
    std::vector<Message> messages;
    const auto read = [&](Statement& query) -> absl::Status {
      const int64_t left = options.limit - static_cast<int64_t>(messages.size());
      if (left == 0) return absl::OkStatus();
      query.Bind(1, key->id);
      query.Bind(2, std::clamp<int64_t>(options.after.value_or(0), 0, kMaxMessages));
      query.Bind(3, std::clamp<int64_t>(options.before.value_or(INT64_MAX), 0, kMaxMessages + 1));
      query.Bind(4, left);
      return ForEachRow(query, [&] { messages.push_back(MessageOf(query)); });
    };
    // New messages follow all others of their session.
    const bool forward = options.after.has_value();
    ReadStatements& sql = (*reader)->statements();
    for (Statement* const query : forward
                                      ? std::array{&sql.history_after, &sql.new_history_after}
                                      : std::array{&sql.new_history_before, &sql.history_before}) {
      if (absl::Status done = read(*query); !done.ok()) return done;
    }
    if (!forward) std::reverse(messages.begin(), messages.end());
    return messages;
  }

  absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view words,
                                                absl::string_view session_id, int limit) override {
    if (absl::Status ok = CheckLimit(limit); !ok.ok()) return ok;
    if (absl::Status ok = CheckText("the search", words, options_.max_message_bytes); !ok.ok()) {
      return ok;
    }
    const std::string fts_query = FtsQuery(words);
    if (fts_query.empty()) return absl::InvalidArgumentError("there is no word to search for");
    if (writer_ == nullptr) {
      absl::StatusOr<bool> known = KnowsAll();
      if (!known.ok()) return known.status();
      if (!*known) {
        absl::StatusOr<SqliteStore*> copy = Copy();
        if (!copy.ok()) return copy.status();
        return (*copy)->Search(words, session_id, limit);
      }
    } else if (absl::Status settled = CatchUp(); !settled.ok()) {
      return settled;
    }
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    ReadStatements& sql = (*reader)->statements();
    Statement& query = session_id.empty() ? sql.search_all : sql.search_session;
    if (!session_id.empty()) {
      absl::StatusOr<SessionKey> key = FindSession(**reader, session_id);
      if (!key.ok()) return key.status();
      query.Bind(3, key->id);
    }
    query.Bind(1, absl::string_view(fts_query));
    query.Bind(2, static_cast<int64_t>(limit));
    // Each character of a script without spaces counts as a word.
    constexpr int64_t kWordsOfSnippet = 12;
    constexpr int64_t kCharactersOfSnippet = 24;
    query.Bind(
        4, FindUnspaced(words) == absl::string_view::npos ? kWordsOfSnippet : kCharactersOfSnippet);
    std::vector<SearchHit> hits;
    if (absl::Status read = ForEachRow(
            query,
            [&] {
              hits.push_back({.session_id = std::string(query.Text(kNumMessageColumns)),
                              .message = MessageOf(query),
                              .snippet = std::string(query.Text(kNumMessageColumns + 1))});
            });
        !read.ok()) {
      return read;
    }
    return hits;
  }

  absl::StatusOr<Stats> GetStats() override {
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    Stats stats;
    Statement& query = (*reader)->statements().stats;
    if (absl::Status read = ForEachRow(query,
                                       [&] {
                                         stats.num_sessions = query.Integer(0);
                                         stats.num_closed_sessions = query.Integer(1);
                                         stats.num_messages = query.Integer(2);
                                         stats.num_unindexed_messages = query.Integer(3);
                                       });
        !read.ok()) {
      return read;
    }
    absl::StatusOr<int64_t> version = (*reader)->database().QueryInteger("PRAGMA user_version");
    if (!version.ok()) return version.status();
    stats.schema_version = *version;
    for (const char* suffix : {"", "-wal"}) {
      stats.bytes += SizeOf(absl::StrCat(place_.path, suffix));
    }
    return stats;
  }

  absl::Status CheckIntegrity() override {
    {
      auto reader = readers_.Take();
      if (!reader.ok()) return reader.status();
      absl::StatusOr<std::string> checked =
          (*reader)->database().QueryText("PRAGMA integrity_check");
      if (!checked.ok()) return checked.status();
      if (*checked != "ok") return absl::DataLossError(absl::StrCat(place_.path, ": ", *checked));
    }
    if (writer_ == nullptr) {
      absl::StatusOr<SqliteStore*> copy = Copy();
      if (!copy.ok()) return copy.status();
      return (*copy)->CheckIntegrity();
    }
    return WriteOwn(0, [](SqliteWriter& writer) { return writer.CheckIndex(); });
  }

  int64_t num_commits() const override { return queue_.num_commits(); }

  absl::Status Backup(const std::string& path) override {
    struct stat target = {};
    const bool is_there = lstat(path.c_str(), &target) == 0;
    if (is_there && (!S_ISREG(target.st_mode) || target.st_size != 0)) {
      return absl::AlreadyExistsError(absl::StrCat(path, " is there already; name another file"));
    }
    const std::string written = is_there ? path : absl::StrCat(path, ".partial");
    if (!is_there) std::remove(written.c_str());
    absl::StatusOr<Database> source = Database::Open(place_.opened, ReadingOptions());
    if (!source.ok()) return source.status();
    absl::Status copied = CopyDatabase(*source, written);
    if (copied.ok()) copied = SyncFile(written, O_RDWR);
    if (copied.ok() && !is_there && std::rename(written.c_str(), path.c_str()) != 0) {
      copied = absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
    }
    if (!copied.ok()) {
      if (is_there) {
        if (truncate(path.c_str(), 0) != 0) std::remove(path.c_str());
      } else {
        std::remove(written.c_str());
      }
      return copied;
    }
    const size_t slash = path.rfind('/');
    return SyncFile(slash == std::string::npos ? "." : path.substr(0, slash + 1),
                    O_RDONLY | O_DIRECTORY);
  }

 private:
  struct SessionKey {
    int64_t id = 0;
    int64_t activity = 0;
  };
  // The numbers of the first and the last row of new_messages, or 0.
  struct NewMessages {
    int64_t first = 0;
    int64_t last = 0;
  };

  // The time, as precise as it is stored.
  absl::Time Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(options_.now())); }

  DatabaseOptions ReadingOptions() const {
    DatabaseOptions reading = options_.database;
    reading.access = place_.access;
    return reading;
  }

  // Writes what a caller asked for.
  absl::Status Write(size_t bytes, SqliteWrite::Apply apply) {
    if (!may_change_) return MayOnlyBeRead(place_.path);
    return WriteOwn(bytes, std::move(apply));
  }

  // Writes what the store needs for itself.
  absl::Status WriteOwn(size_t bytes, SqliteWrite::Apply apply) {
    SqliteWrite write(bytes, std::move(apply));
    if (absl::Status queued = queue_.Run(write); !queued.ok()) return queued;
    return write.status();
  }

  static absl::StatusOr<SessionKey> FindSession(Reader& reader, absl::string_view session_id) {
    Statement& query = reader.statements().find_session;
    query.Bind(1, session_id);
    std::optional<SessionKey> key;
    if (absl::Status read = ForEachRow(
            query, [&] { key = SessionKey{.id = query.Integer(0), .activity = query.Integer(1)}; });
        !read.ok()) {
      return read;
    }
    if (!key.has_value()) return NoSession(session_id);
    return *key;
  }

  static absl::StatusOr<NewMessages> FindNewMessages(Reader& reader) {
    Statement& query = reader.statements().new_messages;
    NewMessages found;
    if (absl::Status read = ForEachRow(
            query, [&] { found = {.first = query.Integer(0), .last = query.Integer(1)}; });
        !read.ok()) {
      return read;
    }
    return found;
  }

  // Called on the queue's thread, which does not commit meanwhile. Whether there is more to settle.
  // An error can wait: a search or a check meets it too, and has somebody to tell.
  bool SettleSome(int64_t most) {
    bool more = false;
    SqliteWrite settle(0, [&](SqliteWriter& writer) -> absl::Status {
      absl::StatusOr<bool> settled = writer.Settle(most);
      if (!settled.ok()) return settled.status();
      more = *settled;
      return absl::OkStatus();
    });
    SqliteWrite* pointer = &settle;
    writer_->Commit(absl::MakeConstSpan(&pointer, 1));
    return settle.status().ok() && more;
  }

  // Returns when search knows every message that is there now.
  absl::Status CatchUp() {
    int64_t last = 0;
    for (bool first = true;; first = false) {
      absl::StatusOr<NewMessages> found = NewMessages{};
      {
        auto reader = readers_.Take();
        if (!reader.ok()) return reader.status();
        found = FindNewMessages(**reader);
      }
      if (!found.ok()) return found.status();
      if (first) last = found->last;
      // Numbers begin anew when all are settled.
      if (found->first == 0 || found->first > last) return absl::OkStatus();
      if (absl::Status settled = WriteOwn(
              0,
              [](SqliteWriter& writer) { return writer.Settle(kSettleAtOnceForSearch).status(); });
          !settled.ok()) {
        return settled;
      }
    }
  }

  absl::StatusOr<bool> KnowsAll() {
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    absl::StatusOr<NewMessages> found = FindNewMessages(**reader);
    if (!found.ok()) return found.status();
    return found->first == 0;
  }

  // Returns a copy of a store that may only be read, as it is when this is called first.
  absl::StatusOr<SqliteStore*> Copy() {
    annotated::MutexLock lock(copy_mutex_);
    if (copy_ == nullptr) {
      absl::StatusOr<Database> source = Database::Open(place_.opened, ReadingOptions());
      if (!source.ok()) return source.status();
      absl::StatusOr<std::unique_ptr<SqliteStore>> copy = OpenCopy(place_.path, &*source, options_);
      if (!copy.ok()) return copy.status();
      copy_ = *std::move(copy);
    }
    return copy_.get();
  }

  // First, so that a copy's folder ends last.
  const Place place_;
  const SqliteStoreOptions options_;
  const bool may_change_;
  const std::unique_ptr<SqliteWriter> writer_;
  ReaderPool<Reader> readers_;
  annotated::Mutex copy_mutex_;
  std::unique_ptr<SqliteStore> copy_ ABSL_GUARDED_BY(copy_mutex_);
  // Last, so that it ends first: it uses the others.
  CommitQueue<SqliteWrite> queue_;
};

absl::Status EmptyFile(const std::string& path) {
  return absl::NotFoundError(absl::StrCat(path, " is empty: there is no store in it"));
}

absl::StatusOr<std::unique_ptr<SqliteStore>> OpenToWrite(Place place, SqliteStoreOptions options,
                                                         bool may_change) {
  const std::string path = place.path;
  DatabaseOptions writing = options.database;
  writing.access = options.may_make ? Access::kMake : Access::kChange;
  absl::StatusOr<Database> database = Database::Open(place.opened, writing);
  if (!database.ok()) return database.status();
  const auto with_path = [&](const absl::Status& status) {
    // A log that cannot be made beside the file is a file that cannot be opened, to SQLite.
    if (absl::IsPermissionDenied(status) || (absl::IsNotFound(status) && !MayBeWritten(path))) {
      return MayOnlyBeRead(path);
    }
    // SQLite's errors have it already.
    if (absl::StrContains(status.message(), path)) return status;
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  };
  // Who only uses a store makes none in a file that has none.
  if (!options.may_make) {
    const absl::StatusOr<bool> is_empty = IsEmpty(*database);
    if (is_empty.ok() && *is_empty) return EmptyFile(path);
  }
  if (absl::Status configured = ConfigurePatiently(*database, options.database.busy_timeout);
      !configured.ok()) {
    return with_path(configured);
  }
  // SQLite opens such a file all the same.
  if (sqlite3_db_readonly(database->handle(), "main") == 1) return MayOnlyBeRead(path);
  absl::StatusOr<std::unique_ptr<SqliteWriter>> writer = SqliteWriter::Create(*std::move(database));
  if (!writer.ok()) return with_path(writer.status());
  return std::make_unique<SqliteStoreImpl>(std::move(place), std::move(options), *std::move(writer),
                                           may_change);
}

// `source`: the store, or null if SQLite cannot read it where it is.
absl::StatusOr<std::unique_ptr<SqliteStore>> OpenCopy(const std::string& path, Database* source,
                                                      SqliteStoreOptions options) {
  const auto failed = [&](const absl::Status& status) {
    return absl::Status(
        status.code(),
        absl::StrCat(path, " may only be read, and the copy that this needs failed: ",
                     status.message(), "; set TMPDIR to make copies in another folder"));
  };
  absl::StatusOr<std::unique_ptr<TemporaryFolder>> folder = TemporaryFolder::Make();
  if (!folder.ok()) return failed(folder.status());
  absl::StatusOr<std::string> copy = absl::StrCat((*folder)->path(), "/store.db");
  if (source != nullptr) {
    if (absl::Status copied = CopyDatabase(*source, *copy); !copied.ok()) return failed(copied);
  } else {
    // The log is copied, too. SQLite takes from it what was committed.
    copy = (*folder)->CopyWithLog(path);
    if (!copy.ok()) return failed(copy.status());
  }
  // The system's own disk, whatever the store's was.
  options.database.vfs.clear();
  options.may_make = false;
  return OpenToWrite(
      {.path = path, .opened = *copy, .access = Access::kChange, .folder = *std::move(folder)},
      std::move(options), /*may_change=*/false);
}

absl::StatusOr<std::unique_ptr<SqliteStore>> OpenReadOnly(const std::string& path,
                                                          SqliteStoreOptions options) {
  // Without a log, or with the log's index beside it, a store can be read where it is.
  for (const Access access : {Access::kRead, Access::kReadUnchanging}) {
    if (access == Access::kReadUnchanging && SizeOf(absl::StrCat(path, "-wal")) > 0) continue;
    DatabaseOptions reading = options.database;
    reading.access = access;
    absl::StatusOr<Database> database = Database::Open(path, reading);
    if (!database.ok()) continue;
    const absl::StatusOr<bool> current = IsCurrent(*database, SchemaMigrations());
    if (absl::IsFailedPrecondition(current.status())) {
      return absl::Status(current.status().code(),
                          absl::StrCat(path, ": ", current.status().message()));
    }
    if (!current.ok()) continue;
    if (!*current) return OpenCopy(path, &*database, std::move(options));
    return std::make_unique<SqliteStoreImpl>(Place{.path = path, .opened = path, .access = access},
                                             std::move(options), nullptr,
                                             /*may_change=*/false);
  }
  return OpenCopy(path, nullptr, std::move(options));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path,
                                                               SqliteStoreOptions options) {
  if (options.database.vfs.empty()) {
    struct stat file = {};
    if (stat(path.c_str(), &file) != 0) {
      if (errno != ENOENT) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
      if (!options.may_make) return absl::NotFoundError(absl::StrCat("there is no ", path));
    } else if (!S_ISREG(file.st_mode)) {
      // Reading a FIFO would never end.
      return absl::NotFoundError(absl::StrCat(path, " is not a file but a folder or a device"));
    } else if (!options.may_make && file.st_size == 0 && SizeOf(absl::StrCat(path, "-wal")) == 0) {
      return EmptyFile(path);
    } else if (file.st_size > 0 && file.st_size < kMinPageBytes) {
      // A single byte is an empty database to SQLite, which would write over it.
      return absl::FailedPreconditionError(absl::StrCat(
          path, " is not a database: it has ", file.st_size, " of ", kMinPageBytes, " bytes"));
    }
  }
  absl::StatusOr<std::unique_ptr<SqliteStore>> store =
      OpenToWrite({.path = path, .opened = path}, options, /*may_change=*/true);
  if (store.ok() || !options.may_be_read_only) return store;
  const bool may_be_unwritable = absl::IsPermissionDenied(store.status()) ||
                                 absl::IsNotFound(store.status()) ||
                                 absl::IsInternal(store.status());
  if (!may_be_unwritable || access(path.c_str(), R_OK) != 0) return store;
  return OpenReadOnly(path, std::move(options));
}

}  // namespace parlance::session

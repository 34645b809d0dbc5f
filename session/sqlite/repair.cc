#include "session/sqlite/repair.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "session/message_check.h"
#include "session/sqlite/database.h"
#include "session/sqlite/database_header.h"
#include "session/sqlite/migrations.h"
#include "session/sqlite/temporary_folder.h"

namespace parlance::session {
namespace {

// Rows in the order of their numbers. Where a row cannot be read, the next one that can is looked
// for further on, by ever larger steps, and then as near to the gap as possible.
class DamagedTable {
 public:
  // What is read of a row is its number, and then `columns`.
  static absl::StatusOr<DamagedTable> Open(Database& database, const std::string& table,
                                           const std::string& columns) {
    absl::StatusOr<Statement> next = database.Prepare(absl::StrCat(
        "SELECT id, ", columns, " FROM ", table, " NOT INDEXED WHERE id > ?1 ORDER BY id"));
    if (!next.ok()) return next.status();
    return DamagedTable(*std::move(next));
  }

  // Calls `row` for each row that can be read.
  absl::Status ForEach(const std::function<absl::Status(const Statement&)>& row) {
    int64_t after = INT64_MIN;
    for (;;) {
      bool damaged = false;
      statement_.Bind(1, after);
      for (;;) {
        absl::StatusOr<bool> stepped = statement_.Step();
        if (!stepped.ok()) {
          damaged = true;
          break;
        }
        if (!*stepped) break;
        // Damage may put rows out of order, and what was read is not read again.
        after = std::max(after, statement_.Integer(0));
        if (absl::Status taken = row(statement_); !taken.ok()) {
          statement_.Reset();
          return taken;
        }
      }
      statement_.Reset();
      if (!damaged) return absl::OkStatus();
      ++num_gaps_;
      const std::optional<int64_t> further = NextReadable(after);
      if (!further.has_value()) return absl::OkStatus();
      after = *further;
    }
  }

  int64_t num_gaps() const { return num_gaps_; }

 private:
  explicit DamagedTable(Statement statement) : statement_(std::move(statement)) {}

  // Whether the first row after this one can be read.
  bool CanReadAfter(int64_t id) {
    statement_.Bind(1, id);
    const absl::StatusOr<bool> row = statement_.Step();
    const bool can = row.ok() && *row;
    statement_.Reset();
    return can;
  }

  std::optional<int64_t> NextReadable(int64_t after) {
    const int64_t from = std::max<int64_t>(after, 0);
    int64_t bad = from;
    int64_t step = 1;
    while (!CanReadAfter(from + step)) {
      bad = from + step;
      if (step > (INT64_MAX - from) / 2) return std::nullopt;
      step *= 2;
    }
    int64_t good = from + step;
    while (good - bad > 1) {
      const int64_t middle = bad + (good - bad) / 2;
      (CanReadAfter(middle) ? good : bad) = middle;
    }
    return good;
  }

  Statement statement_;
  int64_t num_gaps_ = 0;
};

// Columns but the number that both tables have: the damaged file's schema may be older.
absl::StatusOr<std::vector<std::string>> CommonColumns(Database& damaged, const std::string& from,
                                                       Database& fresh, const std::string& to) {
  const auto columns_of =
      [&](Database& database,
          const std::string& table) -> absl::StatusOr<std::vector<std::string>> {
    absl::StatusOr<Statement> query =
        database.Prepare(absl::StrCat("SELECT name FROM pragma_table_info('", table, "')"));
    if (!query.ok()) return query.status();
    std::vector<std::string> names;
    for (;;) {
      absl::StatusOr<bool> row = query->Step();
      if (!row.ok()) return row.status();
      if (!*row) return names;
      names.emplace_back(query->Text(0));
    }
  };
  absl::StatusOr<std::vector<std::string>> theirs = columns_of(damaged, from);
  if (!theirs.ok()) return theirs.status();
  absl::StatusOr<std::vector<std::string>> ours = columns_of(fresh, to);
  if (!ours.ok()) return ours.status();
  std::vector<std::string> common;
  for (const std::string& name : *ours) {
    if (name != "id" && std::find(theirs->begin(), theirs->end(), name) != theirs->end()) {
      common.push_back(name);
    }
  }
  return common;
}

// What is known to be doubtful, by the number of a session's row.
using Doubts = std::map<int64_t, int64_t>;

struct Copy {
  const char* from;
  const char* to;
  // What of a row in `from` is its number in `to`, as SQL.
  const char* id;
  // How far the number of a row in `to` is shifted to be that of its session.
  int session_shift;
};

// Whether the text has what an unreadable page leaves in it, and nobody says.
bool HasStretchOfNuls(absl::string_view text) {
  constexpr size_t kMany = 64;
  return absl::StrContains(text, absl::string_view(std::string(kMany, '\0')));
}

// UTF-8 that begins like `text`, with a question mark for each byte that does not fit.
std::string Mended(absl::string_view text) {
  std::string mended;
  while (!text.empty()) {
    size_t size = 1;
    while (size < 5 && size <= text.size() && !IsUtf8(text.substr(0, size))) ++size;
    if (size == 5 || size > text.size()) {
      mended.push_back('?');
      size = 1;
    } else {
      absl::StrAppend(&mended, text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return mended;
}

// Binds a column's value to a parameter, mended if it is text that the store would not have taken.
// Returns whether it had to be. `text` keeps what is bound.
bool BindMended(const Statement& row, int column, const std::string& name, Statement& insert,
                std::string& text) {
  row.CopyColumn(column, insert, column);
  const std::optional<std::string> value = row.OptionalText(column);
  if (!value.has_value()) return false;
  const bool is_json = name == "metadata" || name == "tool_calls";
  if (is_json) {
    const absl::Status checked = name == "metadata" ? CheckJsonObject(name, *value, SIZE_MAX)
                                                    : CheckJsonArray(name, *value, SIZE_MAX);
    if (checked.ok()) return false;
    insert.BindOptional(column, std::optional<std::string>());
    return true;
  }
  if (name == "public_id" && !CheckId(*value).ok()) {
    // So that the row is refused; its messages make a session of another id.
    insert.BindOptional(column, std::optional<std::string>());
    return true;
  }
  if (!IsUtf8(*value)) {
    text = Mended(*value);
    insert.Bind(column, absl::string_view(text));
    return true;
  }
  return HasStretchOfNuls(*value);
}

// Copies a table's readable rows. Rows that break the schema's rules, as damaged ones may, are left
// out.
absl::Status CopyTable(Database& damaged, Database& fresh, const Copy& copy, Salvaged& salvaged,
                       Doubts& doubts) {
  absl::StatusOr<std::vector<std::string>> columns =
      CommonColumns(damaged, copy.from, fresh, copy.to);
  if (!columns.ok()) return columns.status();
  if (columns->empty())
    return absl::DataLossError(absl::StrCat("the table ", copy.from, " is missing"));
  const std::string names = absl::StrJoin(*columns, ", ");
  absl::StatusOr<DamagedTable> rows =
      DamagedTable::Open(damaged, copy.from, absl::StrCat(copy.id, ", ", names));
  if (!rows.ok()) return rows.status();
  const int num_values = 1 + static_cast<int>(columns->size());
  std::vector<std::string> parameters;
  for (int i = 1; i <= num_values; ++i) parameters.push_back(absl::StrCat("?", i));
  absl::StatusOr<Statement> insert =
      fresh.Prepare(absl::StrCat("INSERT OR IGNORE INTO ", copy.to, " (id, ", names, ") VALUES (",
                                 absl::StrJoin(parameters, ", "), ")"));
  if (!insert.ok()) return insert.status();
  std::vector<std::string> texts(columns->size());
  absl::Status copied = rows->ForEach([&](const Statement& row) -> absl::Status {
    row.CopyColumn(1, *insert, 1);
    bool is_doubtful = false;
    for (int i = 2; i <= num_values; ++i) {
      const auto column = static_cast<size_t>(i - 2);
      is_doubtful |= BindMended(row, i, (*columns)[column], *insert, texts[column]);
    }
    absl::Status inserted = insert->Run();
    // A value of a wrong type, in a STRICT table.
    const bool was_refused = absl::IsAlreadyExists(inserted);
    if (!inserted.ok() && !was_refused) return inserted;
    if (was_refused || fresh.NumChanged() == 0) {
      ++salvaged.num_refused;
    } else if (is_doubtful) {
      ++doubts[row.Integer(1) >> copy.session_shift];
    }
    return absl::OkStatus();
  });
  salvaged.num_gaps += rows->num_gaps();
  return copied;
}

// The tables of a damaged file, as its schema's version has them.
absl::StatusOr<std::vector<Copy>> CopiesOf(Database& damaged) {
  absl::StatusOr<int64_t> version = damaged.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  static constexpr char kBySession[] = "session << 24 | sequence";
  std::vector<Copy> copies = {{"sessions", "sessions", "id", 0}};
  if (*version < 3) {
    copies.push_back({"messages", "messages", kBySession, kSequenceBits});
  } else {
    copies.push_back({"messages", "messages", "id", kSequenceBits});
    copies.push_back({"new_messages", "messages", kBySession, kSequenceBits});
  }
  return copies;
}

// Sessions of which only the id is left, in its index, from both of its ends as far as that can be
// read.
void CopyIds(Database& damaged, Database& fresh) {
  absl::StatusOr<Statement> insert = fresh.Prepare(
      "INSERT OR IGNORE INTO sessions (id, public_id, title, created_us, updated_us, activity) "
      "VALUES (?1, ?2, '', 0, 0, 0)");
  if (!insert.ok()) return;
  for (const char* order : {"ASC", "DESC"}) {
    absl::StatusOr<Statement> ids = damaged.Prepare(
        absl::StrCat("SELECT id, public_id FROM sessions INDEXED BY sqlite_autoindex_sessions_1 "
                     "ORDER BY public_id ",
                     order));
    if (!ids.ok()) return;
    for (;;) {
      const absl::StatusOr<bool> row = ids->Step();
      if (!row.ok() || !*row) break;
      if (!CheckId(ids->Text(1)).ok()) continue;
      ids->CopyColumn(0, *insert, 1);
      ids->CopyColumn(1, *insert, 2);
      insert->Run().IgnoreError();
    }
  }
}

// What each session lacks, by its own count, or where that is lost, by its messages' places: a
// damaged place may be far off. To be called before the count is brought up to date.
absl::Status FindLosses(Database& fresh, const Doubts& doubts, Salvaged& salvaged) {
  absl::StatusOr<Statement> query = fresh.Prepare(R"sql(
SELECT sessions.id, public_id, max(0, iif(next_sequence > 1, next_sequence - 1,
    ifnull(last & 16777215, 0)) - ifnull(present, 0)) FROM sessions LEFT JOIN
  (SELECT id >> 24 AS session, count(*) AS present, max(id) AS last FROM messages GROUP BY id >> 24)
  AS found ON found.session = sessions.id ORDER BY sessions.id)sql");
  if (!query.ok()) return query.status();
  for (;;) {
    absl::StatusOr<bool> row = query->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    const auto doubtful = doubts.find(query->Integer(0));
    Salvaged::Loss loss = {.session_id = std::string(query->Text(1)),
                           .num_lost = query->Integer(2),
                           .num_doubtful = doubtful == doubts.end() ? 0 : doubtful->second};
    if (loss.num_lost != 0 || loss.num_doubtful != 0) salvaged.losses.push_back(std::move(loss));
  }
}

absl::StatusOr<Salvaged> Salvage(Database& damaged, Database& fresh) {
  absl::StatusOr<Transaction> transaction = Transaction::Begin(fresh);
  if (!transaction.ok()) return transaction.status();
  Salvaged salvaged;
  Doubts doubts;
  absl::StatusOr<std::vector<Copy>> copies = CopiesOf(damaged);
  if (!copies.ok()) return copies.status();
  absl::Status missing;
  size_t num_missing = 0;
  for (const Copy& copy : *copies) {
    const absl::Status copied = CopyTable(damaged, fresh, copy, salvaged, doubts);
    if (absl::IsResourceExhausted(copied)) return copied;
    // Without one table there are still the others.
    if (!copied.ok()) {
      missing = copied;
      ++num_missing;
      ++salvaged.num_gaps;
    }
  }
  if (num_missing == copies->size()) return missing;
  // What earlier versions counted, version 4 tells by time.
  absl::StatusOr<int64_t> version = damaged.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version < 4) {
    if (absl::Status timed = fresh.Execute(kTimeActivities); !timed.ok()) return timed;
  }
  absl::StatusOr<int64_t> num_whole = fresh.QueryInteger("SELECT count(*) FROM sessions");
  if (!num_whole.ok()) return num_whole.status();
  CopyIds(damaged, fresh);
  // Sessions of which only messages are left, and what follows from messages.
  if (absl::Status mended = fresh.Execute(R"sql(
INSERT INTO sessions (id, public_id, title, created_us, updated_us, activity)
  SELECT session, printf('sess_recovered_%d', session), '', min(created_us), max(created_us), 0
  FROM messages WHERE session NOT IN (SELECT id FROM sessions) GROUP BY session;
UPDATE sessions SET created_us = mended.first, updated_us = mended.last, activity = mended.last
  FROM (SELECT session, min(created_us) AS first, max(created_us) AS last FROM messages
    GROUP BY session) AS mended
  WHERE mended.session = sessions.id AND sessions.activity = 0;
)sql");
      !mended.ok()) {
    return mended;
  }
  if (absl::Status found = FindLosses(fresh, doubts, salvaged); !found.ok()) return found;
  if (absl::Status mended = fresh.Execute(R"sql(
UPDATE sessions SET next_sequence = max(next_sequence, 1 + ifnull(
  (SELECT max(id) FROM messages WHERE id > sessions.id << 24 AND id < (sessions.id + 1) << 24)
  & 16777215, 0));
INSERT INTO messages_fts (messages_fts) VALUES ('rebuild');
)sql");
      !mended.ok()) {
    return mended;
  }
  for (const auto& [number, query] :
       {std::pair(&salvaged.num_sessions, "SELECT count(*) FROM sessions"),
        std::pair(&salvaged.num_messages, "SELECT count(*) FROM messages")}) {
    absl::StatusOr<int64_t> count = fresh.QueryInteger(query);
    if (!count.ok()) return count.status();
    *number = *count;
  }
  salvaged.num_orphans = salvaged.num_sessions - *num_whole;
  if (absl::Status committed = transaction->Commit(); !committed.ok()) return committed;
  return salvaged;
}

// Opens a damaged file so that nothing of it is changed, and with as much of it as can be read.
absl::StatusOr<Database> OpenDamaged(const std::string& path, Access access) {
  absl::StatusOr<Database> database = Database::Open(path, {.access = access});
  if (!database.ok()) return database.status();
  // A schema that contradicts the file, as that of a file that was cut does, is read all the same.
  // Parts of it may be missing.
  if (absl::Status set =
          database->Execute("PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON");
      !set.ok()) {
    return set;
  }
  absl::StatusOr<int64_t> application = database->QueryInteger("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application != kApplicationId) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a store, or its first page is lost; nothing can be saved"));
  }
  return database;
}

// Every version of the schema has these.
bool HasTables(Database& database) {
  const absl::StatusOr<int64_t> num_tables = database.QueryInteger(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('sessions', "
      "'messages')");
  return num_tables.ok() && *num_tables == 2;
}

// A store whose header is damaged, and its other pages may be whole: a copy gets a new header.
absl::StatusOr<Database> OpenWithNewHeader(const std::string& damaged,
                                           const TemporaryFolder& folder) {
  absl::StatusOr<std::vector<int>> sizes = PossiblePageSizes(damaged);
  if (!sizes.ok()) return sizes.status();
  absl::StatusOr<std::string> copy = folder.CopyFile(damaged);
  if (!copy.ok()) return copy.status();
  for (const int size : *sizes) {
    if (absl::Status written = WriteHeader(*copy, size); !written.ok()) return written;
    absl::StatusOr<Database> database = OpenDamaged(*copy, Access::kReadUnchanging);
    if (database.ok() && HasTables(*database)) return database;
  }
  return absl::DataLossError(
      absl::StrCat(damaged, " is not a store, or its first page is lost; nothing can be saved"));
}

// What a damaged store is read from, and the copy that this needed, if any.
struct DamagedStore {
  // First, so that it ends last.
  std::unique_ptr<TemporaryFolder> folder;
  Database database;
  bool log_was_ignored = false;
};

// `parent`: where copies are made, "" for the usual place.
absl::StatusOr<DamagedStore> OpenDamagedStore(const std::string& damaged,
                                              const std::string& parent) {
  struct stat file = {};
  if (stat(damaged.c_str(), &file) != 0) {
    return errno == ENOENT ? absl::NotFoundError(absl::StrCat("there is no ", damaged))
                           : absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", damaged));
  }
  if (!S_ISREG(file.st_mode)) {
    // Reading a FIFO would never end.
    return absl::InvalidArgumentError(
        absl::StrCat(damaged, " is not a file but a folder or a device"));
  }
  const bool has_log = stat(absl::StrCat(damaged, "-wal").c_str(), &file) == 0 && file.st_size > 0;
  std::unique_ptr<TemporaryFolder> folder;
  if (has_log) {
    // With a log, SQLite has to write beside the file, and would write what the log has into it.
    auto made = TemporaryFolder::Make(parent);
    if (!made.ok()) return made.status();
    folder = *std::move(made);
    absl::StatusOr<std::string> copy = folder->CopyWithLog(damaged);
    if (!copy.ok()) return copy.status();
    absl::StatusOr<Database> database = OpenDamaged(*copy, Access::kChange);
    if (database.ok() && HasTables(*database)) {
      return DamagedStore{std::move(folder), *std::move(database)};
    }
  }
  absl::StatusOr<Database> database = OpenDamaged(damaged, Access::kReadUnchanging);
  if (absl::IsDataLoss(database.status()) || (database.ok() && !HasTables(*database))) {
    auto made = TemporaryFolder::Make(parent);
    if (!made.ok()) return made.status();
    absl::StatusOr<Database> mended = OpenWithNewHeader(damaged, **made);
    if (mended.ok()) folder = *std::move(made);
    // A database without the tables, though it can be opened, is as lost.
    database = std::move(mended);
  }
  if (!database.ok()) return database.status();
  return DamagedStore{std::move(folder), *std::move(database), has_log};
}

}  // namespace

absl::Status CheckSalvageable(const std::string& damaged) {
  return OpenDamagedStore(damaged, "").status();
}

absl::StatusOr<Salvaged> SalvageStore(const std::string& damaged, const std::string& fresh) {
  struct stat file = {};
  const bool fresh_is_there = lstat(fresh.c_str(), &file) == 0;
  if (fresh_is_there && (!S_ISREG(file.st_mode) || file.st_size != 0)) {
    return absl::AlreadyExistsError(absl::StrCat(fresh, " is there already; name another file"));
  }
  const size_t slash = fresh.rfind('/');
  absl::StatusOr<DamagedStore> from =
      OpenDamagedStore(damaged, slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : fresh.substr(0, slash));
  if (!from.ok()) return from.status();
  absl::StatusOr<Salvaged> salvaged = Salvaged{};
  {
    absl::StatusOr<Database> to = Database::Open(fresh, {});
    if (!to.ok()) return to.status();
    absl::Status migrated = Migrate(*to, SchemaMigrations());
    salvaged = migrated.ok() ? Salvage(from->database, *to) : migrated;
  }
  if (!salvaged.ok()) {
    if (!fresh_is_there || truncate(fresh.c_str(), 0) != 0) unlink(fresh.c_str());
    return salvaged;
  }
  salvaged->log_was_ignored = from->log_was_ignored;
  return salvaged;
}

}  // namespace parlance::session

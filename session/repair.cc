#include "session/repair.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "session/database.h"
#include "session/migrations.h"

namespace parlance::session {
namespace {

// Rows in the order of their numbers. Where a row cannot be read, the next one that can is looked
// for further on, by ever larger steps, and then as near to the gap as possible.
class DamagedTable {
 public:
  // Of a row: its number, and then `columns`.
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
        after = statement_.Integer(0);
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

struct Copy {
  const char* from;
  const char* to;
  // Of `from`: what is the number of a row in `to`.
  const char* id;
};

// Copies a table's readable rows. Rows that break the schema's rules, as damaged ones may, are left
// out. Returns the number of gaps.
absl::StatusOr<int64_t> CopyTable(Database& damaged, Database& fresh, const Copy& copy) {
  absl::StatusOr<std::vector<std::string>> columns =
      CommonColumns(damaged, copy.from, fresh, copy.to);
  if (!columns.ok()) return columns.status();
  if (columns->empty()) return absl::DataLossError(absl::StrCat("there is no table ", copy.from));
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
  const absl::Status copied = rows->ForEach([&](const Statement& row) -> absl::Status {
    for (int i = 1; i <= num_values; ++i) row.CopyColumn(i, *insert, i);
    absl::Status inserted = insert->Run();
    // A value of a wrong type, in a STRICT table.
    if (absl::IsAlreadyExists(inserted)) return absl::OkStatus();
    return inserted;
  });
  if (!copied.ok()) return copied;
  return rows->num_gaps();
}

// The tables of a damaged file, as its schema's version has them.
absl::StatusOr<std::vector<Copy>> CopiesOf(Database& damaged) {
  absl::StatusOr<int64_t> version = damaged.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  static constexpr char kBySession[] = "session << 24 | sequence";
  std::vector<Copy> copies = {{"sessions", "sessions", "id"}};
  if (*version < 3) {
    copies.push_back({"messages", "messages", kBySession});
  } else {
    copies.push_back({"messages", "messages", "id"});
    copies.push_back({"new_messages", "messages", kBySession});
  }
  return copies;
}

absl::StatusOr<Salvaged> Salvage(Database& damaged, Database& fresh) {
  absl::StatusOr<Transaction> transaction = Transaction::Begin(fresh);
  if (!transaction.ok()) return transaction.status();
  Salvaged salvaged;
  absl::StatusOr<std::vector<Copy>> copies = CopiesOf(damaged);
  if (!copies.ok()) return copies.status();
  for (const Copy& copy : *copies) {
    absl::StatusOr<int64_t> gaps = CopyTable(damaged, fresh, copy);
    if (!gaps.ok()) return gaps.status();
    salvaged.num_gaps += *gaps;
  }
  // Sessions of which only messages are left, and what follows from messages.
  if (absl::Status mended = fresh.Execute(R"sql(
INSERT INTO sessions (id, public_id, title, created_us, updated_us, activity)
  SELECT session, printf('sess_recovered_%d', session), '', min(created_us), max(created_us),
    (SELECT ifnull(max(activity), 0) FROM sessions) + row_number() OVER (ORDER BY session)
  FROM messages WHERE session NOT IN (SELECT id FROM sessions) GROUP BY session;
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
        std::pair(&salvaged.num_messages, "SELECT count(*) FROM messages"),
        std::pair(&salvaged.num_orphans,
                  "SELECT count(*) FROM sessions WHERE public_id LIKE 'sess\\_recovered\\_%' "
                  "ESCAPE '\\'")}) {
    absl::StatusOr<int64_t> count = fresh.QueryInteger(query);
    if (!count.ok()) return count.status();
    *number = *count;
  }
  if (absl::Status committed = transaction->Commit(); !committed.ok()) return committed;
  return salvaged;
}

}  // namespace

absl::StatusOr<Salvaged> SalvageStore(const std::string& damaged, const std::string& fresh) {
  if (access(fresh.c_str(), F_OK) == 0) {
    return absl::AlreadyExistsError(absl::StrCat(fresh, " is there already; name another file"));
  }
  absl::StatusOr<Database> from = Database::Open(damaged, {.access = Access::kChange});
  if (!from.ok()) return from.status();
  absl::StatusOr<int64_t> application = from->QueryInteger("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application != kApplicationId) {
    return absl::FailedPreconditionError(
        absl::StrCat(damaged, " is not a store, or its first page is lost; nothing can be saved"));
  }
  absl::StatusOr<Salvaged> salvaged = Salvaged{};
  {
    absl::StatusOr<Database> to = Database::Open(fresh, {});
    if (!to.ok()) return to.status();
    absl::Status migrated = Migrate(*to, SchemaMigrations());
    salvaged = migrated.ok() ? Salvage(*from, *to) : migrated;
  }
  if (!salvaged.ok()) unlink(fresh.c_str());
  return salvaged;
}

}  // namespace parlance::session

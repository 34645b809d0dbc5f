#include "perf/history/sqlite/sqlite_history.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_field.h"
#include "perf/history/history.h"
#include "perf/history/history_series.h"
#include "perf/history/series_builder.h"
#include "perf/record/environment.h"
#include "perf/record/health.h"
#include "perf/record/record_check.h"
#include "perf/record/result.pb.h"
#include "perf/stats/statistics.h"

namespace perf {
namespace {

// The letters "PRLH".
constexpr int kApplicationId = 0x50524C48;
constexpr int kVersion = 3;

constexpr char kSchema[] = R"sql(
  CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    target TEXT NOT NULL,
    shard INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    machine TEXT NOT NULL,
    load TEXT NOT NULL,
    git_commit TEXT NOT NULL,
    dirty INTEGER NOT NULL,
    build TEXT NOT NULL DEFAULT '',
    -- Why the machine was noisy, '' if it was quiet, NULL if nobody knows.
    noise TEXT,
    UNIQUE (run_id, target, shard, start_ns)
  );
  CREATE TABLE measurement (
    run INTEGER NOT NULL REFERENCES run (id),
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    unit TEXT NOT NULL,
    better INTEGER NOT NULL,
    median REAL NOT NULL,
    -- Single precision, in this machine's byte order.
    samples BLOB NOT NULL,
    PRIMARY KEY (name, run)
  ) WITHOUT ROWID;
)sql";

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int64_t value) {
    sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  Statement& Bind(double value) {
    sqlite3_bind_double(statement_, ++bound_, value);
    return *this;
  }
  Statement& Bind(const std::string& text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& BindBytes(const std::string& bytes) {
    sqlite3_bind_blob(statement_, ++bound_, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }

  // Makes it ready to be bound and stepped again.
  void Reset() {
    sqlite3_reset(statement_);
    bound_ = 0;
  }

  // SQLITE_ROW, SQLITE_DONE, or an error, as all errors of a statement that was not prepared are.
  int Step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }

  int64_t Int(int column) { return sqlite3_column_int64(statement_, column); }
  double Double(int column) { return sqlite3_column_double(statement_, column); }
  int Bytes(int column) { return sqlite3_column_bytes(statement_, column); }
  std::string Text(int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return text == nullptr ? "" : std::string(text, static_cast<size_t>(Bytes(column)));
  }
  std::optional<std::string> OptionalText(int column) {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return Text(column);
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// What a point is made of, and the title.
constexpr char kPointColumns[] =
    "title, git_commit, dirty, start_ns, median, LENGTH(samples), run_id, noise, target, shard";

// The point of a row that begins with them.
HistoryPoint PointIn(Statement& row) {
  return {.run_id = row.Text(6),
          .test = HashOfTest(row.Text(8), row.Int(9)),
          .commit = row.Text(1),
          .dirty = row.Int(2) != 0,
          .time = absl::FromUnixNanos(row.Int(3)),
          .median = row.Double(4),
          .num_samples = row.Int(5) / static_cast<int64_t>(sizeof(float)),
          .noise = row.OptionalText(7)};
}

// Refuses what SQLite would wait for or write over: to it, a single byte is an empty database.
absl::Status CheckFile(const std::string& path) {
  // The least that a database's page has (https://www.sqlite.org/fileformat.html, section 1.3.2).
  constexpr off_t kMinBytes = 512;
  struct stat file = {};
  // SQLite says what is wrong with what is not there.
  if (stat(path.c_str(), &file) != 0) return absl::OkStatus();
  if (!S_ISREG(file.st_mode)) {
    return UnusableHistory(path, "it is not a file but a folder or a device");
  }
  if (file.st_size > 0 && file.st_size < kMinBytes) {
    return UnusableHistory(
        path, absl::StrCat("it is not a database, as it has only ", file.st_size, " bytes"));
  }
  return absl::OkStatus();
}

std::string Packed(const google::protobuf::RepeatedField<double>& samples) {
  std::string bytes(static_cast<size_t>(samples.size()) * sizeof(float), '\0');
  for (int i = 0; i < samples.size(); ++i) {
    const auto single = static_cast<float>(samples[i]);
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(float), &single, sizeof(single));
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteHistory>> SqliteHistory::Open(const std::string& path) {
  if (absl::Status checked = CheckFile(path); !checked.ok()) return checked;
  sqlite3* database = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  auto history = std::unique_ptr<SqliteHistory>(new SqliteHistory(database, path));
  if (opened != SQLITE_OK) return history->Error("cannot open");
  sqlite3_busy_timeout(database, 10'000);
  if (absl::Status prepared = history->Prepare(); !prepared.ok()) return prepared;
  return history;
}

SqliteHistory::~SqliteHistory() { sqlite3_close(database_); }

absl::Status SqliteHistory::Error(const std::string& what) const {
  return absl::FailedPreconditionError(
      absl::StrCat("history ", path_, ": ", what, ": ", sqlite3_errmsg(database_)));
}

absl::Status SqliteHistory::Execute(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return Error("cannot write");
}

absl::Status SqliteHistory::Prepare() {
  if (absl::Status begun = Execute("BEGIN IMMEDIATE"); !begun.ok()) return begun;
  const auto pragma = [&](const char* sql) {
    Statement statement(database_, sql);
    return statement.Step() == SQLITE_ROW ? statement.Int(0) : -1;
  };
  const int64_t application = pragma("PRAGMA application_id");
  const int64_t version = pragma("PRAGMA user_version");
  const int64_t tables = pragma("SELECT COUNT(*) FROM sqlite_master");
  absl::Status status;
  if (application == 0 && version == 0 && tables == 0) {
    status = Execute(kSchema);
    status.Update(Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId).c_str()));
    status.Update(Execute(absl::StrCat("PRAGMA user_version = ", kVersion).c_str()));
  } else if (application != kApplicationId) {
    status = UnusableHistory(path_, "it is another application's");
  } else if (version == 1 || version == 2) {
    // Nobody knows the build of the first version's runs, so they are a series of their own.
    if (version == 1) status = Execute("ALTER TABLE run ADD COLUMN build TEXT NOT NULL DEFAULT ''");
    // Nobody knows how noisy the machine was in the runs so far, so no baseline is made of them.
    status.Update(Execute("ALTER TABLE run ADD COLUMN noise TEXT"));
    status.Update(Execute(absl::StrCat("PRAGMA user_version = ", kVersion).c_str()));
  } else if (version != kVersion) {
    status = NewerHistory(path_, version, kVersion);
  }
  if (!status.ok()) {
    Execute("ROLLBACK").IgnoreError();
    return status;
  }
  return Execute("COMMIT");
}

absl::StatusOr<bool> SqliteHistory::AddRun(const Run& run) {
  const Provenance& provenance = run.provenance();
  Statement insert(database_,
                   "INSERT OR IGNORE INTO run (run_id, target, shard, start_ns, machine, load, "
                   "git_commit, dirty, build, noise) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(run.run_id())
      .Bind(provenance.target())
      .Bind(static_cast<int64_t>(provenance.shard_index()))
      .Bind(absl::ToUnixNanos(StartOf(run)))
      .Bind(MachineSlug(run.environment()))
      .Bind(SeriesLoad(provenance))
      .Bind(provenance.commit())
      .Bind(static_cast<int64_t>(provenance.dirty()))
      .Bind(SeriesBuild(run.environment()))
      .Bind(WhyNoisy(run.health()));
  if (insert.Step() != SQLITE_DONE) return Error("cannot add a run");
  if (sqlite3_changes(database_) == 0) return false;
  const int64_t id = sqlite3_last_insert_rowid(database_);
  for (const Measurement& measurement : run.measurements()) {
    Statement add(database_, "INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?, ?)");
    add.Bind(id)
        .Bind(measurement.name())
        .Bind(measurement.title())
        .Bind(measurement.unit())
        .Bind(static_cast<int64_t>(measurement.better()))
        .Bind(Median(measurement.samples()))
        .BindBytes(Packed(measurement.samples()));
    if (add.Step() != SQLITE_DONE) return Error("cannot add a measurement");
  }
  return true;
}

absl::StatusOr<std::set<std::string>> SqliteHistory::InvocationsOf(const std::vector<Run>& runs) {
  std::set<std::string> known;
  Statement select(database_, "SELECT 1 FROM run WHERE run_id = ? LIMIT 1");
  for (const Run& run : runs) {
    select.Reset();
    select.Bind(run.run_id());
    const int step = select.Step();
    if (step == SQLITE_ROW) {
      known.insert(run.run_id());
    } else if (step != SQLITE_DONE) {
      return Error("cannot read");
    }
  }
  return known;
}

absl::StatusOr<int> SqliteHistory::AddRuns(const std::vector<Run>& runs, KnownBy known_by) {
  std::set<std::string> known;
  if (known_by == KnownBy::kInvocation) {
    absl::StatusOr<std::set<std::string>> found = InvocationsOf(runs);
    if (!found.ok()) return found.status();
    known = *std::move(found);
  }
  int num_new = 0;
  for (const Run& run : runs) {
    if (known.contains(run.run_id())) continue;
    const absl::StatusOr<bool> added = AddRun(run);
    if (!added.ok()) return added.status();
    num_new += *added;
  }
  return num_new;
}

absl::StatusOr<int> SqliteHistory::Add(const std::vector<Run>& runs, KnownBy known_by) {
  for (const Run& run : runs) {
    if (absl::Status checked = CheckRun(run); !checked.ok()) return checked;
  }
  if (absl::Status begun = Execute("BEGIN IMMEDIATE"); !begun.ok()) return begun;
  absl::StatusOr<int> num_new = AddRuns(runs, known_by);
  if (num_new.ok()) {
    if (absl::Status committed = Execute("COMMIT"); !committed.ok()) num_new = committed;
  }
  if (!num_new.ok()) Execute("ROLLBACK").IgnoreError();
  return num_new;
}

absl::Status SqliteHistory::ForEachSeries(const HistoryFilter& filter, size_t max_points,
                                          absl::FunctionRef<absl::Status(HistorySeries)> use) {
  const std::string sql =
      absl::StrCat("SELECT ", kPointColumns,
                   ", machine, build, name, load, unit, better "
                   "FROM measurement JOIN run ON run.id = measurement.run "
                   "WHERE (?1 = '' OR name = ?1 OR (INSTR(name, ?1) > 0 AND NOT ?2)) "
                   "AND (?3 = '' OR machine = ?3) AND start_ns >= ?4 "
                   "ORDER BY machine, build, name, load, unit, better, start_ns, id");
  Statement select(database_, sql.c_str());
  select.Bind(filter.name)
      .Bind(static_cast<int64_t>(filter.whole_name))
      .Bind(filter.machine)
      .Bind(absl::ToUnixNanos(filter.since));
  const auto is_selected = [&](absl::string_view name) {
    return filter.components.empty() ||
           absl::c_any_of(filter.components, [&](const std::string& component) {
             return absl::StartsWith(name, absl::StrCat(component, "."));
           });
  };
  SeriesBuilder builder(max_points, use);
  int step = 0;
  while ((step = select.Step()) == SQLITE_ROW) {
    SeriesKey key = {.machine = select.Text(10),
                     .build = select.Text(11),
                     .name = select.Text(12),
                     .load = select.Text(13),
                     .unit = select.Text(14),
                     .better = static_cast<Better>(select.Int(15))};
    if (!is_selected(key.name)) continue;
    if (absl::Status added = builder.Add(std::move(key), select.Text(0), PointIn(select));
        !added.ok()) {
      return added;
    }
  }
  if (step != SQLITE_DONE) return Error("cannot read");
  return builder.Finish();
}

absl::StatusOr<std::vector<HistorySeries>> SqliteHistory::Find(absl::Span<const SeriesKey> keys,
                                                               absl::Time until,
                                                               size_t max_points) {
  const std::string sql =
      absl::StrCat("SELECT ", kPointColumns,
                   " FROM measurement JOIN run ON run.id = measurement.run "
                   "WHERE name = ?1 AND unit = ?2 AND better = ?3 AND machine = ?4 AND build = ?5 "
                   "AND load = ?6 AND start_ns <= ?7 ORDER BY start_ns DESC, id DESC LIMIT ?8");
  Statement select(database_, sql.c_str());
  std::vector<HistorySeries> all;
  for (const SeriesKey& key : keys) {
    select.Reset();
    select.Bind(key.name)
        .Bind(key.unit)
        .Bind(static_cast<int64_t>(key.better))
        .Bind(key.machine)
        .Bind(key.build)
        .Bind(key.load)
        .Bind(absl::ToUnixNanos(until))
        .Bind(static_cast<int64_t>(max_points));
    HistorySeries series;
    static_cast<SeriesKey&>(series) = key;
    int step = 0;
    while ((step = select.Step()) == SQLITE_ROW) {
      // The newest comes first.
      if (series.points.empty()) series.title = select.Text(0);
      series.points.push_back(PointIn(select));
    }
    if (step != SQLITE_DONE) return Error("cannot read");
    if (series.points.empty()) continue;
    absl::c_reverse(series.points);
    all.push_back(std::move(series));
  }
  return all;
}

}  // namespace perf

#include "perf/history/postgres/postgres_history.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
#include "perf/record/record_text.h"
#include "perf/record/result.pb.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "third_party/postgres_connection.h"

namespace perf {
namespace {

// A name may be longer than what an index takes, so what has to be unique is a digest.
//
// `perf_history_add_v1` is one statement, so one transaction: the server has all of the runs before
// it takes the lock ("Perf" in ASCII), so those who add wait for nobody's network. Only who makes
// the tables holds the lock over several statements, and is ended where it is idle meanwhile
// (kSessionSql). With the lock, which the transaction's end releases, each sees what those before
// it added, and no two wait for rows of one another. A migration after which the function has to do
// something else makes one of another name and drops this one: a program that was open meanwhile
// gets an error, and adds nothing that does not fit.
constexpr char kVersion1[] = R"sql(
CREATE TABLE perf_history_runs (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  -- The digest of run_id, target, shard and started_ns.
  digest bytea NOT NULL UNIQUE,
  run_id text NOT NULL,
  target text NOT NULL,
  shard int NOT NULL,
  started_ns bigint NOT NULL,
  git_commit text NOT NULL,
  dirty boolean NOT NULL,
  -- Why the machine was noisy, '' if it was quiet, NULL if nobody knows.
  noise text
);
CREATE INDEX perf_history_runs_by_invocation ON perf_history_runs USING hash (run_id);
CREATE TABLE perf_history_series (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  -- The digest of all that follows.
  digest bytea NOT NULL UNIQUE,
  machine text COLLATE "C" NOT NULL,
  build text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  load text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  -- 1: lower, 2: higher.
  better smallint NOT NULL
);
CREATE TABLE perf_history_points (
  series bigint NOT NULL REFERENCES perf_history_series,
  started_ns bigint NOT NULL,
  run bigint NOT NULL REFERENCES perf_history_runs,
  title text NOT NULL,
  median double precision NOT NULL,
  num_samples bigint NOT NULL,
  samples real[] NOT NULL,
  PRIMARY KEY (series, started_ns, run)
);

CREATE FUNCTION perf_history_digest(VARIADIC parts text[]) RETURNS bytea AS $$
  SELECT sha256(convert_to(parts::text, 'UTF8'))
$$ LANGUAGE sql STABLE PARALLEL SAFE;

CREATE FUNCTION perf_history_add_v1(runs json, by_invocation boolean) RETURNS int AS $$
DECLARE
  one record;
  new_run bigint;
  num_new int := 0;
  -- The invocations of which nothing is to be added.
  known text[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock(1348825702);
  IF by_invocation THEN
    known := ARRAY(SELECT DISTINCT run_id FROM perf_history_runs WHERE run_id IN
      (SELECT run ->> 'run_id' FROM json_array_elements(runs) AS all_runs (run)));
  END IF;
  FOR one IN SELECT * FROM json_to_recordset(runs) AS one_run (run_id text, target text, shard int,
      started_ns bigint, git_commit text, dirty boolean, noise text, machine text, build text,
      load text, measurements json) LOOP
    CONTINUE WHEN one.run_id = ANY (known);
    INSERT INTO perf_history_runs (digest, run_id, target, shard, started_ns, git_commit, dirty,
        noise)
      VALUES (perf_history_digest(one.run_id, one.target, one.shard::text, one.started_ns::text),
        one.run_id, one.target, one.shard, one.started_ns, one.git_commit, one.dirty, one.noise)
      ON CONFLICT (digest) DO NOTHING RETURNING id INTO new_run;
    CONTINUE WHEN new_run IS NULL;
    num_new := num_new + 1;
    INSERT INTO perf_history_series (digest, machine, build, name, load, unit, better)
      SELECT perf_history_digest(one.machine, one.build, name, one.load, unit, better::text),
        one.machine, one.build, name, one.load, unit, better
      FROM json_to_recordset(one.measurements) AS measured (name text, unit text, better smallint)
      ON CONFLICT (digest) DO NOTHING;
    INSERT INTO perf_history_points (series, started_ns, run, title, median, num_samples, samples)
      SELECT perf_history_series.id, one.started_ns, new_run, title, median, num_samples,
        samples::real[]
      FROM json_to_recordset(one.measurements) AS measured (name text, unit text, better smallint,
          title text, median double precision, num_samples bigint, samples text)
        JOIN perf_history_series ON digest = perf_history_digest(one.machine, one.build,
          measured.name, one.load, measured.unit, measured.better::text);
  END LOOP;
  RETURN num_new;
END $$ LANGUAGE plpgsql;
)sql";

// Step i leads from version i of the schema to version i + 1. Steps are only ever added.
constexpr const char* kMigrations[] = {kVersion1};
constexpr int64_t kVersion = std::size(kMigrations);

// Nothing waits for ever, whatever the server's defaults are. With an isolation above this one, who
// waited for the lock would not see what those before it added.
constexpr char kSessionSql[] =
    "SET statement_timeout = '2min'; SET lock_timeout = '1min'; "
    "SET idle_in_transaction_session_timeout = '1min'; "
    "SET default_transaction_isolation = 'read committed'";

// Milliseconds and seconds as libpq has them. A server that went away without a word is given up
// after half a minute, and one that is stopped a little after the time that its statements have.
const postgres::ConnectionOptions& Options() {
  static const auto& options =
      *new postgres::ConnectionOptions{.settings = {{"connect_timeout", "5"},
                                                    {"client_encoding", "UTF8"},
                                                    {"application_name", "perf"},
                                                    {"keepalives_idle", "10"},
                                                    {"keepalives_interval", "5"},
                                                    {"keepalives_count", "4"},
                                                    {"tcp_user_timeout", "30000"}},
                                       .session_sql = kSessionSql,
                                       .patience = absl::Seconds(150)};
  return options;
}

constexpr char kPointColumns[] =
    "p.title, r.git_commit, r.dirty, p.started_ns, p.median, p.num_samples, r.run_id, r.noise, "
    "r.target, r.shard";
constexpr int kNumPointColumns = 10;

HistoryPoint PointIn(const postgres::Rows::Row& row) {
  return {.run_id = row.Text(6),
          .test = HashOfTest(row.Text(8), row.Integer(9)),
          .commit = row.Text(1),
          .dirty = row.Text(2) == "t",
          .time = absl::FromUnixNanos(row.Integer(3)),
          .median = row.Double(4),
          .num_samples = row.Integer(5),
          .noise = row.OptionalText(7)};
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void PutString(absl::string_view text, Writer& writer) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void Put(const char* name, absl::string_view text, Writer& writer) {
  writer.Key(name);
  PutString(text, writer);
}

void Put(const char* name, int64_t value, Writer& writer) {
  writer.Key(name);
  writer.Int64(value);
}

// The shortest number that reads back as it was; "inf" for a sample beyond single precision.
template <typename Float>
std::string ShortestOf(Float value) {
  std::array<char, 32> number;
  const auto end = std::to_chars(number.data(), number.data() + number.size(), value);
  return {number.data(), end.ptr};
}

// In single precision, as an array is written in PostgreSQL: "{1,2.5}".
std::string ArrayOf(const google::protobuf::RepeatedField<double>& samples) {
  std::string text = "{";
  for (const double sample : samples) {
    absl::StrAppend(&text, text.size() > 1 ? "," : "", ShortestOf(static_cast<float>(sample)));
  }
  return text + "}";
}

void PutMeasurement(const Run& run, const Measurement& measurement, Writer& writer) {
  const HistoryPoint point = PointOf(run, measurement);
  writer.StartObject();
  Put("name", measurement.name(), writer);
  Put("unit", measurement.unit(), writer);
  Put("better", measurement.better(), writer);
  Put("title", measurement.title(), writer);
  Put("median", ShortestOf(point.median), writer);
  Put("num_samples", point.num_samples, writer);
  Put("samples", ArrayOf(measurement.samples()), writer);
  writer.EndObject();
}

void PutRun(const Run& run, Writer& writer) {
  const Provenance& provenance = run.provenance();
  writer.StartObject();
  Put("run_id", run.run_id(), writer);
  Put("target", provenance.target(), writer);
  Put("shard", provenance.shard_index(), writer);
  Put("started_ns", absl::ToUnixNanos(StartOf(run)), writer);
  Put("git_commit", provenance.commit(), writer);
  writer.Key("dirty");
  writer.Bool(provenance.dirty());
  Put("noise", WhyNoisy(run.health()), writer);
  Put("machine", MachineSlug(run.environment()), writer);
  Put("build", SeriesBuild(run.environment()), writer);
  Put("load", SeriesLoad(provenance), writer);
  writer.Key("measurements");
  writer.StartArray();
  for (const Measurement& measurement : run.measurements()) {
    PutMeasurement(run, measurement, writer);
  }
  writer.EndArray();
  writer.EndObject();
}

std::string JsonOf(const std::vector<Run>& runs) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const Run& run : runs) PutRun(run, writer);
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

bool IsText(const SeriesKey& key) {
  return IsRecordText(key.machine) && IsRecordText(key.build) && IsRecordText(key.name) &&
         IsRecordText(key.load) && IsRecordText(key.unit);
}

std::string JsonOf(absl::Span<const SeriesKey> keys) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const SeriesKey& key : keys) {
    writer.StartObject();
    // No series has any other text, which the server would not take either.
    if (IsText(key)) {
      Put("machine", key.machine, writer);
      Put("build", key.build, writer);
      Put("name", key.name, writer);
      Put("load", key.load, writer);
      Put("unit", key.unit, writer);
      Put("better", key.better, writer);
    }
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string JsonOf(const std::vector<std::string>& texts) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const std::string& text : texts) {
    // Nothing is of any other.
    if (IsRecordText(text)) PutString(text, writer);
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

class PostgresHistory : public History {
 public:
  PostgresHistory(postgres::Connection connection, std::string name)
      : connection_(std::move(connection)), name_(std::move(name)) {}

  // Brings the tables up to date.
  absl::Status Migrate() {
    // Where there is nothing to do, a user who may only read needs to be able to do it.
    absl::StatusOr<int64_t> version = Version();
    if (version.ok() && *version < kVersion) {
      if (absl::Status checked = CheckEncoding(); !checked.ok()) return checked;
      version = MigrateAlone();
    }
    if (!version.ok()) return Named(version.status());
    if (*version <= kVersion) return absl::OkStatus();
    return NewerHistory(name_, *version, kVersion);
  }

  absl::StatusOr<int> Add(const std::vector<Run>& runs, KnownBy known_by) override {
    for (const Run& run : runs) {
      if (absl::Status checked = CheckRun(run); !checked.ok()) return checked;
    }
    // What one value of PostgreSQL may have.
    constexpr size_t kMaxBytes = size_t{1} << 30;
    std::string json = JsonOf(runs);
    if (json.size() >= kMaxBytes) {
      return Named(absl::ResourceExhaustedError(absl::StrCat(
          "the runs are too large to be added at once (", json.size() >> 20, " MiB)")));
    }
    const postgres::Parameters parameters = {std::move(json),
                                             known_by == KnownBy::kInvocation ? "true" : "false"};
    constexpr char kAdd[] = "SELECT perf_history_add_v1($1::json, $2::boolean)";
    absl::StatusOr<postgres::Rows> rows = connection_.QueryOnce(kAdd, parameters);
    if (!rows.ok() && MayTryAgain()) rows = connection_.QueryOnce(kAdd, parameters);
    if (!rows.ok()) return Named(rows.status());
    return static_cast<int>(rows->Integer(0, 0));
  }

  absl::Status ForEachSeries(const HistoryFilter& filter, size_t max_points,
                             absl::FunctionRef<absl::Status(HistorySeries)> use) override {
    // No name, machine or component that the history has is any other text.
    if (!IsRecordText(filter.name) || !IsRecordText(filter.machine)) return absl::OkStatus();
    // `use` may print for somebody who reads page by page.
    if (absl::Status begun = connection_.Execute(
            "BEGIN READ ONLY; SET LOCAL idle_in_transaction_session_timeout = '1h'");
        !begun.ok()) {
      return Named(begun);
    }
    absl::Status status = Fetch(filter, max_points, use);
    // Nothing was changed; if the connection is lost, so is the transaction.
    connection_.Execute("COMMIT").IgnoreError();
    return status;
  }

  absl::StatusOr<std::vector<HistorySeries>> Find(absl::Span<const SeriesKey> keys,
                                                  absl::Time until, size_t max_points) override {
    // All slices are of one state of the history.
    if (absl::Status begun = connection_.Execute("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ");
        !begun.ok()) {
      return Named(begun);
    }
    std::vector<HistorySeries> all;
    absl::Status status;
    // libpq holds all rows of an answer, in more bytes than series take.
    constexpr size_t kKeysAtOnce = 100;
    for (size_t begin = 0; begin < keys.size() && status.ok(); begin += kKeysAtOnce) {
      status = FindSlice(keys.subspan(begin, kKeysAtOnce), until, max_points, all);
    }
    // Nothing was changed; if the connection is lost, so is the transaction.
    connection_.Execute("COMMIT").IgnoreError();
    if (!status.ok()) return status;
    return all;
  }

 private:
  // The error, as one of this history.
  absl::Status Named(const absl::Status& error) const {
    return absl::Status(error.code(), absl::StrCat("history ", name_, ": ", error.message()));
  }

  // Whether what the server refused to add may be added after all. If the connection was lost, the
  // runs may be there or not, and to add them again adds none twice; and two transactions that were
  // in each other's way (class 40) no longer are.
  bool MayTryAgain() {
    if (!connection_.IsOpen()) return connection_.EnsureOpen().ok();
    return absl::StartsWith(connection_.last_sqlstate(), "40");
  }

  // Adds what is there of some of the keys to `all`.
  absl::Status FindSlice(absl::Span<const SeriesKey> keys, absl::Time until, size_t max_points,
                         std::vector<HistorySeries>& all) {
    constexpr size_t kMaxLimit = std::numeric_limits<int64_t>::max();
    const absl::StatusOr<postgres::Rows> rows = connection_.QueryOnce(
        absl::StrCat(
            "SELECT newest.*, place FROM ROWS FROM (json_to_recordset($1::json) AS (machine text, "
            "build text, name text, load text, unit text, better smallint)) WITH ORDINALITY AS "
            "wanted (machine, build, name, load, unit, better, place) JOIN perf_history_series s "
            "ON "
            "s.digest = perf_history_digest(wanted.machine, wanted.build, wanted.name, "
            "wanted.load, "
            "wanted.unit, wanted.better::text) CROSS JOIN LATERAL (SELECT ",
            kPointColumns,
            ", r.id FROM perf_history_points p JOIN perf_history_runs r ON r.id = p.run WHERE "
            "p.series = s.id AND p.started_ns <= $2::bigint ORDER BY p.started_ns DESC, p.run DESC "
            "LIMIT $3::bigint) newest ORDER BY place, newest.started_ns, newest.id"),
        {JsonOf(keys), absl::StrCat(absl::ToUnixNanos(until)),
         absl::StrCat(std::min(max_points, kMaxLimit))});
    if (!rows.ok()) return Named(rows.status());
    constexpr int kPlace = kNumPointColumns + 1;
    int64_t last_place = 0;
    for (int i = 0; i < rows->size(); ++i) {
      const postgres::Rows::Row row = rows->row(i);
      const int64_t place = row.Integer(kPlace);
      if (std::exchange(last_place, place) != place) {
        static_cast<SeriesKey&>(all.emplace_back()) = keys[static_cast<size_t>(place - 1)];
      }
      all.back().title = row.Text(0);
      all.back().points.push_back(PointIn(row));
    }
    return absl::OkStatus();
  }

  // The names of series are any text.
  absl::Status CheckEncoding() {
    const absl::StatusOr<postgres::Rows> rows = connection_.QueryOnce("SHOW server_encoding", {});
    if (!rows.ok()) return Named(rows.status());
    const std::string encoding = rows->Text(0, 0);
    if (encoding == "UTF8") return absl::OkStatus();
    return UnusableHistory(name_, absl::StrCat("its database has the encoding ", encoding,
                                               "; make one with ENCODING 'UTF8'"));
  }

  // 0 if there are no tables.
  absl::StatusOr<int64_t> Version() {
    // to_regclass would be simpler, and may answer from what it knew before the lock.
    const absl::StatusOr<postgres::Rows> found = connection_.QueryOnce(
        "SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'perf_history_schema' AND "
        "pg_catalog.pg_table_is_visible(oid)",
        {});
    if (!found.ok()) return found.status();
    if (found->size() == 0) return 0;
    const absl::StatusOr<postgres::Rows> rows =
        connection_.QueryOnce("SELECT version FROM perf_history_schema", {});
    if (!rows.ok()) return rows.status();
    return rows->size() == 0 ? 0 : rows->Integer(0, 0);
  }

  // Makes what is missing, one program at a time, and returns the version that is there then.
  absl::StatusOr<int64_t> MigrateAlone() {
    if (absl::Status locked =
            connection_.Execute("BEGIN; SELECT pg_advisory_xact_lock(1348825702)");
        !locked.ok()) {
      return locked;
    }
    // Another program may have done it meanwhile.
    absl::StatusOr<int64_t> version = Version();
    if (!version.ok() || *version >= kVersion) {
      connection_.Execute("ROLLBACK").IgnoreError();
      return version;
    }
    if (*version == 0) {
      if (absl::Status made =
              connection_.Execute("CREATE TABLE perf_history_schema (version int NOT NULL); "
                                  "INSERT INTO perf_history_schema VALUES (0)");
          !made.ok()) {
        return made;
      }
    }
    for (int64_t i = *version; i < kVersion; ++i) {
      if (absl::Status done = connection_.Execute(kMigrations[i]); !done.ok()) return done;
    }
    if (absl::Status committed = connection_.Execute(
            absl::StrCat("UPDATE perf_history_schema SET version = ", kVersion, "; COMMIT"));
        !committed.ok()) {
      return committed;
    }
    return kVersion;
  }

  // Reads by a cursor, so that neither this program nor libpq holds all rows.
  absl::Status Fetch(const HistoryFilter& filter, size_t max_points,
                     absl::FunctionRef<absl::Status(HistorySeries)> use) {
    const absl::StatusOr<postgres::Rows> declared = connection_.QueryOnce(
        absl::StrCat(
            "DECLARE found NO SCROLL CURSOR FOR SELECT ", kPointColumns,
            ", s.machine, s.build, s.name, s.load, s.unit, s.better FROM perf_history_series s "
            "JOIN perf_history_points p ON p.series = s.id JOIN perf_history_runs r ON r.id = "
            "p.run WHERE ($1 = '' OR s.name = $1 OR (strpos(s.name, $1) > 0 AND NOT "
            "$2::boolean)) AND ($3 = '' OR s.machine = $3) AND p.started_ns >= $4::bigint AND "
            "($6::boolean OR EXISTS (SELECT 1 FROM json_array_elements_text($5::json) AS one "
            "(component) "
            "WHERE starts_with(s.name, one.component || '.'))) ORDER BY s.machine, s.build, "
            "s.name, "
            "s.load, s.unit, s.better, p.started_ns, r.id"),
        {filter.name, filter.whole_name ? "true" : "false", filter.machine,
         absl::StrCat(absl::ToUnixNanos(filter.since)), JsonOf(filter.components),
         filter.components.empty() ? "true" : "false"});
    if (!declared.ok()) return Named(declared.status());
    SeriesBuilder builder(max_points, use);
    while (true) {
      const absl::StatusOr<postgres::Rows> rows =
          connection_.QueryOnce("FETCH 2000 FROM found", {});
      if (!rows.ok()) return Named(rows.status());
      if (rows->size() == 0) return builder.Finish();
      for (int i = 0; i < rows->size(); ++i) {
        const postgres::Rows::Row row = rows->row(i);
        absl::Status added =
            builder.Add({.machine = row.Text(kNumPointColumns),
                         .build = row.Text(kNumPointColumns + 1),
                         .name = row.Text(kNumPointColumns + 2),
                         .load = row.Text(kNumPointColumns + 3),
                         .unit = row.Text(kNumPointColumns + 4),
                         .better = static_cast<Better>(row.Integer(kNumPointColumns + 5))},
                        row.Text(0), PointIn(row));
        if (!added.ok()) return added;
      }
    }
  }

  postgres::Connection connection_;
  const std::string name_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<History>> OpenPostgresHistory(const std::string& uri) {
  const absl::StatusOr<std::string> name = postgres::PublicName(uri);
  if (!name.ok()) {
    return absl::Status(name.status().code(), absl::StrCat("history: ", name.status().message()));
  }
  absl::StatusOr<postgres::Connection> connection = postgres::Connection::Open(uri, {}, Options());
  if (!connection.ok()) {
    return absl::Status(connection.status().code(),
                        absl::StrCat("history ", *name, ": ", connection.status().message()));
  }
  auto history = std::make_unique<PostgresHistory>(*std::move(connection), *name);
  if (absl::Status migrated = history->Migrate(); !migrated.ok()) return migrated;
  return history;
}

}  // namespace perf

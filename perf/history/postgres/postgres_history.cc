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
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/history/history_series.h"
#include "perf/history/series_builder.h"
#include "perf/record/environment.h"
#include "perf/record/health.h"
#include "perf/record/record_check.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "third_party/postgres_connection.h"

namespace perf {
namespace {

// A name may be longer than what an index takes, so what has to be unique is a digest.
//
// `perf_history_add` is one statement, so one transaction: the server has all of the runs before it
// takes the lock ("Perf" in ASCII), and nobody waits for a client's network. With the lock, which
// the transaction's end releases, each sees what those before it added, and no two wait for rows of
// one another.
constexpr char kVersion1[] = R"sql(
CREATE TABLE perf_history_runs (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  -- Of run_id, target, shard and started_ns.
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
  -- Of all that follows.
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

CREATE FUNCTION perf_history_add(runs json) RETURNS int AS $$
DECLARE
  one record;
  new_run bigint;
  num_new int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(1348825702);
  FOR one IN SELECT * FROM json_to_recordset(runs) AS one_run (run_id text, target text, shard int,
      started_ns bigint, git_commit text, dirty boolean, noise text, machine text, build text,
      load text, measurements json) LOOP
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
END $$ LANGUAGE plpgsql SET lock_timeout = '60s';
)sql";

// Step i leads from version i of the schema to version i + 1. Steps are only ever added.
constexpr const char* kMigrations[] = {kVersion1};
constexpr int64_t kVersion = std::size(kMigrations);

// Milliseconds and seconds as libpq has them. A server that went away without a word is given up
// after half a minute.
const postgres::Settings& ConnectionSettings() {
  static const auto& settings = *new postgres::Settings{
      {"connect_timeout", "5"},     {"client_encoding", "UTF8"},  {"application_name", "perf"},
      {"keepalives_idle", "10"},    {"keepalives_interval", "5"}, {"keepalives_count", "4"},
      {"tcp_user_timeout", "30000"}};
  return settings;
}

constexpr char kPointColumns[] =
    "p.title, r.git_commit, r.dirty, p.started_ns, p.median, p.num_samples, r.run_id, r.noise";

HistoryPoint PointIn(const postgres::Rows::Row& row) {
  return {.run_id = row.Text(6),
          .commit = row.Text(1),
          .dirty = row.Text(2) == "t",
          .time = absl::FromUnixNanos(row.Integer(3)),
          .median = row.Double(4),
          .num_samples = row.Integer(5),
          .noise = row.OptionalText(7)};
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

std::string WithoutNul(absl::string_view text) {
  return absl::StrReplaceAll(text, {{absl::string_view("\0", 1), "\uFFFD"}});
}

void PutString(absl::string_view text, Writer& writer) {
  const std::string kept = WithoutNul(text);
  writer.String(kept.data(), static_cast<rapidjson::SizeType>(kept.size()));
}

void Put(const char* name, absl::string_view text, Writer& writer) {
  writer.Key(name);
  PutString(text, writer);
}

void Put(const char* name, int64_t value, Writer& writer) {
  writer.Key(name);
  writer.Int64(value);
}

// The shortest number that reads back as it was; "inf" for what is beyond.
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
  // As text, as JSON's numbers are finite, and a median of the greatest figures need not be.
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

std::string JsonOf(absl::Span<const SeriesKey> keys) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const SeriesKey& key : keys) {
    writer.StartObject();
    Put("machine", key.machine, writer);
    Put("build", key.build, writer);
    Put("name", key.name, writer);
    Put("load", key.load, writer);
    Put("unit", key.unit, writer);
    Put("better", key.better, writer);
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string JsonOf(const std::vector<std::string>& texts) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const std::string& text : texts) PutString(text, writer);
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
    if (version.ok() && *version < kVersion) version = MigrateAlone();
    if (!version.ok()) return Named(version.status());
    if (*version <= kVersion) return absl::OkStatus();
    return Named(absl::FailedPreconditionError(absl::StrCat("its tables have version ", *version,
                                                            ", and this program knows up to ",
                                                            kVersion, "; use a newer one")));
  }

  absl::StatusOr<int> Add(const std::vector<Run>& runs) override {
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
    const postgres::Parameters parameters = {std::move(json)};
    constexpr char kAdd[] = "SELECT perf_history_add($1::json)";
    absl::StatusOr<postgres::Rows> rows = connection_.QueryOnce(kAdd, parameters);
    // If the connection was lost, the runs may be there or not; to add them again adds none twice.
    if (!rows.ok() && !connection_.IsOpen() && connection_.EnsureOpen().ok()) {
      rows = connection_.QueryOnce(kAdd, parameters);
    }
    if (!rows.ok()) return Named(rows.status());
    return static_cast<int>(rows->Integer(0, 0));
  }

  absl::StatusOr<bool> HasInvocation(const std::string& run_id) override {
    const absl::StatusOr<postgres::Rows> rows = connection_.QueryOnce(
        "SELECT 1 FROM perf_history_runs WHERE run_id = $1 LIMIT 1", {WithoutNul(run_id)});
    if (!rows.ok()) return Named(rows.status());
    return rows->size() > 0;
  }

  absl::Status ForEachSeries(const HistoryFilter& filter, size_t max_points,
                             absl::FunctionRef<absl::Status(HistorySeries)> use) override {
    if (absl::Status begun = connection_.Execute("BEGIN READ ONLY"); !begun.ok()) {
      return Named(begun);
    }
    absl::Status status = Fetch(filter, max_points, use);
    // Nothing was changed; if the connection is lost, so is the transaction.
    connection_.Execute("COMMIT").IgnoreError();
    return status;
  }

  absl::StatusOr<std::vector<HistorySeries>> Find(absl::Span<const SeriesKey> keys,
                                                  absl::Time until, size_t max_points) override {
    constexpr size_t kMaxLimit = std::numeric_limits<int64_t>::max();
    const absl::StatusOr<postgres::Rows> rows = connection_.QueryOnce(
        "SELECT newest.*, place FROM ROWS FROM (json_to_recordset($1::json) AS (machine text, "
        "build text, name text, load text, unit text, better smallint)) WITH ORDINALITY AS wanted "
        "(machine, build, name, load, unit, better, place) JOIN perf_history_series s ON s.digest "
        "= perf_history_digest(wanted.machine, wanted.build, wanted.name, wanted.load, "
        "wanted.unit, wanted.better::text) CROSS JOIN LATERAL (SELECT " +
            std::string(kPointColumns) +
            ", r.id FROM perf_history_points p JOIN perf_history_runs r ON r.id = p.run WHERE "
            "p.series = s.id AND p.started_ns <= $2::bigint ORDER BY p.started_ns DESC, p.run DESC "
            "LIMIT $3::bigint) newest ORDER BY place, newest.started_ns, newest.id",
        {JsonOf(keys), absl::StrCat(absl::ToUnixNanos(until)),
         absl::StrCat(std::min(max_points, kMaxLimit))});
    if (!rows.ok()) return Named(rows.status());
    constexpr int kPlace = 9;
    std::vector<HistorySeries> all;
    for (int i = 0; i < rows->size(); ++i) {
      const postgres::Rows::Row row = rows->row(i);
      // A key may have what the server's text has not.
      const SeriesKey& key = keys[static_cast<size_t>(row.Integer(kPlace) - 1)];
      if (all.empty() || all.back().key() != key) {
        static_cast<SeriesKey&>(all.emplace_back()) = key;
      }
      all.back().title = row.Text(0);
      all.back().points.push_back(PointIn(row));
    }
    return all;
  }

 private:
  // The error, as one of this history.
  absl::Status Named(const absl::Status& error) const {
    return absl::Status(error.code(), absl::StrCat("history ", name_, ": ", error.message()));
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
    if (absl::Status locked = connection_.Execute("BEGIN; SET LOCAL lock_timeout = '60s'; "
                                                  "SELECT pg_advisory_xact_lock(1348825702)");
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
            "($5 = '[]' OR EXISTS (SELECT 1 FROM json_array_elements_text($5::json) AS one "
            "(component) "
            "WHERE starts_with(s.name, one.component || '.'))) ORDER BY s.machine, s.build, "
            "s.name, "
            "s.load, s.unit, s.better, p.started_ns, r.id"),
        {WithoutNul(filter.name), filter.whole_name ? "true" : "false", WithoutNul(filter.machine),
         absl::StrCat(absl::ToUnixNanos(filter.since)), JsonOf(filter.components)});
    if (!declared.ok()) return Named(declared.status());
    SeriesBuilder builder(max_points, use);
    while (true) {
      const absl::StatusOr<postgres::Rows> rows =
          connection_.QueryOnce("FETCH 2000 FROM found", {});
      if (!rows.ok()) return Named(rows.status());
      if (rows->size() == 0) return builder.Finish();
      for (int i = 0; i < rows->size(); ++i) {
        const postgres::Rows::Row row = rows->row(i);
        absl::Status added = builder.Add({.machine = row.Text(8),
                                          .build = row.Text(9),
                                          .name = row.Text(10),
                                          .load = row.Text(11),
                                          .unit = row.Text(12),
                                          .better = static_cast<Better>(row.Integer(13))},
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
  absl::StatusOr<postgres::Connection> connection =
      postgres::Connection::Open(uri, {}, ConnectionSettings());
  if (!connection.ok()) {
    return absl::Status(connection.status().code(),
                        absl::StrCat("history ", *name, ": ", connection.status().message()));
  }
  auto history = std::make_unique<PostgresHistory>(*std::move(connection), *name);
  if (absl::Status migrated = history->Migrate(); !migrated.ok()) return migrated;
  return history;
}

}  // namespace perf

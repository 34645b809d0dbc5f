// The history in one file: an SQLite database beside the reports.
#ifndef PERF_HISTORY_SQLITE_SQLITE_HISTORY_H_
#define PERF_HISTORY_SQLITE_SQLITE_HISTORY_H_

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/history/history.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"

struct sqlite3;

namespace perf {

class SqliteHistory : public History {
 public:
  // Makes the database if there is none, and brings one of an older version up to date.
  // FailedPrecondition for a file that is no history, or of a newer version; otherwise SQLite's
  // error with the path.
  static absl::StatusOr<std::unique_ptr<SqliteHistory>> Open(const std::string& path);
  ~SqliteHistory() override;
  SqliteHistory(const SqliteHistory&) = delete;
  SqliteHistory& operator=(const SqliteHistory&) = delete;

  using History::Add;
  absl::StatusOr<int> Add(const std::vector<Run>& runs, KnownBy known_by) override;
  absl::Status ForEachSeries(const HistoryFilter& filter, size_t max_points,
                             absl::FunctionRef<absl::Status(HistorySeries)> use) override;
  absl::StatusOr<std::vector<HistorySeries>> Find(absl::Span<const SeriesKey> keys,
                                                  absl::Time until, size_t max_points) override;

  sqlite3* database_for_test() { return database_; }

 private:
  SqliteHistory(sqlite3* database, std::string path)
      : database_(database), path_(std::move(path)) {}

  absl::Status Error(const std::string& what) const;
  absl::Status Execute(const char* sql);
  absl::Status Prepare();
  // The invocations of the runs that the history has already.
  absl::StatusOr<std::set<std::string>> InvocationsOf(const std::vector<Run>& runs);
  // Adds runs within a transaction, which is not rolled back after an error.
  absl::StatusOr<int> AddRuns(const std::vector<Run>& runs, KnownBy known_by);
  absl::StatusOr<bool> AddRun(const Run& run);

  sqlite3* database_;
  const std::string path_;
};

}  // namespace perf

#endif  // PERF_HISTORY_SQLITE_SQLITE_HISTORY_H_

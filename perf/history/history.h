// What was measured on which commit, run by run: an SQLite database beside the reports.
#ifndef PERF_HISTORY_HISTORY_H_
#define PERF_HISTORY_HISTORY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/history/history_baseline.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"

struct sqlite3;

namespace perf {

// Not thread-safe; several processes may use one file.
class History {
 public:
  // Makes the database if there is none, and brings one of an older version up to date.
  // FailedPrecondition for a file that is no history, or of a newer version; otherwise SQLite's
  // error with the path.
  static absl::StatusOr<std::unique_ptr<History>> Open(const std::string& path);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Adds runs, all or none; what was added before (the same invocation, target, shard and start) is
  // left out. Returns how many were new. Samples take 4 bytes each: single precision.
  absl::StatusOr<int> Add(const std::vector<Run>& runs);

  // Returns the series whose name contains `name`; all if it is empty. They are ordered by machine,
  // build, name, load, unit and direction.
  absl::StatusOr<std::vector<HistorySeries>> Series(const std::string& name) const;

  sqlite3* database_for_test() { return database_; }

 private:
  History(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}

  absl::Status Error(const std::string& what) const;
  absl::Status Execute(const char* sql);
  absl::Status Prepare();
  absl::StatusOr<bool> AddRun(const Run& run);

  sqlite3* database_;
  const std::string path_;
};

// The baselines that the history in the file `path` gives to the measurements of `runs`, by name;
// none if there is no such file or `path` is empty. Errors are those of History.
absl::StatusOr<std::map<std::string, HistoryBaseline>> ReadHistoryBaselines(
    const std::string& path, absl::Span<const Run> runs);

// The series in the file `path` that the measurements of `runs` are points of, by name, each with
// its last `max_points` points; none if there is no such file or `path` is empty. Errors are those
// of History.
absl::StatusOr<std::map<std::string, HistorySeries>> ReadHistorySeries(const std::string& path,
                                                                       absl::Span<const Run> runs,
                                                                       size_t max_points);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_H_

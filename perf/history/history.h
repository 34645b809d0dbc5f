// What was measured on which commit, run by run: an SQLite database beside the reports.
#ifndef PERF_HISTORY_HISTORY_H_
#define PERF_HISTORY_HISTORY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/history/history_baseline.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"

struct sqlite3;

namespace perf {

// Which series, and what of them. What is empty selects all.
struct HistoryFilter {
  // A part of the measurement's name, or all of it.
  std::string name = {};
  bool whole_name = false;
  // The measurement is of one of these components.
  std::vector<std::string> components = {};
  // The machine, as series name it.
  std::string machine = {};
  // Only runs that began then or later.
  absl::Time since = absl::InfinitePast();
};

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

  // Whether there is a run of this invocation.
  absl::StatusOr<bool> HasInvocation(const std::string& run_id) const;

  // Calls `use` with each series that the filter selects, one after another, so that memory holds
  // one: ordered by machine, build, name, load, unit and direction. Of longer series only the
  // newest `max_points` are there. Ends with the first error, of `use` too.
  absl::Status ForEachSeries(const HistoryFilter& filter, size_t max_points,
                             absl::FunctionRef<absl::Status(HistorySeries)> use) const;

  // Returns the series, whole, in that order.
  absl::StatusOr<std::vector<HistorySeries>> Series(const HistoryFilter& filter) const;
  // The same of those whose name contains `name`; all if it is empty.
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

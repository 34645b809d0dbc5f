// What was measured on which commit, run by run.
//
// Whatever keeps it (perf/history/open) does the same, and testing/history_contract.h says so.
// Errors have the history's path or URI, without a password. InvalidArgument for runs that are
// none; FailedPrecondition for a history of a newer version, and for a file that cannot be read or
// written; for one on a server those of third_party/postgres_connection.h, such as Unavailable,
// PermissionDenied and ResourceExhausted.
#ifndef PERF_HISTORY_HISTORY_H_
#define PERF_HISTORY_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"

namespace perf {

// Selects series, and a part of each. A member that is empty selects all.
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

// The identity by which a run that was added before is recognised.
enum class KnownBy {
  // It is known by its invocation, target, shard and start.
  kRun,
  // It is known by its invocation alone, as results are whose start is not certain.
  kInvocation,
};

// Not thread-safe; several processes, or threads with a History each, may use one history.
class History {
 public:
  virtual ~History() = default;

  // Adds runs, all or none; what was added before, whoever added it, is left out. Two of `runs`
  // that share their invocation alone are both added. Returns how many were new. Samples take 4
  // bytes each: single precision.
  virtual absl::StatusOr<int> Add(const std::vector<Run>& runs, KnownBy known_by) = 0;
  absl::StatusOr<int> Add(const std::vector<Run>& runs) { return Add(runs, KnownBy::kRun); }

  // Calls `use` with each series that the filter selects, one after another, so that memory holds
  // one: ordered by machine, build, name, load, unit and direction. Of longer series only the
  // newest `max_points` are there. Ends with the first error, of `use` too.
  virtual absl::Status ForEachSeries(const HistoryFilter& filter, size_t max_points,
                                     absl::FunctionRef<absl::Status(HistorySeries)> use) = 0;

  // Returns those of the series that are there, in the order of the keys, which are different ones:
  // each with its newest `max_points` points of runs that began at `until` or before. Reads nothing
  // else; how many points are left out is not known.
  virtual absl::StatusOr<std::vector<HistorySeries>> Find(absl::Span<const SeriesKey> keys,
                                                          absl::Time until, size_t max_points) = 0;

  // Returns the series that the filter selects, whole, ordered as those of ForEachSeries.
  absl::StatusOr<std::vector<HistorySeries>> Series(const HistoryFilter& filter);
  // The same of those whose name contains `name`; all if it is empty.
  absl::StatusOr<std::vector<HistorySeries>> Series(const std::string& name);
};

// The errors of opening a history whose tables have a newer version than this program knows, and of
// any other that cannot be used. `name`: its path, or its URI without a password.
absl::Status NewerHistory(const std::string& name, int64_t version, int64_t known);
absl::Status UnusableHistory(const std::string& name, const std::string& why);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_H_

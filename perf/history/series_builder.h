// Rows of a database, in the order of series and of time, as series.
#ifndef PERF_HISTORY_SERIES_BUILDER_H_
#define PERF_HISTORY_SERIES_BUILDER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "perf/history/history_series.h"

namespace perf {

// Holds one series at a time. Not thread-safe.
class SeriesBuilder {
 public:
  // `use` gets each series when it is whole, with its newest `max_points` points, and has to
  // outlive the builder.
  SeriesBuilder(size_t max_points, absl::FunctionRef<absl::Status(HistorySeries)> use)
      : max_points_(max_points), use_(use) {}

  // Adds the next point. Points of a series come one after another, and the newest title counts.
  // An error of `use` ends it.
  absl::Status Add(SeriesKey key, std::string title, HistoryPoint point);
  // No more points come.
  absl::Status Finish();

 private:
  void LeaveOut();

  const size_t max_points_;
  const absl::FunctionRef<absl::Status(HistorySeries)> use_;
  std::optional<HistorySeries> series_;
};

}  // namespace perf

#endif  // PERF_HISTORY_SERIES_BUILDER_H_

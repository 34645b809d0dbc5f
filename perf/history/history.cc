#include "perf/history/history.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace perf {

absl::StatusOr<std::vector<HistorySeries>> History::Series(const HistoryFilter& filter) {
  std::vector<HistorySeries> all;
  const absl::Status read =
      ForEachSeries(filter, std::numeric_limits<size_t>::max(), [&](HistorySeries series) {
        all.push_back(std::move(series));
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return all;
}

absl::StatusOr<std::vector<HistorySeries>> History::Series(const std::string& name) {
  return Series(HistoryFilter{.name = name});
}

}  // namespace perf

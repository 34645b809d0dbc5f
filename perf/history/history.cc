#include "perf/history/history.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

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

absl::Status NewerHistory(const std::string& name, int64_t version, int64_t known) {
  return UnusableHistory(
      name, absl::StrCat("its tables have version ", version, ", and this program knows up to ",
                         known, "; use a newer one"));
}

absl::Status UnusableHistory(const std::string& name, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat("history ", name, ": ", why));
}

}  // namespace perf

#include "perf/history/series_builder.h"

#include <optional>
#include <string>
#include <utility>

namespace perf {

absl::Status SeriesBuilder::Add(SeriesKey key, std::string title, HistoryPoint point) {
  if (series_.has_value() && series_->key() != key) {
    if (absl::Status used = Finish(); !used.ok()) return used;
  }
  if (!series_.has_value()) {
    series_.emplace();
    static_cast<SeriesKey&>(*series_) = std::move(key);
  }
  series_->title = std::move(title);
  // Now and then, as each time moves the rest.
  if (series_->points.size() / 2 >= max_points_) LeaveOut();
  series_->points.push_back(std::move(point));
  return absl::OkStatus();
}

absl::Status SeriesBuilder::Finish() {
  if (!series_.has_value()) return absl::OkStatus();
  LeaveOut();
  return use_(*std::exchange(series_, std::nullopt));
}

void SeriesBuilder::LeaveOut() {
  series_->points_left_out += KeepNewest(max_points_, series_->points);
}

}  // namespace perf

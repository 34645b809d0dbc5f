#include "perf/history/runs_in_history.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/history/history.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"

namespace perf {

absl::StatusOr<std::vector<HistorySeries>> ReadSeriesOf(absl::Span<const Run> runs,
                                                        size_t max_points, History& history) {
  std::vector<SeriesKey> keys;
  std::set<SeriesKey> known;
  absl::Time last = absl::InfinitePast();
  for (const Run& run : runs) {
    for (SeriesKey& key : KeysOf(run)) {
      if (known.insert(key).second) keys.push_back(std::move(key));
    }
    last = std::max(last, StartOf(run));
  }
  return history.Find(keys, last, max_points);
}

void AddPoints(absl::Span<const Run> runs, size_t max_points, std::vector<HistorySeries>& series) {
  std::map<SeriesKey, size_t> places;
  for (size_t i = 0; i < series.size(); ++i) places[series[i].key()] = i;
  for (const Run& run : runs) {
    const std::vector<SeriesKey> keys = KeysOf(run);
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto [place, is_new] = places.try_emplace(keys[i], series.size());
      if (is_new) static_cast<SeriesKey&>(series.emplace_back()) = keys[i];
      HistorySeries& one = series[place->second];
      const Measurement& measurement = run.measurements(static_cast<int>(i));
      HistoryPoint point = PointOf(run, measurement);
      const bool is_there = absl::c_any_of(one.points, [&](const HistoryPoint& other) {
        return other.time == point.time && other.test == point.test && other.run_id == point.run_id;
      });
      if (is_there) continue;
      const auto after = absl::c_upper_bound(
          one.points, point.time,
          [](absl::Time time, const HistoryPoint& other) { return time < other.time; });
      if (after == one.points.end()) one.title = measurement.title();
      one.points.insert(after, std::move(point));
      // The history has more of them, nobody knows how many.
      KeepNewest(max_points, one.points);
    }
  }
}

std::map<std::string, HistorySeries> ByName(std::vector<HistorySeries> series) {
  std::map<std::string, HistorySeries> by_name;
  for (HistorySeries& one : series) {
    const auto [place, is_new] = by_name.try_emplace(one.name);
    if (is_new) place->second = std::move(one);
  }
  return by_name;
}

}  // namespace perf

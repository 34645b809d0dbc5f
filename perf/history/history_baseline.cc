#include "perf/history/history_baseline.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace perf {
namespace {

// The medians of the last runs before `time` that count, the newest first.
std::vector<double> LastMedians(const HistorySeries& series, absl::Time time,
                                const std::set<std::string>& present) {
  std::vector<double> medians;
  for (auto point = series.points.rbegin(); point != series.points.rend(); ++point) {
    if (medians.size() == kMaxHistoryRuns) break;
    if (point->time >= time || present.contains(point->run_id)) continue;
    if (point->noise.has_value() && point->noise->empty()) medians.push_back(point->median);
  }
  return medians;
}

}  // namespace

std::map<std::string, HistoryBaseline> HistoryBaselines(absl::Span<const HistorySeries> history,
                                                        absl::Span<const Run> runs) {
  std::map<SeriesKey, const HistorySeries*> series_of;
  for (const HistorySeries& series : history) series_of[series.key()] = &series;
  std::set<std::string> present;
  for (const Run& run : runs) {
    // A record that was made without the runner names no invocation.
    if (!run.run_id().empty()) present.insert(run.run_id());
  }
  std::map<std::string, HistoryBaseline> baselines;
  for (const Run& run : runs) {
    for (const SeriesKey& key : KeysOf(run)) {
      const auto series = series_of.find(key);
      if (series == series_of.end()) continue;
      const std::vector<double> medians = LastMedians(*series->second, StartOf(run), present);
      if (medians.empty()) continue;
      baselines[key.name] = {.figure = FigureOf(medians),
                             .num_runs = static_cast<int>(medians.size())};
    }
  }
  return baselines;
}

}  // namespace perf

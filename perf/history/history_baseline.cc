#include "perf/history/history_baseline.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "perf/record/environment.h"

namespace perf {
namespace {

// What figures have to share to be compared: machine, build, name, load, unit, direction.
using SeriesKey =
    std::tuple<std::string, std::string, std::string, std::string, std::string, Better>;

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
  std::map<SeriesKey, const HistorySeries*> all;
  for (const HistorySeries& series : history) {
    all[{series.machine, series.build, series.name, series.load, series.unit, series.better}] =
        &series;
  }
  std::set<std::string> present;
  for (const Run& run : runs) {
    // A record that was made without the runner names no invocation.
    if (!run.run_id().empty()) present.insert(run.run_id());
  }
  std::map<std::string, HistoryBaseline> baselines;
  for (const Run& run : runs) {
    const std::string machine = MachineSlug(run.environment());
    const std::string build = SeriesBuild(run.environment());
    const std::string load = SeriesLoad(run.provenance());
    for (const Measurement& measurement : run.measurements()) {
      const auto found = all.find(
          {machine, build, measurement.name(), load, measurement.unit(), measurement.better()});
      if (found == all.end()) continue;
      const std::vector<double> medians = LastMedians(*found->second, StartOf(run), present);
      if (medians.empty()) continue;
      baselines[measurement.name()] = {.figure = FigureOf(medians),
                                       .num_runs = static_cast<int>(medians.size())};
    }
  }
  return baselines;
}

}  // namespace perf

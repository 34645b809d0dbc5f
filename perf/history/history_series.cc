#include "perf/history/history_series.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/record/environment.h"
#include "perf/record/health.h"
#include "perf/stats/statistics.h"

namespace perf {

int64_t KeepNewest(size_t max_points, std::vector<HistoryPoint>& points) {
  if (points.size() <= max_points) return 0;
  const auto left_out = static_cast<std::ptrdiff_t>(points.size() - max_points);
  points.erase(points.begin(), points.begin() + left_out);
  return left_out;
}

std::vector<SeriesKey> KeysOf(const Run& run) {
  SeriesKey key = {.machine = MachineSlug(run.environment()),
                   .build = SeriesBuild(run.environment()),
                   .load = SeriesLoad(run.provenance())};
  std::vector<SeriesKey> keys;
  keys.reserve(static_cast<size_t>(run.measurements_size()));
  for (const Measurement& measurement : run.measurements()) {
    key.name = measurement.name();
    key.unit = measurement.unit();
    key.better = measurement.better();
    keys.push_back(key);
  }
  return keys;
}

HistoryPoint PointOf(const Run& run, const Measurement& measurement) {
  return {.run_id = run.run_id(),
          .test = HashOfTest(run.provenance().target(), run.provenance().shard_index()),
          .commit = run.provenance().commit(),
          .dirty = run.provenance().dirty(),
          .time = StartOf(run),
          .median = Median(measurement.samples()),
          .num_samples = measurement.samples_size(),
          .noise = WhyNoisy(run.health())};
}

std::string SeriesLoad(const Provenance& provenance) {
  std::vector<std::string> overrides;
  for (const auto& [name, value] : provenance.load_overrides()) {
    overrides.push_back(absl::StrCat(", ", name, "=", value));
  }
  std::sort(overrides.begin(), overrides.end());
  return absl::StrCat(provenance.profile().empty() ? "default" : provenance.profile(),
                      absl::StrJoin(overrides, ""));
}

std::string SeriesBuild(const Environment& environment) {
  std::vector<std::string> parts;
  if (!environment.compiler().empty()) parts.push_back(environment.compiler());
  if (!environment.compilation_mode().empty()) parts.push_back(environment.compilation_mode());
  if (!environment.sanitizer().empty()) {
    parts.push_back(absl::StrCat(environment.sanitizer(), " sanitizer"));
  }
  std::string build = absl::StrJoin(parts, ", ");
  if (!environment.build_flags().empty()) {
    absl::StrAppend(&build, build.empty() ? "" : " ", "(", environment.build_flags(), ")");
  }
  return build;
}

size_t HashOfTest(const std::string& target, int64_t shard) {
  return std::hash<std::string>()(target) * 31 + static_cast<size_t>(shard);
}

absl::Time StartOf(const Run& run) {
  return absl::FromUnixSeconds(run.start_time().seconds()) +
         absl::Nanoseconds(run.start_time().nanos());
}

}  // namespace perf

#include "perf/history/history_series.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/record/environment.h"

namespace perf {

SeriesIndex::SeriesIndex(absl::Span<const HistorySeries> history) {
  for (const HistorySeries& series : history) {
    all_[{series.machine, series.build, series.name, series.load, series.unit, series.better}] =
        &series;
  }
}

const HistorySeries* SeriesIndex::Find(const Run& run, const Measurement& measurement) const {
  const auto found =
      all_.find({MachineSlug(run.environment()), SeriesBuild(run.environment()), measurement.name(),
                 SeriesLoad(run.provenance()), measurement.unit(), measurement.better()});
  return found == all_.end() ? nullptr : found->second;
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

absl::Time StartOf(const Run& run) {
  return absl::FromUnixSeconds(run.start_time().seconds()) +
         absl::Nanoseconds(run.start_time().nanos());
}

}  // namespace perf

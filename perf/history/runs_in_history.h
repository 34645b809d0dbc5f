// The part of the history that is about the measurements of some runs. It is read once, for
// baselines and for pictures.
#ifndef PERF_HISTORY_RUNS_IN_HISTORY_H_
#define PERF_HISTORY_RUNS_IN_HISTORY_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/history/history.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"

namespace perf {

// The series that the measurements of `runs` are points of, as far as they are there, each with its
// newest `max_points` points of runs that began no later than the last of `runs`: what was measured
// after records that are looked at again says nothing of them. Errors are those of History.
absl::StatusOr<std::vector<HistorySeries>> ReadSeriesOf(absl::Span<const Run> runs,
                                                        size_t max_points, History& history);

// Adds the points of `runs` that are not there yet, and series for what has none, as the history
// has them once the runs are added to it.
void AddPoints(absl::Span<const Run> runs, size_t max_points, std::vector<HistorySeries>& series);

// The series by the names of their measurements; of two of a name, which differ in build, load,
// unit or direction, the first.
std::map<std::string, HistorySeries> ByName(std::vector<HistorySeries> series);

}  // namespace perf

#endif  // PERF_HISTORY_RUNS_IN_HISTORY_H_

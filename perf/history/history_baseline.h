// The level that a measurement had in the last runs on a machine, as a baseline for the next one
// where none is stored.
//
// A stored baseline is a state that somebody trusted; this one is only what was measured lately. It
// follows the code: a level that stays for more than half of the runs is the new baseline, whether
// it is better or worse. It needs nobody to store anything, so that a second run has something to
// say. What has to be judged against a fixed state is stored, or compared A/B.
#ifndef PERF_HISTORY_HISTORY_BASELINE_H_
#define PERF_HISTORY_HISTORY_BASELINE_H_

#include <map>
#include <string>

#include "absl/types/span.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"
#include "perf/stats/verdict.h"

namespace perf {

// With fewer runs a change is shown, and nothing is judged by it.
inline constexpr int kMinJudgingRuns = 3;
// Runs before the last so many say little of the machine and the code of today.
inline constexpr int kMaxHistoryRuns = 10;

struct HistoryBaseline {
  // The median of the runs' medians, and how far these spread.
  Figure figure;
  // At least 1, at most kMaxHistoryRuns.
  int num_runs = 0;
};

// The baselines of the measurements of `runs`, by name: from the last runs before them that the
// machine left alone, on the same machine, with the same build and loads, in the same unit and
// direction. Points of an invocation that `runs` belong to do not count, nor do those of which no
// noise is known. A measurement without any such run is left out.
std::map<std::string, HistoryBaseline> HistoryBaselines(absl::Span<const HistorySeries> history,
                                                        absl::Span<const Run> runs);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_BASELINE_H_

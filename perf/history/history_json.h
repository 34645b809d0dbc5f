// Series of the history as JSON, for scripts.
#ifndef PERF_HISTORY_HISTORY_JSON_H_
#define PERF_HISTORY_HISTORY_JSON_H_

#include <string>

#include "perf/history/history_series.h"

namespace perf {

// One object in one line, without a newline:
//
//   {"machine":…,"build":…,"name":…,"title":…,"load":…,"unit":…,"better":"lower",
//    "points_left_out":0,"points":[{"run_id":…,"commit":…,"dirty":false,
//    "time":"2026-11-24T10:15:00.25+00:00","median":25.5,"num_samples":30,"noise":""}]}
//
// `noise` is null where nobody knows, and a median that is not finite is null.
std::string SeriesJson(const HistorySeries& series);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_JSON_H_

// Whether a series of memory over work grows, as every part of the suite judges it.
#ifndef PERF_REPORT_SERIES_GROWTH_H_
#define PERF_REPORT_SERIES_GROWTH_H_

#include "perf/record/result.pb.h"
#include "perf/stats/trend.h"

namespace perf {

// `min_effect`: the growth that its component says does not matter, in the measurement's unit; 0 if
// it says nothing. Of a measurement without work there is none.
Growth GrowthOfSeries(const Measurement& measurement, double min_effect);

}  // namespace perf

#endif  // PERF_REPORT_SERIES_GROWTH_H_

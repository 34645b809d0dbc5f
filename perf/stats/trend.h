// Whether a series grows: a robust slope with an interval.
#ifndef PERF_STATS_TREND_H_
#define PERF_STATS_TREND_H_

#include "absl/types/span.h"
#include "perf/stats/statistics.h"

namespace perf {

struct Trend {
  // The median of the slopes between all pairs of points (Theil 1950; Sen 1968): in the values'
  // unit per unit of `times`. A third of the points may be anything without moving it far.
  double slope = 0;
  // The slope's confidence interval, from Kendall's S, whose exact tails are approximated by a
  // normal distribution with continuity correction (Hollander & Wolfe 1999, section 9.3). Too few
  // points for the confidence give the slopes' whole range.
  Interval slope_interval;
  // The slope times the length of the series.
  double growth = 0;
};

// `times` strictly increasing, in any unit; `values` as many. At least 3 points and at most 3000,
// as it looks at all pairs; all zero otherwise.
Trend TheilSen(absl::Span<const double> times, absl::Span<const double> values, double confidence);

// Whether what is occupied grows while the same work is done again and again.
struct Growth {
  // The trend of the later half of the series: what fills up once, such as a cache, does so in the
  // first.
  Trend trend;
  // The slope's interval lies above 0, so it is no noise; and the growth is more than `least`, so
  // it is no step of the allocator. Of fewer than 15 readings nothing is claimed.
  bool grows = false;
};

inline constexpr double kGrowthConfidence = 0.999;

// `work` and `values` as TheilSen's, but any number of them. `least` in the values' unit, at least
// 0.
Growth JudgeGrowth(absl::Span<const double> work, absl::Span<const double> values, double least);

}  // namespace perf

#endif  // PERF_STATS_TREND_H_

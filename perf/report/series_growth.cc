#include "perf/report/series_growth.h"

#include <vector>

namespace perf {

Growth GrowthOfSeries(const Measurement& measurement, double min_effect) {
  // This is in MB; measurements in other units state a min_effect.
  constexpr double kMinGrowth = 0.1;
  const std::vector<double> work(measurement.work().begin(), measurement.work().end());
  return JudgeGrowth(work, measurement.samples(), min_effect > 0 ? min_effect : kMinGrowth);
}

}  // namespace perf

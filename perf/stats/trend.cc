#include "perf/stats/trend.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace perf {
namespace {

// With fewer points, not even the lowest and the highest of all slopes are the ends of an interval
// of kGrowthConfidence: three points rise by chance in one series of six.
constexpr size_t kMinPointsToJudge = 8;
constexpr size_t kMaxPoints = 3000;

}  // namespace

Trend TheilSen(absl::Span<const double> times, absl::Span<const double> values, double confidence) {
  const size_t n = times.size();
  if (n < 3 || n > kMaxPoints || values.size() != n) return {};
  std::vector<double> slopes;
  slopes.reserve(n * (n - 1) / 2);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 1; j < n; ++j) {
      slopes.push_back((values[j] - values[i]) / (times[j] - times[i]));
    }
  }
  std::sort(slopes.begin(), slopes.end());
  Trend trend;
  trend.slope = Quantile(slopes, 0.5);
  trend.growth = trend.slope * (times.back() - times.front());
  // Equal values make ties, and ties make S vary less; taking the variance without them keeps the
  // interval too wide rather than too narrow.
  const auto points = static_cast<double>(n);
  const double deviation = std::sqrt(points * (points - 1) * (2 * points + 5) / 18);
  const double reach = NormalQuantile((1 + confidence) / 2) * deviation + 1;
  const auto pairs = static_cast<double>(slopes.size());
  const double below = std::floor((pairs - reach) / 2);
  const size_t low = below < 0 ? 0 : static_cast<size_t>(below);
  trend.slope_interval = {slopes[low], slopes[slopes.size() - 1 - low]};
  return trend;
}

Growth JudgeGrowth(absl::Span<const double> work, absl::Span<const double> values, double least) {
  if (work.size() != values.size()) return {};
  const size_t first = work.size() / 2;
  Growth growth;
  // All pairs of points are looked at. Of more than that, evenly many are left out.
  const size_t stride = (work.size() - first + kMaxPoints - 1) / kMaxPoints;
  std::vector<double> times;
  std::vector<double> readings;
  for (size_t i = first; i < work.size(); i += stride) {
    times.push_back(work[i]);
    readings.push_back(values[i]);
  }
  growth.trend = TheilSen(times, readings, kGrowthConfidence);
  growth.grows = work.size() - first >= kMinPointsToJudge && growth.trend.slope_interval.low > 0 &&
                 growth.trend.growth > least;
  return growth;
}

}  // namespace perf

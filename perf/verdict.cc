#include "perf/verdict.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace perf {
namespace {

double ChangePercent(double current, double baseline, Better better) {
  // Not the negative of one form: that would make an unchanged time -0 %.
  return (better == LOWER ? baseline - current : current - baseline) / baseline * 100;
}

}  // namespace

Figure FigureOf(absl::Span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  return {.median = Quantile(sorted, 0.5), .interval = MedianInterval(sorted, kConfidence)};
}

Verdict JudgeChange(double change, const Interval& interval) {
  // Percentages computed from decimal figures miss their line by a rounding error: 9 against 10 is
  // +10 %.
  constexpr double kRounding = 1e-9;
  if (change < -kRedPercent - kRounding) {
    if (interval.high < -kYellowPercent) return RED;
    return interval.high < 0 ? YELLOW : UNRESOLVED;
  }
  if (change < -kYellowPercent - kRounding) return interval.high < 0 ? YELLOW : STABLE;
  if (change >= kYellowPercent - kRounding) return interval.low > 0 ? IMPROVEMENT : STABLE;
  return STABLE;
}

Comparison Compare(const Figure& current, const Figure& baseline, Better better,
                   double insignificant_below) {
  const bool insignificant = std::abs(current.median - baseline.median) < insignificant_below;
  if (baseline.median <= 0 || baseline.interval.low <= 0) {
    // Equal counts of nothing are as stable as figures get.
    const bool stable = insignificant || current.median == baseline.median;
    return {.verdict = stable ? STABLE : NOT_COMPARABLE,
            .change_percent = 0,
            .change_percent_interval = {},
            .insignificant = insignificant};
  }
  Comparison comparison;
  comparison.insignificant = insignificant;
  comparison.change_percent = ChangePercent(current.median, baseline.median, better);
  // The extremes of the ratio of two figures that each lie somewhere in their interval.
  const double one = ChangePercent(current.interval.low, baseline.interval.high, better);
  const double other = ChangePercent(current.interval.high, baseline.interval.low, better);
  comparison.change_percent_interval = {std::min(one, other), std::max(one, other)};
  comparison.verdict =
      insignificant ? STABLE
                    : JudgeChange(comparison.change_percent, comparison.change_percent_interval);
  return comparison;
}

}  // namespace perf

#include "perf/stats/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace perf {
namespace {

// The change of a figure, signed so that + is better.
double Gain(double current, double baseline, Better better) {
  // Not the negative of one form: that would make an unchanged time -0 %.
  return better == LOWER ? baseline - current : current - baseline;
}

// `gain` in percent of a baseline of that size. What no report could print is cut off.
double Percent(double gain, double size) {
  constexpr double kMaxPercent = 1e9;
  return std::clamp(gain / size * 100, -kMaxPercent, kMaxPercent);
}

// A baseline that no percentage can be taken of is the only line there is: beyond it, with the near
// end of the interval, is worse or better.
Verdict JudgeBesideZero(double gain, const Interval& gains) {
  if (gain < 0) return gains.high < 0 ? RED : UNRESOLVED;
  return gain > 0 && gains.low > 0 ? IMPROVED : STABLE;
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
  if (change >= kYellowPercent - kRounding) return interval.low > 0 ? IMPROVED : STABLE;
  return STABLE;
}

Comparison Compare(const Figure& current, const Figure& baseline, Better better,
                   double min_effect) {
  Comparison comparison;
  comparison.below_min_effect = std::abs(current.median - baseline.median) < min_effect;
  const double gain = Gain(current.median, baseline.median, better);
  const Interval interval = {Gain(current.interval.high, baseline.interval.low, better),
                             Gain(current.interval.low, baseline.interval.high, better)};
  const Interval gains = {std::min(interval.low, interval.high),
                          std::max(interval.low, interval.high)};
  const double size = std::abs(baseline.median);
  // The smallest doubles count as nothing: a percentage of them overflows.
  if (size < std::numeric_limits<double>::min()) {
    comparison.of_zero = true;
    comparison.verdict = comparison.below_min_effect ? STABLE : JudgeBesideZero(gain, gains);
    return comparison;
  }
  comparison.change_percent = Percent(gain, size);
  if (baseline.interval.low >= std::numeric_limits<double>::min()) {
    // The extremes of the ratio of two figures that each lie somewhere in their interval.
    const double one =
        Percent(Gain(current.interval.low, baseline.interval.high, better), baseline.interval.high);
    const double other =
        Percent(Gain(current.interval.high, baseline.interval.low, better), baseline.interval.low);
    comparison.change_percent_interval = {std::min(one, other), std::max(one, other)};
  } else {
    // A baseline that may be nothing, or is less, has no such ratio: its median is the measure of
    // all.
    comparison.change_percent_interval = {Percent(gains.low, size), Percent(gains.high, size)};
  }
  comparison.verdict =
      comparison.below_min_effect
          ? STABLE
          : JudgeChange(comparison.change_percent, comparison.change_percent_interval);
  return comparison;
}

}  // namespace perf

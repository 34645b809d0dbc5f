#include "perf/ab/paired_effect.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "perf/stats/verdict.h"

namespace perf {
namespace {

double SortedMedian(absl::Span<const double> sorted) { return Quantile(sorted, 0.5); }

// The share of an error rate that a look after so many rounds may use up: that of the next planned
// look, if time ran out before it.
double ShareOfLook(size_t rounds) {
  double share = 0.5;
  for (int look = kFirstLook; static_cast<size_t>(look) < rounds; look = NextLook(look)) share /= 2;
  return share;
}

// The interval of the median. It has no bounds where MedianInterval falls back on the whole range.
Interval BoundedInterval(absl::Span<const double> sorted, double error_rate) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::ldexp(2.0, -static_cast<int>(sorted.size())) > error_rate) {
    return {-kInfinity, kInfinity};
  }
  return MedianInterval(sorted, 1 - error_rate);
}

Interval ChangePercent(const Interval& log_interval, Better better) {
  const double one = std::expm1(log_interval.low) * 100;
  const double other = std::expm1(log_interval.high) * 100;
  return better == LOWER ? Interval{-other, -one} : Interval{one, other};
}

bool Within(const Interval& interval, double percent) {
  return interval.low > -percent && interval.high < percent;
}

}  // namespace

double RoundLogRatio(const Round& round) {
  std::vector<double> log_ratios;
  log_ratios.reserve(round.size());
  for (const EpochPair& pair : round) {
    const auto nanoseconds = [](const Epoch& epoch) {
      // The clock does not tell shorter times apart.
      return static_cast<double>(std::max<int64_t>(epoch.wall_ns(), 1));
    };
    log_ratios.push_back(std::log(nanoseconds(pair.current) / nanoseconds(pair.baseline)));
  }
  std::sort(log_ratios.begin(), log_ratios.end());
  return SortedMedian(log_ratios);
}

double LogRatio(double before, double after, double min_effect) {
  constexpr double kTiny = 1e-9;
  if (before == after || std::abs(after - before) < min_effect) return 0;
  const double least = min_effect > 0 ? min_effect : kTiny;
  if (before > 0 && after >= 0) return std::log(std::max(after, least) / std::max(before, least));
  const double size = std::max(std::abs(before), least);
  return std::log(std::max(1 + (after - before) / size, kTiny));
}

PairedEffect JudgeRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                         int full_look) {
  PairedEffect effect;
  if (log_ratios.empty()) return effect;
  std::vector<double> sorted(log_ratios.begin(), log_ratios.end());
  std::sort(sorted.begin(), sorted.end());
  const double median = SortedMedian(sorted);
  const double share = ShareOfLook(sorted.size());
  const double rate = kErrorRate * share;
  const Interval interval = BoundedInterval(sorted, rate);
  effect.ratio = std::exp(median);
  effect.ratio_interval = {std::exp(interval.low), std::exp(interval.high)};
  effect.change_percent = ChangePercent({median, median}, better).low;
  effect.change_percent_interval = ChangePercent(interval, better);

  const Interval near = ChangePercent(BoundedInterval(sorted, rate / num_comparisons), better);
  effect.verdict = JudgeChange(effect.change_percent, near);
  const bool full = static_cast<int>(sorted.size()) >= full_look;
  const bool red_excluded = effect.change_percent_interval.low > -kRedPercent;
  switch (effect.verdict) {
    case RED:
    case IMPROVED:
      effect.settled = true;
      break;
    case YELLOW:
      // It may still turn red: for good if the median is there and only the interval is not.
      effect.settled = red_excluded || (full && effect.change_percent >= -kRedPercent);
      break;
    default:
      if (effect.change_percent < -kYellowPercent || effect.change_percent >= kYellowPercent ||
          !red_excluded) {
        effect.verdict = UNRESOLVED;
        break;
      }
      effect.verdict = STABLE;
      // Each side of this interval errs with half its rate.
      effect.settled =
          full || Within(ChangePercent(BoundedInterval(sorted, 2 * kMissRate * share), better),
                         kVisiblePercent);
  }
  return effect;
}

}  // namespace perf

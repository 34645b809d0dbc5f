#include "perf/live/paired_effect.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "perf/verdict.h"

namespace perf {
namespace {

// Stable at an early look only if the effect is certainly smaller than this: what is near a line,
// or merely small, is worth the full number of rounds.
constexpr double kNegligiblePercent = 5;

double SortedMedian(absl::Span<const double> sorted) { return Quantile(sorted, 0.5); }

// The error rate that a look after so many rounds may use up: that of the next planned one, if time
// ran out before it.
double RateOfLook(size_t rounds) {
  double rate = kErrorRate / 2;
  for (size_t look = kFirstLook; look < rounds; look *= 2) rate /= 2;
  return rate;
}

// Without bounds where MedianInterval falls back on the whole range.
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

PairedEffect JudgeRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                         int full_look) {
  PairedEffect effect;
  if (log_ratios.empty()) return effect;
  std::vector<double> sorted(log_ratios.begin(), log_ratios.end());
  std::sort(sorted.begin(), sorted.end());
  const double median = SortedMedian(sorted);
  const double rate = RateOfLook(sorted.size());
  const Interval interval = BoundedInterval(sorted, rate);
  effect.ratio = std::exp(median);
  effect.ratio_interval = {std::exp(interval.low), std::exp(interval.high)};
  effect.change_percent = ChangePercent({median, median}, better).low;
  effect.change_percent_interval = ChangePercent(interval, better);

  const Interval near = ChangePercent(BoundedInterval(sorted, rate / num_comparisons), better);
  effect.verdict = JudgeChange(effect.change_percent, near);
  switch (effect.verdict) {
    case RED:
    case IMPROVEMENT:
      effect.settled = true;
      break;
    case YELLOW:
      // Beyond the red line, and only the interval is not yet: that may still turn red.
      effect.settled = effect.change_percent >= -kRedPercent;
      break;
    default:
      if (effect.change_percent < -kYellowPercent || effect.change_percent >= kYellowPercent) {
        effect.verdict = UNRESOLVED;
      } else if (Within(effect.change_percent_interval, kNegligiblePercent) ||
                 (static_cast<int>(sorted.size()) >= full_look &&
                  effect.change_percent_interval.low > -kRedPercent)) {
        effect.verdict = STABLE;
        effect.settled = true;
      } else {
        effect.verdict = effect.change_percent_interval.low > -kRedPercent ? STABLE : UNRESOLVED;
      }
  }
  return effect;
}

}  // namespace perf

#include "perf/ab/paired_effect.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "perf/ab/sign_sequence.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"

namespace perf {
namespace {

double SortedMedian(absl::Span<const double> sorted) { return Quantile(sorted, 0.5); }

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Figures of rounds in ascending order, taken for a sample of as many rounds as are asked about.
struct Sample {
  absl::Span<const double> sorted;
  int rounds = 0;
};

// The figure that is the `k`-th smallest of the sample's rounds, counted from 1.
double OrderStatistic(const Sample& sample, int k) {
  if (sample.rounds == static_cast<int>(sample.sorted.size())) {
    return sample.sorted[static_cast<size_t>(k) - 1];
  }
  return Quantile(sample.sorted, (k - 1.0) / (sample.rounds - 1.0));
}

Interval OrderInterval(const Sample& sample, int k) {
  if (k < 1) return {-kInfinity, kInfinity};
  return {OrderStatistic(sample, k), OrderStatistic(sample, sample.rounds + 1 - k)};
}

// The confidence sequence for the median.
Interval MedianSequence(const Sample& sample, double error_rate) {
  return OrderInterval(sample, SignBoundary(sample.rounds, error_rate));
}

Interval ChangePercent(const Interval& log_interval, Better better) {
  const double one = std::expm1(log_interval.low) * 100;
  const double other = std::expm1(log_interval.high) * 100;
  return better == LOWER ? Interval{-other, -one} : Interval{one, other};
}

bool Within(const Interval& interval, double percent) {
  return interval.low > -percent && interval.high < percent;
}

PairedEffect Judge(const Sample& sample, int num_comparisons, Better better,
                   const Thoroughness& thoroughness) {
  PairedEffect effect;
  const double median = SortedMedian(sample.sorted);
  const Interval interval = MedianSequence(sample, kErrorRate);
  effect.ratio = std::exp(median);
  effect.ratio_interval = {std::exp(interval.low), std::exp(interval.high)};
  effect.change_percent = ChangePercent({median, median}, better).low;
  effect.change_percent_interval = ChangePercent(interval, better);

  const Interval near = ChangePercent(MedianSequence(sample, kErrorRate / num_comparisons), better);
  effect.verdict = JudgeChange(effect.change_percent, near);
  const bool full = sample.rounds >= thoroughness.full_rounds;
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
    default: {
      if (effect.change_percent < -kYellowPercent || effect.change_percent >= kYellowPercent ||
          !red_excluded) {
        effect.verdict = UNRESOLVED;
        break;
      }
      effect.verdict = STABLE;
      // Each side of this interval errs with half its rate.
      const Interval excluding = ChangePercent(MedianSequence(sample, 2 * kMissRate), better);
      effect.ten_percent_excluded = Within(excluding, kYellowPercent);
      effect.settled = full || Within(excluding, thoroughness.visible_percent);
    }
  }
  return effect;
}

std::vector<double> Sorted(absl::Span<const double> figures) {
  std::vector<double> sorted(figures.begin(), figures.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
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
  if (before > 0 && after >= 0) return std::log(std::max(after, kTiny) / std::max(before, kTiny));
  // Zero has no percentages, so what counts as a difference at all takes its place.
  const double least = min_effect > 0 ? min_effect : kTiny;
  const double size = std::abs(before) > 0 ? std::abs(before) : least;
  return std::log(std::max(1 + (after - before) / size, kTiny));
}

PairedEffect JudgeRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                         const Thoroughness& thoroughness) {
  if (log_ratios.empty()) return {};
  const std::vector<double> sorted = Sorted(log_ratios);
  PairedEffect effect = Judge({.sorted = sorted, .rounds = static_cast<int>(sorted.size())},
                              num_comparisons, better, thoroughness);
  effect.likely = JudgeChange(effect.change_percent,
                              ChangePercent(MedianInterval(sorted, 1 - kLikelyErrorRate), better));
  return effect;
}

PairedEffect JudgeDeterministic(double log_ratio, Better better) {
  PairedEffect effect;
  effect.ratio = std::exp(log_ratio);
  effect.ratio_interval = {effect.ratio, effect.ratio};
  effect.change_percent_interval = ChangePercent({log_ratio, log_ratio}, better);
  effect.change_percent = effect.change_percent_interval.low;
  effect.verdict = JudgeChange(effect.change_percent, effect.change_percent_interval);
  effect.likely = effect.verdict;
  effect.ten_percent_excluded = effect.verdict == STABLE;
  effect.settled = true;
  return effect;
}

int ForecastRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                   const Thoroughness& thoroughness) {
  const std::vector<double> sorted = Sorted(log_ratios);
  constexpr double kStep = 1.15;
  int rounds = static_cast<int>(sorted.size());
  while (rounds <= kMaxForecastRounds) {
    if (Judge({.sorted = sorted, .rounds = rounds}, num_comparisons, better, thoroughness)
            .settled) {
      return rounds;
    }
    rounds = std::max(rounds + 1, static_cast<int>(rounds * kStep));
  }
  return kNeverSettled;
}

}  // namespace perf

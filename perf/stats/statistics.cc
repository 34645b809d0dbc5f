#include "perf/stats/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>

namespace perf {
namespace {

double Mean(absl::Span<const double> samples) {
  const auto count = static_cast<double>(samples.size());
  const double sum = std::accumulate(samples.begin(), samples.end(), 0.0);
  if (std::isfinite(sum)) return sum / count;
  // The sum of finite samples may be none, but their mean always is.
  return std::accumulate(samples.begin(), samples.end(), 0.0,
                         [&](double mean, double sample) { return mean + sample / count; });
}

}  // namespace

Summary Summarize(absl::Span<const double> samples) {
  Summary summary;
  if (samples.empty()) return summary;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  summary.count = static_cast<int64_t>(sorted.size());
  summary.mean = Mean(sorted);
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.median = Quantile(sorted, 0.5);
  summary.p90 = Quantile(sorted, 0.9);
  summary.p95 = Quantile(sorted, 0.95);
  summary.p99 = Quantile(sorted, 0.99);
  if (summary.median != 0) {
    summary.relative_quartile_deviation =
        (Quantile(sorted, 0.75) - Quantile(sorted, 0.25)) / 2 / std::abs(summary.median);
  }
  return summary;
}

double Median(absl::Span<const double> samples) {
  if (samples.empty()) return 0;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  return Quantile(sorted, 0.5);
}

double Quantile(absl::Span<const double> sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - static_cast<double>(below);
  const double distance = sorted[above] - sorted[below];
  // Their distance may be more than a double holds.
  if (!std::isfinite(distance)) return sorted[below] * (1 - share) + sorted[above] * share;
  return sorted[below] + distance * share;
}

double Value(const Summary& summary, Statistic statistic) {
  switch (statistic) {
    case MEAN:
      return summary.mean;
    case MEDIAN:
      return summary.median;
    case MINIMUM:
      return summary.min;
    case MAXIMUM:
      return summary.max;
    case P90:
      return summary.p90;
    case P95:
      return summary.p95;
    case P99:
      return summary.p99;
    default:
      std::abort();
  }
}

Interval MedianInterval(absl::Span<const double> sorted, double confidence) {
  const size_t n = sorted.size();
  // Cut k order statistics from either end while both tails, 2 * P(Binomial(n, 1/2) <= k - 1), stay
  // within what the confidence leaves.
  const double allowed = (1 - confidence) / 2;
  double log_term = -static_cast<double>(n) * std::log(2.0);
  double tail = std::exp(log_term);
  size_t cut = 0;
  while (tail <= allowed && 2 * (cut + 1) < n) {
    ++cut;
    log_term += std::log(static_cast<double>(n - cut + 1)) - std::log(static_cast<double>(cut));
    tail += std::exp(log_term);
  }
  const size_t first = cut == 0 ? 0 : cut - 1;
  return {sorted[first], sorted[n - 1 - first]};
}

double NormalTail(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

double NormalQuantile(double probability) {
  // The tail falls monotonically, so bisection finds the place where it is right.
  double low = -40;
  double high = 40;
  while (high - low > 1e-10) {
    const double middle = (low + high) / 2;
    (1 - NormalTail(middle) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

double BinomialTail(int64_t successes, int64_t trials, double probability) {
  if (successes >= trials || probability <= 0) return 1;
  if (successes < 0 || probability >= 1) return 0;
  const auto n = static_cast<double>(trials);
  double tail = 0;
  for (int64_t i = 0; i <= successes; ++i) {
    const auto k = static_cast<double>(i);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                     k * std::log(probability) + (n - k) * std::log1p(-probability));
  }
  return std::min(tail, 1.0);
}

double EvenSignsProbability(absl::Span<const int> numbers) {
  int sum = 0;
  int reach = 0;
  for (const int number : numbers) {
    sum += number;
    reach += std::abs(number);
  }
  // The distribution of the sum over all signs; its middle is the sum 0.
  const auto middle = static_cast<size_t>(reach);
  std::vector<double> likely(2 * middle + 1, 0.0);
  likely[middle] = 1;
  for (const int number : numbers) {
    const auto step = static_cast<size_t>(std::abs(number));
    std::vector<double> next(likely.size(), 0.0);
    for (size_t i = 0; i < likely.size(); ++i) {
      if (i >= step) next[i - step] += likely[i] / 2;
      if (i + step < likely.size()) next[i + step] += likely[i] / 2;
    }
    likely = std::move(next);
  }
  const auto distance = static_cast<size_t>(std::abs(sum));
  double probability = 0;
  for (size_t i = 0; i < likely.size(); ++i) {
    if (i + distance <= middle || i >= middle + distance) probability += likely[i];
  }
  return std::min(probability, 1.0);
}

Interval ProportionInterval(int64_t successes, int64_t trials, double confidence) {
  const double allowed = (1 - confidence) / 2;
  // Either tail is monotonic in the proportion, so bisection finds where it is just allowed.
  const auto solve = [&](auto&& too_low) {
    double low = 0;
    double high = 1;
    while (high - low > 1e-12) {
      const double middle = (low + high) / 2;
      (too_low(middle) ? low : high) = middle;
    }
    return (low + high) / 2;
  };
  Interval interval{0, 1};
  if (successes > 0) {
    interval.low =
        solve([&](double p) { return 1 - BinomialTail(successes - 1, trials, p) < allowed; });
  }
  if (successes < trials) {
    interval.high = solve([&](double p) { return BinomialTail(successes, trials, p) > allowed; });
  }
  return interval;
}

}  // namespace perf

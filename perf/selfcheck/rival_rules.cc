#include "perf/selfcheck/rival_rules.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

#include "perf/stats/statistics.h"

namespace perf {
namespace {

struct Moments {
  double mean = 0;
  // The variance of a sample, with n - 1.
  double variance = 0;
  double count = 0;
};

Moments MomentsOf(absl::Span<const double> samples) {
  Moments moments{.count = static_cast<double>(samples.size())};
  for (const double sample : samples) moments.mean += sample / moments.count;
  for (const double sample : samples) {
    moments.variance += (sample - moments.mean) * (sample - moments.mean) / (moments.count - 1);
  }
  return moments;
}

// Welch's.
double TStatistic(const Moments& one, const Moments& other) {
  const double variance = one.variance / one.count + other.variance / other.count;
  return variance > 0 ? (one.mean - other.mean) / std::sqrt(variance) : 0;
}

// Student's quantile by the expansion of Cornish and Fisher (Abramowitz & Stegun 26.7.5): right to
// four digits from ten degrees of freedom on.
double StudentQuantile(double probability, double freedom) {
  const double z = NormalQuantile(probability);
  const double g1 = (std::pow(z, 3) + z) / 4;
  const double g2 = (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / 96;
  const double g3 = (3 * std::pow(z, 7) + 19 * std::pow(z, 5) + 17 * std::pow(z, 3) - 15 * z) / 384;
  return z + g1 / freedom + g2 / std::pow(freedom, 2) + g3 / std::pow(freedom, 3);
}

int Sign(double difference) { return (difference > 0) - (difference < 0); }

class Resampler {
 public:
  explicit Resampler(uint64_t seed) : random_(seed) {}

  // Mean and variance of as many draws, with replacement.
  Moments Draw(absl::Span<const double> samples, size_t count) {
    double sum = 0;
    double squares = 0;
    // Around a value near the mean, so that squares do not cancel.
    const double shift = samples[0];
    for (size_t i = 0; i < count; ++i) {
      const auto at = static_cast<size_t>((random_() >> 32) * samples.size() >> 32);
      const double value = samples[at] - shift;
      sum += value;
      squares += value * value;
    }
    const auto n = static_cast<double>(count);
    return {.mean = shift + sum / n, .variance = (squares - sum * sum / n) / (n - 1), .count = n};
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

int MeanBeyondTenPercent(absl::Span<const double> baseline, absl::Span<const double> current) {
  const double change = MomentsOf(current).mean / MomentsOf(baseline).mean - 1;
  return std::abs(change) > 0.1 ? Sign(change) : 0;
}

int MannWhitney(absl::Span<const double> baseline, absl::Span<const double> current) {
  std::vector<std::pair<double, bool>> all;
  for (const double sample : baseline) all.emplace_back(sample, false);
  for (const double sample : current) all.emplace_back(sample, true);
  std::sort(all.begin(), all.end());
  double rank_sum = 0;
  double ties = 0;
  for (size_t first = 0; first < all.size();) {
    size_t last = first;
    while (last + 1 < all.size() && all[last + 1].first == all[first].first) ++last;
    const double rank = static_cast<double>(first + last) / 2 + 1;
    const auto tied = static_cast<double>(last - first + 1);
    ties += tied * tied * tied - tied;
    for (size_t i = first; i <= last; ++i) rank_sum += all[i].second ? rank : 0;
    first = last + 1;
  }
  const auto m = static_cast<double>(baseline.size());
  const auto n = static_cast<double>(current.size());
  const double u = rank_sum - n * (n + 1) / 2;
  const double difference = u - m * n / 2;
  const double total = m + n;
  const double variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)));
  if (variance <= 0) return 0;
  const double z = std::max(0.0, std::abs(difference) - 0.5) / std::sqrt(variance);
  return 2 * NormalTail(z) < 0.05 ? Sign(difference) : 0;
}

int CriterionRule(absl::Span<const double> baseline, absl::Span<const double> current,
                  uint64_t seed) {
  constexpr int kResamples = 10000;
  constexpr double kNoise = 0.01;
  Resampler resampler(seed);
  const double t = TStatistic(MomentsOf(current), MomentsOf(baseline));
  std::vector<double> pooled(baseline.begin(), baseline.end());
  pooled.insert(pooled.end(), current.begin(), current.end());
  int beyond = 0;
  for (int i = 0; i < kResamples; ++i) {
    const Moments one = resampler.Draw(pooled, current.size());
    const Moments other = resampler.Draw(pooled, baseline.size());
    if (TStatistic(one, other) < t) ++beyond;
  }
  const double p = 2.0 * std::min(beyond, kResamples - beyond) / kResamples;
  if (p >= 0.05) return 0;
  std::vector<double> changes;
  for (int i = 0; i < kResamples; ++i) {
    changes.push_back(resampler.Draw(current, current.size()).mean /
                          resampler.Draw(baseline, baseline.size()).mean -
                      1);
  }
  std::sort(changes.begin(), changes.end());
  if (Quantile(changes, 0.025) > kNoise) return 1;
  return Quantile(changes, 0.975) < -kNoise ? -1 : 0;
}

int SeparateIntervals(absl::Span<const double> baseline, absl::Span<const double> current) {
  const auto half_width = [](const Moments& moments) {
    return StudentQuantile(0.995, moments.count - 1) * std::sqrt(moments.variance / moments.count);
  };
  const Moments one = MomentsOf(baseline);
  const Moments other = MomentsOf(current);
  const double difference = other.mean - one.mean;
  return std::abs(difference) > half_width(one) + half_width(other) ? Sign(difference) : 0;
}

}  // namespace perf

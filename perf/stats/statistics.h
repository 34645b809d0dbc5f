// Descriptive statistics of samples.
#ifndef PERF_STATS_STATISTICS_H_
#define PERF_STATS_STATISTICS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

struct Summary {
  int64_t count = 0;
  double mean = 0;
  double min = 0;
  double max = 0;
  double median = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  // Half the distance between the quartiles over the median: the relative spread of the middle
  // half.
  double relative_quartile_deviation = 0;
};

// Summarises at least one sample; all figures are zero for none.
Summary Summarize(absl::Span<const double> samples);

// The median of samples in any order; 0 for none.
double Median(absl::Span<const double> samples);

// The `probability` quantile of sorted samples, interpolated linearly between order statistics
// (Hyndman & Fan 1996, type 7). Requires at least one sample and a probability in [0, 1].
double Quantile(absl::Span<const double> sorted, double probability);

// One figure of a summary. Neither STATISTIC_UNKNOWN nor GROWTH is allowed: a growth is a figure of
// a series over work, and trend.h has it.
double Value(const Summary& summary, Statistic statistic);

// A distribution-free interval for the median: the order statistics between which it lies with at
// least `confidence`, from the binomial distribution of the sign test (Conover 1999, section 3.2).
// An interval; with too few samples for the confidence, it is the whole range.
struct Interval {
  double low = 0;
  double high = 0;
};
Interval MedianInterval(absl::Span<const double> sorted, double confidence);

// The standard normal distribution's quantile and its inverse's complement: P(Z > z). The quantile
// requires a probability in (0, 1), and is accurate to 1e-9.
double NormalQuantile(double probability);
double NormalTail(double z);

// The exact interval for a binomial proportion (Clopper & Pearson 1934). Requires trials > 0 and
// 0 <= successes <= trials.
Interval ProportionInterval(int64_t successes, int64_t trials, double confidence);

// P(X <= successes) of a binomial distribution.
double BinomialTail(int64_t successes, int64_t trials, double probability);

// How likely it is that numbers which are each as likely positive as negative have a sum at least
// as far from zero as these: an exact sign-flipping test, two-sided (Fisher 1935). What is
// independent are the numbers, not what each of them counts. 1 if all are zero. Takes time and
// memory in proportion to the sum of their magnitudes.
double EvenSignsProbability(absl::Span<const int> numbers);

}  // namespace perf

#endif  // PERF_STATS_STATISTICS_H_

// How a figure stands to a baseline of the same machine.
//
// A change is a percentage of the baseline and is signed so that + is better, whatever the unit: a
// time that fell from 10 ms to 9 ms and a throughput that rose from 100/s to 110/s both are +10 %.
//
// Stored baselines are compared with care, because the same code measured twice on a shared machine
// differs: a verdict needs its median beyond the line and also the near end of the interval beyond
// the line before. docs/method.md has the reasons.
#ifndef PERF_STATS_VERDICT_H_
#define PERF_STATS_VERDICT_H_

#include "absl/types/span.h"
#include "perf/record/result.pb.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.pb.h"

namespace perf {

// Worse by more than this is yellow, by more than twice this red; better by this is an improvement.
inline constexpr double kYellowPercent = 10;
inline constexpr double kRedPercent = 20;
inline constexpr double kConfidence = 0.99;

// The part of a distribution that is compared.
struct Figure {
  double median = 0;
  // The interval for the median, at kConfidence.
  Interval interval;
};

Figure FigureOf(absl::Span<const double> samples);

struct Comparison {
  Verdict verdict = VERDICT_UNKNOWN;
  // A baseline of zero has no percentage: then this is zero, whatever the verdict.
  double change_percent = 0;
  Interval change_percent_interval;
  // The difference is too small to matter, whatever its percentage.
  bool below_min_effect = false;
  // The baseline is so small that no percentage of it can be taken.
  bool of_zero = false;
};

// `change` of the median and its interval, in percent of the baseline.
//
//   RED          median more than 20 % worse, near end of the interval more than 10 % worse
//   YELLOW       median more than 10 % worse, near end worse
//   UNRESOLVED   median more than 20 % worse, near end not even worse
//   IMPROVED     median at least 10 % better, near end better
//   STABLE       everything else
Verdict JudgeChange(double change, const Interval& interval);

// `min_effect`: a difference of the medians smaller than this, in their unit, is STABLE.
//
// Beside a baseline of zero, which has no percentages, every worsening of at least `min_effect`
// is RED, or UNRESOLVED if the interval's near end is not worse; what is better
// is IMPROVED. A negative baseline, such as one in decibels, is measured by its size.
Comparison Compare(const Figure& current, const Figure& baseline, Better better, double min_effect);

}  // namespace perf

#endif  // PERF_STATS_VERDICT_H_

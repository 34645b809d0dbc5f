// What interleaved rounds say about the current build.
//
// Each round's figure is the median of the log ratios (current over baseline) of its pairs of
// epochs; the effect is the median over rounds. Rounds are the unit, as they alone are independent:
// all pairs of one round share the layout of two processes (Kalibera & Jones 2013 resample at the
// highest level for the same reason). No distribution is assumed; if both builds are equal,
// swapping them changes nothing, and so the interval holds exactly.
//
// The interval is that of a confidence sequence (sign_sequence.h): it may be looked at after every
// round, and errs over all of them together with its rate. The one that is shown errs with
// kErrorRate. Colours divide that by the number of benchmarks that are compared at once
// (Bonferroni; Dunn 1961), so that a whole run of equal builds shows a false colour with at most
// that rate, times how seldom a median is beyond 10 % by chance. A change is taken for too small to
// matter with kMissRate.
#ifndef PERF_AB_PAIRED_EFFECT_H_
#define PERF_AB_PAIRED_EFFECT_H_

#include <cstdint>

#include "absl/types/span.h"
#include "perf/ab/interleaver.h"
#include "perf/record/result.pb.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.h"
#include "perf/stats/verdict.pb.h"

namespace perf {

inline constexpr double kErrorRate = 0.01;
inline constexpr double kMissRate = 0.02;

// When a measurement within the lines has been measured enough.
struct Thoroughness {
  // It is enough as soon as a change of this many percent, in either direction, is excluded.
  double visible_percent = 5;
  // From this many rounds on, an interval that merely excludes a red result will do.
  int full_rounds = 256;
  // It gets at most this many rounds; whatever is not settled by then is too noisy.
  int max_rounds = 512;
};
// Rounds of epochs are short; those of whole processes may take seconds.
inline constexpr Thoroughness kEpochThoroughness = {};
inline constexpr Thoroughness kProcessThoroughness = {.visible_percent = kYellowPercent,
                                                      .full_rounds = 128};

// The median over the round's pairs of log(current / baseline), of wall time. Requires a pair.
double RoundLogRatio(const Round& round);

// The log of how many times `before` the figure `after` is, for figures of any sign: a negative
// one, such as one in decibels, is measured by its size, as in perf/stats/verdict.h, and one that
// falls to zero or below counts as a tiny part of what it was. 0 if they differ by less than
// `min_effect`, which also stands in for a `before` of zero.
double LogRatio(double before, double after, double min_effect);

struct PairedEffect {
  // Current over baseline.
  double ratio = 1;
  // The interval that is shown: with kErrorRate over all rounds, for this benchmark alone. Without
  // bounds if there are too few rounds for that.
  Interval ratio_interval = {};
  // Signed so that + is better, as everywhere.
  double change_percent = 0;
  Interval change_percent_interval = {};
  //   RED          median more than 20 % worse, near end more than 10 % worse
  //   YELLOW       median more than 10 % worse, near end worse
  //   IMPROVED     median at least 10 % better, near end better
  //   STABLE       median within the lines, and red excluded
  //   UNRESOLVED   everything else
  // The near end is that of the interval corrected for all benchmarks.
  Verdict verdict = UNRESOLVED;
  // The verdict that these rounds would have by an interval that errs with kLikelyErrorRate, not
  // corrected for the number of benchmarks and for looking more than once: what it probably is.
  Verdict likely = UNRESOLVED;
  // STABLE, and a change of 10 % in either direction is excluded.
  bool ten_percent_excluded = false;
  // More rounds would not change the verdict, as far as the error rate goes.
  bool settled = false;
};
inline constexpr double kLikelyErrorRate = 0.1;

// `log_ratios`: one a round, in any order. `num_comparisons`: benchmarks compared at once, at least
// 1.
PairedEffect JudgeRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                         const Thoroughness& thoroughness = kEpochThoroughness);

// What a figure that depends on the build alone says: one round is the truth. `log_ratio` as that
// of a round.
PairedEffect JudgeDeterministic(double log_ratio, Better better);

// How many rounds it will take in all until JudgeRounds says that it is settled, if further rounds
// are distributed as those so far. kNeverSettled if that takes more than kMaxForecastRounds.
// Requires a round.
inline constexpr int kMaxForecastRounds = 4096;
inline constexpr int kNeverSettled = 1'000'000'000;
int ForecastRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                   const Thoroughness& thoroughness = kEpochThoroughness);

}  // namespace perf

#endif  // PERF_AB_PAIRED_EFFECT_H_

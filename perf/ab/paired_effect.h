// What interleaved rounds say about the current build.
//
// Each round's figure is the median of the log ratios (current over baseline) of its pairs of
// epochs; the effect is the median over rounds, its interval the order statistics between which the
// sign test would not reject (Conover 1999, sections 3.2 and 3.4; exact binomial). Rounds are the
// unit, as they alone are independent: all pairs of one round share the layout of two processes
// (Kalibera & Jones 2013 resample at the highest level for the same reason). No distribution is
// assumed; if both builds are equal, swapping them changes nothing, and so the interval holds
// exactly.
//
// Results are looked at after 16, 64, 256, … rounds until they are settled. The j-th look may err
// with rate kErrorRate / 2^j, which sums to kErrorRate however many looks there are (an
// alpha-spending function, Lan & DeMets 1983), and may overlook a change of kVisiblePercent with
// rate kMissRate / 2^j (beta spending, Pampallona & Tsiatis 1994). Colours, moreover, divide it by
// the number of benchmarks that are compared at once (Bonferroni; Dunn 1961), so that a whole run
// of equal builds shows a false colour with at most that rate, times how seldom a median is beyond
// 10 % by chance.
#ifndef PERF_AB_PAIRED_EFFECT_H_
#define PERF_AB_PAIRED_EFFECT_H_

#include <cstdint>

#include "absl/types/span.h"
#include "perf/ab/interleaver.h"
#include "perf/record/result.pb.h"
#include "perf/stats/statistics.h"
#include "perf/stats/verdict.pb.h"

namespace perf {

inline constexpr double kErrorRate = 0.01;
inline constexpr double kMissRate = 0.02;
inline constexpr double kVisiblePercent = 5;
inline constexpr int kFirstLook = 16;
// From so many rounds on, an interval that merely excludes a red result will do for a stable one.
// Rounds of epochs are short; those of whole processes may take minutes.
inline constexpr int kFullLook = 256;
inline constexpr int kFullLookOfProcesses = 16;

// The next number of rounds after which to look.
constexpr int NextLook(int rounds) {
  int look = kFirstLook;
  while (look <= rounds) look *= 4;
  return look;
}

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
  // The interval that is shown: with kErrorRate over all looks, for this benchmark alone. Without
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
  // More rounds would not change the verdict, as far as the error rate goes.
  bool settled = false;
};

// `log_ratios`: one a round, in any order. `num_comparisons`: benchmarks compared at once, at least
// 1. `full_look`: kFullLook, or as above.
PairedEffect JudgeRounds(absl::Span<const double> log_ratios, int num_comparisons, Better better,
                         int full_look = kFullLook);

}  // namespace perf

#endif  // PERF_AB_PAIRED_EFFECT_H_

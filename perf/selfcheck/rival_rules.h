// The rules by which other tools call a benchmark slower, so that ours can be held against them on
// the same samples.
//
// Each takes samples of both sides, times per iteration in any unit, at least two of each, and
// returns +1 for "slower", -1 for "faster", 0 for neither.
#ifndef PERF_SELFCHECK_RIVAL_RULES_H_
#define PERF_SELFCHECK_RIVAL_RULES_H_

#include <cstdint>

#include "absl/types/span.h"

namespace perf {

// The mean moved by more than 10 %: what a comparison with a stored mean comes down to.
int MeanBeyondTenPercent(absl::Span<const double> baseline, absl::Span<const double> current);

// The two-sided Mann-Whitney test at .05, as Google Benchmark's tools/compare.py uses it. Normal
// approximation with corrections for ties and continuity, as SciPy's.
int MannWhitney(absl::Span<const double> baseline, absl::Span<const double> current);

// criterion's: a bootstrapped t-test at .05, and the bootstrapped 95 % interval of the means' ratio
// beyond +-1 %. `seed`: of the bootstrap. 10,000 resamples, where criterion takes 100,000.
int CriterionRule(absl::Span<const double> baseline, absl::Span<const double> current,
                  uint64_t seed);

// The means' 99 % t-intervals do not overlap, as Fuchsia's perfcompare has it.
int SeparateIntervals(absl::Span<const double> baseline, absl::Span<const double> current);

}  // namespace perf

#endif  // PERF_SELFCHECK_RIVAL_RULES_H_

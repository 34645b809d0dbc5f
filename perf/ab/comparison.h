// Compares two builds, round by round, until every verdict is settled or the time is spent.
#ifndef PERF_AB_COMPARISON_H_
#define PERF_AB_COMPARISON_H_

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <random>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/ab/round_source.h"

namespace perf {

struct ComparisonProgress {
  int settled = 0;
  int all = 0;
  absl::Duration elapsed = absl::ZeroDuration();
};

struct ComparisonOptions {
  // Ends the comparison after the round in which it is over.
  absl::Duration time_budget = absl::InfiniteDuration();
  // How many rounds one measurement may have.
  int max_rounds = std::numeric_limits<int>::max();
  // How many measurements the error rate is divided by. 0 stands for as many as there are, without
  // those that are deterministic.
  int num_comparisons = 0;
  // Called after each round.
  std::function<void(const ComparisonProgress&)> progress = [](const ComparisonProgress&) {};
  // Asked before each round: whether to end with what is known.
  std::function<bool()> interrupted = [] { return false; };
  // The time since some moment. The clock on the wall will not do, as it jumps.
  std::function<absl::Duration()> clock = [] {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  };
};

// Runs rounds of the sources, in the order of schedule.h, until everything is done. Verdicts are in
// the sources.
void RunComparison(absl::Span<const std::unique_ptr<RoundSource>> sources,
                   const ComparisonOptions& options, std::mt19937_64& random);

}  // namespace perf

#endif  // PERF_AB_COMPARISON_H_

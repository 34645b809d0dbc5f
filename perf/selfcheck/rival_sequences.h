// Rules that may be asked after every round whether there is a change: ours, and others that could
// take its place, so that all can be held against each other on the same rounds.
#ifndef PERF_SELFCHECK_RIVAL_SEQUENCES_H_
#define PERF_SELFCHECK_RIVAL_SEQUENCES_H_

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace perf {

// One rule in the middle of a sequence of rounds.
class SequentialRule {
 public:
  virtual ~SequentialRule() = default;
  // A further round's figure. Whoever asks about a centre other than 0 subtracts it.
  virtual void Add(double figure) = 0;
  // Whether the figures' centre is above 0 (1), below (-1) or neither is shown (0). If the centre
  // is 0, the answer is wrong, over all rounds together, with `error_rate` in (0, 1).
  virtual int Side(double error_rate) const = 0;
};

struct NamedRule {
  const char* name;
  std::unique_ptr<SequentialRule> (*begin)();
};

// - The sign test by betting, which is ours (perf/ab/sign_sequence.h).
// - The sign test, asked after 16, 64 and 256 rounds only, each with a third of the error rate.
// - Signed ranks by betting: the stake on a sign grows with the rank of the figure's size among
//   those so far. Valid for figures that are distributed symmetrically.
// - The asymptotic confidence sequence of the mean (Waudby-Smith et al. 2024), narrowest at 16
//   rounds. Valid for many rounds of any distribution with a variance.
absl::Span<const NamedRule> SequentialRules();

// What each rule makes of rounds of equal builds: how often it calls them unequal, and how many
// rounds it needs, at most 256, to show a change of 25 % to be one of more than 10 %, and a change
// of 10 % to be absent. `recorded`: figures (log ratios) of each of a number of measurements, which
// are taken to be compared at once. A table for a terminal.
std::string CompareSequentialRules(absl::Span<const std::vector<double>> recorded,
                                   std::mt19937_64& random);

}  // namespace perf

#endif  // PERF_SELFCHECK_RIVAL_SEQUENCES_H_

// Decides what to measure next, so that the time is spent where it decides something.
//
// First everything gets one round, which shows what a round of it takes. From then on, the next
// round is of what comes first in this order:
//
//   1. what looks like a change after kTellingRounds rounds and is not yet proven to be one;
//   2. what is not yet stable with a change of 10 % excluded;
//   3. what is stable, and could be measured more precisely;
//   4. what, as it spreads, cannot be settled in the time left: first what looks like a change, and
//      of equals what had the fewest rounds.
//
// Within 1 to 3, what is expected to be settled soonest comes first. Whatever of the same program
// is in 1 to 3 and costs no more than the program's start is measured in the same processes. What
// has had the most rounds of its kind (Thoroughness) is given up, unless it looks like a change.
#ifndef PERF_AB_SCHEDULE_H_
#define PERF_AB_SCHEDULE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/ab/round_source.h"

namespace perf {

inline constexpr int kTellingRounds = 4;

// A round of some of a source's measurements.
struct Turn {
  size_t source = 0;
  // Indices into the source's compared(), ascending.
  std::vector<size_t> which;
};

// How a measurement stands, in the order in which it gets its turn.
enum class Stage { kFirst, kLooksChanged, kUndecided, kRefined, kHopeless, kDone };

// What has `max_rounds` rounds is done, too. `time_left` is for the whole comparison; what is
// needed is the forecast times the cost of a round, in which `shared_cost` has its part.
Stage StageOf(const Compared& compared, absl::Duration shared_cost, absl::Duration time_left,
              int max_rounds);

// The next round, or none if everything is done.
std::optional<Turn> NextTurn(absl::Span<const std::unique_ptr<RoundSource>> sources,
                             absl::Duration time_left, int max_rounds);

}  // namespace perf

#endif  // PERF_AB_SCHEDULE_H_

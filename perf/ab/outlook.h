// Says why a measurement is unresolved, and what it would take to settle it.
#ifndef PERF_AB_OUTLOOK_H_
#define PERF_AB_OUTLOOK_H_

#include "absl/time/time.h"
#include "perf/ab/round_source.h"
#include "perf/stats/verdict.pb.h"

namespace perf {

struct Outlook {
  UnresolvedReason reason = UNRESOLVED_REASON_UNKNOWN;
  // The verdict it would have without the proof. RED, YELLOW or IMPROVED for LOOKS_CHANGED.
  Verdict likely = UNRESOLVED;
  // Half of the rounds are within so many percent of their median, or 0 without rounds.
  double spread_percent = 0;
  // How long it takes to settle it in a run of its own, from the beginning; infinite if that
  // cannot be foreseen.
  absl::Duration time_to_settle = absl::InfiniteDuration();
};

// Requires a measurement that is UNRESOLVED. `shared_cost`: that of its source.
Outlook OutlookOf(const Compared& compared, absl::Duration shared_cost);

}  // namespace perf

#endif  // PERF_AB_OUTLOOK_H_

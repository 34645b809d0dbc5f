// Slowdowns that a component's owners accept for a time: `accepted` in its requirements.textproto.
#ifndef PERF_SUITE_ACCEPTED_SLOWDOWN_H_
#define PERF_SUITE_ACCEPTED_SLOWDOWN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

// A measurement that takes eleven times as long is 1000 % worse. Whoever accepts more than that
// does not need the measurement.
inline constexpr double kMaxAcceptedPercent = 1000;

// InvalidArgument, with what is wrong, unless it has a measurement, a reason, a percentage of more
// than 0 and at most kMaxAcceptedPercent, and a day that there is, written as 2027-01-31.
absl::Status CheckAccepted(const AcceptedSlowdown& accepted);

// The slowdown that the component accepts of that measurement; nullptr if it accepts none. It lives
// as long as `requirements`.
const AcceptedSlowdown* FindAccepted(const ComponentRequirements& requirements,
                                     absl::string_view measurement);

// The days from that of `now`, in UTC, to the last one on which it holds: 0 on that day, negative
// after it. -1 if its day is none, which CheckAccepted refuses.
int DaysLeft(const AcceptedSlowdown& accepted, absl::Time now);

}  // namespace perf

#endif  // PERF_SUITE_ACCEPTED_SLOWDOWN_H_

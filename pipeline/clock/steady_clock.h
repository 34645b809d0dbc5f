// The time of a conversation that is live.
#ifndef PIPELINE_CLOCK_STEADY_CLOCK_H_
#define PIPELINE_CLOCK_STEADY_CLOCK_H_

#include <chrono>

#include "absl/time/time.h"

namespace parlance::pipeline {

// The time since some moment in the past, by a clock that is never set. Thread-safe.
inline absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace parlance::pipeline

#endif  // PIPELINE_CLOCK_STEADY_CLOCK_H_

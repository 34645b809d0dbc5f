// The use that a load makes of this machine, and the use that others made of it meanwhile.
//
// Source: proc(5). Threads: any.
#ifndef PIPELINE_RUNTIME_LOAD_MACHINE_USE_H_
#define PIPELINE_RUNTIME_LOAD_MACHINE_USE_H_

#include <sys/types.h>
#include <time.h>

#include "absl/time/time.h"

namespace parlance::pipeline {

// Beyond these a run says little of what it measures: how late whoever sleeps is woken, in a
// hundredth of all cases, and what part of the processors another machine has.
inline constexpr absl::Duration kNoisyLateness = absl::Milliseconds(5);
inline constexpr double kNoisyStolen = 0.02;

// Returns the time of a clock of this process or thread, such as CLOCK_PROCESS_CPUTIME_ID.
absl::Duration CpuTime(clockid_t clock);

// Returns the bytes that a process on this machine has in memory; 0 if there is no such process.
double ResidentBytes(pid_t pid);

// Ticks of all processors, and those that another machine had; 0 where that is not known.
struct Processors {
  double all = 0;
  double stolen = 0;
};
Processors ReadProcessors();

// The part of the processors that another machine had between the two.
double StolenPart(const Processors& before, const Processors& after);

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_LOAD_MACHINE_USE_H_

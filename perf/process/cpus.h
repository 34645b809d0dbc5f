// Which CPUs a process may run on, and what it makes of them.
#ifndef PERF_PROCESS_CPUS_H_
#define PERF_PROCESS_CPUS_H_

#include <sys/types.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace perf {

// The CPUs that this process may run on (sched_getaffinity(2)); empty if the system does not say.
std::vector<int> AllowedCpus();

// Lets the main thread of `process`, and the threads and processes it starts from now on, run on
// `cpus` only (sched_setaffinity(2)). An error if there is no such process, if none of these CPUs
// is there, or if it is forbidden.
absl::Status RunOnCpus(pid_t process, absl::Span<const int> cpus);

// CPU time since a process started.
struct CpuUse {
  // The processor time that the main thread used.
  absl::Duration main_thread;
  // The time for which the main thread was ready to run and had no CPU.
  absl::Duration main_thread_waited;
  // The processor time that all threads used, also those that have ended.
  absl::Duration process;
};

// The processor time that `process` has used up to now, from /proc/PID/schedstat and its CPU clock
// (clock_getcpuclockid(3)). An error if there is no such process, or if this kernel keeps no such
// account.
absl::StatusOr<CpuUse> CpuUseOf(pid_t process);

// Whether a process did all its work on its main thread between two readings that were `elapsed`
// apart: that thread hardly slept, and no other one did anything. What slept waited for a device, a
// process or a thread.
bool WorkedOnMainThreadOnly(const CpuUse& before, const CpuUse& after, absl::Duration elapsed);

}  // namespace perf

#endif  // PERF_PROCESS_CPUS_H_

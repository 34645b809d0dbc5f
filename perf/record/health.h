// How far a machine left a measurement alone.
//
// Read before and after, so that nothing runs beside the measured code: what share of the CPUs'
// time the hypervisor gave to others (steal), what share other processes of this machine took, and
// whether the clock on the wall was set meanwhile.
//
// Source: proc(5), /proc/stat.
#ifndef PERF_RECORD_HEALTH_H_
#define PERF_RECORD_HEALTH_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "perf/record/result.pb.h"

namespace perf {

struct HealthReading {
  // The clock that never jumps, and the one that may be set.
  int64_t steady_ns = 0;
  int64_t system_ns = 0;
  // Time of all CPUs together, in seconds since the machine started. 0 if it could not be read.
  double all_cpu_s = 0;
  double idle_cpu_s = 0;
  double steal_cpu_s = 0;
  // CPU time of this process and of its children that have ended.
  double own_cpu_s = 0;
  int64_t involuntary_context_switches = 0;
};

// Reads the machine's counters and this process's. Thread-safe.
HealthReading ReadHealth();

// Fills the times of all CPUs in from the text of /proc/stat; leaves them 0 if it is not that.
void ParseProcStat(absl::string_view text, HealthReading& reading);

// The disturbances between two readings.
Health HealthBetween(const HealthReading& begin, const HealthReading& end);

// Why a comparison of times with stored ones cannot be believed, in words; empty if it can. That is
// from 5 % of steal, from 15 % of CPU time used by others, or if half of the timers were more than
// 1 ms late.
std::string WhyNoisy(const Health& health);

// The same for one of the run's measurements: no noise changes counts, memory over work, and what
// is deterministic.
std::string WhyNoisy(const Measurement& measurement, const Run& run);

// How far the clock was set, if by more than a second; otherwise 0.
double ClockJump(const Health& health);

}  // namespace perf

#endif  // PERF_RECORD_HEALTH_H_

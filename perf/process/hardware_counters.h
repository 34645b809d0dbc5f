// The processor's own counters, through perf_event_open(2), of the calling thread in user space.
//
// Few virtual machines have them, and a system may forbid them
// (/proc/sys/kernel/perf_event_paranoid above 2): then there are none, and why is said. Not
// thread-safe.
#ifndef PERF_PROCESS_HARDWARE_COUNTERS_H_
#define PERF_PROCESS_HARDWARE_COUNTERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace perf {

// An event, in the terms of perf_event_attr.
struct HardwareEvent {
  std::string name;
  uint32_t type = 0;
  uint64_t config = 0;
};

// cycles, instructions, branches, branch_misses, cache_references, cache_misses.
absl::Span<const HardwareEvent> UsualHardwareEvents();

class HardwareCounters {
 public:
  // Opens a counter for each of the events that this machine has. Unavailable, with the system's
  // reason for the first one, if there is none.
  static absl::StatusOr<HardwareCounters> Create(absl::Span<const HardwareEvent> events);

  HardwareCounters(HardwareCounters&& other) noexcept;
  HardwareCounters& operator=(HardwareCounters&& other) noexcept;
  ~HardwareCounters();

  // Counts from zero.
  void Start();
  void Stop();

  // The counts between Start and Stop, by name; scaled up where the processor had fewer
  // counters than events and took turns.
  std::map<std::string, int64_t> Read() const;

 private:
  struct Counter {
    std::string name;
    int descriptor = -1;
  };
  HardwareCounters() = default;

  std::vector<Counter> counters_;
};

}  // namespace perf

#endif  // PERF_PROCESS_HARDWARE_COUNTERS_H_

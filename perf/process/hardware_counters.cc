#include "perf/process/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace perf {

absl::Span<const HardwareEvent> UsualHardwareEvents() {
  static const auto& events = *new std::vector<HardwareEvent>{
      {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
      {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
      {"branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
      {"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
      {"cache_references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
      {"cache_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
  };
  return events;
}

absl::StatusOr<HardwareCounters> HardwareCounters::Create(absl::Span<const HardwareEvent> events) {
  HardwareCounters counters;
  int first_error = 0;
  for (const HardwareEvent& event : events) {
    perf_event_attr attributes = {};
    attributes.size = sizeof(attributes);
    attributes.type = event.type;
    attributes.config = event.config;
    attributes.disabled = 1;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    const auto descriptor = static_cast<int>(
        syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
    if (descriptor < 0) {
      if (first_error == 0) first_error = errno;
      continue;
    }
    counters.counters_.push_back({.name = event.name, .descriptor = descriptor});
  }
  if (counters.counters_.empty()) {
    return absl::UnavailableError(absl::StrCat(
        "perf_event_open: ", absl::ErrnoToStatus(first_error, events.front().name).message()));
  }
  return counters;
}

HardwareCounters::HardwareCounters(HardwareCounters&& other) noexcept
    : counters_(std::exchange(other.counters_, {})) {}

HardwareCounters& HardwareCounters::operator=(HardwareCounters&& other) noexcept {
  std::swap(counters_, other.counters_);
  return *this;
}

HardwareCounters::~HardwareCounters() {
  for (const Counter& counter : counters_) close(counter.descriptor);
}

void HardwareCounters::Start() {
  for (const Counter& counter : counters_) {
    ioctl(counter.descriptor, PERF_EVENT_IOC_RESET, 0);
    ioctl(counter.descriptor, PERF_EVENT_IOC_ENABLE, 0);
  }
}

void HardwareCounters::Stop() {
  for (const Counter& counter : counters_) {
    ioctl(counter.descriptor, PERF_EVENT_IOC_DISABLE, 0);
  }
}

std::map<std::string, int64_t> HardwareCounters::Read() const {
  // The layout that read_format asks for.
  struct {
    uint64_t value;
    uint64_t enabled_ns;
    uint64_t running_ns;
  } counted = {};
  std::map<std::string, int64_t> values;
  for (const Counter& counter : counters_) {
    // An event that never got its turn was not counted at all.
    if (read(counter.descriptor, &counted, sizeof(counted)) != sizeof(counted) ||
        counted.running_ns == 0) {
      continue;
    }
    values[counter.name] = std::llround(
        static_cast<double>(counted.value) *
        (static_cast<double>(counted.enabled_ns) / static_cast<double>(counted.running_ns)));
  }
  return values;
}

}  // namespace perf

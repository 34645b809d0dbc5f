#include "perf/process/cpus.h"

#include <sched.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"

namespace perf {
namespace {

// A fifth of the time goes to waking up and to answering.
constexpr double kMinBusyPart = 0.8;
// The main thread's account and the process's are read one after the other.
constexpr absl::Duration kMaxOfOthers = absl::Microseconds(100);
constexpr double kMaxPartOfOthers = 0.02;

}  // namespace

std::vector<int> AllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

absl::Status RunOnCpus(pid_t process, absl::Span<const int> cpus) {
  // To the system, 0 is whoever asks, and to us a process that has ended.
  if (process <= 0) return absl::NotFoundError("a process that has ended runs on no CPU");
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(process, sizeof(set), &set) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot choose the CPUs of process ", process));
  }
  return absl::OkStatus();
}

absl::StatusOr<CpuUse> CpuUseOf(pid_t process) {
  std::ifstream account(absl::StrCat("/proc/", process, "/schedstat"));
  int64_t ran_ns = 0;
  int64_t waited_ns = 0;
  if (!(account >> ran_ns >> waited_ns)) {
    return absl::NotFoundError(absl::StrCat("no account of the CPU time of process ", process));
  }
  clockid_t clock = 0;
  timespec used = {};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    return absl::NotFoundError(absl::StrCat("no CPU clock of process ", process));
  }
  return CpuUse{.main_thread = absl::Nanoseconds(ran_ns),
                .main_thread_waited = absl::Nanoseconds(waited_ns),
                .process = absl::DurationFromTimespec(used)};
}

bool WorkedOnMainThreadOnly(const CpuUse& before, const CpuUse& after, absl::Duration elapsed) {
  const absl::Duration main_thread = after.main_thread - before.main_thread;
  const absl::Duration ready = main_thread + after.main_thread_waited - before.main_thread_waited;
  const absl::Duration others = after.process - before.process - main_thread;
  return ready >= elapsed * kMinBusyPart && others <= kMaxOfOthers + main_thread * kMaxPartOfOthers;
}

}  // namespace perf

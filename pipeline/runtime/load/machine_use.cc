#include "pipeline/runtime/load/machine_use.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace parlance::pipeline {

absl::Duration CpuTime(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return absl::DurationFromTimespec(time);
}

double ResidentBytes(pid_t pid) {
  std::ifstream statm(absl::StrCat("/proc/", pid, "/statm"));
  int64_t size = 0;
  int64_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

Processors ReadProcessors() {
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  Processors processors;
  // user nice system idle iowait irq softirq steal.
  for (int i = 0; i < 8; ++i) {
    double ticks = 0;
    stat >> ticks;
    processors.all += ticks;
    if (i == 7) processors.stolen = ticks;
  }
  return processors;
}

double StolenPart(const Processors& before, const Processors& after) {
  return (after.stolen - before.stolen) / std::max(after.all - before.all, 1.0);
}

}  // namespace parlance::pipeline

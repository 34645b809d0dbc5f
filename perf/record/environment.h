// What identifies the machine and the build that a figure was measured on.
#ifndef PERF_RECORD_ENVIRONMENT_H_
#define PERF_RECORD_ENVIRONMENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "perf/record/result.pb.h"

namespace perf {

// Of this process: read from /proc and /sys; what cannot be read is left empty. Thread-safe.
Environment CurrentEnvironment();

// The CPU's name in /proc/cpuinfo's text; "unknown" if there is none.
std::string CpuModel(absl::string_view proc_cpuinfo);

// Family, model, stepping and cache size in that text, as far as they are there.
std::string CpuId(absl::string_view proc_cpuinfo);

// Names a class of machines whose wall times may be compared: "intel-xeon-2-cpus-1a2b3c4d", made of
// the CPU's name and id, the number of CPUs, the memory to the nearest GiB and the hypervisor. It
// is the name of the machine's folder of baselines.
std::string MachineSlug(const Environment& environment);

}  // namespace perf

#endif  // PERF_RECORD_ENVIRONMENT_H_

// The properties that identify the machine and the build that a figure was measured on.
#ifndef PERF_RECORD_ENVIRONMENT_H_
#define PERF_RECORD_ENVIRONMENT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "perf/record/result.pb.h"

namespace perf {

// The machine and the build of this process, read from /proc and /sys; what cannot be read is left
// empty. Thread-safe.
Environment CurrentEnvironment();

// The CPU's name in /proc/cpuinfo's text; "unknown" if there is none.
std::string CpuModel(absl::string_view proc_cpuinfo);

// Family, model, stepping and cache size in that text, as far as they are there.
std::string CpuId(absl::string_view proc_cpuinfo);

// The size that machines with about so much memory are sold with, in GiB: 1, 1.5, 2, 3, 4, 6, … 16,
// 24, 32, 48, …. It is the least of these that is not exceeded by more than 6 %: what a kernel
// reports is a little less than what is sold, by an amount that differs from one virtual machine to
// the next.
double MemoryClassGib(int64_t bytes);

// Names a class of machines whose wall times may be compared, "intel-xeon-2-cpus-1a2b3c4d": the
// CPU's name, the number of CPUs, and a fingerprint of what tells machines apart:
//   - the CPU's name and id (family, model, stepping and cache, since virtual machines hide names),
//   - the architecture,
//   - the number of CPUs,
//   - the memory's class (MemoryClassGib),
//   - whether the machine is virtualised, and by whom.
// Kernel, load, frequency settings and the exact memory are no part of it, so that two virtual
// machines of a kind have one name. It names the machine's folder of baselines and its series in
// the history. Where the environment names a pool of equal machines, that is the name instead.
std::string MachineSlug(const Environment& environment);

}  // namespace perf

#endif  // PERF_RECORD_ENVIRONMENT_H_

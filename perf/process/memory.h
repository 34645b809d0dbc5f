// The memory that the process occupies.
#ifndef PERF_PROCESS_MEMORY_H_
#define PERF_PROCESS_MEMORY_H_

#include <cstdint>

namespace perf {

// Resident set of this process, in bytes, from /proc/self/statm (proc(5)). 0 if that cannot be
// read. Memory that the allocator keeps for reuse counts.
int64_t ResidentBytes();

// The greatest resident set of this process so far, in bytes, from /proc/self/status; 0 if that
// cannot be read. ResetPeakResidentBytes begins anew, with what is resident then, and returns false
// where the kernel does not let it.
int64_t PeakResidentBytes();
bool ResetPeakResidentBytes();

// The bytes that all threads have allocated and not yet freed: glibc's mallinfo2(3), which knows
// the size of every block to the byte it rounds it up to. 0 under a sanitizer with an allocator of
// its own.
int64_t LiveHeapBytes();

}  // namespace perf

#endif  // PERF_PROCESS_MEMORY_H_

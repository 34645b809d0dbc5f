// What the process occupies.
#ifndef PERF_MEMORY_H_
#define PERF_MEMORY_H_

#include <cstdint>

namespace perf {

// Resident set of this process, in bytes, from /proc/self/statm. 0 if that cannot be read. Memory
// that the allocator keeps for reuse counts, so growth is the difference of two readings after a
// warm-up.
int64_t ResidentBytes();

// Returns unused memory to the system first, so that what remains is what is in use.
int64_t ResidentBytesTrimmed();

}  // namespace perf

#endif  // PERF_MEMORY_H_

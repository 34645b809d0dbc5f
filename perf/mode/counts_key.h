// The key under which counts are stored, among the baselines of machines.
#ifndef PERF_MODE_COUNTS_KEY_H_
#define PERF_MODE_COUNTS_KEY_H_

#include <string>

namespace perf {

inline constexpr char kCountsKeyPrefix[] = "counts-";

// "counts-x86_64": counts differ by the processor's instruction set only.
std::string CountsKey();

}  // namespace perf

#endif  // PERF_MODE_COUNTS_KEY_H_

// The benchmark process's half of an A/B comparison: runs epochs on request.
#ifndef PERF_GBENCH_EPOCH_SERVER_H_
#define PERF_GBENCH_EPOCH_SERVER_H_

#include <string>
#include <vector>

#include "perf/gbench/benchmark_names.h"

namespace perf {

// Names the descriptors that requests come from and responses go to: "3,4".
inline constexpr char kEpochDescriptorsVariable[] = "PERF_EPOCH_DESCRIPTORS";

// Whether this process was started to serve epochs.
bool EpochsAreAsked();

// Answers requests until the other side closes its end. `names`: the benchmarks of this program, as
// Google Benchmark lists them; it has to be initialised. `measurements`: what records call them.
// Returns the exit code: 1 if the descriptors are none, or a message is malformed.
//
// An epoch runs the body once, with a fixed number of iterations. Its times are Google Benchmark's
// own: the clocks are read where the loop begins and where it ends, and nowhere else.
int ServeEpochs(const std::vector<std::string>& names, const MeasurementNames& measurements);

}  // namespace perf

#endif  // PERF_GBENCH_EPOCH_SERVER_H_

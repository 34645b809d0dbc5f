// Read before each source of a `perf_benchmark`, so that one with a BENCHMARK_MAIN() is guarded as
// it is: the test's main is perf's, and the macro then stands for nothing.
#ifndef PERF_GBENCH_WITHOUT_MAIN_H_
#define PERF_GBENCH_WITHOUT_MAIN_H_

#include "benchmark/benchmark.h"

#undef BENCHMARK_MAIN
#define BENCHMARK_MAIN() static_assert(true, "perf has the main")

#endif  // PERF_GBENCH_WITHOUT_MAIN_H_

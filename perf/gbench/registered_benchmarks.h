// The benchmarks that are linked into this program: what they are called, and how often they run.
//
// Linking it wraps Google Benchmark's registration of a benchmark, by which it knows all of them.
// The test has to be linked statically against the code that has the bodies; `perf_benchmark` sees
// to that. Nothing here may be called while a benchmark runs.
#ifndef PERF_GBENCH_REGISTERED_BENCHMARKS_H_
#define PERF_GBENCH_REGISTERED_BENCHMARKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace perf {

// The names that --benchmark_list_tests writes: "audio.vad/5/real_time". Sets Google Benchmark's
// flags to those of a program that is started without any.
std::vector<std::string> ListBenchmarks();

// Whether what --benchmark_list_tests writes names no component: there is no dot in the name, of
// which template arguments and those of a benchmark are no part.
bool NamesNoComponent(absl::string_view listed);

// Gives those benchmarks the component and a dot as a prefix: `BENCHMARK(BM_Count)->Arg(8)` is
// "words.BM_Count/8" from then on, in lists, filters and records.
void NameInComponent(absl::string_view component);

// Makes every benchmark of the program run exactly so many iterations, at least 1. Bodies that
// state a minimum time of their own cannot be run so: Google Benchmark ends the process.
void FixIterations(int64_t iterations);

}  // namespace perf

#endif  // PERF_GBENCH_REGISTERED_BENCHMARKS_H_

// Names of benchmarks, as records and Google Benchmark's filters have them.
#ifndef PERF_BENCHMARK_NAMES_H_
#define PERF_BENCHMARK_NAMES_H_

#include <string>
#include <vector>

#include "benchmark/benchmark.h"

namespace perf {

// What a record calls the measurement: the benchmark's name and arguments, without how it is timed.
std::string MeasurementName(const benchmark::BenchmarkReporter::Run& run);

// A regular expression for exactly these benchmarks. It is one of POSIX's, which Google Benchmark
// may be built with: those refuse the escape of a character that needs none.
std::string NamesPattern(const std::vector<std::string>& names);

// A regular expression for `name`, one of Google Benchmark's list, once its iterations are fixed:
// that adds "/iterations:N" to the name, before "/real_time" and "/threads:N".
std::string FixedIterationsPattern(const std::string& name);

}  // namespace perf

#endif  // PERF_BENCHMARK_NAMES_H_

// What releases of Google Benchmark, 1.7 and later ones, call differently.
#ifndef PERF_GBENCH_BENCHMARK_RUN_H_
#define PERF_GBENCH_BENCHMARK_RUN_H_

#include <optional>
#include <string>
#include <type_traits>

#include "benchmark/benchmark.h"

namespace perf {

// A benchmark that is registered; its class is in another namespace since release 1.9.5.
using RegisteredBenchmark = std::remove_pointer_t<decltype(benchmark::RegisterBenchmark(
    "", static_cast<void (*)(benchmark::State&)>(nullptr)))>;

// Why `run`, a benchmark::BenchmarkReporter::Run, measured nothing: the message of the body's
// SkipWithError or SkipWithMessage. Nothing if it did measure.
template <typename Run>
std::optional<std::string> WhyNotMeasured(const Run& run) {
  // Release 1.8 replaced the one by the other.
  if constexpr (requires { run.error_occurred; }) {
    if (run.error_occurred) return run.error_message;
  } else {
    if (run.skipped != decltype(run.skipped){}) return run.skip_message;
  }
  return std::nullopt;
}

}  // namespace perf

#endif  // PERF_GBENCH_BENCHMARK_RUN_H_

// What judging costs.
#include <cstddef>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "perf/stats/statistics.h"

namespace perf {
namespace {

std::vector<double> Samples(size_t count) {
  std::mt19937_64 random(20240607);
  std::lognormal_distribution<double> distribution(0, 0.2);
  std::vector<double> samples(count);
  for (double& sample : samples) sample = distribution(random);
  return samples;
}

void BM_Summarize(benchmark::State& state) {
  state.SetLabel("Summary of 1000 Samples");
  const std::vector<double> samples = Samples(1000);
  for (auto _ : state) {
    Summary summary = Summarize(samples);
    benchmark::DoNotOptimize(summary);
    if (!(summary.min > 0 && summary.min <= summary.median && summary.median <= summary.max)) {
      state.SkipWithError("the summary is out of order");
      break;
    }
  }
}
BENCHMARK(BM_Summarize)->Name("perf.statistics.summarize")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace perf

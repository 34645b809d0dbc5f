#include <benchmark/benchmark.h>

static void BM_Count(benchmark::State& state) {
  int64_t count = 0;
  for (auto _ : state) benchmark::DoNotOptimize(count += state.range(0));
}
BENCHMARK(BM_Count)->Arg(8);

BENCHMARK_MAIN();

#include <string>

#include "benchmark/benchmark.h"
#include "words.h"

static void BM_CountWords(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < state.range(0); ++i) text += "word and ";
  for (auto _ : state) benchmark::DoNotOptimize(CountWords(text));
}
BENCHMARK(BM_CountWords)->Arg(10)->Arg(1000);

BENCHMARK_MAIN();

#include <string>

#include "benchmark/benchmark.h"
#include "words.h"

// The measurement is called words.count.
static void BM_Count(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "word and ";
  for (auto _ : state) benchmark::DoNotOptimize(CountWords(text));
}
BENCHMARK(BM_Count)->Name("words.count");

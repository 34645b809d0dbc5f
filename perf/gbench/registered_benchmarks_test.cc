#include "perf/gbench/registered_benchmarks.h"

#include <vector>

#include "benchmark/benchmark.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

void BM_Count(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}
BENCHMARK(BM_Count);
BENCHMARK(BM_Count)->Name("words.count");
BENCHMARK(BM_Count)->Name("wordsmith")->Arg(8)->Arg(64)->UseRealTime();
BENCHMARK(BM_Count)->Name("1#2/3")->Threads(1)->Threads(2);
BENCHMARK(BM_Count)->Name("half/0.5");
// Another component's, which a record refuses with its own message.
BENCHMARK(BM_Count)->Name("texts.count");

template <typename T>
void BM_Fill(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(std::vector<T>(8));
}
BENCHMARK(BM_Fill<int>);

class Fixture : public benchmark::Fixture {};
BENCHMARK_F(Fixture, Method)(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}

TEST(NameInComponent, PrefixesWhatHasNoComponent) {
  const std::vector<std::string> expected = {
      "words.BM_Count",
      "words.count",
      "words.wordsmith/8/real_time",
      "words.wordsmith/64/real_time",
      "words.1#2/3/threads:1",
      "words.1#2/3/threads:2",
      "words.half/0.5",
      "texts.count",
      "words.BM_Fill<int>",
      "words.Fixture/Method",
  };
  perf::NameInComponent("words");
  EXPECT_THAT(perf::ListBenchmarks(), testing::ElementsAreArray(expected));
  perf::NameInComponent("words");
  EXPECT_THAT(perf::ListBenchmarks(), testing::ElementsAreArray(expected));
}

}  // namespace

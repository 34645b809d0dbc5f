// Bodies for the tests of the epoch driver.
#include <unistd.h>

#include <csignal>
#include <memory>

#include "benchmark/benchmark.h"

namespace {

void BM_Count(benchmark::State& state) {
  state.SetLabel("Counting");
  int64_t count = 0;
  for (auto _ : state) benchmark::DoNotOptimize(++count);
  if (count != state.iterations()) state.SkipWithError("miscounted");
}
BENCHMARK(BM_Count)->Name("sample.count");
BENCHMARK(BM_Count)
    ->Name("sample.count_timed")
    ->Arg(5)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Count)->Name("sample.count_fixed")->Iterations(3);

BENCHMARK(BM_Count)->Name("sample.threads")->Threads(1)->Threads(2);
BENCHMARK(BM_Count)->Name("sample.timed")->UseRealTime()->Threads(2);
BENCHMARK(BM_Count)->Name("sample.aggregates")->ReportAggregatesOnly();

// Two allocations, together of 300 bytes, and two system calls.
void BM_CountedWork(benchmark::State& state) {
  state.SetLabel("Counted Work");
  for (auto _ : state) {
    const auto letters = std::make_unique<char[]>(100);
    const auto more = std::make_unique<char[]>(200);
    benchmark::DoNotOptimize(letters.get());
    benchmark::DoNotOptimize(more.get());
    benchmark::DoNotOptimize(getppid());
    benchmark::DoNotOptimize(getppid());
  }
}
BENCHMARK(BM_CountedWork)->Name("sample.counted.work");

// A system call when it runs for the third time, and then never again, as the heap grows.
void BM_CountedOnce(benchmark::State& state) {
  static int runs = 0;
  bool calls = ++runs == 3;
  for (auto _ : state) {
    if (calls) benchmark::DoNotOptimize(getppid());
    calls = false;
  }
}
BENCHMARK(BM_CountedOnce)->Name("sample.counted.once");

// A system call in each fourth iteration.
void BM_CountedNowAndThen(benchmark::State& state) {
  int iterations = 0;
  for (auto _ : state) {
    if (++iterations % 4 == 0) benchmark::DoNotOptimize(getppid());
  }
}
BENCHMARK(BM_CountedNowAndThen)->Name("sample.counted.now_and_then");

void BM_CountedNothing(benchmark::State& state) {
  for (auto _ : state) {
  }
}
BENCHMARK(BM_CountedNothing)->Name("sample.counted.nothing");

// No instruction but the loop's own, which the compiler may not remove.
void BM_Empty(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}
BENCHMARK(BM_Empty)->Name("sample.empty");

// Touches fresh pages, one an iteration.
void BM_Fault(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto* page = static_cast<char*>(aligned_alloc(4096, 1 << 20));
    state.ResumeTiming();
    for (int i = 0; i < 1 << 20; i += 4096) page[i] = 1;
    benchmark::DoNotOptimize(page);
    free(page);
  }
}
BENCHMARK(BM_Fault)->Name("sample.fault");

void BM_Fail(benchmark::State& state) {
  for (auto _ : state) {
    state.SkipWithError("the result is wrong");
    break;
  }
}
BENCHMARK(BM_Fail)->Name("sample.fail");

void BM_Die(benchmark::State& state) {
  for (auto _ : state) raise(SIGKILL);
}
BENCHMARK(BM_Die)->Name("sample.die");
BENCHMARK(BM_Count)->Name("sample.after_die");

void BM_Hang(benchmark::State& state) {
  for (auto _ : state) pause();
}
BENCHMARK(BM_Hang)->Name("sample.hang");

}  // namespace

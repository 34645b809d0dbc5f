// Bodies with a slowdown planted in each of them, in the program that is built with PLANTED_SLOWER.
// The other program, of the same source, has none.
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "perf/gbench/callgrind_requests.h"

namespace planted {
namespace {

#if defined(PLANTED_SLOWER)
constexpr bool kSlower = true;
#else
constexpr bool kSlower = false;
#endif

std::vector<int32_t> Values() {
  std::vector<int32_t> values(64);
  std::iota(values.begin(), values.end(), 1);
  return values;
}

// In a function.
[[gnu::noinline]] int64_t Checksum(const std::vector<int32_t>& values) {
  int64_t sum = 0;
  for (int round = 0; round < (kSlower ? 3 : 1); ++round) {
    for (const int32_t value : values) sum = sum * 31 + value;
  }
  return sum;
}

void BM_Function(benchmark::State& state) {
  const std::vector<int32_t> values = Values();
  for (auto _ : state) benchmark::DoNotOptimize(Checksum(values));
}
BENCHMARK(BM_Function)->Name("planted.function");

// In a function that is inlined into another.
[[gnu::always_inline]] inline int64_t WeightedSum(const std::vector<int32_t>& values) {
  int64_t sum = 0;
  for (const int32_t value : values) {
    sum = sum * 31 + value;
    if constexpr (kSlower) {
      benchmark::DoNotOptimize(sum);
      sum ^= sum >> 7;
      benchmark::DoNotOptimize(sum);
    }
  }
  return sum;
}

[[gnu::noinline]] int64_t Filter(const std::vector<int32_t>& values) {
  int64_t least = values.front();
  for (const int32_t value : values) least = value * 7 < least ? value : least * 3 / 2;
  return WeightedSum(values) + least;
}

void BM_Inlined(benchmark::State& state) {
  const std::vector<int32_t> values = Values();
  for (auto _ : state) benchmark::DoNotOptimize(Filter(values));
}
BENCHMARK(BM_Inlined)->Name("planted.inlined");

// In a function that compares each value with every other instead of with the next.
[[gnu::noinline]] int64_t Pairs(const std::vector<int32_t>& values) {
  int64_t equal = 0;
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    const size_t end = kSlower ? values.size() : i + 2;
    for (size_t j = i + 1; j < end; ++j) {
      benchmark::DoNotOptimize(equal);
      equal += values[i] == values[j] ? 1 : 0;
    }
  }
  return equal;
}

void BM_Much(benchmark::State& state) {
  std::vector<int32_t> values(2000);
  std::iota(values.begin(), values.end(), 1);
  for (auto _ : state) benchmark::DoNotOptimize(Pairs(values));
}
BENCHMARK(BM_Much)->Name("planted.much");

// An allocation.
[[gnu::noinline]] int64_t Collect(const std::vector<int32_t>& values) {
  if constexpr (kSlower) {
    const auto copy = std::make_unique<std::array<int32_t, 4>>();
    (*copy)[0] = values.front();
    benchmark::DoNotOptimize(copy.get());
  }
  return values.back();
}

void BM_Allocation(benchmark::State& state) {
  const std::vector<int32_t> values = Values();
  for (auto _ : state) benchmark::DoNotOptimize(Collect(values));
}
BENCHMARK(BM_Allocation)->Name("planted.allocation");

// A copy of a buffer, whose length the compiler cannot know.
[[gnu::noinline]] void Forward(const std::vector<char>& from, std::vector<char>& to) {
  std::memcpy(to.data(), from.data(), from.size());
  benchmark::ClobberMemory();
  if constexpr (kSlower) {
    std::memcpy(to.data() + from.size(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
}

void BM_Copy(benchmark::State& state) {
  const std::vector<char> from(4000, 'x');
  std::vector<char> to(8000);
  for (auto _ : state) {
    Forward(from, to);
    benchmark::DoNotOptimize(to.data());
  }
}
BENCHMARK(BM_Copy)->Name("planted.copy");

// A lock.
[[gnu::noinline]] int64_t Increment(std::mutex& mutex, int64_t& count) {
  if constexpr (kSlower) {
    const std::lock_guard<std::mutex> lock(mutex);
    return ++count;
  }
  return ++count;
}

void BM_Lock(benchmark::State& state) {
  std::mutex mutex;
  int64_t count = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Increment(mutex, count));
}
BENCHMARK(BM_Lock)->Name("planted.lock");

// Nowhere.
void BM_Same(benchmark::State& state) {
  const std::vector<int32_t> values = Values();
  int64_t sum = 0;
  for (auto _ : state) {
    for (const int32_t value : values) sum = sum * 31 + value;
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(BM_Same)->Name("planted.same");

// A body that fails.
void BM_Fail(benchmark::State& state) {
  for (auto _ : state) {
    state.SkipWithError("the result is wrong");
    break;
  }
}
BENCHMARK(BM_Fail)->Name("planted.fail");

// A body that does not end.
void BM_Hang(benchmark::State& state) {
  for (auto _ : state) {
    for (;;) pause();
  }
}
BENCHMARK(BM_Hang)->Name("planted.hang");

// A body of which one program counts nothing but the first beginning, as one does that was built
// with another version of perf/.
void BM_Uncounted(benchmark::State& state) {
  const std::vector<int32_t> values = Values();
  bool is_first = true;
  for (auto _ : state) {
    if (!kSlower && std::exchange(is_first, false)) CALLGRIND_TOGGLE_COLLECT;
    benchmark::DoNotOptimize(Checksum(values));
  }
}
BENCHMARK(BM_Uncounted)->Name("planted.uncounted");

#if defined(PLANTED_SLOWER)
void BM_New(benchmark::State& state) {
  for (auto _ : state) benchmark::ClobberMemory();
}
BENCHMARK(BM_New)->Name("planted.new");
#endif

}  // namespace
}  // namespace planted

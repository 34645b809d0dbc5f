// What the self-check compares with itself: bodies of every kind that performance tests have, from
// arithmetic to system calls, in which an exact share of extra work can be injected.
//
// $PERF_SELFCHECK_PERCENT is the work of an iteration, in hundredths of the usual: 113 does 13 %
// more of the same. Unset is 100.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"

namespace perf {
namespace {

// Units of work an iteration does.
int Units() {
  static const int units = [] {
    const char* percent = std::getenv("PERF_SELFCHECK_PERCENT");
    return percent == nullptr ? 100 : std::atoi(percent);
  }();
  return units;
}

template <typename Unit>
void Repeat(benchmark::State& state, Unit&& unit) {
  const int units = Units();
  if (units < 1) return state.SkipWithError("PERF_SELFCHECK_PERCENT is not a positive number");
  for (auto _ : state) {
    for (int i = 0; i < units; ++i) unit();
  }
}

void BM_Arithmetic(benchmark::State& state) {
  state.SetLabel("Integer Hashing");
  uint64_t hash = 14695981039346656037U;
  Repeat(state, [&] {
    for (uint64_t j = 0; j < 64; ++j) hash = (hash ^ j) * 1099511628211U;
    benchmark::DoNotOptimize(hash);
  });
}
BENCHMARK(BM_Arithmetic)->Name("selfcheck.arithmetic");

void BM_Filter(benchmark::State& state) {
  state.SetLabel("FIR Filter");
  std::vector<float> signal(512);
  std::vector<float> taps(32, 0.03F);
  for (size_t i = 0; i < signal.size(); ++i) signal[i] = std::sin(static_cast<float>(i));
  Repeat(state, [&] {
    float sum = 0;
    for (size_t i = 0; i + taps.size() <= signal.size(); i += 8) {
      for (size_t j = 0; j < taps.size(); ++j) sum += signal[i + j] * taps[j];
    }
    benchmark::DoNotOptimize(sum);
  });
}
BENCHMARK(BM_Filter)->Name("selfcheck.filter");

void BM_Sort(benchmark::State& state) {
  state.SetLabel("Sorting 200 Integers");
  std::mt19937 random(7);
  std::vector<uint32_t> numbers(200);
  for (uint32_t& number : numbers) number = random();
  std::vector<uint32_t> work(numbers.size());
  Repeat(state, [&] {
    std::memcpy(work.data(), numbers.data(), numbers.size() * sizeof(numbers[0]));
    std::sort(work.begin(), work.end());
    benchmark::DoNotOptimize(work.data());
  });
}
BENCHMARK(BM_Sort)->Name("selfcheck.sort");

// A cycle through 128 KiB in random order: a miss of the first-level cache a step. Of all bodies
// here this one differs most between processes of equal builds, as the kernel gives each other
// physical pages, which share the sets of the second-level cache more or less evenly. The more of
// that cache is used, the worse: docs/method.md.
void BM_PointerChase(benchmark::State& state) {
  state.SetLabel("Pointer Chase in 128 KiB");
  constexpr size_t kNodes = 2 * 1024;
  struct alignas(64) Node {
    const Node* next;
  };
  static const std::vector<Node>& nodes = []() -> const std::vector<Node>& {
    std::vector<size_t> order(kNodes);
    std::iota(order.begin(), order.end(), size_t{0});
    std::shuffle(order.begin() + 1, order.end(), std::mt19937(11));
    auto& made = *new std::vector<Node>(kNodes);
    for (size_t i = 0; i < kNodes; ++i) made[order[i]].next = &made[order[(i + 1) % kNodes]];
    return made;
  }();
  const Node* node = nodes.data();
  Repeat(state, [&] {
    for (int j = 0; j < 32; ++j) node = node->next;
    benchmark::DoNotOptimize(node);
  });
}
BENCHMARK(BM_PointerChase)->Name("selfcheck.pointer_chase");

void BM_Copy(benchmark::State& state) {
  state.SetLabel("Copying 256 KiB");
  std::vector<char> from(256 * 1024, 'x');
  std::vector<char> to(from.size());
  const size_t part = from.size() / 100;
  size_t count = 0;
  Repeat(state, [&] {
    const size_t offset = count % 100 * part;
    ++count;
    std::memcpy(to.data() + offset, from.data() + offset, part);
    benchmark::DoNotOptimize(to.data());
  });
}
BENCHMARK(BM_Copy)->Name("selfcheck.copy");

void BM_Allocate(benchmark::State& state) {
  state.SetLabel("Allocating");
  std::array<std::unique_ptr<char[]>, 16> blocks;
  size_t count = 0;
  Repeat(state, [&] {
    std::unique_ptr<char[]>& block = blocks[count % blocks.size()];
    block = std::make_unique<char[]>(64 + count % 50 * 20);
    ++count;
    benchmark::DoNotOptimize(block.get());
  });
}
BENCHMARK(BM_Allocate)->Name("selfcheck.allocate");

void BM_Map(benchmark::State& state) {
  state.SetLabel("Lookups in a Map of Strings");
  std::map<std::string, int> map;
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    keys.push_back("session/" + std::to_string(i * 7919 % 1000));
    map[keys.back()] = i;
  }
  size_t at = 0;
  int sum = 0;
  Repeat(state, [&] {
    sum += map.find(keys[at])->second;
    at = (at + 1) % keys.size();
    benchmark::DoNotOptimize(sum);
  });
}
BENCHMARK(BM_Map)->Name("selfcheck.map");

void BM_Format(benchmark::State& state) {
  state.SetLabel("Formatting");
  std::array<char, 128> line{};
  int count = 0;
  Repeat(state, [&] {
    // Always as many digits.
    count = (count + 1) % 1000;
    std::snprintf(line.data(), line.size(), "%d: %s took %.3f ms", 1000 + count, "a call",
                  1000 + count * 0.37);
    benchmark::DoNotOptimize(line.data());
  });
}
BENCHMARK(BM_Format)->Name("selfcheck.format");

void BM_SystemCalls(benchmark::State& state) {
  state.SetLabel("Reading 512 Bytes from the Kernel");
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  if (zero < 0) return state.SkipWithError("cannot open /dev/zero");
  std::array<char, 512> buffer{};
  ssize_t count = 0;
  Repeat(state, [&] { count += read(zero, buffer.data(), buffer.size()); });
  benchmark::DoNotOptimize(count);
  close(zero);
}
BENCHMARK(BM_SystemCalls)->Name("selfcheck.system_calls");

}  // namespace
}  // namespace perf

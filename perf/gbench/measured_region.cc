#include "perf/gbench/measured_region.h"

#include <vector>

#include "benchmark/benchmark.h"

namespace {

perf::RegionObserver* region_observer = nullptr;

// Bodies register themselves before main, so this has to exist before they do.
std::vector<benchmark::internal::Benchmark*>& Registered() {
  static std::vector<benchmark::internal::Benchmark*>& registered =
      *new std::vector<benchmark::internal::Benchmark*>;
  return registered;
}

}  // namespace

// What the linker's --wrap makes of calls to benchmark::internal::RegisterBenchmarkInternal,
// benchmark::State::StartKeepRunning and benchmark::State::FinishKeepRunning: `__real_` is the
// original. NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
benchmark::internal::Benchmark*
__real__ZN9benchmark8internal25RegisterBenchmarkInternalEPNS0_9BenchmarkE(
    benchmark::internal::Benchmark* registered);
benchmark::internal::Benchmark*
__wrap__ZN9benchmark8internal25RegisterBenchmarkInternalEPNS0_9BenchmarkE(
    benchmark::internal::Benchmark* registered) {
  Registered().push_back(registered);
  return __real__ZN9benchmark8internal25RegisterBenchmarkInternalEPNS0_9BenchmarkE(registered);
}

void __real__ZN9benchmark5State16StartKeepRunningEv(benchmark::State* state);
void __wrap__ZN9benchmark5State16StartKeepRunningEv(benchmark::State* state) {
  if (region_observer != nullptr && state->thread_index() == 0) region_observer->Begin();
  __real__ZN9benchmark5State16StartKeepRunningEv(state);
}

void __real__ZN9benchmark5State17FinishKeepRunningEv(benchmark::State* state);
void __wrap__ZN9benchmark5State17FinishKeepRunningEv(benchmark::State* state) {
  __real__ZN9benchmark5State17FinishKeepRunningEv(state);
  if (region_observer != nullptr && state->thread_index() == 0) region_observer->End();
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace perf {

void ObserveRegions(RegionObserver* observer) { region_observer = observer; }

void FixIterations(int64_t iterations) {
  for (benchmark::internal::Benchmark* registered : Registered())
    registered->Iterations(iterations);
}

}  // namespace perf

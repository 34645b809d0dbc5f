#include "perf/gbench/measured_region.h"

#include "benchmark/benchmark.h"

namespace {

perf::RegionObserver* region_observer = nullptr;

}  // namespace

// What the linker's --wrap makes of calls to benchmark::State::StartKeepRunning and
// benchmark::State::FinishKeepRunning: `__real_` is the original.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
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

}  // namespace perf

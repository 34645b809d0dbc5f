// What measuring itself costs.
#include <chrono>
#include <cstdint>

#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"

namespace perf {
namespace {

// The number says nothing of the cache lines that a recorder evicts from the code it measures.
TEST(RecorderPerformance, TimingOverhead) {
  constexpr int kBatch = 100;
  Recorder overhead({.name = "perf.recorder.overhead",
                     .title = "Recorder Overhead",
                     .unit = "us",
                     .better = LOWER});
  Recorder timed({.name = "perf.recorder.empty_body",
                  .title = "Recorder Resolution",
                  .unit = "us",
                  .better = LOWER});
  int64_t executed = 0;
  for (int64_t i = 0; i < Load("iterations"); ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (int j = 0; j < kBatch; ++j) timed.Time([&] { ++executed; });
    overhead.Add(absl::FromChrono(std::chrono::steady_clock::now() - start) / kBatch);
  }
  overhead.SetIterations(executed);
  EXPECT_EQ(executed, Load("iterations") * kBatch);
}

}  // namespace
}  // namespace perf

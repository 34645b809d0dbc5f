#include "perf/memory_recorder.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "perf/run_record.h"
#include "perf/stats/trend.h"

namespace perf {
namespace {

// glibc's allocator is the one that knows. Those of sanitizers keep what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHeapIsKnown = false;
#else
constexpr bool kHeapIsKnown = true;
#endif

Measurement Recorded(const std::string& name) {
  const Run run = RunRecord::Process().Snapshot();
  for (const Measurement& measurement : run.measurements()) {
    if (measurement.name() == name) return measurement;
  }
  ADD_FAILURE() << "there is no " << name;
  return {};
}

Growth GrowthOf(const Measurement& measurement) {
  return JudgeGrowth(std::vector<double>(measurement.work().begin(), measurement.work().end()),
                     measurement.samples(), 0.1);
}

// Allocates and frees blocks of many sizes in every step, and keeps `leaked` bytes of each.
void Work(const std::string& name, size_t leaked, size_t buffered) {
  std::vector<std::unique_ptr<char[]>> lost;
  lost.reserve(10000);
  std::vector<std::unique_ptr<char[]>> buffer;
  buffer.reserve(10000);
  MemoryRecorder memory({.name = name, .title = "Work", .work_unit = "step"});
  for (size_t i = 0; i < 10000; ++i) {
    for (size_t j = 0; j < 10; ++j) std::make_unique<char[]>(1 + (i * 7919 + j * 104729) % 5000);
    if (leaked > 0) lost.push_back(std::make_unique<char[]>(leaked));
    // Fills up early.
    if (i < buffered) buffer.push_back(std::make_unique<char[]>(1000));
    memory.Sample(static_cast<int64_t>(i) + 1);
  }
}

TEST(MemoryRecorder, FindsAndSizesALeakOfAFewBytes) {
  if (!kHeapIsKnown) GTEST_SKIP();
  Work("perf.test.leak", 40, 0);
  const Growth growth = GrowthOf(Recorded("perf.test.leak.live_heap"));
  EXPECT_TRUE(growth.grows);
  // 40 bytes and the allocator's own 8.
  EXPECT_NEAR(growth.trend.slope * 1e6, 48, 1);
}

TEST(MemoryRecorder, WhatComesBackOrFillsUpOnceIsNoLeak) {
  if (!kHeapIsKnown) GTEST_SKIP();
  Work("perf.test.steady", 0, 0);
  EXPECT_FALSE(GrowthOf(Recorded("perf.test.steady.live_heap")).grows);
  EXPECT_FALSE(GrowthOf(Recorded("perf.test.steady.resident")).grows);
  Work("perf.test.buffer", 0, 3000);
  EXPECT_FALSE(GrowthOf(Recorded("perf.test.buffer.live_heap")).grows);
  EXPECT_FALSE(GrowthOf(Recorded("perf.test.buffer.resident")).grows);
}

TEST(MemoryRecorder, KeepsSamplesEvenlySpread) {
  Work("perf.test.spread", 0, 0);
  const Measurement measurement = Recorded("perf.test.spread.resident");
  EXPECT_EQ(measurement.work_unit(), "step");
  EXPECT_EQ(measurement.unit(), "MB");
  ASSERT_GT(measurement.work_size(), 128);
  ASSERT_LE(measurement.work_size(), 256);
  ASSERT_EQ(measurement.work_size(), measurement.samples_size());
  const int64_t stride = measurement.work(1) - measurement.work(0);
  for (int i = 1; i < measurement.work_size(); ++i) {
    EXPECT_EQ(measurement.work(i) - measurement.work(i - 1), stride) << i;
  }
}

TEST(MemoryRecorder, WorkThatStandsStillIsNotSampled) {
  {
    MemoryRecorder memory({.name = "perf.test.still", .title = "Still", .work_unit = "step"});
    for (const int64_t work : {1, 1, 0, 2}) memory.Sample(work);
  }
  EXPECT_EQ(Recorded("perf.test.still.resident").work_size(), 2);
}

}  // namespace
}  // namespace perf

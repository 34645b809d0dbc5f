// Calls from several threads at once, for a while.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/memory_recorder.h"
#include "perf/recorder.h"
#include "tools/testing/builtin_calls.h"

namespace parlance::tools {
namespace {

constexpr int kCallers = 8;

// Calls until `stop`, and checks every answer.
void CallUntil(BuiltinTools& tools, const std::atomic<bool>& stop, size_t first,
               std::atomic<int64_t>& num_answers) {
  const std::vector<KnownCall> calls = KnownCalls();
  for (size_t i = first; !stop; ++i) {
    const KnownCall& call = calls[i % calls.size()];
    ASSERT_TRUE(tools.Answers(call)) << call.name << call.arguments;
    ++num_answers;
  }
}

TEST(StressTools, ConcurrentExecution) {
  constexpr int kSlices = 25;
  BuiltinTools tools(4);
  const absl::Duration slice = absl::Milliseconds(perf::LoadValue("stress_duration_ms")) / kSlices;
  perf::Recorder throughput({.name = "tools.executor.concurrent_throughput",
                             .title = "Concurrent Tool Throughput",
                             .unit = "exec/sec",
                             .better = perf::HIGHER});
  std::atomic<bool> stop = false;
  std::atomic<int64_t> num_answers = 0;
  std::vector<std::thread> callers;
  for (size_t i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] { CallUntil(tools, stop, i, num_answers); });
  }
  for (int i = 0; i < kSlices; ++i) {
    const int64_t before = num_answers;
    const absl::Time start = absl::Now();
    absl::SleepFor(slice);
    throughput.Add(static_cast<double>(num_answers - before) /
                   absl::ToDoubleSeconds(absl::Now() - start));
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(num_answers, 0);
}

TEST(StressTools, MemoryStability) {
  BuiltinTools tools(4);
  std::atomic<int64_t> num_answers = 0;
  perf::MemoryRecorder memory({.name = "tools.executor", .title = "Tool", .work_unit = "call"});
  constexpr int kSlices = 100;
  const absl::Duration slice = absl::Milliseconds(perf::LoadValue("stress_duration_ms")) / kSlices;
  std::atomic<bool> stop = false;
  std::vector<std::thread> callers;
  for (size_t i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] { CallUntil(tools, stop, i, num_answers); });
  }
  for (int i = 0; i < kSlices; ++i) {
    absl::SleepFor(slice);
    memory.Sample(num_answers);
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(num_answers, 0);
}

}  // namespace
}  // namespace parlance::tools

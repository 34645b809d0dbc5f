// What one call costs, from the name to the result.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "third_party/status_matchers.h"
#include "tools/registry.h"
#include "tools/testing/builtin_calls.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;

absl::Status RegisterTrivial(ToolRegistry& registry, const std::string& name) {
  return registry.Register(
      {.name = name,
       .description = "For tests.",
       .parameters = "{}",
       .computes_only = true,
       .handler = [](const rapidjson::Value&, const ToolContext&) -> absl::StatusOr<ToolOutput> {
         return ToolOutput();
       }});
}

// Looks tools up with nothing else going on, and while a thread adds and removes a tool all the
// time, by turns.
TEST(ToolPerformance, RegistryLookupSpeed) {
  constexpr int kTools = 10000;
  constexpr int kBatch = 10000;
  ToolRegistry registry;
  std::vector<std::string> names;
  for (int i = 0; i < kTools; ++i) {
    names.push_back(absl::StrCat("tool_number_", i * 7919 % kTools));
    ASSERT_THAT(RegisterTrivial(registry, names.back()), IsOk());
  }
  perf::Recorder alone({.name = "tools.registry.lookup",
                        .title = "Registry Lookup among 10,000",
                        .unit = "ns",
                        .better = perf::LOWER});
  perf::Recorder beside({.name = "tools.registry.lookup_beside_a_writer",
                         .title = "Registry Lookup, Tools Come and Go",
                         .unit = "ns",
                         .better = perf::LOWER});
  const int64_t iterations = perf::Load("iterations");
  const auto look_up = [&](perf::Recorder& recorder) {
    size_t num_found = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& name : names) num_found += registry.Find(name) != nullptr;
    recorder.Add(absl::FromChrono(std::chrono::steady_clock::now() - start) / kBatch);
    ASSERT_EQ(num_found, static_cast<size_t>(kBatch));
  };
  for (int64_t i = 0; i < iterations; ++i) {
    look_up(alone);
    std::atomic<bool> stop = false;
    std::atomic<int> num_changes = 0;
    std::thread writer([&] {
      while (!stop) {
        num_changes += RegisterTrivial(registry, "comes").ok() && registry.Remove("comes").ok();
      }
    });
    while (num_changes == 0) std::this_thread::yield();
    look_up(beside);
    stop = true;
    writer.join();
  }
  alone.SetIterations(iterations * kBatch);
  beside.SetIterations(iterations * kBatch);
}

// One call after the other, over the built-in tools by turns; a sample is a round's average call,
// because single calls differ by tool. Says nothing of tools that wait for a network or a disk.
TEST(ToolPerformance, ExecutionSpeed) {
  BuiltinTools tools(4);
  const std::vector<KnownCall> calls = KnownCalls();
  perf::Recorder latency({.name = "tools.executor.execute",
                          .title = "Tool Execution",
                          .unit = "ms",
                          .better = perf::LOWER});
  perf::Recorder slowest({.name = "tools.executor.slowest_call",
                          .title = "Slowest Tool Execution",
                          .unit = "ms",
                          .better = perf::LOWER});
  perf::Recorder throughput({.name = "tools.executor.throughput",
                             .title = "Tool Throughput",
                             .unit = "exec/sec",
                             .better = perf::HIGHER});
  constexpr int kRounds = 5;
  const int64_t num_calls = kRounds * static_cast<int64_t>(calls.size());
  for (int64_t i = 0; i < perf::Load("iterations"); ++i) {
    absl::Duration total;
    absl::Duration longest;
    for (int round = 0; round < kRounds; ++round) {
      for (const KnownCall& call : calls) {
        const auto start = std::chrono::steady_clock::now();
        const bool answered = tools.Answers(call);
        const absl::Duration duration = absl::FromChrono(std::chrono::steady_clock::now() - start);
        ASSERT_TRUE(answered) << call.name << call.arguments;
        total += duration;
        longest = std::max(longest, duration);
      }
    }
    latency.Add(total / num_calls);
    slowest.Add(longest);
    throughput.Add(static_cast<double>(num_calls) / absl::ToDoubleSeconds(total));
  }
  latency.SetIterations(perf::Load("iterations") * num_calls);
}

}  // namespace
}  // namespace parlance::tools

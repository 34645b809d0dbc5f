// What one call costs, from the name to the result.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "tools/registry.h"
#include "tools/testing/builtin_calls.h"

namespace parlance::tools {
namespace {

// Among 100 tools. Says nothing of a cold cache.
TEST(ToolPerformance, RegistryLookupSpeed) {
  constexpr int kTools = 100;
  constexpr int kBatch = 10000;
  ToolRegistry registry;
  std::vector<std::string> names;
  for (int i = 0; i < kTools; ++i) {
    names.push_back(absl::StrCat("tool_number_", i * 7919 % 1000));
    ASSERT_TRUE(registry
                    .Register({.name = names.back(),
                               .description = "For tests.",
                               .parameters = "{}",
                               .computes_only = true,
                               .handler = [](const rapidjson::Value&, const ToolContext&)
                                   -> absl::StatusOr<ToolOutput> { return ToolOutput(); }})
                    .ok());
  }
  perf::Recorder recorder({.name = "tools.registry.lookup_10000",
                           .title = "Registry Lookup, 10000",
                           .unit = "ms",
                           .better = perf::LOWER});
  const int64_t iterations = perf::Load("iterations");
  for (int64_t i = 0; i < iterations; ++i) {
    size_t num_found = 0;
    recorder.Time([&] {
      for (int j = 0; j < kBatch; ++j) {
        num_found += registry.Find(names[static_cast<size_t>(j * 31 % kTools)]) != nullptr;
      }
    });
    ASSERT_EQ(num_found, static_cast<size_t>(kBatch));
  }
  recorder.SetIterations(iterations * kBatch);
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

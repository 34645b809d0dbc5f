#include "perf/counts/count_benchmarks.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "perf/counts/counted_process.h"

namespace perf {
namespace {

struct Pair {
  CallCounts once;
  CallCounts twice;
};

absl::StatusOr<Pair> CountPair(CountedProcess& process, const std::string& name,
                               int64_t iterations) {
  absl::StatusOr<CallCounts> once = process.Count(name, iterations);
  if (!once.ok()) return once.status();
  absl::StatusOr<CallCounts> twice = process.Count(name, iterations * 2);
  if (!twice.ok()) return twice.status();
  return Pair{.once = *std::move(once), .twice = *std::move(twice)};
}

int64_t SystemCalls(const Pair& pair) {
  return pair.twice.callgrind.system_calls - pair.once.callgrind.system_calls;
}

absl::Status CountOne(CountedProcess& process, const std::string& name, BenchmarkCounts& result) {
  if (result.iterations == 0) {
    const absl::StatusOr<int64_t> iterations = ChooseIterations(process, name);
    if (!iterations.ok()) return iterations.status();
    result.iterations = *iterations;
  } else if (const absl::StatusOr<CallCounts> warm = process.Count(name, 1); !warm.ok()) {
    // Each process has done the same before.
    return warm.status();
  }
  const absl::StatusOr<Pair> pair = CountPair(process, name, result.iterations);
  if (!pair.ok()) return pair.status();
  int64_t system_calls = SystemCalls(*pair);
  // Fewer than one an iteration may be of the heap, which asks the system for more once and not
  // again. What an iteration does now and then is there the second time, too.
  if (system_calls != 0 && std::abs(system_calls) < result.iterations) {
    const absl::StatusOr<Pair> again = CountPair(process, name, result.iterations);
    if (!again.ok()) return again.status();
    const int64_t calls_again = SystemCalls(*again);
    if (std::abs(calls_again) < std::abs(system_calls)) system_calls = calls_again;
  }
  const auto& [once, twice] = *pair;
  result.name = twice.counts.measurement_name();
  result.title = twice.counts.title();
  const auto each = [&](int64_t of_once, int64_t of_twice) {
    return static_cast<double>(of_twice - of_once) / static_cast<double>(result.iterations);
  };
  result.instructions.push_back(each(once.callgrind.instructions, twice.callgrind.instructions));
  result.system_calls.push_back(each(0, system_calls));
  result.allocations.push_back(each(once.counts.allocations(), twice.counts.allocations()));
  result.allocated_bytes.push_back(
      each(once.counts.allocated_bytes(), twice.counts.allocated_bytes()));
  return absl::OkStatus();
}

absl::Status ReadHardware(EpochChild& child, const std::string& name, BenchmarkCounts& result) {
  const int64_t iterations = result.iterations * 16;
  const absl::StatusOr<Counts> counts = child.Count(name, iterations);
  if (!counts.ok()) return counts.status();
  for (const auto& [event, value] : counts->hardware()) {
    result.hardware[event] = static_cast<double>(value) / static_cast<double>(iterations);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<BenchmarkCounts>> CountBenchmarks(const BenchmarkProgram& program,
                                                             const CountOptions& options) {
  std::vector<std::string> names;
  std::vector<BenchmarkCounts> results;
  for (int i = 0; i < options.num_processes; ++i) {
    absl::StatusOr<CountedProcess> process = CountedProcess::Start(program, options.scratch);
    if (!process.ok()) return process.status();
    const absl::StatusOr<std::vector<std::string>> all = process->Names();
    if (!all.ok()) return all.status();
    if (i == 0) {
      std::copy_if(all->begin(), all->end(), std::back_inserter(names), options.selected);
      for (const std::string& name : names) results.push_back({.name = name, .title = name});
    }
    for (size_t j = 0; j < names.size(); ++j) {
      if (!results[j].status.ok()) continue;
      options.progress(names[j], i);
      results[j].status = CountOne(*process, names[j], results[j]);
      // A body that failed leaves its process alive; otherwise the next one needs another.
      if (!results[j].status.ok() && !absl::IsAborted(results[j].status)) {
        process = CountedProcess::Start(program, options.scratch);
        if (!process.ok()) return process.status();
      }
    }
  }
  if (!options.hardware) return results;
  absl::StatusOr<EpochChild> child = EpochChild::Start(program);
  if (!child.ok()) return child.status();
  for (size_t j = 0; j < names.size(); ++j) {
    if (results[j].status.ok()) results[j].status = ReadHardware(*child, names[j], results[j]);
  }
  return results;
}

}  // namespace perf

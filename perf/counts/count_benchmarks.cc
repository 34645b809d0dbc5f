#include "perf/counts/count_benchmarks.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "perf/counts/callgrind.h"

namespace perf {
namespace {

// Enough that the figures of one iteration are those of most, and little enough that callgrind,
// some fifty times slower than the processor, takes a fraction of a second.
constexpr int64_t kInstructions = 1'000'000;
constexpr int64_t kMaxIterations = 4096;

// What one call did.
struct CallCounts {
  Counts counts;
  CallgrindCounts callgrind;
};

// A process under callgrind.
class CountedProcess {
 public:
  static absl::StatusOr<CountedProcess> Start(const BenchmarkProgram& program,
                                              const std::string& scratch) {
    BenchmarkProgram counted = program;
    counted.launcher = CallgrindCommand(scratch);
    for (const auto& [name, value] : CallgrindVariables()) counted.variables[name] = value;
    absl::StatusOr<EpochChild> child = EpochChild::Start(counted);
    if (!child.ok()) return child.status();
    return CountedProcess(*std::move(child), scratch);
  }

  absl::StatusOr<std::vector<std::string>> Names() { return child_.Names(); }

  absl::StatusOr<CallCounts> Count(const std::string& name, int64_t iterations) {
    const absl::StatusOr<perf::Counts> counts = child_.Count(name, iterations);
    if (!counts.ok()) return counts.status();
    const absl::StatusOr<CallgrindCounts> callgrind =
        TakeCallgrindDump(scratch_, child_.pid(), ++dumps_);
    if (!callgrind.ok()) return callgrind.status();
    return CallCounts{.counts = *counts, .callgrind = *callgrind};
  }

 private:
  CountedProcess(EpochChild child, std::string scratch)
      : child_(std::move(child)), scratch_(std::move(scratch)) {}

  EpochChild child_;
  std::string scratch_;
  int dumps_ = 0;
};

// A power of two, so that most builds of a benchmark agree on it.
absl::StatusOr<int64_t> ChooseIterations(CountedProcess& process, const std::string& name) {
  const absl::StatusOr<CallCounts> one = process.Count(name, 1);
  if (!one.ok()) return one.status();
  int64_t iterations = 1;
  while (iterations < kMaxIterations && iterations * one->callgrind.instructions < kInstructions) {
    iterations *= 2;
  }
  return iterations;
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
  const absl::StatusOr<CallCounts> once = process.Count(name, result.iterations);
  if (!once.ok()) return once.status();
  const absl::StatusOr<CallCounts> twice = process.Count(name, result.iterations * 2);
  if (!twice.ok()) return twice.status();
  result.name = twice->counts.measurement_name();
  result.title = twice->counts.title();
  const auto each = [&](int64_t of_once, int64_t of_twice) {
    return static_cast<double>(of_twice - of_once) / static_cast<double>(result.iterations);
  };
  result.instructions.push_back(each(once->callgrind.instructions, twice->callgrind.instructions));
  result.system_calls.push_back(each(once->callgrind.system_calls, twice->callgrind.system_calls));
  result.allocations.push_back(each(once->counts.allocations(), twice->counts.allocations()));
  result.allocated_bytes.push_back(
      each(once->counts.allocated_bytes(), twice->counts.allocated_bytes()));
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

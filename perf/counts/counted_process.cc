#include "perf/counts/counted_process.h"

#include <string>
#include <utility>

namespace perf {
namespace {

// Enough that the figures of one iteration are those of most, and little enough that callgrind,
// some fifty times slower than the processor, takes a fraction of a second.
constexpr int64_t kInstructions = 1'000'000;
constexpr int64_t kMaxIterations = 4096;

}  // namespace

absl::StatusOr<CountedProcess> CountedProcess::Start(const BenchmarkProgram& program,
                                                     const std::string& scratch,
                                                     CallgrindDetail detail) {
  BenchmarkProgram counted = program;
  counted.launcher = CallgrindCommand(scratch, detail);
  for (const auto& [name, value] : CallgrindVariables()) counted.variables[name] = value;
  absl::StatusOr<EpochChild> child = EpochChild::Start(counted);
  if (!child.ok()) return child.status();
  return CountedProcess(*std::move(child), scratch);
}

absl::StatusOr<CallCounts> CountedProcess::Count(const std::string& name, int64_t iterations) {
  absl::StatusOr<Counts> counts = child_.Count(name, iterations);
  if (!counts.ok()) return counts.status();
  absl::StatusOr<std::string> dump = TakeCallgrindDump(scratch_, child_.pid(), ++dumps_);
  if (!dump.ok()) return dump.status();
  const absl::StatusOr<CallgrindCounts> callgrind = ParseCallgrindDump(*dump);
  if (!callgrind.ok()) return callgrind.status();
  return CallCounts{
      .counts = *std::move(counts), .callgrind = *callgrind, .dump = *std::move(dump)};
}

absl::StatusOr<int64_t> ChooseIterations(CountedProcess& process, const std::string& name) {
  const absl::StatusOr<CallCounts> one = process.Count(name, 1);
  if (!one.ok()) return one.status();
  int64_t iterations = 1;
  while (iterations < kMaxIterations && iterations * one->callgrind.instructions < kInstructions) {
    iterations *= 2;
  }
  return iterations;
}

}  // namespace perf

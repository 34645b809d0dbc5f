// Counts what benchmark bodies do: instructions, system calls, allocations, bytes.
//
// A count is taken of n and of 2n iterations, and the difference divided by n: what a loop costs
// besides its iterations falls out. Both are taken in several processes, which have to agree.
#ifndef PERF_COUNTS_COUNT_BENCHMARKS_H_
#define PERF_COUNTS_COUNT_BENCHMARKS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/gbench/epoch_child.h"

namespace perf {

// All figures are of one iteration, one a process, in the order of the processes.
struct BenchmarkCounts {
  // The names that a record and a report have for it.
  std::string name;
  std::string title;
  // Whether all was counted without an error; otherwise the figures are of no use.
  absl::Status status = {};
  // The n that was chosen.
  int64_t iterations = 0;
  // Counts of the thread that runs the loop.
  std::vector<double> instructions = {};
  std::vector<double> system_calls = {};
  // Counts of all threads.
  std::vector<double> allocations = {};
  std::vector<double> allocated_bytes = {};
  // The figures of the processor's own counters for one run outside of callgrind, by name; empty if
  // there are none.
  std::map<std::string, double> hardware = {};
};

struct CountOptions {
  // The folder to which callgrind may write, absolute.
  std::string scratch;
  int num_processes = 3;
  // True if the processor's own counters are to be read, too.
  bool hardware = false;
  // Selects benchmarks of the program, by name.
  std::function<bool(const std::string&)> selected = [](const std::string&) { return true; };
  std::function<void(const std::string& name, int process)> progress = [](const std::string&, int) {
  };
};

// Returns one entry for each selected benchmark, in the program's order. Errors are those of
// EpochChild::Start and Names, if the program cannot be run or its revision cannot serve counts.
absl::StatusOr<std::vector<BenchmarkCounts>> CountBenchmarks(const BenchmarkProgram& program,
                                                             const CountOptions& options);

}  // namespace perf

#endif  // PERF_COUNTS_COUNT_BENCHMARKS_H_

// A benchmark program under callgrind, asked for counts of one benchmark at a time.
#ifndef PERF_COUNTS_COUNTED_PROCESS_H_
#define PERF_COUNTS_COUNTED_PROCESS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/counts/callgrind.h"
#include "perf/gbench/epoch.pb.h"
#include "perf/gbench/epoch_child.h"

namespace perf {

// The counts of one call of a benchmark.
struct CallCounts {
  Counts counts;
  CallgrindCounts callgrind;
  // The text of callgrind's dump.
  std::string dump;
};

// Not thread-safe.
class CountedProcess {
 public:
  // Starts the program under callgrind, which writes to the folder `scratch`, absolute. Errors are
  // those of EpochChild::Start; NotFound if there is no valgrind.
  static absl::StatusOr<CountedProcess> Start(const BenchmarkProgram& program,
                                              const std::string& scratch,
                                              CallgrindDetail detail = CallgrindDetail::kTotals);

  // Errors of EpochChild::Names.
  absl::StatusOr<std::vector<std::string>> Names() { return child_.Names(); }

  // Errors of EpochChild::Count and of TakeCallgrindDump.
  absl::StatusOr<CallCounts> Count(const std::string& name, int64_t iterations);

 private:
  CountedProcess(EpochChild child, std::string scratch)
      : child_(std::move(child)), scratch_(std::move(scratch)) {}

  EpochChild child_;
  std::string scratch_;
  int dumps_ = 0;
};

// How many iterations of a benchmark to count: a power of two, so that most builds of a benchmark
// agree on it, and enough that the figures of one iteration are those of most. Runs one iteration.
// Errors of CountedProcess::Count.
absl::StatusOr<int64_t> ChooseIterations(CountedProcess& process, const std::string& name);

}  // namespace perf

#endif  // PERF_COUNTS_COUNTED_PROCESS_H_

// Counts what a suite's benchmarks do (instructions, system calls, allocations and bytes of one
// iteration) for baselines that hold on every machine: --counts.
#ifndef PERF_MODE_COUNTS_COUNTS_MODE_H_
#define PERF_MODE_COUNTS_COUNTS_MODE_H_

#include <string>

#include "perf/mode/mode.h"

namespace perf {

class CountsMode : public Mode {
 public:
  // CountsKey: the same on every machine.
  std::string BaselineKey(const SuiteOptions& options,
                          const Environment& environment) const override;

  // Reads stored counts only, and drops the requirements, which are of times and throughputs.
  absl::Status Prepare(const RunContext& context, ReportInputs& inputs) override;

  // Without the count's name: "audio.vad.frame" of "audio.vad.frame.instructions".
  std::string BenchmarkOf(const std::string& measurement) const override;

  std::string NoBaselineNote(const RunContext& context) const override;

  bool ComparesWithHistory() const override { return false; }

  // Builds those of the tests whose bodies are Google Benchmark functions, and counts.
  // FailedPrecondition if there are none, or they do not build; NotFound if there is no valgrind.
  absl::StatusOr<Findings> Measure(const RunContext& context,
                                   absl::Span<const SuiteTest> tests) override;
};

}  // namespace perf

#endif  // PERF_MODE_COUNTS_COUNTS_MODE_H_

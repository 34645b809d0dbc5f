// Google Benchmark bodies as a source of rounds: one round is a process of each build, which runs
// epochs of all benchmarks that are asked for, so that they share its start. Each process runs a
// copy of the program (perf/process/fresh_copy.h).
#ifndef PERF_AB_EPOCH_SOURCE_H_
#define PERF_AB_EPOCH_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/ab/interleaver.h"
#include "perf/ab/round_source.h"
#include "perf/gbench/epoch_child.h"

namespace perf {

class EpochSource : public RoundSource {
 public:
  struct Options {
    std::string target;
    std::string component;
    BenchmarkProgram baseline;
    BenchmarkProgram current;
    // An existing folder, for copies of the programs.
    std::string scratch;
    EpochLengths lengths = {};
    // Selects benchmarks among those that the program lists, by name.
    std::function<bool(const std::string&)> selected = [](const std::string&) { return true; };
  };
  // Calibrates on the baseline's program. Unimplemented if one of the programs cannot serve epochs;
  // otherwise EpochChild's errors. `notes` gets a line on each benchmark that is new.
  static absl::StatusOr<std::unique_ptr<EpochSource>> Create(Options options,
                                                             std::vector<std::string>* notes);

  void RunRound(absl::Span<const size_t> which, std::mt19937_64& random) override;

 private:
  explicit EpochSource(Options options) : options_(std::move(options)) {}

  Options options_;
  // The plan of each element of compared_.
  std::vector<EpochPlan> plans_;
};

}  // namespace perf

#endif  // PERF_AB_EPOCH_SOURCE_H_

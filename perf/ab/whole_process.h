// Compares tests whose bodies cannot be run in epochs, process by process: one round is one run of
// each build, in an order that a coin decides, and a measurement's figure is the median of its
// samples in that run. What the test declares deterministic is settled by the first runs.
#ifndef PERF_AB_WHOLE_PROCESS_H_
#define PERF_AB_WHOLE_PROCESS_H_

#include <cstddef>
#include <memory>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/ab/round_source.h"
#include "perf/bazel/test_program.h"
#include "perf/record/result.pb.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

class WholeProcessSource : public RoundSource {
 public:
  struct Options {
    TestProgram baseline;
    TestProgram current;
    // The requirements of the component: differences below its min_effect count as none.
    ComponentRequirements requirements;
    // An existing folder, for what the tests write.
    std::string scratch;
  };
  // Runs each build once, to see what it measures and to warm the machine up. `notes` gets a line
  // on each measurement that is new. Unavailable, with what the test wrote last, if it fails.
  static absl::StatusOr<std::unique_ptr<WholeProcessSource>> Create(
      Options options, std::vector<std::string>* notes);

  void RunRound(absl::Span<const size_t> which, std::mt19937_64& random) override;

 private:
  explicit WholeProcessSource(Options options) : options_(std::move(options)) {}

  Options options_;
};

// Runs a copy of a test program (perf/process/fresh_copy.h) to its end and reads its record.
// Unavailable if it fails or leaves none.
absl::StatusOr<Run> RunTestProgram(const TestProgram& program, const std::string& scratch);

}  // namespace perf

#endif  // PERF_AB_WHOLE_PROCESS_H_

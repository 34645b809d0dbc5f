// Runs programs through an interface, so that what depends on their answers can be tested without
// them.
#ifndef PERF_PROCESS_PROGRAM_RUNNER_H_
#define PERF_PROCESS_PROGRAM_RUNNER_H_

#include "absl/status/statusor.h"
#include "perf/process/subprocess.h"

namespace perf {

class ProgramRunner {
 public:
  virtual ~ProgramRunner() = default;

  // Does what RunProgram (perf/process/subprocess.h) does, and returns the same errors.
  virtual absl::StatusOr<SubprocessResult> Run(const SubprocessOptions& options,
                                               SubprocessOutput output) = 0;
};

// Runs real programs. Thread-safe, as it has no state.
class SystemProgramRunner : public ProgramRunner {
 public:
  absl::StatusOr<SubprocessResult> Run(const SubprocessOptions& options,
                                       SubprocessOutput output) override {
    return RunProgram(options, output);
  }
};

}  // namespace perf

#endif  // PERF_PROCESS_PROGRAM_RUNNER_H_

// A ProgramRunner for tests: a function answers in place of the programs, and every call is kept.
#ifndef PERF_PROCESS_TESTING_FAKE_PROGRAM_RUNNER_H_
#define PERF_PROCESS_TESTING_FAKE_PROGRAM_RUNNER_H_

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/process/program_runner.h"
#include "perf/process/subprocess.h"

namespace perf {

class FakeProgramRunner : public ProgramRunner {
 public:
  using Answer = std::function<absl::StatusOr<SubprocessResult>(const SubprocessOptions&)>;

  // Without an answer, every program ends with exit code 0 and prints nothing.
  FakeProgramRunner() = default;

  void set_answer(Answer answer) { answer_ = std::move(answer); }

  absl::StatusOr<SubprocessResult> Run(const SubprocessOptions& options,
                                       SubprocessOutput /*output*/) override {
    calls_.push_back(options);
    return answer_(options);
  }

  // What was to be run, in order.
  const std::vector<SubprocessOptions>& calls() const { return calls_; }

 private:
  Answer answer_ = [](const SubprocessOptions&) { return SubprocessResult{}; };
  std::vector<SubprocessOptions> calls_;
};

}  // namespace perf

#endif  // PERF_PROCESS_TESTING_FAKE_PROGRAM_RUNNER_H_

// The services that a run needs from outside of itself: programs, git, the machine, the clock and
// the terminal. Tests have a stand-in, testing/fake_services.h.
#ifndef PERF_MODE_SERVICES_H_
#define PERF_MODE_SERVICES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/bazel/git.h"
#include "perf/process/program_runner.h"
#include "perf/record/result.pb.h"

namespace perf {

// Everything outside of the run that it reaches for. Not thread-safe.
class Services {
 public:
  virtual ~Services() = default;

  virtual ProgramRunner& programs() = 0;

  // Asks git for the state of the workspace: StateOfWorkingTree of perf/bazel/git.h.
  virtual absl::StatusOr<WorkingTreeState> StateOfWorkingTree(const std::string& workspace) = 0;

  // Describes this machine and the build of this process.
  virtual Environment CurrentEnvironment() = 0;

  virtual absl::Time Now() = 0;

  // Returns a new id, which no other invocation has.
  virtual std::string NewRunId() = 0;

  // Whether the user has asked, with an interrupt from the terminal (Ctrl-C), to end with what is
  // known. From the first call on, an interrupt does not end the process; a second one does.
  virtual bool Interrupted() = 0;

  // Writes a line for the user to standard error, with the program's name before it.
  virtual void Say(absl::string_view message) = 0;

  // Says how far a long work is, on standard error: as one line of a terminal, elsewhere in a line
  // now and then (command/terminal/status_line.h).
  virtual void ShowProgress(absl::string_view message) = 0;

  // Writes text to standard output, made harmless for a terminal, and there with verdicts in
  // colours.
  virtual void Print(absl::string_view text) = 0;
};

std::unique_ptr<Services> SystemServices();

}  // namespace perf

#endif  // PERF_MODE_SERVICES_H_

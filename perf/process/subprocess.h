// Runs other programs.
#ifndef PERF_PROCESS_SUBPROCESS_H_
#define PERF_PROCESS_SUBPROCESS_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace perf {

// Whether a variable of this name tells git which repository, index, objects or configuration to
// work on instead of those it finds. In a hook and in `git rebase --exec` they name the repository
// that the user is changing at that moment.
bool RedirectsGit(absl::string_view variable);

struct SubprocessOptions {
  // The program first, found in PATH unless it has a slash.
  std::vector<std::string> arguments;
  // Besides this process's environment, or instead of it. What RedirectsGit is never passed on from
  // this process's, because no program that is started here works on the caller's repository.
  std::map<std::string, std::string> variables = {};
  bool clean_environment = false;
  // Working directory. Empty: this process's.
  std::string directory = {};
  // The descriptors of this process to which stdout and stderr go. With -1, they go where this
  // process's go.
  int stdout_descriptor = -1;
  int stderr_descriptor = -1;
  // Further descriptors the program gets, by the number it knows them by.
  std::map<int, int> descriptors = {};
  // Keeps interrupts from the terminal (Ctrl-C) away from the program, by a process group of its
  // own. Otherwise it gets them as this process does.
  bool shield_from_terminal = false;
  // How long RunProgram lets it run. It has a meaning only where output is captured.
  absl::Duration time_limit = absl::InfiniteDuration();
};

// A running program. Not thread-safe.
class Subprocess {
 public:
  // NotFound if there is no such program; FailedPrecondition if there is no working directory of
  // that name; otherwise the operating system's error.
  static absl::StatusOr<Subprocess> Start(const SubprocessOptions& options);

  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  // Kills it if it still runs.
  ~Subprocess();

  pid_t pid() const { return pid_; }

  // Waits for its end. The exit code, or 128 plus the signal that ended it.
  absl::StatusOr<int> Wait();

  // Ends it at once and waits for that.
  void Kill();

 private:
  Subprocess(pid_t pid, std::string program) : pid_(pid), program_(std::move(program)) {}

  // 0 once it was waited for.
  pid_t pid_ = 0;
  std::string program_;
};

struct SubprocessResult {
  // The number that the process had, by which it may have named files.
  pid_t pid = 0;
  // 128 plus the signal if one ended it.
  int exit_code = 0;
  // The texts that it wrote to stdout and to stderr, if they were captured.
  std::string output;
  std::string errors;
};

enum class SubprocessOutput { kInherit, kCapture, kCaptureWithErrors };

// Runs it and waits for it. An interrupt from the terminal goes to the program, which ends as it
// likes; this process goes on. DeadlineExceeded if it takes longer than it may, and is ended;
// otherwise errors of Subprocess::Start.
absl::StatusOr<SubprocessResult> RunProgram(SubprocessOptions options, SubprocessOutput output);

// "exit code 3", or "signal 9 (Killed)", of what Subprocess::Wait returned.
std::string DescribeExit(int exit_code);

}  // namespace perf

#endif  // PERF_PROCESS_SUBPROCESS_H_

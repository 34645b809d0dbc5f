// A program as a child process, with limits, and its end, which is that of all it started.
#ifndef TOOLS_PROCESS_CHILD_PROCESS_H_
#define TOOLS_PROCESS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parlance::tools {

// What a program and each one that it starts may use; 0: no limit. Kept by the kernel
// (setrlimit(2)), set before the program begins.
struct ProcessLimits {
  // RLIMIT_CPU: seconds of processor time.
  int64_t cpu_seconds = 0;
  // RLIMIT_AS: address space.
  int64_t memory_bytes = 0;
  // RLIMIT_NOFILE.
  int64_t open_files = 0;
  // RLIMIT_FSIZE: of each file that it writes.
  int64_t file_bytes = 0;
};

enum class ChildStderr {
  kDrop,
  // It goes to where this process's standard error goes.
  kPass,
  // It goes to a pipe, from which it can be read.
  kCapture,
};

struct ChildProcessOptions {
  // The program, sought in PATH, and its arguments. No shell reads them. A text without a "#!" line
  // is run by /bin/sh.
  std::vector<std::string> words = {};
  // Variables in addition to this process's environment, or in place of what it has there.
  std::vector<std::pair<std::string, std::string>> environment = {};
  // The folder in which it starts; empty means the current one.
  std::string directory = {};
  ChildStderr standard_error = ChildStderr::kDrop;
  ProcessLimits limits = {};
};

// A program that runs in a process group of its own, and with a mark in its environment
// (PARLANCE_CHILD), which what it starts inherits: by both, all of that is found and ended with it.
// One thread at a time.
class ChildProcess {
 public:
  // InvalidArgument for no words, and for a NUL anywhere; NotFound if there is no such program,
  // interpreter or directory; FailedPrecondition with the reason for what cannot be run, such as a
  // folder, or a file without the permission.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildProcessOptions& options);
  // Ends it at once if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Our ends of its pipes, which do not block; -1 when closed, or if standard error is not
  // captured.
  int stdin_fd() const { return stdin_fd_; }
  int stdout_fd() const { return stdout_fd_; }
  int stderr_fd() const { return stderr_fd_; }

  // Closes its standard input, so that it reads the end of it.
  void CloseStdin();

  // Waits for it to end by itself. False if it did not.
  bool WaitForExit(absl::Duration timeout);

  struct State {
    bool runs = true;
    // The status with which it exited by itself.
    int exit_status = 0;
    // The signal that ended it; 0 if none did.
    int signal = 0;

    // "exited with status 3", "was ended by signal 9", "runs".
    std::string ToString() const;
  };
  State state() const;

  // Closes its standard input and waits; then SIGTERM, and waits; then SIGKILL. What is left of its
  // group or has its mark is killed in any case. Its output is read and dropped meanwhile, lest it
  // waits for that.
  void Stop(absl::Duration exit_timeout, absl::Duration terminate_timeout);

 private:
  ChildProcess(pid_t pid, uint64_t start_time, std::string mark, int stdin_fd, int stdout_fd,
               int stderr_fd)
      : pid_(pid),
        start_time_(start_time),
        mark_(std::move(mark)),
        stdin_fd_(stdin_fd),
        stdout_fd_(stdout_fd),
        stderr_fd_(stderr_fd) {}

  const pid_t pid_;
  // When it started, as /proc has it, in clock ticks.
  const uint64_t start_time_;
  // NAME=VALUE, in the environment.
  const std::string mark_;
  int stdin_fd_;
  int stdout_fd_;
  int stderr_fd_;
  bool stopped_ = false;
};

}  // namespace parlance::tools

#endif  // TOOLS_PROCESS_CHILD_PROCESS_H_

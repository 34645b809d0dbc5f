// A server as a child process, and its orderly end (Model Context Protocol, revision 2025-11-25,
// Base Protocol, Lifecycle, Shutdown).
#ifndef TOOLS_MCP_CHILD_PROCESS_H_
#define TOOLS_MCP_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parlance::tools::mcp {

struct ChildProcessOptions {
  // The program, sought in PATH, and its arguments. No shell reads them.
  std::vector<std::string> words = {};
  // In addition to this process's environment, or in place of what it has there.
  std::vector<std::pair<std::string, std::string>> environment = {};
  // Where it starts; empty means here.
  std::string directory = {};
  // Its standard error is this process's; otherwise it is dropped.
  bool pass_stderr = false;
};

// In a process group of its own, so that what it starts ends with it. One thread at a time.
class ChildProcess {
 public:
  // InvalidArgument for no words; NotFound if there is no such program or directory.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildProcessOptions& options);
  // Ends it at once if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Our ends of its pipes. They do not block.
  int stdin_fd() const { return stdin_fd_; }
  int stdout_fd() const { return stdout_fd_; }

  // Waits for it to end by itself. False if it did not.
  bool WaitForExit(absl::Duration timeout);

  // "exited with status 3", "was ended by signal 9", "runs".
  std::string State() const;

  // Closes its standard input and waits; then SIGTERM, and waits; then SIGKILL. What is left of its
  // group is killed in any case. Its output is read and dropped meanwhile, lest it waits for that.
  void Stop(absl::Duration exit_timeout, absl::Duration terminate_timeout);

 private:
  ChildProcess(pid_t pid, int stdin_fd, int stdout_fd)
      : pid_(pid), stdin_fd_(stdin_fd), stdout_fd_(stdout_fd) {}

  const pid_t pid_;
  int stdin_fd_;
  int stdout_fd_;
  bool stopped_ = false;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_CHILD_PROCESS_H_

#include "perf/subprocess.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace perf {
namespace {

std::vector<std::string> Environment(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!variables.contains(text.substr(0, text.find('=')))) entries.push_back(text);
  }
  for (const auto& [name, value] : variables) entries.push_back(absl::StrCat(name, "=", value));
  return entries;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Ignores terminal interrupts while alive: the child gets them too, and this process has to report.
class IgnoreInterrupts {
 public:
  IgnoreInterrupts() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  ~IgnoreInterrupts() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }
  IgnoreInterrupts(const IgnoreInterrupts&) = delete;
  IgnoreInterrupts& operator=(const IgnoreInterrupts&) = delete;

 private:
  struct sigaction interrupt_ = {};
  struct sigaction quit_ = {};
};

std::string ReadAll(int descriptor) {
  std::string all;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      all.append(buffer.data(), static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return all;
    }
  }
}

}  // namespace

absl::StatusOr<SubprocessResult> RunProgram(const std::vector<std::string>& arguments,
                                            const std::map<std::string, std::string>& variables,
                                            SubprocessOutput output) {
  if (arguments.empty()) return absl::InvalidArgumentError("no program to run");
  std::vector<std::string> argument_strings = arguments;
  std::vector<std::string> environment_strings = Environment(variables);
  const std::vector<char*> argv = Pointers(argument_strings);
  const std::vector<char*> envp = Pointers(environment_strings);

  std::array<int, 2> pipe_ends = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output == SubprocessOutput::kCapture) {
    if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
      posix_spawn_file_actions_destroy(&actions);
      return absl::ErrnoToStatus(errno, "cannot make a pipe");
    }
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  }
  // The child starts with the default dispositions, whatever this process ignores meanwhile.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGQUIT);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  const IgnoreInterrupts ignore_interrupts;
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (pipe_ends[1] >= 0) close(pipe_ends[1]);
  SubprocessResult result;
  if (error == 0 && pipe_ends[0] >= 0) result.output = ReadAll(pipe_ends[0]);
  if (pipe_ends[0] >= 0) close(pipe_ends[0]);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", arguments[0]));

  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR)
      return absl::ErrnoToStatus(errno, absl::StrCat("waiting for ", arguments[0]));
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace perf

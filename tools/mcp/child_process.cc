#include "tools/mcp/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>

#include "absl/strings/str_cat.h"

namespace parlance::tools::mcp {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  ~Pipe() {
    for (const int fd : {read, write}) {
      if (fd >= 0) close(fd);
    }
  }
  int read = -1;
  int write = -1;
};

bool Open(Pipe& pipe) {
  std::array<int, 2> fds;
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return false;
  pipe.read = fds[0];
  pipe.write = fds[1];
  return true;
}

std::vector<std::string> Environment(
    const std::vector<std::pair<std::string, std::string>>& additions) {
  std::map<std::string, std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : additions) variables[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// How it ended, without forgetting it: until then its number cannot become another process's or
// group's. A si_pid of 0 means that it runs.
siginfo_t Ended(pid_t pid) {
  siginfo_t info = {};
  waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return info;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const ChildProcessOptions& options) {
  if (options.words.empty() || options.words[0].empty()) {
    return absl::InvalidArgumentError("no program is given");
  }
  Pipe input;
  Pipe output;
  if (!Open(input) || !Open(output)) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  std::vector<std::string> words = options.words;
  std::vector<std::string> environment = Environment(options.environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO);
  if (!options.pass_stderr) {
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  if (!options.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  // A thread of ours may block signals, and the program may ignore some: neither is to be
  // inherited.
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  posix_spawnattr_setsigdefault(&attributes, &signals);

  pid_t pid = 0;
  const int error = posix_spawnp(&pid, words[0].c_str(), &actions, &attributes,
                                 Pointers(words).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    const std::string message =
        absl::StrCat("cannot start '", words[0], "': ", std::strerror(error));
    return error == ENOENT ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
  }
  for (const int fd : {input.write, output.read}) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  }
  std::unique_ptr<ChildProcess> child(new ChildProcess(pid, input.write, output.read));
  input.write = -1;
  output.read = -1;
  return child;
}

ChildProcess::~ChildProcess() { Stop(absl::ZeroDuration(), absl::ZeroDuration()); }

bool ChildProcess::WaitForExit(absl::Duration timeout) {
  const Clock::time_point deadline = Clock::now() + absl::ToChronoNanoseconds(timeout);
  while (Ended(pid_).si_pid == 0) {
    if (Clock::now() >= deadline) return false;
    // There is nothing to wait on with a deadline that every kernel has.
    poll(nullptr, 0, 2);
    if (stdin_fd_ >= 0) continue;
    std::array<char, 4096> dropped;
    while (read(stdout_fd_, dropped.data(), dropped.size()) > 0) {
    }
  }
  return true;
}

std::string ChildProcess::State() const {
  const siginfo_t info = Ended(pid_);
  if (info.si_pid == 0) return "runs";
  return info.si_code == CLD_EXITED ? absl::StrCat("exited with status ", info.si_status)
                                    : absl::StrCat("was ended by signal ", info.si_status);
}

void ChildProcess::Stop(absl::Duration exit_timeout, absl::Duration terminate_timeout) {
  if (stopped_) return;
  stopped_ = true;
  close(stdin_fd_);
  stdin_fd_ = -1;
  if (!WaitForExit(exit_timeout)) {
    kill(-pid_, SIGTERM);
    WaitForExit(terminate_timeout);
  }
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
  }
  close(stdout_fd_);
  stdout_fd_ = -1;
}

}  // namespace parlance::tools::mcp

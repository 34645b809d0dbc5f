#include "tools/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace parlance::tools {
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

constexpr char kMarkName[] = "PARLANCE_CHILD";

std::string NewMark() {
  static std::atomic<int64_t> number = 0;
  return absl::StrCat(getpid(), "_", absl::ToUnixNanos(absl::Now()), "_", ++number);
}

struct ProcessStat {
  // The state as proc(5) has it: R, S, Z, …
  char state = 'X';
  uint64_t flags = 0;
  // Clock ticks after the machine's start.
  uint64_t start_time = 0;
};

// Nothing if there is no such process any more.
std::optional<ProcessStat> StatOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  std::getline(file, line);
  // The name, in parentheses, may have any characters; state is the field after it, the third.
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = absl::StrSplit(line.substr(name_end + 2), ' ');
  ProcessStat stat;
  if (fields.size() < 20 || fields[0].size() != 1 || !absl::SimpleAtoi(fields[6], &stat.flags) ||
      !absl::SimpleAtoi(fields[19], &stat.start_time)) {
    return std::nullopt;
  }
  stat.state = fields[0][0];
  return stat;
}

// Whether its environment has the mark; nothing if it has none, as when it is becoming another
// program just now.
std::optional<bool> HasMark(pid_t pid, const std::string& mark) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/environ"), std::ios::binary);
  std::string variable;
  bool is_empty = true;
  while (std::getline(file, variable, '\0')) {
    if (variable == mark) return true;
    is_empty = false;
  }
  return is_empty ? std::nullopt : std::optional<bool>(false);
}

// Kills what has the mark in its environment and began no earlier than `start_time`, whatever group
// or session it has moved to. It cannot see the processes of other users.
void KillMarked(const std::string& mark, uint64_t start_time) {
  // Looks again while there are any: one may have started another just before it was killed. The
  // bound is for programs that run without an environment.
  for (int round = 0; round < 500; ++round) {
    bool is_over = true;
    std::error_code error;
    std::filesystem::directory_iterator entry("/proc", error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      pid_t pid = 0;
      if (!absl::SimpleAtoi(entry->path().filename().string(), &pid)) continue;
      const std::optional<ProcessStat> stat = StatOf(pid);
      constexpr uint64_t kKernelThread = 0x00200000;
      if (!stat.has_value() || stat->start_time < start_time || stat->state == 'Z' ||
          stat->state == 'X' || (stat->flags & kKernelThread) != 0) {
        continue;
      }
      const std::optional<bool> has_mark = HasMark(pid, mark);
      if (has_mark.value_or(false)) kill(pid, SIGKILL);
      if (has_mark.value_or(true)) is_over = false;
    }
    if (is_over) return;
    poll(nullptr, 0, 2);
  }
}

// A shell sets the limits and becomes the program.
std::vector<std::string> WithLimits(const std::vector<std::string>& words,
                                    const ProcessLimits& limits) {
  std::string script;
  const auto limit = [&](const char* flag, int64_t value, int64_t unit) {
    if (value > 0) {
      absl::StrAppend(&script, "ulimit ", flag, " ", (value + unit - 1) / unit, " && ");
    }
  };
  // The first ends it with SIGXCPU, by which it is known; the other with SIGKILL.
  limit("-S -t", limits.cpu_seconds, 1);
  limit("-H -t", limits.cpu_seconds == 0 ? 0 : limits.cpu_seconds + 1, 1);
  limit("-v", limits.memory_bytes, 1024);
  limit("-n", limits.open_files, 1);
  limit("-f", limits.file_bytes, 512);
  absl::StrAppend(&script, "exec \"$@\"");
  std::vector<std::string> all = {"/bin/sh", "-c", script, "sh"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

// Finds the program as execvp(3) would.
bool IsProgram(const std::string& name) {
  if (absl::StrContains(name, '/')) return access(name.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  for (const absl::string_view folder :
       absl::StrSplit(path == nullptr ? "/bin:/usr/bin" : path, ':')) {
    if (access(absl::StrCat(folder, "/", name).c_str(), X_OK) == 0) return true;
  }
  return false;
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
  // The shell that sets limits would start, and then not find it.
  if (options.limits.Any() && !IsProgram(options.words[0])) {
    return absl::NotFoundError(
        absl::StrCat("cannot start '", options.words[0], "': no such program"));
  }
  Pipe input;
  Pipe output;
  Pipe errors;
  if (!Open(input) || !Open(output) ||
      (options.standard_error == ChildStderr::kCapture && !Open(errors))) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  std::vector<std::string> words =
      options.limits.Any() ? WithLimits(options.words, options.limits) : options.words;
  const std::string mark = NewMark();
  std::vector<std::pair<std::string, std::string>> additions = options.environment;
  additions.emplace_back(kMarkName, mark);
  std::vector<std::string> environment = Environment(additions);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO);
  if (options.standard_error == ChildStderr::kCapture) {
    posix_spawn_file_actions_adddup2(&actions, errors.write, STDERR_FILENO);
  } else if (options.standard_error == ChildStderr::kDrop) {
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
        absl::StrCat("cannot start '", options.words[0], "': ", std::strerror(error));
    return error == ENOENT ? absl::NotFoundError(message) : absl::FailedPreconditionError(message);
  }
  for (const int fd : {input.write, output.read, errors.read}) {
    if (fd >= 0) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  }
  std::unique_ptr<ChildProcess> child(
      new ChildProcess(pid, StatOf(pid).value_or(ProcessStat{}).start_time,
                       absl::StrCat(kMarkName, "=", mark), input.write, output.read, errors.read));
  input.write = -1;
  output.read = -1;
  errors.read = -1;
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
    for (const int fd : {stdout_fd_, stderr_fd_}) {
      while (fd >= 0 && read(fd, dropped.data(), dropped.size()) > 0) {
      }
    }
  }
  return true;
}

std::string ChildProcess::State::ToString() const {
  if (runs) return "runs";
  return signal == 0 ? absl::StrCat("exited with status ", exit_status)
                     : absl::StrCat("was ended by signal ", signal);
}

ChildProcess::State ChildProcess::state() const {
  const siginfo_t info = Ended(pid_);
  if (info.si_pid == 0) return {};
  if (info.si_code == CLD_EXITED) return {.runs = false, .exit_status = info.si_status};
  return {.runs = false, .signal = info.si_status};
}

void ChildProcess::CloseStdin() {
  if (stdin_fd_ >= 0) close(stdin_fd_);
  stdin_fd_ = -1;
}

void ChildProcess::Stop(absl::Duration exit_timeout, absl::Duration terminate_timeout) {
  if (stopped_) return;
  stopped_ = true;
  CloseStdin();
  if (!WaitForExit(exit_timeout)) {
    kill(-pid_, SIGTERM);
    WaitForExit(terminate_timeout);
  }
  kill(-pid_, SIGKILL);
  KillMarked(mark_, start_time_);
  while (waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
  }
  for (int* const fd : {&stdout_fd_, &stderr_fd_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
}

}  // namespace parlance::tools

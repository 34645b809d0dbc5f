#include "tools/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
#include <utility>

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

// What a new process needs to become the program. It is made before there is that process, which
// may allocate nothing.
struct Launch {
  // Where the program may be, in the order in which execvp(3) tries them.
  std::vector<std::string> paths;
  std::vector<char*> words;
  // The words for a shell that reads a program without a "#!" line. The second is for its path.
  std::vector<char*> shell_words = {};
  std::vector<char*> environment;
  // Null for the current one.
  const char* directory = nullptr;
  int input = -1;
  int output = -1;
  // -1 to leave it as it is.
  int errors = -1;
  std::vector<std::pair<__rlimit_resource, rlimit>> limits;
};

std::vector<std::string> PathsOf(const std::string& name) {
  if (absl::StrContains(name, '/')) return {name};
  const char* const path = std::getenv("PATH");
  std::vector<std::string> paths;
  for (const absl::string_view folder :
       absl::StrSplit(path == nullptr ? "/bin:/usr/bin" : path, ':')) {
    paths.push_back(absl::StrCat(folder, folder.empty() ? "" : "/", name));
  }
  return paths;
}

std::vector<std::pair<__rlimit_resource, rlimit>> RlimitsOf(const ProcessLimits& limits) {
  std::vector<std::pair<__rlimit_resource, rlimit>> all;
  const auto limit = [&](__rlimit_resource resource, int64_t soft, int64_t hard) {
    rlimit now = {};
    if (soft <= 0 || getrlimit(resource, &now) != 0) return;
    // No program may raise what it was given.
    const rlim_t most = std::min(static_cast<rlim_t>(hard), now.rlim_max);
    all.push_back({resource, {std::min(static_cast<rlim_t>(soft), most), most}});
  };
  // The first ends it with SIGXCPU, by which it is known; the other with SIGKILL.
  limit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1);
  limit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes);
  limit(RLIMIT_NOFILE, limits.open_files, limits.open_files);
  limit(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes);
  return all;
}

// Why a new process could not become the program.
struct LaunchFailure {
  int error = 0;
  bool is_of_directory = false;
};

// Whether a program that the kernel cannot run is a script without a "#!" line, as shells tell.
bool IsText(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<char, 256> head;
  const ssize_t size = read(fd, head.data(), head.size());
  close(fd);
  return size > 0 && std::memchr(head.data(), '\0', static_cast<size_t>(size)) == nullptr;
}

// Becomes the program, and returns only if it cannot. It runs in the new process, in the memory of
// this one: so it calls only what is async-signal-safe (signal-safety(7)) and changes nothing else.
LaunchFailure Become(Launch& launch) {
  if (setpgid(0, 0) != 0) return {.error = errno};
  // They may have the standard streams' numbers themselves, so that each is moved away first.
  for (int* const fd : {&launch.input, &launch.output, &launch.errors}) {
    if (*fd >= 0 && (*fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3)) < 0) return {.error = errno};
  }
  if (dup2(launch.input, STDIN_FILENO) < 0 || dup2(launch.output, STDOUT_FILENO) < 0 ||
      (launch.errors >= 0 && dup2(launch.errors, STDERR_FILENO) < 0)) {
    return {.error = errno};
  }
  if (launch.directory != nullptr && chdir(launch.directory) != 0) {
    return {.error = errno, .is_of_directory = true};
  }
  for (const auto& [resource, value] : launch.limits) {
    if (setrlimit(resource, &value) != 0) return {.error = errno};
  }
  // A handler of ours must not run here, and what a thread of ours blocks or ignores is not to be
  // inherited.
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action = {};
    if (sigaction(signal, nullptr, &action) != 0) continue;
    const bool is_ended_by =
        signal == SIGPIPE || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
    if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && !is_ended_by)) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = ENOENT;
  for (std::string& path : launch.paths) {
    execve(path.c_str(), launch.words.data(), launch.environment.data());
    if (errno == ENOEXEC && IsText(path.c_str())) {
      launch.shell_words[1] = path.data();
      execve("/bin/sh", launch.shell_words.data(), launch.environment.data());
    }
    // As execvp(3) does, it goes on looking past a file that may not be run.
    if (errno == ENOENT || errno == ENOTDIR) continue;
    error = errno;
    if (error != EACCES) break;
  }
  return {.error = error};
}

// Returns the new process, or sets `failure`. This process's memory is not copied, which would hold
// up its other threads; this thread waits until the new process needs it no more.
pid_t Run(Launch& launch, LaunchFailure& failure) {
  Pipe report;
  if (!Open(report)) {
    failure.error = errno;
    return -1;
  }
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  const pid_t pid = vfork();
  if (pid == 0) {
    const LaunchFailure failed = Become(launch);
    [[maybe_unused]] const ssize_t count = write(report.write, &failed, sizeof(failed));
    _exit(127);
  }
  if (pid < 0) failure.error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return pid;
  close(std::exchange(report.write, -1));
  ssize_t count = 0;
  while ((count = read(report.read, &failure, sizeof(failure))) < 0 && errno == EINTR) {
  }
  // It is closed when the program begins.
  if (count == 0) return pid;
  while (waitpid(pid, nullptr, 0) == -1 && errno == EINTR) {
  }
  return -1;
}

absl::Status CannotStart(const ChildProcessOptions& options, const LaunchFailure& failure) {
  const std::string message =
      failure.is_of_directory
          ? absl::StrCat("cannot start '", options.words[0], "' in '", options.directory,
                         "': ", std::strerror(failure.error))
          : absl::StrCat("cannot start '", options.words[0], "': ",
                         // The kernel says it of a script whose "#!" line names nothing, too.
                         failure.error == ENOENT ? "no such program or interpreter"
                                                 : std::strerror(failure.error));
  return failure.error == ENOENT ? absl::NotFoundError(message)
                                 : absl::FailedPreconditionError(message);
}

bool HasNul(const std::string& text) { return absl::StrContains(text, '\0'); }

// What the kernel would read up to the NUL, so that something else would run.
absl::Status CheckNoNuls(const ChildProcessOptions& options) {
  for (const std::string& word : options.words) {
    if (HasNul(word)) return absl::InvalidArgumentError("a word of the command has a NUL");
  }
  for (const auto& [name, value] : options.environment) {
    if (HasNul(name) || HasNul(value)) {
      return absl::InvalidArgumentError("a variable of the environment has a NUL");
    }
  }
  if (HasNul(options.directory)) return absl::InvalidArgumentError("the directory has a NUL");
  return absl::OkStatus();
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
  if (absl::Status checked = CheckNoNuls(options); !checked.ok()) return checked;
  Pipe input;
  Pipe output;
  Pipe errors;
  if (!Open(input) || !Open(output) ||
      (options.standard_error == ChildStderr::kCapture && !Open(errors))) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot make a pipe: ", std::strerror(errno)));
  }
  if (options.standard_error == ChildStderr::kDrop) {
    errors.write = open("/dev/null", O_WRONLY | O_CLOEXEC);
  }
  const std::string mark = NewMark();
  std::vector<std::pair<std::string, std::string>> additions = options.environment;
  additions.emplace_back(kMarkName, mark);
  std::vector<std::string> environment = Environment(additions);
  std::vector<std::string> words = options.words;
  Launch launch = {.paths = PathsOf(words[0]),
                   .words = Pointers(words),
                   .environment = Pointers(environment),
                   .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                   .input = input.read,
                   .output = output.write,
                   .errors = errors.write,
                   .limits = RlimitsOf(options.limits)};
  std::string shell = "sh";
  launch.shell_words = launch.words;
  launch.shell_words.insert(launch.shell_words.begin(), shell.data());
  LaunchFailure failure;
  const pid_t pid = Run(launch, failure);
  if (pid < 0) return CannotStart(options, failure);
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

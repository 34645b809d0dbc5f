#include "perf/process/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace perf {
namespace {

// What `git rev-parse --local-env-vars` names in any version of git, and what does the same without
// being named there: for objects that a push has not yet brought in, for new repositories and for
// attributes.
constexpr absl::string_view kGitVariables[] = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REF_STORAGE",
    "GIT_REFERENCE_BACKEND",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
};

std::vector<std::string> Environment(const std::map<std::string, std::string>& variables,
                                     bool clean) {
  std::vector<std::string> entries;
  for (char** entry = environ; !clean && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (!variables.contains(name) && !RedirectsGit(name)) entries.push_back(text);
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

// Reads up to the end; false if that takes longer than it may.
bool ReadAll(int descriptor, absl::Duration time_limit, std::string& all) {
  const bool is_limited = time_limit < absl::InfiniteDuration();
  // The clock on the wall will not do, as it jumps.
  const auto deadline =
      std::chrono::steady_clock::now() +
      (is_limited ? absl::ToChronoMilliseconds(time_limit) : std::chrono::milliseconds(0));
  std::array<char, 65536> buffer{};
  for (;;) {
    if (is_limited) {
      const int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  deadline - std::chrono::steady_clock::now())
                                  .count();
      pollfd waiting = {.fd = descriptor, .events = POLLIN, .revents = 0};
      const int ready =
          poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(left_ms, 0, 1'000'000'000)));
      if (ready == 0) return false;
      if (ready < 0 && errno == EINTR) continue;
    }
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      all.append(buffer.data(), static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return true;
    }
  }
}

}  // namespace

bool RedirectsGit(absl::string_view variable) {
  return absl::c_linear_search(kGitVariables, variable) ||
         absl::StartsWith(variable, "GIT_CONFIG_KEY_") ||
         absl::StartsWith(variable, "GIT_CONFIG_VALUE_");
}

absl::StatusOr<Subprocess> Subprocess::Start(const SubprocessOptions& options) {
  if (options.arguments.empty()) return absl::InvalidArgumentError("no program to run");
  std::vector<std::string> argument_strings = options.arguments;
  std::vector<std::string> environment_strings =
      Environment(options.variables, options.clean_environment);
  const std::vector<char*> argv = Pointers(argument_strings);
  const std::vector<char*> envp = Pointers(environment_strings);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (options.stdout_descriptor >= 0) {
    posix_spawn_file_actions_adddup2(&actions, options.stdout_descriptor, STDOUT_FILENO);
  }
  if (options.stderr_descriptor >= 0) {
    posix_spawn_file_actions_adddup2(&actions, options.stderr_descriptor, STDERR_FILENO);
  }
  for (const auto& [theirs, ours] : options.descriptors) {
    posix_spawn_file_actions_adddup2(&actions, ours, theirs);
  }
  if (!options.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  }
  // The program starts with the default dispositions, whatever this process ignores meanwhile.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGQUIT, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<int16_t>(POSIX_SPAWN_SETSIGDEF |
                           (options.shield_from_terminal ? POSIX_SPAWN_SETPGROUP : 0)));

  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT && !options.directory.empty() &&
      access(options.directory.c_str(), F_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot run ", options.arguments[0], " in ",
                                                      options.directory,
                                                      ", because there is no such folder"));
  }
  if (error != 0) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", options.arguments[0]));
  }
  return Subprocess(pid, options.arguments[0]);
}

Subprocess::Subprocess(Subprocess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), program_(std::move(other.program_)) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  if (this != &other) {
    Kill();
    pid_ = std::exchange(other.pid_, 0);
    program_ = std::move(other.program_);
  }
  return *this;
}

Subprocess::~Subprocess() { Kill(); }

absl::StatusOr<int> Subprocess::Wait() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, 0);
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, absl::StrCat("waiting for ", program_));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Subprocess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  // Whatever its end was, it is over.
  Wait().IgnoreError();
}

absl::StatusOr<SubprocessResult> RunProgram(SubprocessOptions options, SubprocessOutput output) {
  std::array<int, 2> pipe_ends = {-1, -1};
  if (output != SubprocessOutput::kInherit && pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pipe");
  }
  // A file in memory, so that the two streams cannot wait for one another.
  int errors = -1;
  if (output == SubprocessOutput::kCaptureWithErrors) {
    errors = memfd_create("stderr", MFD_CLOEXEC);
    if (errors < 0) {
      const absl::Status failed = absl::ErrnoToStatus(errno, "cannot make a file in memory");
      close(pipe_ends[0]);
      close(pipe_ends[1]);
      return failed;
    }
    options.stderr_descriptor = errors;
  }
  const IgnoreInterrupts ignore_interrupts;
  if (pipe_ends[1] >= 0) options.stdout_descriptor = pipe_ends[1];
  absl::StatusOr<Subprocess> subprocess = Subprocess::Start(options);
  if (pipe_ends[1] >= 0) close(pipe_ends[1]);
  SubprocessResult result;
  if (subprocess.ok()) result.pid = subprocess->pid();
  bool in_time = true;
  if (subprocess.ok() && pipe_ends[0] >= 0) {
    in_time = ReadAll(pipe_ends[0], options.time_limit, result.output);
    if (!in_time) subprocess->Kill();
  }
  if (pipe_ends[0] >= 0) close(pipe_ends[0]);
  if (!in_time) {
    if (errors >= 0) close(errors);
    return absl::DeadlineExceededError(absl::StrCat(options.arguments[0], " took longer than ",
                                                    absl::FormatDuration(options.time_limit),
                                                    ", and was ended"));
  }
  absl::StatusOr<int> exit_code =
      subprocess.ok() ? subprocess->Wait() : absl::StatusOr<int>(subprocess.status());
  if (errors >= 0) {
    lseek(errors, 0, SEEK_SET);
    ReadAll(errors, absl::InfiniteDuration(), result.errors);
    close(errors);
  }
  if (!exit_code.ok()) return exit_code.status();
  result.exit_code = *exit_code;
  return result;
}

std::string DescribeExit(int exit_code) {
  if (exit_code <= 128) return absl::StrCat("exit code ", exit_code);
  return absl::StrCat("signal ", exit_code - 128, " (", strsignal(exit_code - 128), ")");
}

}  // namespace perf

// Starts a program, waits for its end, and says what that cost.
//
//   launcher DESCRIPTOR PROGRAM ARGUMENT...
//
// Writes one line to the descriptor: "WALL_NS USER_US SYSTEM_US PEAK_KB INSTRUCTIONS STATUS", with
// the wait status of wait(2), and -1 for instructions that the machine does not count; or "ERRNO",
// if the program cannot be started.
//
// This is a process of its own, and a small one, because what Linux keeps as a process's greatest
// memory (getrusage(2), ru_maxrss) begins with that of the process it was forked from: a test's
// main, with its libraries, has more than many programs ever need.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

int64_t Nanoseconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t Microseconds(const timeval& time) {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

// A counter of the instructions that a process, and what it starts, execute in user space once it
// has become another program. -1 if the machine has none, or forbids it.
int CountInstructions(pid_t process) {
  perf_event_attr event = {};
  event.type = PERF_TYPE_HARDWARE;
  event.size = sizeof(event);
  event.config = PERF_COUNT_HW_INSTRUCTIONS;
  event.disabled = 1;
  event.inherit = 1;
  event.enable_on_exec = 1;
  event.exclude_kernel = 1;
  event.exclude_hv = 1;
  return static_cast<int>(syscall(SYS_perf_event_open, &event, process, /*cpu=*/-1, /*group=*/-1,
                                  PERF_FLAG_FD_CLOEXEC));
}

// The program, once `go` says so; `failed` gets errno if it cannot be started.
[[noreturn]] void Become(char** program, int go, int failed) {
  char byte = 0;
  while (read(go, &byte, 1) < 0 && errno == EINTR) {
  }
  execv(program[0], program);
  const int error = errno;
  while (write(failed, &error, sizeof(error)) < 0 && errno == EINTR) {
  }
  _exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: launcher DESCRIPTOR PROGRAM ARGUMENT...\n");
    return 2;
  }
  const int result = static_cast<int>(std::strtol(argv[1], nullptr, 10));
  fcntl(result, F_SETFD, FD_CLOEXEC);
  int go[2];
  int failed[2];
  if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failed, O_CLOEXEC) != 0) {
    std::perror("launcher: pipe2");
    return 2;
  }
  const pid_t child = fork();
  if (child < 0) {
    std::perror("launcher: fork");
    return 2;
  }
  if (child == 0) Become(argv + 2, go[0], failed[1]);
  close(failed[1]);
  const int counter = CountInstructions(child);
  const int64_t begin = Nanoseconds();
  if (write(go[1], "", 1) != 1) return 2;
  int status = 0;
  rusage usage = {};
  while (wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) return 2;
  }
  const int64_t wall = Nanoseconds() - begin;
  int error = 0;
  if (read(failed[0], &error, sizeof(error)) == sizeof(error)) {
    dprintf(result, "%d\n", error);
    return 0;
  }
  int64_t instructions = -1;
  if (counter >= 0 && read(counter, &instructions, sizeof(instructions)) != sizeof(instructions)) {
    instructions = -1;
  }
  dprintf(result, "%lld %lld %lld %ld %lld %d\n", static_cast<long long>(wall),
          static_cast<long long>(Microseconds(usage.ru_utime)),
          static_cast<long long>(Microseconds(usage.ru_stime)), usage.ru_maxrss,
          static_cast<long long>(instructions), status);
  return 0;
}

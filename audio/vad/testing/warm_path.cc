#include "audio/vad/testing/warm_path.h"

#include <dlfcn.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>

namespace {

thread_local int64_t num_locks = 0;

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// The next function of that name, the C library's.
template <typename Function>
Function Next(std::atomic<Function>& known, const char* name) {
  Function function = known.load(std::memory_order_relaxed);
  if (function == nullptr) {
    function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
    if (function == nullptr) std::abort();
    known.store(function, std::memory_order_relaxed);
  }
  return function;
}

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static constinit std::atomic<int (*)(pthread_mutex_t*)> next = nullptr;
  ++num_locks;
  return Next(next, "pthread_mutex_lock")(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static constinit std::atomic<int (*)(pthread_mutex_t*)> next = nullptr;
  ++num_locks;
  return Next(next, "pthread_mutex_trylock")(mutex);
}

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static constinit std::atomic<int (*)(pthread_rwlock_t*)> next = nullptr;
  ++num_locks;
  return Next(next, "pthread_rwlock_rdlock")(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  static constinit std::atomic<int (*)(pthread_rwlock_t*)> next = nullptr;
  ++num_locks;
  return Next(next, "pthread_rwlock_wrlock")(lock);
}

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  static constinit std::atomic<int (*)(pthread_spinlock_t*)> next = nullptr;
  ++num_locks;
  return Next(next, "pthread_spin_lock")(lock);
}

}  // extern "C"

#endif

namespace parlance::audio {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which architecture do this machine's system calls have?"
#endif

// Where the child answers. Its only user is the child, which has one thread.
int answer_fd = -1;

void Answer(int number) {
  while (write(answer_fd, &number, sizeof(number)) < 0 && errno == EINTR) {
  }
  _exit(0);
}

void OnForbiddenCall(int /*signal*/, siginfo_t* info, void* /*context*/) {
  Answer(info->si_syscall);
}

// Allows writes to the pipe and the end of the process; all else raises SIGSYS.
bool ForbidSystemCalls(int allowed_fd) {
  struct sigaction action {};
  action.sa_sigaction = OnForbiddenCall;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSYS, &action, nullptr) != 0) return false;
  constexpr auto kLoad = static_cast<uint16_t>(BPF_LD | BPF_W | BPF_ABS);
  constexpr auto kEqual = static_cast<uint16_t>(BPF_JMP | BPF_JEQ | BPF_K);
  constexpr auto kReturn = static_cast<uint16_t>(BPF_RET | BPF_K);
  // The lower half of a call's first argument; both architectures are little-endian.
  constexpr uint32_t kFirstArgument = offsetof(seccomp_data, args);
  // Jumps count the instructions left out: if equal, if not.
  std::array<sock_filter, 9> filter = {{
      {kLoad, 0, 0, offsetof(seccomp_data, arch)},
      {kEqual, 0, 5, kArchitecture},
      {kLoad, 0, 0, offsetof(seccomp_data, nr)},
      {kEqual, 4, 0, SYS_exit_group},
      {kEqual, 0, 2, SYS_write},
      {kLoad, 0, 0, kFirstArgument},
      {kEqual, 1, 0, static_cast<uint32_t>(allowed_fd)},
      {kReturn, 0, 0, SECCOMP_RET_TRAP},
      {kReturn, 0, 0, SECCOMP_RET_ALLOW},
  }};
  const sock_fprog program = {static_cast<uint16_t>(filter.size()), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

int64_t CountLocks(absl::FunctionRef<void()> body) {
  const int64_t before = num_locks;
  body();
  return num_locks - before;
}

int FirstSystemCall(absl::FunctionRef<void()> body) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return kCannotTell;
  const pid_t child = fork();
  if (child == 0) {
    answer_fd = ends[1];
    if (!ForbidSystemCalls(answer_fd)) Answer(kCannotTell);
    body();
    Answer(kNoSystemCall);
  }
  close(ends[1]);
  int number = kCannotTell;
  if (child > 0) {
    int answer = 0;
    ssize_t size = 0;
    while ((size = read(ends[0], &answer, sizeof(answer))) < 0 && errno == EINTR) {
    }
    if (size == sizeof(answer)) number = answer;
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(ends[0]);
  return number;
}

}  // namespace parlance::audio

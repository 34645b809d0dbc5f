#include "command/stop_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "absl/time/clock.h"

namespace command {
namespace {

// The pipe that the handler tells of a signal: what is read, and what is written.
int g_pipe[2] = {-1, -1};

void OnSignal(int) {
  const int error = errno;
  const char byte = 0;
  // A full pipe has told of it already.
  [[maybe_unused]] const ssize_t written = write(g_pipe[1], &byte, 1);
  errno = error;
}

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StopSignals::StopSignals() {
  if (pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    std::perror("pipe2");
    std::abort();
  }
  // Whatever the others wait for, the system finds one that takes a signal at once.
  std::thread([] {
    const sigset_t signals = Signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    for (;;) pause();
  }).detach();
  const sigset_t signals = Signals();
  // Threads that are created from here on inherit it.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void StopSignals::Catch() const {
  const sigset_t signals = Signals();
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_mask = signals;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

bool StopSignals::Wait(absl::Duration timeout) const {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    char byte = 0;
    if (read(g_pipe[0], &byte, 1) == 1) return true;
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    pollfd readable = {.fd = g_pipe[0], .events = POLLIN, .revents = 0};
    // A minute at most at a time, so that the number always fits.
    const auto milliseconds = absl::ToInt64Milliseconds(std::min(left, absl::Minutes(1)));
    poll(&readable, 1, static_cast<int>(milliseconds) + 1);
  }
}

}  // namespace command

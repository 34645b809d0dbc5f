#include "command/stop_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

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
  const sigset_t signals = Signals();
  // Threads that are created from here on inherit it.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_mask = signals;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

bool StopSignals::Wait(absl::Duration timeout) const {
  // Where no thread but those of the program is there, this one has to take the signal.
  const sigset_t signals = Signals();
  sigset_t before;
  pthread_sigmask(SIG_UNBLOCK, &signals, &before);
  const absl::Time deadline = absl::Now() + timeout;
  bool came = false;
  for (;;) {
    char byte = 0;
    came = read(g_pipe[0], &byte, 1) == 1;
    const absl::Duration left = deadline - absl::Now();
    if (came || left <= absl::ZeroDuration()) break;
    pollfd readable = {.fd = g_pipe[0], .events = POLLIN, .revents = 0};
    // A minute at most at a time, so that the number always fits.
    const auto milliseconds = absl::ToInt64Milliseconds(std::min(left, absl::Minutes(1)));
    poll(&readable, 1, static_cast<int>(milliseconds) + 1);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return came;
}

}  // namespace command

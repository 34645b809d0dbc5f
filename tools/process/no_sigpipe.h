// Writing to a pipe that nobody reads, without the signal.
#ifndef TOOLS_PROCESS_NO_SIGPIPE_H_
#define TOOLS_PROCESS_NO_SIGPIPE_H_

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace parlance::tools {

// Keeps SIGPIPE from the process for as long as it lives: one that a write raises is pending for
// this thread, and taken back at the end. Other handlers and threads are left as they are.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~NoSigpipe() {
    if (!was_pending_) {
      const timespec now = {};
      while (sigtimedwait(&sigpipe_, nullptr, &now) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace parlance::tools

#endif  // TOOLS_PROCESS_NO_SIGPIPE_H_

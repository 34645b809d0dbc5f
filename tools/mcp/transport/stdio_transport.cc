#include "tools/mcp/transport/stdio_transport.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "third_party/annotated_mutex.h"
#include "tools/json/json_value.h"
#include "tools/mcp/transport/line_io.h"
#include "tools/process/stderr_tail.h"

namespace parlance::tools::mcp {
namespace {

// How much is told of what a server says last on its standard error.
constexpr size_t kMaxReasonBytes = 400;

// One thread reads and writes, so that a server that does neither holds up nobody else.
class StdioTransport : public Transport {
 public:
  StdioTransport(const StdioTransportOptions& options, std::unique_ptr<ChildProcess> child,
                 int wake_fd)
      : options_(options),
        child_(std::move(child)),
        wake_fd_(wake_fd),
        splitter_(options.max_message_bytes) {}

  ~StdioTransport() override {
    StdioTransport::Close();
    close(wake_fd_);
  }

  absl::Status Start(Handler handler) override {
    handler_ = std::move(handler);
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  absl::Status Send(OutgoingMessage message) override {
    {
      annotated::MutexLock lock(mutex_);
      if (closed_) return absl::UnavailableError("the connection is closed");
      if (unsent_bytes_ + message.text.size() > options_.max_unsent_bytes) {
        return absl::ResourceExhaustedError("the server does not read what it is sent");
      }
      unsent_.push_back(AsLine(std::move(message.text)));
      unsent_bytes_ += unsent_.back().size();
    }
    Wake();
    return absl::OkStatus();
  }

  // Nothing is kept for a request, and an answer that comes late does no harm.
  void Finish(int64_t, bool) override {}
  // Only HTTP repeats the revision.
  void SetProtocolVersion(const std::string&) override {}

  void Close() override {
    {
      annotated::MutexLock lock(mutex_);
      closed_ = true;
      stopping_ = true;
    }
    Wake();
    if (thread_.joinable()) thread_.join();
    child_->Stop(options_.exit_timeout, options_.terminate_timeout);
  }

 private:
  void Wake() {
    const uint64_t one = 1;
    // It cannot fail but when the counter is full, and then the thread is awake.
    [[maybe_unused]] const ssize_t count = write(wake_fd_, &one, sizeof(one));
  }

  void Run() {
    // A server that is gone is seen by its end of output, not by a signal.
    sigset_t sigpipe;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, nullptr);
    for (;;) {
      bool has_unsent = false;
      bool stopping = false;
      {
        annotated::MutexLock lock(mutex_);
        has_unsent = !unsent_.empty();
        stopping = stopping_;
      }
      if (stopping) {
        // What can be sent without waiting, such as that a call is cancelled.
        WriteSome();
        return;
      }
      std::array<pollfd, 4> fds = {
          {{.fd = wake_fd_, .events = POLLIN, .revents = 0},
           {.fd = child_->stdout_fd(), .events = POLLIN, .revents = 0},
           {.fd = has_unsent ? child_->stdin_fd() : -1, .events = POLLOUT, .revents = 0},
           {.fd = has_errors_ ? child_->stderr_fd() : -1, .events = POLLIN, .revents = 0}}};
      poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) {
        uint64_t count = 0;
        [[maybe_unused]] const ssize_t size = read(wake_fd_, &count, sizeof(count));
      }
      if (fds[2].revents != 0) WriteSome();
      if (fds[3].revents != 0) has_errors_ = errors_.Read(child_->stderr_fd());
      if (fds[1].revents != 0) {
        if (const absl::Status read = ReadSome(); !read.ok()) {
          {
            annotated::MutexLock lock(mutex_);
            closed_ = true;
          }
          handler_.on_closed(read);
          return;
        }
      }
    }
  }

  // Writes until nothing is left, or the pipe is full.
  void WriteSome() {
    annotated::MutexLock lock(mutex_);
    while (!unsent_.empty()) {
      const std::string& line = unsent_.front();
      const ssize_t count =
          write(child_->stdin_fd(), line.data() + num_written_, line.size() - num_written_);
      if (count < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return;
        // Nobody reads. Its output tells the rest.
        unsent_.clear();
        unsent_bytes_ = 0;
        num_written_ = 0;
        return;
      }
      num_written_ += static_cast<size_t>(count);
      if (num_written_ == line.size()) {
        unsent_bytes_ -= line.size();
        num_written_ = 0;
        unsent_.pop_front();
      }
    }
  }

  absl::Status ReadSome() {
    std::array<char, 1 << 16> buffer;
    const ssize_t count = read(child_->stdout_fd(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR || errno == EAGAIN) return absl::OkStatus();
      return absl::UnavailableError(
          absl::StrCat("cannot read from the server: ", std::strerror(errno)));
    }
    if (count == 0) {
      // A last message without an end of line is one, too.
      if (absl::Status taken = Take("\n"); !taken.ok()) return taken;
      // Usually it ends at the same time, and how is worth knowing.
      child_->WaitForExit(absl::Milliseconds(100));
      errors_.Read(child_->stderr_fd());
      const std::string reason = Shortened(errors_.LastLine(), kMaxReasonBytes);
      return absl::UnavailableError(absl::StrCat("the server has closed its output; it ",
                                                 child_->state().ToString(),
                                                 reason.empty() ? "" : ": ", reason));
    }
    return Take({buffer.data(), static_cast<size_t>(count)});
  }

  // Hands over the lines that are complete with what came now.
  absl::Status Take(absl::string_view piece) {
    absl::Status status;
    splitter_.Append(piece, [&](std::optional<absl::string_view> line) {
      if (!status.ok()) return;
      if (line.has_value()) {
        handler_.on_message(std::string(*line));
      } else {
        status = absl::ResourceExhaustedError(absl::StrCat(
            "the server sends a message of more than ", options_.max_message_bytes, " bytes"));
      }
    });
    return status;
  }

  const StdioTransportOptions options_;
  const std::unique_ptr<ChildProcess> child_;
  const int wake_fd_;
  Handler handler_;
  std::thread thread_;
  // Used by the thread alone.
  LineSplitter splitter_;
  StderrTail errors_;
  bool has_errors_ = true;

  annotated::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::string> unsent_ ABSL_GUARDED_BY(mutex_);
  size_t unsent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // How many bytes of the first line are written.
  size_t num_written_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> StartStdioTransport(
    const StdioTransportOptions& options) {
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("eventfd: ", std::strerror(errno)));
  }
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(options.process);
  if (!child.ok()) {
    close(wake_fd);
    return child.status();
  }
  return std::make_unique<StdioTransport>(options, *std::move(child), wake_fd);
}

}  // namespace parlance::tools::mcp

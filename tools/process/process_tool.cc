#include "tools/process/process_tool.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/json/json_value.h"
#include "tools/process/no_sigpipe.h"
#include "tools/process/stderr_tail.h"

namespace parlance::tools {
namespace {

using Clock = std::chrono::steady_clock;

// How long a cancel may go unnoticed. The call itself has ended by then.
constexpr int kPollMilliseconds = 5;

// Reads what is there, until there is more than `max_bytes` of it. False at the end.
bool ReadAvailable(int fd, size_t max_bytes, std::string& text) {
  std::array<char, 16384> bytes;
  while (text.size() <= max_bytes) {
    const ssize_t size = read(fd, bytes.data(), bytes.size());
    if (size == 0) return false;
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    text.append(bytes.data(), static_cast<size_t>(size));
  }
  return true;
}

// A program's run, from its arguments to its output.
class Run {
 public:
  Run(const ProcessToolOptions& options, const ToolContext& context)
      : options_(options), context_(context) {}

  absl::StatusOr<std::string> Output(absl::string_view arguments) {
    absl::StatusOr<std::unique_ptr<ChildProcess>> started =
        ChildProcess::Start({.words = options_.words,
                             .environment = options_.environment,
                             .directory = options_.directory,
                             .standard_error = ChildStderr::kCapture,
                             .limits = options_.limits});
    if (!started.ok()) return started.status();
    // Its end kills what still runs.
    ChildProcess& child = **started;
    if (absl::Status exchanged = Exchange(child, arguments); !exchanged.ok()) return exchanged;
    // It may close its output and go on.
    while (!child.WaitForExit(absl::Milliseconds(kPollMilliseconds))) {
      if (absl::Status wanted = StillWanted(); !wanted.ok()) return wanted;
    }
    errors_.Read(child.stderr_fd());
    const ChildProcess::State state = child.state();
    if (state.signal != 0 || state.exit_status != 0) return Failure(state);
    return std::move(output_);
  }

 private:
  absl::Status StillWanted() const {
    if (context_.cancelled) return absl::CancelledError("cancelled");
    if (Clock::now() >= context_.deadline) {
      return absl::DeadlineExceededError("the program did not end within the deadline");
    }
    return absl::OkStatus();
  }

  // Reads until both of its outputs end, or it has ended and all that it wrote is read: what it has
  // started may hold the outputs open, and is not waited for.
  absl::Status Exchange(ChildProcess& child, absl::string_view arguments) {
    // It need not read its arguments.
    const NoSigpipe no_sigpipe;
    bool has_output = true;
    bool has_errors = true;
    while (has_output || has_errors) {
      if (absl::Status wanted = StillWanted(); !wanted.ok()) return wanted;
      const bool runs = child.state().runs;
      std::array<pollfd, 3> files = {{
          {.fd = child.stdin_fd(), .events = POLLOUT, .revents = 0},
          {.fd = has_output ? child.stdout_fd() : -1, .events = POLLIN, .revents = 0},
          {.fd = has_errors ? child.stderr_fd() : -1, .events = POLLIN, .revents = 0},
      }};
      poll(files.data(), files.size(), kPollMilliseconds);
      if (files[0].revents != 0) {
        const ssize_t size = write(child.stdin_fd(), arguments.data(), arguments.size());
        if (size > 0) arguments.remove_prefix(static_cast<size_t>(size));
        const bool refused = size < 0 && errno != EAGAIN && errno != EINTR;
        if (arguments.empty() || refused) child.CloseStdin();
      }
      if (files[1].revents != 0) {
        has_output = ReadAvailable(child.stdout_fd(), options_.max_output_bytes, output_);
      }
      if (files[2].revents != 0) has_errors = errors_.Read(child.stderr_fd());
      if (output_.size() > options_.max_output_bytes) {
        return absl::ResourceExhaustedError(absl::StrCat("the program's result has more than ",
                                                         options_.max_output_bytes, " bytes"));
      }
      if (!runs) return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  absl::Status Failure(const ChildProcess::State& state) const {
    if (state.signal == SIGXCPU) {
      return absl::InternalError(absl::StrCat("the program used more than ",
                                              options_.limits.cpu_seconds, " s of processor time"));
    }
    const std::string line = errors_.LastLine();
    const std::string message =
        absl::StrCat("the program ", state.ToString(), line.empty() ? "" : ": ", line);
    constexpr int kTemporaryFailure = 75;
    return state.signal != 0 || state.exit_status == kTemporaryFailure
               ? absl::UnavailableError(message)
               : absl::UnknownError(message);
  }

  const ProcessToolOptions& options_;
  const ToolContext& context_;
  std::string output_;
  StderrTail errors_;
};

// An error that says of a call what the executor distinguishes: a program that exits with a status
// of its own has answered; where none does, because it cannot be started, is killed or says too
// much, what the call needs is not there.
absl::Status CallError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return status;
    default:
      return absl::UnavailableError(status.message());
  }
}

}  // namespace

ToolHandler ProcessHandler(ProcessToolOptions options) {
  return [options = std::move(options)](const rapidjson::Value& arguments,
                                        const ToolContext& context) -> absl::StatusOr<ToolOutput> {
    // The text has all digits of its numbers.
    const std::optional<std::string> text = CompactJson(context.arguments_json);
    absl::StatusOr<std::string> output =
        Run(options, context).Output(text.has_value() ? *text : ValueJson(arguments));
    if (!output.ok()) return CallError(output.status());
    rapidjson::Document result;
    if (const std::optional<std::string> malformed = ParseJson(*output, result)) {
      return absl::UnavailableError(absl::StrCat("the program's result is not JSON: ", *malformed));
    }
    ToolOutput answer{.json = std::string(absl::StripAsciiWhitespace(*output)),
                      .text = StringMember(result, "text").value_or("")};
    if (answer.text.empty()) answer.text = answer.json;
    return answer;
  };
}

}  // namespace parlance::tools

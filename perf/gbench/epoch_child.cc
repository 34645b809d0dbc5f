#include "perf/gbench/epoch_child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/delimited_message_util.h"

namespace perf {
namespace {

constexpr int kTheirRequests = 3;
constexpr int kTheirResponses = 4;

void CloseIfOpen(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

absl::StatusOr<EpochChild> EpochChild::Start(const BenchmarkProgram& program) {
  // A process that died is seen as an error of a write, not as a signal.
  signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> requests = {-1, -1};
  std::array<int, 2> responses = {-1, -1};
  int log = -1;
  if (pipe2(requests.data(), O_CLOEXEC) != 0 || pipe2(responses.data(), O_CLOEXEC) != 0 ||
      (log = memfd_create("perf_epoch_log", MFD_CLOEXEC)) < 0) {
    const absl::Status status = absl::ErrnoToStatus(errno, "cannot make a pipe");
    for (int* end : {&requests[0], &requests[1], &responses[0], &responses[1]}) CloseIfOpen(*end);
    return status;
  }
  std::map<std::string, std::string> variables = program.variables;
  variables["PERF_EPOCH_DESCRIPTORS"] = absl::StrCat(kTheirRequests, ",", kTheirResponses);
  std::vector<std::string> arguments = program.launcher;
  arguments.push_back(program.executable.empty() ? program.path : program.executable);
  absl::StatusOr<Subprocess> process = Subprocess::Start(
      {.arguments = arguments,
       .variables = variables,
       .directory = program.directory,
       .stdout_descriptor = log,
       .stderr_descriptor = log,
       .descriptors = {{kTheirRequests, requests[0]}, {kTheirResponses, responses[1]}},
       .shield_from_terminal = true});
  CloseIfOpen(requests[0]);
  CloseIfOpen(responses[1]);
  if (!process.ok()) {
    CloseIfOpen(requests[1]);
    CloseIfOpen(responses[0]);
    CloseIfOpen(log);
    return process.status();
  }
  return EpochChild(program.path, program.patience, program.interrupted, *std::move(process),
                    requests[1], responses[0], log);
}

EpochChild::EpochChild(EpochChild&& other) noexcept
    : path_(std::move(other.path_)),
      patience_(other.patience_),
      interrupted_(std::move(other.interrupted_)),
      process_(std::move(other.process_)),
      requests_(std::exchange(other.requests_, -1)),
      responses_(std::exchange(other.responses_, -1)),
      log_(std::exchange(other.log_, -1)),
      answered_(other.answered_) {}

EpochChild& EpochChild::operator=(EpochChild&& other) noexcept {
  // What this one had goes with the other.
  std::swap(path_, other.path_);
  std::swap(patience_, other.patience_);
  std::swap(interrupted_, other.interrupted_);
  std::swap(process_, other.process_);
  std::swap(requests_, other.requests_);
  std::swap(responses_, other.responses_);
  std::swap(log_, other.log_);
  std::swap(answered_, other.answered_);
  return *this;
}

EpochChild::~EpochChild() {
  CloseIfOpen(requests_);
  CloseIfOpen(responses_);
  CloseIfOpen(log_);
}

std::string EpochChild::LogTail() const {
  constexpr off_t kTail = 2000;
  const off_t size = lseek(log_, 0, SEEK_END);
  std::string tail(static_cast<size_t>(std::clamp<off_t>(size, 0, kTail)), '\0');
  const ssize_t count = pread(log_, tail.data(), tail.size(), std::max<off_t>(0, size - kTail));
  tail.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  return std::string(absl::StripAsciiWhitespace(tail));
}

absl::Status EpochChild::Dead() {
  if (process_.pid() == 0) return absl::UnavailableError(absl::StrCat(path_, " has ended"));
  const absl::StatusOr<int> exit_code = process_.Wait();
  const std::string end = exit_code.ok() ? DescribeExit(*exit_code) : exit_code.status().ToString();
  const std::string tail = LogTail();
  if (!answered_ && exit_code.ok() && *exit_code < 128) {
    return absl::UnimplementedError(absl::StrCat(path_, " does not serve epochs (it ended with ",
                                                 end, ")", tail.empty() ? "" : ": ", tail));
  }
  return absl::UnavailableError(absl::StrCat(path_, " ended in the middle of a measurement with ",
                                             end, tail.empty() ? "" : ": ", tail));
}

absl::Status EpochChild::ReadExactly(char* bytes, size_t count,
                                     std::chrono::steady_clock::time_point deadline) {
  // A signal that comes just before the wait begins does not end it.
  constexpr int64_t kAskEveryMs = 1000;
  while (count > 0) {
    if (interrupted_ && interrupted_()) {
      process_.Kill();
      return absl::CancelledError(absl::StrCat(path_, " was interrupted"));
    }
    const int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                deadline - std::chrono::steady_clock::now())
                                .count();
    pollfd waiting = {.fd = responses_, .events = POLLIN, .revents = 0};
    const int64_t longest_ms = interrupted_ ? kAskEveryMs : 1'000'000'000;
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(left_ms, 0, longest_ms)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0 && left_ms > longest_ms) continue;
    if (ready == 0) {
      process_.Kill();
      return absl::DeadlineExceededError(absl::StrCat(
          path_, " gave no answer for ", absl::FormatDuration(patience_), " and was ended"));
    }
    const ssize_t got = ready < 0 ? -1 : read(responses_, bytes, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Dead();
    bytes += got;
    count -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<Response> EpochChild::Ask(const Request& request) {
  if (process_.pid() == 0) return Dead();
  if (!google::protobuf::util::SerializeDelimitedToFileDescriptor(request, requests_)) {
    return Dead();
  }
  // The clock on the wall will not do, as it jumps.
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(patience_);
  uint64_t size = 0;
  for (int shift = 0;; shift += 7) {
    char byte = 0;
    if (absl::Status read = ReadExactly(&byte, 1, deadline); !read.ok()) return read;
    size |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) break;
    if (shift >= 21) return absl::DataLossError(absl::StrCat(path_, ": a malformed answer"));
  }
  std::string bytes(size, '\0');
  if (absl::Status read = ReadExactly(bytes.data(), bytes.size(), deadline); !read.ok()) {
    return read;
  }
  Response response;
  if (!response.ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat(path_, ": a malformed answer"));
  }
  answered_ = true;
  if (response.has_error()) return absl::AbortedError(response.error());
  return response;
}

absl::StatusOr<std::vector<std::string>> EpochChild::Names() {
  Request request;
  request.mutable_list();
  absl::StatusOr<Response> response = Ask(request);
  if (!response.ok()) return response.status();
  return std::vector<std::string>(response->list().names().begin(), response->list().names().end());
}

absl::StatusOr<Calibration> EpochChild::Calibrate(const std::string& name, absl::Duration target) {
  Request request;
  request.mutable_calibrate()->set_name(name);
  request.mutable_calibrate()->set_target_ns(absl::ToInt64Nanoseconds(target));
  absl::StatusOr<Response> response = Ask(request);
  if (!response.ok()) return response.status();
  return response->calibration();
}

absl::StatusOr<Epoch> EpochChild::Run(const std::string& name, int64_t iterations) {
  Request request;
  request.mutable_epoch()->set_name(name);
  request.mutable_epoch()->set_iterations(iterations);
  absl::StatusOr<Response> response = Ask(request);
  if (!response.ok()) return response.status();
  return response->epoch();
}

absl::StatusOr<Counts> EpochChild::Count(const std::string& name, int64_t iterations) {
  Request request;
  request.mutable_count()->set_name(name);
  request.mutable_count()->set_iterations(iterations);
  absl::StatusOr<Response> response = Ask(request);
  if (!response.ok()) return response.status();
  return response->counts();
}

}  // namespace perf

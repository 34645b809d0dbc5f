#include "tools/mcp/transport/line_io.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/process/no_sigpipe.h"

namespace parlance::tools::mcp {
void LineSplitter::Append(absl::string_view piece,
                          const std::function<void(std::optional<absl::string_view>)>& on_line) {
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    const absl::string_view part = piece.substr(0, end);
    if (!skipping_ && partial_.size() + part.size() > max_bytes_) {
      on_line(std::nullopt);
      skipping_ = true;
      partial_.clear();
    }
    if (!skipping_) partial_.append(part.data(), part.size());
    if (end == absl::string_view::npos) return;
    piece.remove_prefix(end + 1);
    if (!skipping_ && !absl::StripAsciiWhitespace(partial_).empty()) on_line(partial_);
    skipping_ = false;
    partial_.clear();
  }
}

std::string AsLine(std::string json) {
  for (char& c : json) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  json.push_back('\n');
  return json;
}

absl::Status WriteAll(int fd, absl::string_view text) {
  const NoSigpipe no_sigpipe;
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd writable = {.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("cannot write: ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

}  // namespace parlance::tools::mcp

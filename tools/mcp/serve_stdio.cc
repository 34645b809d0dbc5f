#include "tools/mcp/serve_stdio.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/mcp/transport/line_io.h"

namespace parlance::tools::mcp {

absl::Status ServeStdio(const ToolRegistry* registry, ToolExecutor* executor, int in_fd, int out_fd,
                        const ServerOptions& options) {
  // Written by whichever thread answers, one at a time, and read when all have.
  absl::Status written;
  std::atomic<bool> is_gone = false;
  absl::Status read_error;
  {
    Server server(registry, executor, options, [&](const std::string& message) {
      if (is_gone) return;
      written = WriteAll(out_fd, AsLine(message));
      is_gone = !written.ok();
    });
    LineSplitter splitter(options.limits.max_bytes);
    const auto take = [&](absl::string_view piece) {
      splitter.Append(piece, [&](std::optional<absl::string_view> line) {
        if (line.has_value()) return server.Receive(*line);
        server.Refuse({.code = kInvalidRequest,
                       .message = absl::StrCat("a message has more than ", options.limits.max_bytes,
                                               " bytes")});
      });
    };
    std::array<char, 1 << 16> buffer;
    while (!is_gone) {
      const ssize_t count = read(in_fd, buffer.data(), buffer.size());
      if (count == 0) {
        // A last message without an end of line is one, too.
        take("\n");
        break;
      }
      if (count < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) {
          pollfd readable = {.fd = in_fd, .events = POLLIN, .revents = 0};
          poll(&readable, 1, -1);
          continue;
        }
        read_error =
            absl::InternalError(absl::StrCat("cannot read the input: ", std::strerror(errno)));
        break;
      }
      take({buffer.data(), static_cast<size_t>(count)});
    }
    server.Drain();
  }
  return written.ok() ? read_error : written;
}

}  // namespace parlance::tools::mcp

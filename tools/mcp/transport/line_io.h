// Newline-delimited text over file descriptors (Model Context Protocol, revision 2025-11-25, Base
// Protocol, Transports, stdio).
#ifndef TOOLS_MCP_TRANSPORT_LINE_IO_H_
#define TOOLS_MCP_TRANSPORT_LINE_IO_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace parlance::tools::mcp {

// Cuts what arrives in pieces into lines. One thread.
class LineSplitter {
 public:
  explicit LineSplitter(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Calls `on_line` with each line that is complete now, without its end; blank ones are left out.
  // A line that is too long gives nothing instead, once, and is skipped to its end.
  void Append(absl::string_view piece,
              const std::function<void(std::optional<absl::string_view>)>& on_line);

 private:
  const size_t max_bytes_;
  std::string partial_;
  bool skipping_ = false;
};

// A message of JSON as a line. Newlines in it can only be white space, and become spaces.
std::string AsLine(std::string json);

// Writes all of it, and waits as long as it takes. Unavailable if nobody can read it any more; no
// SIGPIPE is raised. Any thread; one at a time for a file descriptor.
absl::Status WriteAll(int fd, absl::string_view text);

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_LINE_IO_H_

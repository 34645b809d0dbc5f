// A server as a child process that is spoken to over its standard input and output, a message a
// line (Model Context Protocol, revision 2025-11-25, Base Protocol, Transports, stdio).
#ifndef TOOLS_MCP_TRANSPORT_STDIO_TRANSPORT_H_
#define TOOLS_MCP_TRANSPORT_STDIO_TRANSPORT_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/mcp/transport/transport.h"
#include "tools/process/child_process.h"

namespace parlance::tools::mcp {

struct StdioTransportOptions {
  // The last line of a standard error that is captured is told when the server ends by itself.
  ChildProcessOptions process = {.standard_error = ChildStderr::kCapture};
  // The size of a message that arrives. A server that sends a larger one is not listened to any
  // more.
  size_t max_message_bytes = size_t{4} << 20;
  // How much may wait for the server to read it.
  size_t max_unsent_bytes = size_t{64} << 20;
  // At the end: how long to wait after its input is closed, and after SIGTERM.
  absl::Duration exit_timeout = absl::Seconds(2);
  absl::Duration terminate_timeout = absl::Seconds(2);
};

// Starts the server. Errors are ChildProcess::Start's.
absl::StatusOr<std::unique_ptr<Transport>> StartStdioTransport(
    const StdioTransportOptions& options);

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_STDIO_TRANSPORT_H_

// Serves tools to the program that started this one, a message a line (Model Context Protocol,
// revision 2025-11-25, Base Protocol, Transports, stdio).
#ifndef TOOLS_MCP_SERVE_STDIO_H_
#define TOOLS_MCP_SERVE_STDIO_H_

#include "absl/status/status.h"
#include "tools/executor.h"
#include "tools/mcp/server.h"
#include "tools/registry.h"

namespace parlance::tools::mcp {

// Reads from `in_fd` until its end, answers on `out_fd` what was asked, and returns. Nothing else
// may be written to `out_fd`. Unavailable if the client stops reading, and InternalError if its
// input cannot be read. `registry` and `executor` as for Server.
absl::Status ServeStdio(const ToolRegistry* registry, ToolExecutor* executor, int in_fd, int out_fd,
                        const ServerOptions& options = {});

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_SERVE_STDIO_H_

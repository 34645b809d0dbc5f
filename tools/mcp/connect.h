// A client, connected.
#ifndef TOOLS_MCP_CONNECT_H_
#define TOOLS_MCP_CONNECT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/mcp/client.h"
#include "tools/mcp/transport/http_transport.h"
#include "tools/mcp/transport/stdio_transport.h"

namespace parlance::tools::mcp {

// Starts a server as a child process: a program and its arguments, as `words`, which take the place
// of those in `transport`. Errors are ChildProcess::Start's and Client::Connect's.
absl::StatusOr<std::unique_ptr<Client>> ConnectStdio(std::vector<std::string> words,
                                                     StdioTransportOptions transport = {},
                                                     ClientOptions options = {});

// `url` takes the place of that in `transport`. Errors are CreateHttpTransport's and
// Client::Connect's.
absl::StatusOr<std::unique_ptr<Client>> ConnectHttp(std::string url,
                                                    HttpTransportOptions transport = {},
                                                    ClientOptions options = {});

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_CONNECT_H_

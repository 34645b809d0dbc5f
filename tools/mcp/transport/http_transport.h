// A server reached over streamable HTTP (Model Context Protocol, revision 2025-11-25, Base
// Protocol, Transports, Streamable HTTP), with libcurl. Each message is a POST, answered with JSON
// or with a stream of events; a GET listens for what the server says by itself. A stream that
// breaks off is taken up again where it has event ids. Redirects are not followed, answers that are
// compressed are not read, and the older transport of HTTP with SSE is not spoken.
#ifndef TOOLS_MCP_TRANSPORT_HTTP_TRANSPORT_H_
#define TOOLS_MCP_TRANSPORT_HTTP_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/mcp/transport/transport.h"

namespace parlance::tools::mcp {

struct HttpTransportOptions {
  // The server's URL: http:// or https://. A name and a password in it are sent as the protocol's
  // basic authentication. Messages have its origin and no more of it.
  std::string url = {};
  // Headers that are sent with each request, such as Authorization.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // The size of a message that arrives; a larger one fails its request.
  size_t max_message_bytes = size_t{4} << 20;
  // How much may wait to be sent. Of answers to what the server asks, eight are sent at a time, and
  // 256 wait at most.
  size_t max_unsent_bytes = size_t{64} << 20;
  absl::Duration connect_timeout = absl::Seconds(10);
  // The time for what no answer is expected to. Requests end when nobody waits for them any more.
  absl::Duration notification_timeout = absl::Seconds(30);
  // How long later messages wait for notifications/initialized to be taken.
  absl::Duration initialized_timeout = absl::Seconds(5);
  // Whether to listen for what the server says by itself.
  bool listen = true;
  // How long to wait before a stream is taken up again, if the server does not say.
  absl::Duration reconnect_delay = absl::Seconds(1);
  // How long the end may take: for notifications that are on their way, and for ending the session.
  absl::Duration close_timeout = absl::Seconds(2);
};

// Creates the transport, which connects to nothing yet. InvalidArgument for a malformed URL or
// header.
absl::StatusOr<std::unique_ptr<Transport>> CreateHttpTransport(const HttpTransportOptions& options);

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_HTTP_TRANSPORT_H_

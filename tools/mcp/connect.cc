#include "tools/mcp/connect.h"

#include <utility>

namespace parlance::tools::mcp {

absl::StatusOr<std::unique_ptr<Client>> ConnectStdio(std::vector<std::string> words,
                                                     StdioTransportOptions transport,
                                                     ClientOptions options) {
  transport.process.words = std::move(words);
  transport.max_message_bytes = options.limits.max_bytes;
  absl::StatusOr<std::unique_ptr<Transport>> started = StartStdioTransport(transport);
  if (!started.ok()) return started.status();
  return Client::Connect(*std::move(started), std::move(options));
}

absl::StatusOr<std::unique_ptr<Client>> ConnectHttp(std::string url, HttpTransportOptions transport,
                                                    ClientOptions options) {
  transport.url = std::move(url);
  transport.max_message_bytes = options.limits.max_bytes;
  absl::StatusOr<std::unique_ptr<Transport>> created = CreateHttpTransport(transport);
  if (!created.ok()) return created.status();
  return Client::Connect(*std::move(created), std::move(options));
}

}  // namespace parlance::tools::mcp

// A WebSocket connection as a client speaks it: bytes in, messages out, and no sockets.
//
//   Request ─► bytes ─► server
//   bytes ─► Feed ─► the response's head, and then WebSocketListener
//   messages ─► AppendClientFrame ─► bytes
//
// It is small, for callers that load a server: without TLS, extensions, redirections and proxies.
//
// Threads: one at a time. Source: RFC 6455, sections 3, 4.1 and 5.
#ifndef PIPELINE_DOOR_WIRE_WEBSOCKET_CLIENT_H_
#define PIPELINE_DOOR_WIRE_WEBSOCKET_CLIENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/wire/websocket.h"

namespace parlance::pipeline::door {

struct WebSocketUrl {
  // A name, or an address in numbers, without the brackets of IPv6.
  std::string host = {};
  uint16_t port = 80;
  // Path and query.
  std::string target = "/";

  // Host and port, as a Host header has them.
  std::string Authority() const;
};

// Reads ws://HOST[:PORT][/PATH][?QUERY]. InvalidArgument, with what is wrong, for anything else:
// wss:// is not spoken, and a user or a fragment have no meaning.
absl::StatusOr<WebSocketUrl> ParseWebSocketUrl(absl::string_view text);

// What the head of a response may have, and how much of a refusal's body is shown.
inline constexpr size_t kMaxResponseHeadBytes = size_t{16} << 10;
inline constexpr size_t kMaxRefusalBytes = 1024;

class WebSocketClient {
 public:
  // `headers` are further ones, without line breaks. `nonce` is 16 bytes by chance.
  WebSocketClient(const WebSocketUrl& url,
                  absl::Span<const std::pair<std::string, std::string>> headers,
                  absl::Span<const uint8_t> nonce,
                  size_t max_message_bytes = kDefaultMaxMessageBytes);

  // The request that the server is to be sent first.
  const std::string& request() const { return request_; }

  // Reads the next bytes, however they were cut, and tells what is complete. Unavailable, with the
  // status and what the server says, if it refuses; InvalidArgument for what is no response of a
  // WebSocket server, and as WebSocketReader::Feed. Every further call returns the same.
  absl::Status Feed(absl::Span<uint8_t> bytes, WebSocketListener& listener);
  // The server has ended the connection: why it refused, as far as that is known, or Unavailable.
  absl::Status End();

  // Whether the server has agreed.
  bool is_open() const { return is_open_; }

 private:
  absl::Status ReadHead();
  absl::Status Refusal() const;

  std::string request_;
  std::string accept_;
  bool is_open_ = false;
  absl::Status failure_;
  // The response, until the server has agreed.
  std::string response_;
  // Where its body begins; 0: its head is not complete. And how long the body is to be.
  size_t body_begin_ = 0;
  size_t body_size_ = 0;
  WebSocketReader reader_;
};

// Appends a whole frame that is masked by `mask`.
void AppendClientFrame(Opcode opcode, absl::string_view payload, std::array<uint8_t, 4> mask,
                       std::string& bytes);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_WEBSOCKET_CLIENT_H_

// The site that a server serves: pages, and handlers of connections.
#ifndef PIPELINE_DOOR_NET_SITE_H_
#define PIPELINE_DOOR_NET_SITE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "pipeline/door/connection.h"
#include "pipeline/door/socket/socket_address.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"

namespace parlance::pipeline::door {

// The peer that has connected.
struct Peer {
  SocketAddress address = {};
  // Over TLS.
  bool is_encrypted = false;
  // The index of the listener in ServerOptions.listeners that it came to.
  size_t listener = 0;
};

// The decision about a peer that asks for a connection.
struct Opening {
  // Null if it is refused.
  std::unique_ptr<MessageHandler> handler = nullptr;
  // The subprotocol of a WebSocket that is spoken, one of those offered, or empty.
  std::string subprotocol = {};
  // Why it is refused. Over plain TCP the connection is closed without it.
  HttpResponse refusal = {.status = 403, .body = "refused\n"};
};

class Site {
 public:
  virtual ~Site() = default;

  // Answers a request that asks for no WebSocket. Called on the servers' threads, several at a
  // time, and must not block. The answer to HEAD is that to GET; its body is not sent.
  virtual HttpResponse Answer(const HttpRequest& request, const Peer& peer) = 0;

  // Decides about a request for a WebSocket, whose form is right. Called on threads that are there
  // for this, several at a time, and may block, but only so long as ServerOptions.opening_timeout:
  // after it the peer is refused, and a handler that is returned then is told OnClosed at once.
  // What is sent over `connection` meanwhile follows the response.
  virtual Opening OpenWebSocket(const HttpRequest& request, const Peer& peer,
                                std::shared_ptr<Connection> connection) = 0;

  // The same, about a connection over plain TCP.
  virtual Opening OpenStream(const Peer& peer, std::shared_ptr<Connection> connection) = 0;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_SITE_H_

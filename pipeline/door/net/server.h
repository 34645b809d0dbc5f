// Serves HTTP, WebSocket connections and plain TCP, each with or without TLS, to many peers on a
// few threads.
//
//                                   ┌─► Site::Answer ─► response
//   socket ─► TLS? ─► HTTP request ─┤
//                 │                 └─► Site::OpenWebSocket ─┐   (threads that may block)
//                 └─ plain TCP ───────► Site::OpenStream ────┴─► MessageHandler ◄─► Connection
//
// A connection belongs to one of the threads, each of which waits for all of its sockets at once
// (epoll). What is sent is written by whoever sends it; what the peer does not take is kept, up to
// a bound, and written by the connection's thread. A connection at rest has no buffers.
//
// Bounds, each with what happens there; README.md has them as a table:
//   connections, in all and of a peer      refused: 503 or 429, and closed
//   a request's size                       refused: 413, 414, 431
//   time for TLS and the request           408, and closed
//   decisions that wait, and how long      503, and closed
//   a message's size                       close code 1009
//   bytes in a second                      not read yet
//   messages in a second                   close code 1008; ResourceExhausted
//   bytes that wait to be written          disconnected; ResourceExhausted
//   silence                                pinged, and then closed; DeadlineExceeded
//   time for closing                       disconnected
//
// Threads: any. Source: RFC 6455, RFC 9112; W. R. Stevens, "UNIX Network Programming", vol. 1,
// chapters 16 and 22.
#ifndef PIPELINE_DOOR_NET_SERVER_H_
#define PIPELINE_DOOR_NET_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/site.h"

namespace parlance::pipeline::door {

// The counts since the beginning; num_open is the number at this moment.
struct ServerStats {
  int64_t num_open = 0;
  int64_t num_accepted = 0;
  int64_t num_requests = 0;
  int64_t num_websockets = 0;
  int64_t num_streams = 0;
  // Refused: too many connections; too many of one peer; too many decisions waiting; a request or a
  // handshake that is wrong; by the site.
  int64_t num_refused_full = 0;
  int64_t num_refused_peer = 0;
  int64_t num_refused_busy = 0;
  int64_t num_refused_request = 0;
  int64_t num_refused_site = 0;
  // Ended: no request in time or silent; not reading; sending too much; not keeping to the
  // protocol; broken off.
  int64_t num_timed_out = 0;
  int64_t num_slow_readers = 0;
  int64_t num_flooding = 0;
  int64_t num_protocol_errors = 0;
  int64_t num_broken_off = 0;
  // Without TLS.
  int64_t num_bytes_in = 0;
  int64_t num_bytes_out = 0;
  int64_t num_messages_in = 0;
  int64_t num_messages_out = 0;
};

class Server {
 public:
  // Listens, and serves from now on. `site` has to outlive the server. InvalidArgument for options
  // out of range, certificates and addresses that are none; AlreadyExists for a port that is taken.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options, Site* site);
  // Disconnects everybody, telling handlers Cancelled, and returns when the last decision has.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What those who connect will mind, such as a certificate that has expired, each as a sentence.
  const std::vector<std::string>& worries() const;
  // The port at which a listener listens.
  uint16_t port(size_t listener) const;

  // Accepts nobody any more, closes every connection (1001) and waits until all are. After `limit`,
  // DeadlineExceeded with how many are not. The server is of no use then but for stats.
  absl::Status Drain(absl::Duration limit);

  // Has the threads look at the clock now. For clocks that are not this machine's.
  void CheckClock();

  ServerStats stats() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_SERVER_H_

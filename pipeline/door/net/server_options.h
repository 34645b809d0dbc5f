// The addresses at which a server listens, and all of its bounds.
#ifndef PIPELINE_DOOR_NET_SERVER_OPTIONS_H_
#define PIPELINE_DOOR_NET_SERVER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "pipeline/door/net/token_bucket.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/websocket.h"

namespace parlance::pipeline::door {

struct ListenerOptions {
  // In numbers; "0.0.0.0" and "::" are all addresses of this machine.
  std::string address = "127.0.0.1";
  // The port; with 0, a free one is taken.
  uint16_t port = 0;
  // Plain TCP, for Site::OpenStream. Otherwise HTTP and WebSocket.
  bool is_stream = false;
  // The certificate, with those that lead to its authority, and its key. With both, the listener
  // speaks TLS.
  std::string certificate_file = {};
  std::string key_file = {};
};

struct ServerOptions {
  std::vector<ListenerOptions> listeners = {};
  int num_threads = 1;
  // Each thread listens by itself, and the system divides peers among them. Otherwise the first
  // thread listens for all, and divides them evenly.
  bool share_port = false;
  // Threads that decide about connections, and how many decisions wait for them.
  int num_opening_workers = 2;
  size_t max_waiting_openings = 256;

  // 0: no bound.
  size_t max_connections = 4096;
  size_t max_connections_of_peer = 1024;
  HttpRequestBounds request = {};
  size_t max_message_bytes = kDefaultMaxMessageBytes;
  size_t max_waiting_bytes = size_t{4} << 20;
  // Larger ones are given to their handlers by threads of their own, so that others do not wait for
  // what is made of them.
  size_t large_message_bytes = size_t{128} << 10;
  int num_large_message_workers = 1;
  // Bytes of a WebSocket or a stream: what comes faster is left to the peer's own system until its
  // time has come. The default lets the largest messages come at once, and then one in four
  // seconds.
  TokenRate bytes = {.per_second = 4 << 20, .burst = 32 << 20};
  // Messages and control frames of a WebSocket.
  TokenRate messages = {.per_second = 1000, .burst = 4000};

  // The time from accepting to the end of the request, TLS and all.
  absl::Duration request_timeout = absl::Seconds(10);
  // Between requests.
  absl::Duration keep_alive_timeout = absl::Seconds(30);
  absl::Duration opening_timeout = absl::Seconds(10);
  // A WebSocket that was silent for so long is pinged, and closed when it stays silent.
  absl::Duration ping_interval = absl::Seconds(20);
  absl::Duration idle_timeout = absl::Seconds(60);
  // A plain TCP connection that was silent for so long is closed.
  absl::Duration stream_idle_timeout = absl::Minutes(10);
  // How long a peer has to take what was sent before it was closed, and to close, too.
  absl::Duration close_timeout = absl::Seconds(5);
  // A steady clock, which says what all of these mean. Null: this machine's.
  std::function<absl::Duration()> now = nullptr;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_SERVER_OPTIONS_H_

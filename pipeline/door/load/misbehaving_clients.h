// Clients of a server's WebSockets that do what none should, to see what others notice of them.
//
// They take turns in what they do; whoever the server throws out comes back a tenth of a second
// later:
//   never reads    asks for one answer after the other, and takes none of them
//   slow request   sends the request for a WebSocket at a byte a second
//   silent         opens a session, and then neither says anything nor answers a ping
//   flood          sends small events as fast as the server reads them
//   large events   sends events of 15 MB as fast as the server reads them
#ifndef PIPELINE_DOOR_LOAD_MISBEHAVING_CLIENTS_H_
#define PIPELINE_DOOR_LOAD_MISBEHAVING_CLIENTS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "pipeline/door/wire/websocket_client.h"

namespace parlance::pipeline::door {

struct MisbehavingOptions {
  WebSocketUrl url = {};
  // Headers of the requests, such as a key.
  std::vector<std::pair<std::string, std::string>> headers = {};
  // The address of the URL's host.
  sockaddr_storage address = {};
  socklen_t address_size = 0;
  // Each has a thread.
  size_t num_clients = 5;
};

struct MisbehavingCounts {
  int64_t num_connections = 0;
  // Connections that the server refused or ended.
  int64_t num_ended_by_server = 0;
  int64_t num_bytes_sent = 0;
};

class MisbehavingClients {
 public:
  // They begin at once.
  explicit MisbehavingClients(const MisbehavingOptions& options);
  // Ends them, which takes up to a fifth of a second.
  ~MisbehavingClients();
  MisbehavingClients(const MisbehavingClients&) = delete;
  MisbehavingClients& operator=(const MisbehavingClients&) = delete;

  // So far; any thread.
  MisbehavingCounts counts() const;
  // The processor time that they had.
  absl::Duration cpu_time() const;

 private:
  class Client;
  const MisbehavingOptions options_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_LOAD_MISBEHAVING_CLIENTS_H_

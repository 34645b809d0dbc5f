// Addresses of sockets: where to listen, and who has come.
//
// IPv4 addresses are kept as the IPv6 addresses that stand for them (RFC 4291, section 2.5.5.2).
#ifndef PIPELINE_DOOR_SOCKET_SOCKET_ADDRESS_H_
#define PIPELINE_DOOR_SOCKET_SOCKET_ADDRESS_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/door/socket/file_descriptor.h"

struct sockaddr_storage;

namespace parlance::pipeline::door {

struct SocketAddress {
  using Bytes = std::array<uint8_t, 16>;

  Bytes bytes = {};
  uint16_t port = 0;

  // The numeric address without the port: 127.0.0.1 or ::1.
  std::string Text() const;
  bool is_ipv4() const;
  bool is_loopback() const;
  // Whom the bounds on one peer take it for: the address itself, and of an IPv6 address the first
  // 64 bits, below which a single customer has all addresses.
  Bytes Peer() const;
};

// Parses a numeric address; names are not looked up. InvalidArgument for anything else.
absl::StatusOr<SocketAddress> ParseAddress(absl::string_view text, uint16_t port);

SocketAddress FromSystem(const sockaddr_storage& address);

// A socket that listens and does not block. Port 0: one that is free. An IPv6 socket takes IPv6
// peers alone, so that "::" and "0.0.0.0" may be listened at side by side. With `share_port`,
// several sockets may listen at the address (SO_REUSEPORT). InvalidArgument for an address that is
// none, AlreadyExists if the port is taken, PermissionDenied, Unavailable for what else the system
// says.
absl::StatusOr<FileDescriptor> Listen(absl::string_view address, uint16_t port, bool share_port);

// The address at which a socket listens.
SocketAddress LocalAddress(int fd);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SOCKET_SOCKET_ADDRESS_H_

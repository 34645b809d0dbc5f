#include "pipeline/door/socket/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

constexpr size_t kIpv4Prefix = 12;
constexpr int kBacklog = 1024;

SocketAddress FromIpv4(const in_addr& address, uint16_t port) {
  SocketAddress result;
  result.bytes[10] = result.bytes[11] = 0xFF;
  std::memcpy(result.bytes.data() + kIpv4Prefix, &address, 4);
  result.port = port;
  return result;
}

absl::Status FromErrno(int error, absl::string_view what) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(error));
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(absl::StrCat(message, "; choose another port"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(message, "; choose a port above 1023"));
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace

bool SocketAddress::is_ipv4() const {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xFF && bytes[11] == 0xFF;
}

bool SocketAddress::is_loopback() const {
  if (is_ipv4()) return bytes[kIpv4Prefix] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](uint8_t b) { return b == 0; }) &&
         bytes.back() == 1;
}

std::string SocketAddress::Text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4()) {
    inet_ntop(AF_INET, bytes.data() + kIpv4Prefix, text, sizeof(text));
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  }
  return text;
}

SocketAddress::Bytes SocketAddress::Peer() const {
  Bytes peer = bytes;
  if (!is_ipv4()) std::fill(peer.begin() + 8, peer.end(), 0);
  return peer;
}

absl::StatusOr<SocketAddress> ParseAddress(absl::string_view text, uint16_t port) {
  const std::string address(text);
  in_addr ipv4 = {};
  if (inet_pton(AF_INET, address.c_str(), &ipv4) == 1) return FromIpv4(ipv4, port);
  SocketAddress result;
  result.port = port;
  if (inet_pton(AF_INET6, address.c_str(), result.bytes.data()) == 1) return result;
  return absl::InvalidArgumentError(
      absl::StrCat("'", text, "' is not a numeric address, such as 127.0.0.1 or ::1"));
}

SocketAddress FromSystem(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in ipv4 = {};
    std::memcpy(&ipv4, &address, sizeof(ipv4));
    return FromIpv4(ipv4.sin_addr, ntohs(ipv4.sin_port));
  }
  SocketAddress result;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 ipv6 = {};
    std::memcpy(&ipv6, &address, sizeof(ipv6));
    std::memcpy(result.bytes.data(), &ipv6.sin6_addr, result.bytes.size());
    result.port = ntohs(ipv6.sin6_port);
  }
  return result;
}

absl::StatusOr<FileDescriptor> Listen(absl::string_view address, uint16_t port, bool share_port) {
  const absl::StatusOr<SocketAddress> parsed = ParseAddress(address, port);
  if (!parsed.ok()) return parsed.status();
  sockaddr_storage storage = {};
  socklen_t size = 0;
  if (parsed->is_ipv4()) {
    sockaddr_in ipv4 = {};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, parsed->bytes.data() + kIpv4Prefix, 4);
    std::memcpy(&storage, &ipv4, size = sizeof(ipv4));
  } else {
    sockaddr_in6 ipv6 = {};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    std::memcpy(&ipv6.sin6_addr, parsed->bytes.data(), parsed->bytes.size());
    std::memcpy(&storage, &ipv6, size = sizeof(ipv6));
  }
  const std::string what = absl::StrCat("cannot listen at ", address, ", port ", port);
  FileDescriptor fd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return FromErrno(errno, what);
  const int on = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      (share_port && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
      (storage.ss_family == AF_INET6 &&
       setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    return FromErrno(errno, what);
  }
  return fd;
}

SocketAddress LocalAddress(int fd) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return FromSystem(storage);
}

}  // namespace parlance::pipeline::door

#include "pipeline/door/net/testing/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "openssl/ssl.h"

namespace parlance::pipeline::door {

std::string UpgradeRequest(absl::string_view path, absl::string_view headers) {
  return absl::StrCat("GET ", path,
                      " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                      headers, "\r\n");
}

TestClient::TestClient(uint16_t port, bool is_tls, absl::string_view address) {
  const bool is_ipv6 = absl::StrContains(address, ':');
  fd_ = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string text(address);
  sockaddr_in ipv4 = {};
  sockaddr_in6 ipv6 = {};
  ipv4.sin_family = AF_INET;
  ipv6.sin6_family = AF_INET6;
  ipv4.sin_port = ipv6.sin6_port = htons(port);
  inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr);
  inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr);
  const int connected = is_ipv6
                            ? connect(fd_, reinterpret_cast<const sockaddr*>(&ipv6), sizeof(ipv6))
                            : connect(fd_, reinterpret_cast<const sockaddr*>(&ipv4), sizeof(ipv4));
  if (connected != 0) {
    close(fd_);
    fd_ = -1;
    return;
  }
  if (!is_tls) return;
  // OpenSSL's own socket writes without MSG_NOSIGNAL. Only this thread is spared: the server's have
  // to do without.
  sigset_t pipe = {};
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  context_ = SSL_CTX_new(TLS_client_method());
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, fd_);
  SSL_connect(ssl_);
}

TestClient::~TestClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) close(fd_);
}

bool TestClient::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const long sent = ssl_ != nullptr
                          ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                          : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

long TestClient::Receive(char* bytes, size_t size) {
  if (ssl_ != nullptr) return SSL_read(ssl_, bytes, static_cast<int>(size));
  return recv(fd_, bytes, size, 0);
}

std::string TestClient::Read(size_t size) {
  std::string bytes(size, 0);
  size_t position = 0;
  while (position < size) {
    const long received = Receive(&bytes[position], size - position);
    if (received <= 0) break;
    position += static_cast<size_t>(received);
  }
  bytes.resize(position);
  return bytes;
}

std::string TestClient::ReadHead() {
  std::string head;
  char byte = 0;
  while (!absl::EndsWith(head, "\r\n\r\n") && Receive(&byte, 1) == 1) head.push_back(byte);
  return head;
}

std::string TestClient::ReadAll() {
  std::string all;
  char bytes[4096];
  for (;;) {
    const long received = Receive(bytes, sizeof(bytes));
    if (received <= 0) return all;
    all.append(bytes, static_cast<size_t>(received));
  }
}

std::string TestClient::ReadFrame() {
  const std::string start = Read(2);
  if (start.size() < 2) return "";
  uint64_t size = static_cast<uint8_t>(start[1]);
  if (size >= 126) {
    const std::string length = Read(size == 126 ? 2 : 8);
    size = 0;
    for (const char byte : length) size = size << 8 | static_cast<uint8_t>(byte);
  }
  return absl::StrCat(start.substr(0, 1), Read(size));
}

std::string TestClient::Upgrade(absl::string_view path, absl::string_view headers) {
  Send(UpgradeRequest(path, headers));
  return ReadHead();
}

void TestClient::EndSending() { shutdown(fd_, SHUT_WR); }

void TestClient::Reset() {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd_);
  fd_ = -1;
}

}  // namespace parlance::pipeline::door

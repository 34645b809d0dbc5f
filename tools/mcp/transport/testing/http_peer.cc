#include "tools/mcp/transport/testing/http_peer.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace parlance::tools::mcp {
namespace {

// False if the connection ended before the request was there.
bool ReadRequest(int fd, HttpPeer::Request& request) {
  std::string text;
  std::array<char, 4096> buffer;
  const auto read_more = [&] {
    const ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    text.append(buffer.data(), static_cast<size_t>(count));
    return true;
  };
  size_t end = std::string::npos;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return false;
  }
  const std::vector<std::string> lines = absl::StrSplit(text.substr(0, end), "\r\n");
  const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  request.method = words[0];
  if (words.size() > 1) request.target = words[1];
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    request.headers[absl::AsciiStrToLower(header.first)] =
        std::string(absl::StripAsciiWhitespace(header.second));
  }
  size_t length = 0;
  if (!absl::SimpleAtoi(request.header("content-length"), &length)) length = 0;
  while (text.size() < end + 4 + length) {
    if (!read_more()) return false;
  }
  request.body = text.substr(end + 4, length);
  return true;
}

}  // namespace

void HttpPeer::Responder::Write(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t count = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void HttpPeer::Responder::Answer(int status, absl::string_view content_type, absl::string_view body,
                                 absl::string_view more_headers) {
  keeps_alive_ = connections_ == Connections::kKeepAlive;
  Write(
      absl::StrCat("HTTP/1.1 ", status, " x\r\nConnection: ", keeps_alive_ ? "keep-alive" : "close",
                   "\r\nContent-Length: ", body.size(), "\r\n",
                   content_type.empty() ? "" : absl::StrCat("Content-Type: ", content_type, "\r\n"),
                   more_headers, "\r\n", body));
}

void HttpPeer::Responder::StartStream(absl::string_view more_headers) {
  Write(absl::StrCat("HTTP/1.1 200 x\r\nConnection: close\r\nContent-Type: text/event-stream\r\n",
                     more_headers, "\r\n"));
}

void HttpPeer::Responder::WaitForHangUp() {
  char byte = 0;
  while (recv(fd_, &byte, 1, 0) > 0) {
  }
}

HttpPeer::HttpPeer(Script script, Connections connections)
    : script_(std::move(script)),
      connections_(connections),
      listen_fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (bind(listen_fd_, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      listen(listen_fd_, 64) != 0 ||
      getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  accept_thread_ = std::thread([this] { Accept(); });
}

HttpPeer::~HttpPeer() {
  {
    annotated::MutexLock lock(mutex_);
    stopping_ = true;
    for (const int fd : open_fds_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listen_fd_, SHUT_RDWR);
  accept_thread_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listen_fd_);
}

std::string HttpPeer::origin() const { return absl::StrCat("http://127.0.0.1:", port_); }

std::string HttpPeer::url() const { return absl::StrCat(origin(), "/mcp"); }

std::vector<HttpPeer::Request> HttpPeer::requests() {
  annotated::MutexLock lock(mutex_);
  return requests_;
}

int HttpPeer::num_connections() {
  annotated::MutexLock lock(mutex_);
  return num_connections_;
}

void HttpPeer::Accept() {
  for (;;) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    annotated::MutexLock lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    open_fds_.push_back(fd);
    ++num_connections_;
    threads_.emplace_back([this, fd] { Serve(fd); });
  }
}

void HttpPeer::Serve(int fd) {
  for (;;) {
    Request request;
    if (!ReadRequest(fd, request)) break;
    {
      annotated::MutexLock lock(mutex_);
      requests_.push_back(request);
    }
    Responder responder(fd, connections_);
    script_(request, responder);
    if (!responder.keeps_alive()) break;
  }
  annotated::MutexLock lock(mutex_);
  open_fds_.remove(fd);
  close(fd);
}

}  // namespace parlance::tools::mcp

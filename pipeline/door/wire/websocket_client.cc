#include "pipeline/door/wire/websocket_client.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pipeline/door/wire/base64.h"
#include "pipeline/door/wire/websocket_handshake.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::string_view kEndOfHead = "\r\n\r\n";
constexpr uint8_t kMaskBit = 0x80;

bool IsVisible(char c) { return c > ' ' && c < 0x7F; }

}  // namespace

std::string WebSocketUrl::Authority() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port)
                                      : absl::StrCat(host, ":", port);
}

absl::StatusOr<WebSocketUrl> ParseWebSocketUrl(absl::string_view text) {
  const auto wrong = [](auto... message) {
    return absl::InvalidArgumentError(absl::StrCat(message...));
  };
  absl::string_view rest = text;
  if (absl::StartsWithIgnoreCase(rest, "wss://")) {
    return wrong("TLS is not spoken here; name a ws:// address");
  }
  if (!absl::StartsWithIgnoreCase(rest, "ws://")) {
    return wrong("this is not a ws:// address, such as ws://127.0.0.1:8080/v1/realtime");
  }
  rest.remove_prefix(5);
  if (!std::all_of(rest.begin(), rest.end(), IsVisible)) {
    return wrong("a URL is of visible ASCII characters; others are written as %XX");
  }
  WebSocketUrl url;
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  absl::string_view authority = rest.substr(0, end);
  if (absl::StrContains(rest, '#')) return wrong("the URL of a WebSocket has no fragment");
  if (absl::StrContains(authority, '@')) return wrong("a user in the URL has no meaning here");
  const absl::string_view target = rest.substr(end);
  url.target = absl::StrCat(absl::StartsWith(target, "/") ? "" : "/", target);
  absl::string_view port;
  if (absl::ConsumePrefix(&authority, "[")) {
    const size_t bracket = authority.find(']');
    if (bracket == absl::string_view::npos)
      return wrong("the bracket of the address is not closed");
    port = authority.substr(bracket + 1);
    authority = authority.substr(0, bracket);
  } else if (const size_t colon = authority.find(':'); colon != absl::string_view::npos) {
    port = authority.substr(colon);
    authority = authority.substr(0, colon);
  }
  if (authority.empty()) return wrong("the URL names no host");
  url.host = std::string(authority);
  if (port.empty()) return url;
  int number = 0;
  if (!absl::ConsumePrefix(&port, ":") ||
      !std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(port, &number) || number < 1 || number > 65535) {
    return wrong("the URL's port is not in 1 to 65535");
  }
  url.port = static_cast<uint16_t>(number);
  return url;
}

WebSocketClient::WebSocketClient(const WebSocketUrl& url,
                                 absl::Span<const std::pair<std::string, std::string>> headers,
                                 absl::Span<const uint8_t> nonce, size_t max_message_bytes)
    : reader_(max_message_bytes, FramesOf::kServer) {
  std::string key;
  AppendBase64(nonce, key);
  accept_ = AcceptOfKey(key);
  request_ = absl::StrCat("GET ", url.target, " HTTP/1.1\r\nHost: ", url.Authority(),
                          "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ",
                          key, "\r\n");
  for (const auto& [name, value] : headers) absl::StrAppend(&request_, name, ": ", value, "\r\n");
  absl::StrAppend(&request_, "\r\n");
}

absl::Status WebSocketClient::Refusal() const {
  // HTTP/1.1 403 Forbidden
  const absl::string_view line = absl::string_view(response_).substr(0, response_.find('\r'));
  absl::string_view body = absl::string_view(response_).substr(body_begin_);
  body = absl::StripAsciiWhitespace(body.substr(0, kMaxRefusalBytes));
  return absl::UnavailableError(absl::StrCat(
      "the server refuses: ", line.substr(line.find(' ') + 1), body.empty() ? "" : ": ", body));
}

absl::Status WebSocketClient::ReadHead() {
  const size_t end = absl::string_view(response_).find(kEndOfHead);
  if (end == absl::string_view::npos) {
    if (response_.size() <= kMaxResponseHeadBytes) return absl::OkStatus();
    return absl::InvalidArgumentError("the head of the server's response does not end");
  }
  body_begin_ = end + kEndOfHead.size();
  std::vector<absl::string_view> lines =
      absl::StrSplit(absl::string_view(response_).substr(0, end), "\r\n");
  const absl::string_view line = lines[0];
  if (!absl::StartsWith(line, "HTTP/1.1 ") || line.size() < 12) {
    return absl::InvalidArgumentError("the server does not answer with HTTP/1.1");
  }
  bool upgrades = false;
  bool accepts = false;
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == absl::string_view::npos) continue;
    const absl::string_view name = lines[i].substr(0, colon);
    const absl::string_view value = absl::StripAsciiWhitespace(lines[i].substr(colon + 1));
    if (absl::EqualsIgnoreCase(name, "upgrade"))
      upgrades = absl::EqualsIgnoreCase(value, "websocket");
    if (absl::EqualsIgnoreCase(name, "sec-websocket-accept")) accepts = value == accept_;
    if (absl::EqualsIgnoreCase(name, "content-length")) {
      uint64_t size = 0;
      if (absl::SimpleAtoi(value, &size)) body_size_ = std::min<uint64_t>(size, kMaxRefusalBytes);
    }
    // Nothing was offered.
    if (absl::EqualsIgnoreCase(name, "sec-websocket-extensions")) {
      return absl::InvalidArgumentError("the server uses an extension that was not offered");
    }
  }
  if (line.substr(9, 3) != "101") return absl::OkStatus();
  if (!upgrades || !accepts) {
    return absl::InvalidArgumentError("the server switches to something else than a WebSocket");
  }
  is_open_ = true;
  return absl::OkStatus();
}

absl::Status WebSocketClient::Feed(absl::Span<uint8_t> bytes, WebSocketListener& listener) {
  if (!failure_.ok()) return failure_;
  if (is_open_) return failure_ = reader_.Feed(bytes, listener);
  response_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (body_begin_ == 0) failure_ = ReadHead();
  if (!failure_.ok() || body_begin_ == 0) return failure_;
  if (!is_open_) {
    if (response_.size() - body_begin_ >= body_size_) failure_ = Refusal();
    return failure_;
  }
  std::string rest = response_.substr(body_begin_);
  std::string().swap(response_);
  return failure_ = reader_.Feed({reinterpret_cast<uint8_t*>(rest.data()), rest.size()}, listener);
}

absl::Status WebSocketClient::End() {
  if (failure_.ok()) {
    failure_ = !is_open_ && body_begin_ > 0
                   ? Refusal()
                   : absl::UnavailableError("the server has ended the connection");
  }
  return failure_;
}

void AppendClientFrame(Opcode opcode, absl::string_view payload, std::array<uint8_t, 4> mask,
                       std::string& bytes) {
  std::array<uint8_t, kMaxFrameHeaderBytes> header = {};
  const size_t header_size = EncodeFrameHeader(opcode, payload.size(), header);
  header[1] |= kMaskBit;
  bytes.append(reinterpret_cast<const char*>(header.data()), header_size);
  bytes.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  const size_t begin = bytes.size();
  bytes.append(payload.data(), payload.size());
  // Masking and unmasking are the same.
  Unmask({reinterpret_cast<uint8_t*>(bytes.data()) + begin, payload.size()}, mask);
}

}  // namespace parlance::pipeline::door

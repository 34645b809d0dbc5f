#include "pipeline/door/wire/websocket_handshake.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "openssl/sha.h"
#include "pipeline/door/wire/base64.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::string_view kVersion = "13";
// Appended to the client's key, so that no server answers rightly that does not mean to.
constexpr absl::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyBytes = 16;

// The header, if there is exactly one of that name.
const std::string* OnlyHeader(const HttpRequest& request, absl::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : request.headers) {
    if (key != name) continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

bool IsSubprotocolCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos;
}

}  // namespace

bool AsksForWebSocket(const HttpRequest& request) {
  return request.HeaderHas("upgrade", "websocket");
}

std::optional<HttpResponse> RefuseHandshake(const HttpRequest& request) {
  const auto refuse = [](int status, absl::string_view message) {
    return HttpResponse{.status = status, .body = absl::StrCat(message, "\n")};
  };
  if (request.method != "GET") {
    HttpResponse response = refuse(405, "a WebSocket connection is asked for with GET");
    response.headers = {{"Allow", "GET"}};
    return response;
  }
  // RFC 6455, section 4.1. It is what nginx makes of a request unless it is told otherwise.
  if (!request.is_1_1) {
    return refuse(400,
                  "a WebSocket connection needs HTTP/1.1; before it reached this server, the "
                  "request became one of HTTP/1.0 (for nginx: proxy_http_version 1.1)");
  }
  if (!request.HeaderHas("connection", "upgrade")) {
    return refuse(400, "the header Connection does not say Upgrade; a proxy may have removed it");
  }
  const std::string* version = OnlyHeader(request, "sec-websocket-version");
  if (version == nullptr || *version != kVersion) {
    HttpResponse response = refuse(426, "only version 13 of WebSocket is spoken here");
    response.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", std::string(kVersion)}};
    return response;
  }
  const std::string* key = OnlyHeader(request, "sec-websocket-key");
  const absl::StatusOr<std::vector<uint8_t>> bytes = DecodeBase64(key == nullptr ? "" : *key);
  if (!bytes.ok() || bytes->size() != kKeyBytes) {
    return refuse(400, "the header Sec-WebSocket-Key is not 16 bytes as base64");
  }
  return std::nullopt;
}

std::vector<std::string> OfferedSubprotocols(const HttpRequest& request) {
  std::vector<std::string> offered;
  for (const auto& [name, value] : request.headers) {
    if (name != "sec-websocket-protocol") continue;
    for (absl::string_view item : absl::StrSplit(value, ',')) {
      item = absl::StripAsciiWhitespace(item);
      if (!item.empty() && std::all_of(item.begin(), item.end(), IsSubprotocolCharacter)) {
        offered.emplace_back(item);
      }
    }
  }
  return offered;
}

bool OffersSubprotocol(const HttpRequest& request, absl::string_view name) {
  const std::vector<std::string> offered = OfferedSubprotocols(request);
  return std::find(offered.begin(), offered.end(), name) != offered.end();
}

std::string AcceptOfKey(absl::string_view key) {
  const std::string text = absl::StrCat(key, kGuid);
  std::array<uint8_t, SHA_DIGEST_LENGTH> digest = {};
  SHA1(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  std::string accept;
  AppendBase64(digest, accept);
  return accept;
}

HttpResponse AcceptHandshake(const HttpRequest& request, absl::string_view subprotocol) {
  const std::string* const key = request.header("sec-websocket-key");
  HttpResponse response = {
      .status = 101,
      .headers = {{"Upgrade", "websocket"},
                  {"Connection", "Upgrade"},
                  {"Sec-WebSocket-Accept", AcceptOfKey(key == nullptr ? "" : *key)}}};
  if (!subprotocol.empty()) {
    response.headers.emplace_back("Sec-WebSocket-Protocol", std::string(subprotocol));
  }
  return response;
}

}  // namespace parlance::pipeline::door

#include "pipeline/door/access/access.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "openssl/crypto.h"
#include "openssl/evp.h"
#include "openssl/hmac.h"
#include "pipeline/door/wire/base64.h"
#include "pipeline/door/wire/websocket_handshake.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::string_view kBearer = "bearer ";
constexpr absl::string_view kParametersOfKeys[] = {"api_key", "apikey", "api-key", "access_token"};

absl::StatusOr<std::optional<std::string>> KeyOf(const HttpRequest& request) {
  for (const absl::string_view name : kParametersOfKeys) {
    if (request.parameter(name) != nullptr) {
      return absl::InvalidArgumentError(
          "a key is never put into a URL, which proxies write down; take it to be known to others, "
          "and send another as 'Authorization: Bearer KEY'");
    }
  }
  std::optional<std::string> key;
  for (const auto& [name, value] : request.headers) {
    if (name != "authorization") continue;
    if (key.has_value()) {
      return absl::InvalidArgumentError("there is more than one Authorization header");
    }
    absl::string_view rest = value;
    if (!absl::StartsWithIgnoreCase(rest, kBearer)) {
      return absl::UnauthenticatedError("send the key as 'Authorization: Bearer KEY'");
    }
    rest.remove_prefix(kBearer.size());
    key = std::string(absl::StripAsciiWhitespace(rest));
  }
  if (key.has_value()) return key;
  for (const std::string& offered : OfferedSubprotocols(request)) {
    absl::string_view rest = offered;
    if (absl::ConsumePrefix(&rest, kKeySubprotocol)) return std::optional(std::string(rest));
  }
  return std::optional<std::string>();
}

// The host of an authority, in lower case, without its port, which goes to `port`.
absl::string_view SplitPort(absl::string_view authority, absl::string_view& port) {
  const size_t colon = authority.rfind(':');
  // In [::1] the last one is inside.
  if (colon == absl::string_view::npos || absl::StrContains(authority.substr(colon), ']')) {
    return authority;
  }
  port = authority.substr(colon + 1);
  return authority.substr(0, colon);
}

bool IsLocalNameOrNumber(absl::string_view host) {
  if (host == "localhost" || absl::EndsWith(host, ".localhost")) return true;
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  return ParseAddress(host, 0).ok();
}

}  // namespace

absl::StatusOr<std::string> Authenticate(const HttpRequest& request, const ApiKeys* keys) {
  if (keys == nullptr) return std::string();
  const absl::StatusOr<std::optional<std::string>> key = KeyOf(request);
  if (!key.ok()) return key.status();
  if (!key->has_value()) {
    return absl::UnauthenticatedError("a key is needed; send it as 'Authorization: Bearer KEY'");
  }
  std::optional<std::string> name = keys->NameOf(**key);
  if (!name.has_value()) return absl::UnauthenticatedError("the key is not known here");
  return *std::move(name);
}

absl::Status CheckOrigin(const HttpRequest& request, absl::Span<const std::string> allowed) {
  std::vector<std::string> origins;
  for (const auto& [name, value] : request.headers) {
    if (name == "origin") origins.push_back(absl::AsciiStrToLower(value));
  }
  if (origins.empty()) return absl::OkStatus();
  const std::string& origin = origins.front();
  if (origins.size() == 1) {
    for (const std::string& one : allowed) {
      if (one == "*" || absl::EqualsIgnoreCase(one, origin)) return absl::OkStatus();
    }
    const std::string* host_header = request.header("host");
    absl::string_view authority = origin;
    absl::string_view origin_port = "80";
    if (absl::ConsumePrefix(&authority, "https://")) {
      origin_port = "443";
    } else if (!absl::ConsumePrefix(&authority, "http://")) {
      authority = "";
    }
    if (!authority.empty() && host_header != nullptr) {
      // A Host without a port has that of the scheme, which the page's is, too.
      absl::string_view host_port = origin_port;
      const std::string host_text = absl::AsciiStrToLower(*host_header);
      const absl::string_view host = SplitPort(host_text, host_port);
      const absl::string_view origin_host = SplitPort(authority, origin_port);
      if (host == origin_host && host_port == origin_port && IsLocalNameOrNumber(host)) {
        return absl::OkStatus();
      }
    }
  }
  return absl::PermissionDeniedError(
      "pages of this origin may not ask here; the server has to list it");
}

absl::Status CheckListening(const SocketAddress& address, bool has_keys) {
  if (has_keys || address.is_loopback()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("at ", address.Text(),
                   " others than this machine's users can connect, and whoever "
                   "does would be let in; give a file of keys, or listen at 127.0.0.1"));
}

bool IsSignedByTwilio(absl::string_view url,
                      std::vector<std::pair<std::string, std::string>> parameters,
                      absl::string_view auth_token, absl::string_view signature) {
  // Whoever knows no token could sign with none.
  if (auth_token.empty()) return false;
  std::sort(parameters.begin(), parameters.end());
  std::string text(url);
  for (const auto& [name, value] : parameters) absl::StrAppend(&text, name, value);
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest = {};
  unsigned int size = 0;
  if (HMAC(EVP_sha1(), auth_token.data(), static_cast<int>(auth_token.size()),
           reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data(),
           &size) == nullptr) {
    return false;
  }
  std::string expected;
  AppendBase64({digest.data(), size}, expected);
  return expected.size() == signature.size() &&
         CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
}

HttpResponse RefusalOf(const absl::Status& status) {
  HttpResponse response = {.body = absl::StrCat(status.message(), "\n")};
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      response.status = 400;
      break;
    case absl::StatusCode::kUnauthenticated:
      response.status = 401;
      response.headers = {{"WWW-Authenticate", "Bearer"}};
      break;
    case absl::StatusCode::kPermissionDenied:
      response.status = 403;
      break;
    case absl::StatusCode::kResourceExhausted:
      response.status = 429;
      response.headers = {{"Retry-After", "5"}};
      break;
    default:
      response.status = 503;
      response.headers = {{"Retry-After", "5"}};
      break;
  }
  return response;
}

}  // namespace parlance::pipeline::door

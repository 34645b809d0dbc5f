#include "third_party/http_url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace http_url {
namespace {

bool IsThisMachine(const std::string& host) {
  in_addr address = {};
  // A name may begin with "127." as well, and lead anywhere.
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return absl::EqualsIgnoreCase(host, "localhost") || host == "[::1]";
}

}  // namespace

absl::StatusOr<Url> Read(const std::string& url) {
  CURLU* const parts = curl_url();
  if (parts == nullptr) return absl::ResourceExhaustedError("curl_url fails");
  const auto get = [&](CURLUPart part) {
    char* text = nullptr;
    std::string value;
    if (curl_url_get(parts, part, &text, 0) == CURLUE_OK) value = text;
    curl_free(text);
    return value;
  };
  absl::StatusOr<Url> read =
      absl::InvalidArgumentError("it is not a URL of http or https, such as http://localhost:8080");
  // libcurl would read it up to the first of these.
  const bool has_nul = url.find('\0') != std::string::npos;
  if (!has_nul && curl_url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK) {
    Url found{
        .scheme = get(CURLUPART_SCHEME), .host = get(CURLUPART_HOST), .path = get(CURLUPART_PATH)};
    const std::string port = get(CURLUPART_PORT);
    if ((found.scheme == "http" || found.scheme == "https") && !found.host.empty()) {
      found.origin = absl::StrCat(found.scheme, "://", found.host, port.empty() ? "" : ":", port);
      found.has_credentials = !get(CURLUPART_USER).empty() || !get(CURLUPART_PASSWORD).empty();
      found.is_this_machine = IsThisMachine(found.host);
      read = std::move(found);
    }
  }
  curl_url_cleanup(parts);
  return read;
}

}  // namespace http_url

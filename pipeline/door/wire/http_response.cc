#include "pipeline/door/wire/http_response.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

bool HasLineBreak(absl::string_view text) {
  return text.find_first_of(absl::string_view("\r\n\0", 3)) != absl::string_view::npos;
}

void AddHeader(absl::string_view name, absl::string_view value, std::string& bytes) {
  if (HasLineBreak(name) || HasLineBreak(value)) return;
  absl::StrAppend(&bytes, name, ": ", value, "\r\n");
}

}  // namespace

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string Encode(const HttpResponse& response, ResponseForm form) {
  std::string bytes =
      absl::StrCat("HTTP/1.1 ", response.status, " ", ReasonPhrase(response.status), "\r\n");
  const bool has_content = response.status >= 200 && response.status != 204;
  for (const auto& [name, value] : response.headers) AddHeader(name, value, bytes);
  if (has_content) {
    if (!response.content_type.empty()) AddHeader("Content-Type", response.content_type, bytes);
    AddHeader("Content-Length", absl::StrCat(response.body.size()), bytes);
  }
  if (response.status >= 200) {
    // RFC 9110, section 7.8: whoever names a protocol to change to names the header here, too.
    const bool names_protocol =
        std::any_of(response.headers.begin(), response.headers.end(),
                    [](const auto& header) { return header.first == "Upgrade"; });
    AddHeader(
        "Connection",
        absl::StrCat(names_protocol ? "Upgrade, " : "", form.keep_alive ? "keep-alive" : "close"),
        bytes);
  }
  absl::StrAppend(&bytes, "\r\n");
  if (has_content && !form.without_body) absl::StrAppend(&bytes, response.body);
  return bytes;
}

}  // namespace parlance::pipeline::door

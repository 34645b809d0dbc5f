// Any bytes: requests or a refusal, never a crash, and the same however the bytes are cut. What a
// request has keeps its promises.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"
#include "pipeline/door/wire/websocket_handshake.h"

namespace parlance::pipeline::door {
namespace {

constexpr HttpRequestBounds kBounds = {.max_line_bytes = 200,
                                       .max_head_bytes = 600,
                                       .max_headers = 10,
                                       .max_parameters = 10,
                                       .max_body_bytes = 100};

void Check(bool holds) {
  if (!holds) std::abort();
}

// All of a request in one text.
std::string Describe(const HttpRequest& request) {
  Check(!request.method.empty() && request.target.front() == '/' && request.path.front() == '/');
  Check(request.path.find('\0') == std::string::npos);
  Check(request.path.find("/../") == std::string::npos);
  Check(request.headers.size() <= kBounds.max_headers + 1);
  Check(request.query.size() <= kBounds.max_parameters);
  Check(request.body.size() <= kBounds.max_body_bytes);
  std::string text = absl::StrCat(request.method, " ", request.target, " ", request.path, " ",
                                  request.body, " ", request.keep_alive ? 1 : 0);
  for (const auto& [name, value] : request.query) absl::StrAppend(&text, "?", name, "=", value);
  for (const auto& [name, value] : request.headers) {
    Check(value.find_first_of(std::string("\r\n\0", 3)) == std::string::npos);
    absl::StrAppend(&text, "\n", name, ": ", value);
  }
  if (AsksForWebSocket(request) && !RefuseHandshake(request).has_value()) {
    absl::StrAppend(&text, "\n", Encode(AcceptHandshake(request, ""), {}));
  }
  return text;
}

// The requests, and how it ended.
std::vector<std::string> Read(absl::string_view bytes, size_t piece) {
  HttpRequestParser parser(kBounds);
  std::vector<std::string> read;
  size_t position = 0;
  while (position < bytes.size()) {
    const absl::string_view rest = bytes.substr(position, piece);
    const size_t taken = parser.Feed(rest);
    Check(taken <= rest.size());
    position += taken;
    if (parser.error().has_value()) {
      Check(parser.error()->status >= 400 && !parser.error()->message.empty());
      read.push_back(absl::StrCat(parser.error()->status, " ", parser.error()->message));
      return read;
    }
    if (parser.is_complete()) {
      read.push_back(Describe(parser.Take()));
    } else {
      Check(taken == rest.size());
    }
  }
  return read;
}

}  // namespace
}  // namespace parlance::pipeline::door

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using parlance::pipeline::door::Read;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> whole = Read(bytes, size + 1);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{37}}) {
    parlance::pipeline::door::Check(Read(bytes, piece) == whole);
  }
  return 0;
}

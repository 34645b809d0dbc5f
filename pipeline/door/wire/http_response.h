// A response of HTTP/1.1 with a body whose length is known.
//
// Source: RFC 9112, sections 4 to 6.
#ifndef PIPELINE_DOOR_WIRE_HTTP_RESPONSE_H_
#define PIPELINE_DOOR_WIRE_HTTP_RESPONSE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

struct HttpResponse {
  int status = 200;
  // Empty: there is no such header.
  std::string content_type = "text/plain; charset=utf-8";
  // Further headers. Neither names nor values may have a line break: one that has is left out.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct ResponseForm {
  bool keep_alive = false;
  // Asked for by HEAD: the length is stated, and the body left out.
  bool without_body = false;
};

// The response's bytes. A response of status 101 or 204 has no body and no length.
std::string Encode(const HttpResponse& response, ResponseForm form);

// Returns the words of a status, such as "Not Found"; "Status" for one that is not known here.
absl::string_view ReasonPhrase(int status);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_HTTP_RESPONSE_H_

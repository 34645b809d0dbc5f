// Reads requests of HTTP/1.0 and 1.1 from a connection, however their bytes were cut.
//
//   bytes ─► HttpRequestParser ─► HttpRequest, or HttpError: the status to answer with, and why
//
// It is strict where two readers could see different requests in the same bytes (request
// smuggling): lines end with CR LF, a header's name ends at its colon, no header goes on in the
// next line, a length is stated once, in digits, and not beside a transfer coding, and a host is
// one. Transfer codings are not read at all: 501. What is decoded of a target is UTF-8, or refused.
//
// Bounds, each with its status: line 414, headers 431, body 413.
//
// Threads: one. Allocation: what has come of a request, within the bounds.
// Source: RFC 9112, sections 2 to 6; RFC 9110, sections 5, 6.2 and 10.1.1; RFC 3986, sections 2.1
// and 3.2.
#ifndef PIPELINE_DOOR_WIRE_HTTP_REQUEST_H_
#define PIPELINE_DOOR_WIRE_HTTP_REQUEST_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

struct HttpRequest {
  // The method as it came: a token such as GET.
  std::string method = {};
  // Path and query as they came, such as "/a%20b?c=d". A target with a host has lost it.
  std::string target = {};
  // The path, decoded: begins with '/', is UTF-8, has no control characters and no "." or ".."
  // segments.
  std::string path = {};
  // The query's parameters in their order, decoded, '+' as a space, and UTF-8.
  std::vector<std::pair<std::string, std::string>> query = {};
  // The headers in their order: names in lower case, values without spaces around them.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // Whether it is of HTTP/1.1 or a later minor version, and not of 1.0.
  bool is_1_1 = false;
  // Whether the connection may be used for another request.
  bool keep_alive = false;

  // The first header of that name, which is in lower case; null if there is none.
  const std::string* header(absl::string_view name) const;
  // Whether a comma-separated header has the token, in upper or lower case.
  bool HeaderHas(absl::string_view name, absl::string_view token) const;
  // The first parameter of that name; null if there is none.
  const std::string* parameter(absl::string_view name) const;
};

struct HttpError {
  int status = 400;
  // What is wrong and what to do, in one line for whoever wrote the client.
  std::string message = {};
};

struct HttpRequestBounds {
  size_t max_line_bytes = size_t{8} << 10;
  // The bound of the head, its first line included.
  size_t max_head_bytes = size_t{32} << 10;
  size_t max_headers = 100;
  size_t max_parameters = 100;
  size_t max_body_bytes = size_t{64} << 10;
};

class HttpRequestParser {
 public:
  explicit HttpRequestParser(HttpRequestBounds bounds = {}) : bounds_(bounds) {}

  // Takes bytes until the request is complete or refused, and returns how many it took; what is
  // left belongs to the next request, or to what the connection becomes. Takes none after that.
  size_t Feed(absl::string_view bytes);

  bool is_complete() const { return state_ == State::kComplete; }
  // What to answer, after which the connection has to be closed. None if nothing is wrong.
  const std::optional<HttpError>& error() const { return error_; }
  // Whether anything of a request has come.
  bool has_begun() const { return state_ != State::kHead || !head_.empty(); }
  // The request, once it is complete; of one that is refused, what was read before that.
  const HttpRequest& request() const { return request_; }
  // The request; the parser is ready for the next one.
  HttpRequest Take();

 private:
  enum class State { kHead, kBody, kComplete, kRefused };

  void Refuse(int status, absl::string_view message);
  // The head up to the empty line has come.
  void ReadHead();
  bool ReadRequestLine(absl::string_view line);
  bool ReadTarget(absl::string_view target, absl::string_view& authority);
  bool ReadHeader(absl::string_view line);
  bool ReadLength();

  const HttpRequestBounds bounds_;
  State state_ = State::kHead;
  std::string head_;
  bool line_is_complete_ = false;
  size_t num_body_missing_ = 0;
  HttpRequest request_;
  std::optional<HttpError> error_;
};

// Undoes percent-encoding. Nullopt if a '%' is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(absl::string_view text, bool plus_is_space);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_HTTP_REQUEST_H_

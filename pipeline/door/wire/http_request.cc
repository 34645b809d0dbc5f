#include "pipeline/door/wire/http_request.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pipeline/door/wire/utf8_checker.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::string_view kEndOfLine = "\r\n";
constexpr absl::string_view kEndOfHead = "\r\n\r\n";
constexpr absl::string_view kSpaces = " \t";
constexpr size_t kMaxMethodBytes = 32;

// RFC 9110, section 5.6.2.
bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos;
}

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

bool IsControl(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; }

// RFC 9110, section 5.5: what is beyond ASCII is opaque.
bool IsHeaderValue(absl::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return IsControl(c) && c != '\t'; });
}

// RFC 9112, section 3.2: visible ASCII.
bool IsTarget(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<uint8_t>(c) > 0x20 && c > 0 && c != 0x7F; });
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// RFC 3986, sections 3.2.2 and 3.2.3: a host, and maybe a port; no user. A host may be empty.
bool IsHostAndPort(absl::string_view text) {
  const bool is_ipv6 = absl::StartsWith(text, "[");
  const size_t end = is_ipv6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == absl::string_view::npos) return false;
  const absl::string_view host = text.substr(is_ipv6 ? 1 : 0, is_ipv6 ? end - 1 : end);
  absl::string_view port = text.substr(is_ipv6 ? end + 1 : end);
  const absl::string_view marks = is_ipv6 ? ".:%" : "-._~%!$&'()*+,;=";
  if (!std::all_of(host.begin(), host.end(), [&](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains(marks, c);
      })) {
    return false;
  }
  return port.empty() ||
         (absl::ConsumePrefix(&port, ":") && std::all_of(port.begin(), port.end(), IsDigit));
}

bool HasDotSegment(absl::string_view path) {
  for (const absl::string_view segment : absl::StrSplit(path, '/')) {
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> PercentDecode(absl::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      result.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      result.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return result;
}

const std::string* HttpRequest::header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool HttpRequest::HeaderHas(absl::string_view name, absl::string_view token) const {
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    for (const absl::string_view item : absl::StrSplit(value, ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(item), token)) return true;
    }
  }
  return false;
}

const std::string* HttpRequest::parameter(absl::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

HttpRequest HttpRequestParser::Take() {
  HttpRequest request;
  std::swap(request, request_);
  state_ = State::kHead;
  std::string().swap(head_);
  line_is_complete_ = false;
  num_body_missing_ = 0;
  return request;
}

void HttpRequestParser::Refuse(int status, absl::string_view message) {
  state_ = State::kRefused;
  error_ = HttpError{status, std::string(message)};
}

size_t HttpRequestParser::Feed(absl::string_view bytes) {
  size_t num_taken = 0;
  if (state_ == State::kHead) {
    // Empty lines before a request are skipped: RFC 9112, section 2.2.
    const size_t num_all = bytes.size();
    for (;;) {
      if (head_.empty() && absl::StartsWith(bytes, kEndOfLine)) {
        bytes.remove_prefix(kEndOfLine.size());
      } else if (head_ == kEndOfLine.substr(0, 1) && absl::StartsWith(bytes, "\n")) {
        head_.clear();
        bytes.remove_prefix(1);
      } else {
        break;
      }
    }
    num_taken = num_all - bytes.size();
    // The end may have begun in what came before.
    const size_t num_before = head_.size();
    const size_t from = num_before - std::min(num_before, kEndOfHead.size() - 1);
    const size_t room = bounds_.max_head_bytes - std::min(bounds_.max_head_bytes, num_before) + 1;
    head_.append(bytes.data(), std::min(bytes.size(), room));
    const size_t end = head_.find(kEndOfHead.data(), from, kEndOfHead.size());
    if (!line_is_complete_) {
      const size_t line_end = head_.find(kEndOfLine.data(), from, kEndOfLine.size());
      line_is_complete_ = line_end != std::string::npos;
      // A CR that came last may be half of the line's end.
      const size_t num_of_line =
          line_is_complete_ ? line_end : head_.size() - (absl::EndsWith(head_, "\r") ? 1 : 0);
      if (num_of_line > bounds_.max_line_bytes) {
        Refuse(414, absl::StrCat("the request line has more than ", bounds_.max_line_bytes,
                                 " bytes; send less in the URL"));
        return num_taken;
      }
    }
    const size_t head_size = end == std::string::npos ? head_.size() : end + kEndOfHead.size();
    if (head_size > bounds_.max_head_bytes) {
      Refuse(431, absl::StrCat("the headers have more than ", bounds_.max_head_bytes,
                               " bytes; send fewer or shorter ones"));
      return num_taken;
    }
    if (end == std::string::npos) return num_taken + (head_.size() - num_before);
    head_.resize(head_size);
    num_taken += head_size - num_before;
    bytes.remove_prefix(head_size - num_before);
    ReadHead();
    std::string().swap(head_);
  }
  if (state_ == State::kBody) {
    const size_t size = std::min(bytes.size(), num_body_missing_);
    request_.body.append(bytes.data(), size);
    num_taken += size;
    num_body_missing_ -= size;
    if (num_body_missing_ == 0) state_ = State::kComplete;
  }
  return num_taken;
}

void HttpRequestParser::ReadHead() {
  absl::string_view head = head_;
  head.remove_suffix(kEndOfHead.size());
  std::vector<absl::string_view> lines = absl::StrSplit(head, kEndOfLine);
  if (!ReadRequestLine(lines.front())) return;
  if (lines.size() - 1 > bounds_.max_headers) {
    return Refuse(431, absl::StrCat("there are more than ", bounds_.max_headers, " headers"));
  }
  const size_t num_hosts_of_target = request_.headers.size();
  for (size_t i = 1; i < lines.size(); ++i) {
    if (!ReadHeader(lines[i])) return;
  }
  const auto num_hosts =
      std::count_if(request_.headers.begin() + static_cast<ptrdiff_t>(num_hosts_of_target),
                    request_.headers.end(), [](const auto& h) { return h.first == "host"; });
  if (num_hosts > 1) return Refuse(400, "there is more than one Host header");
  if (request_.is_1_1 && num_hosts == 0) {
    return Refuse(400, "there is no Host header, which HTTP/1.1 requires");
  }
  // RFC 9110, section 10.1.1: of HTTP/1.0 it means nothing.
  if (request_.is_1_1 && request_.header("expect") != nullptr) {
    return Refuse(417, "the header Expect is not supported; send the request without it");
  }
  request_.keep_alive = request_.is_1_1 && !request_.HeaderHas("connection", "close");
  if (!ReadLength()) return;
  state_ = num_body_missing_ > 0 ? State::kBody : State::kComplete;
}

bool HttpRequestParser::ReadRequestLine(absl::string_view line) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() != 3 || !IsToken(words[0]) || words[0].size() > kMaxMethodBytes ||
      words[1].empty() || !IsTarget(words[1])) {
    Refuse(400, "the request line is not 'METHOD TARGET HTTP/1.1'");
    return false;
  }
  // RFC 9110, section 6.2: a later minor version is read as the last one that is known.
  absl::string_view minor = words[2];
  const bool is_1 =
      absl::ConsumePrefix(&minor, "HTTP/1.") && minor.size() == 1 && IsDigit(minor[0]);
  request_.is_1_1 = is_1 && minor != "0";
  if (!is_1) {
    const bool is_http = absl::StartsWith(words[2], "HTTP/");
    Refuse(is_http ? 505 : 400, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    return false;
  }
  request_.method = std::string(words[0]);
  absl::string_view authority;
  if (!ReadTarget(words[1], authority)) return false;
  // RFC 9112, section 3.2.2: the target's host counts, and not the header's.
  if (!authority.empty()) request_.headers.emplace_back("host", authority);
  if (!IsHostAndPort(authority)) {
    Refuse(400, "the request's target has no host with maybe a port");
    return false;
  }
  return true;
}

bool HttpRequestParser::ReadTarget(absl::string_view target, absl::string_view& authority) {
  for (const absl::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    authority = target.substr(0, end);
    target.remove_prefix(end);
    if (authority.empty()) {
      target = {};
      break;
    }
    request_.target = absl::StrCat(absl::StartsWith(target, "/") ? "" : "/", target);
    target = request_.target;
    break;
  }
  if (!absl::StartsWith(target, "/")) {
    Refuse(400, "the request's target is not a path that begins with '/'");
    return false;
  }
  if (request_.target.empty()) request_.target = std::string(target);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(request_.target, absl::MaxSplits('?', 1));
  std::optional<std::string> path = PercentDecode(parts.first, /*plus_is_space=*/false);
  if (!path.has_value() || std::any_of(path->begin(), path->end(), IsControl) ||
      HasDotSegment(*path)) {
    Refuse(400, "the path has a '%' without two digits, a control character, or a segment of dots");
    return false;
  }
  if (!IsUtf8(*path)) {
    Refuse(400, "the path is not UTF-8 once its '%' are decoded");
    return false;
  }
  request_.path = *std::move(path);
  for (const absl::string_view parameter : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    if (request_.query.size() == bounds_.max_parameters) {
      Refuse(400, absl::StrCat("there are more than ", bounds_.max_parameters,
                               " parameters in the query"));
      return false;
    }
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    std::optional<std::string> name = PercentDecode(pair.first, /*plus_is_space=*/true);
    std::optional<std::string> value = PercentDecode(pair.second, /*plus_is_space=*/true);
    if (!name.has_value() || !value.has_value()) {
      Refuse(400, "the query has a '%' without two hexadecimal digits");
      return false;
    }
    // Whoever repeats a parameter may need text: a WebSocket's, an event's.
    if (!IsUtf8(*name) || !IsUtf8(*value)) {
      Refuse(400, "the query is not UTF-8 once its '%' are decoded");
      return false;
    }
    request_.query.emplace_back(*std::move(name), *std::move(value));
  }
  return true;
}

bool HttpRequestParser::ReadHeader(absl::string_view line) {
  // Spaces at the beginning would continue the line above, and those before the colon are read as
  // part of the name by some and not by others.
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || !IsToken(line.substr(0, colon))) {
    Refuse(400, "a header is not 'Name: value' in one line");
    return false;
  }
  absl::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(kSpaces), value.size()));
  value.remove_suffix(value.size() - (value.find_last_not_of(kSpaces) + 1));
  if (!IsHeaderValue(value)) {
    Refuse(400, "a header's value has a control character");
    return false;
  }
  request_.headers.emplace_back(absl::AsciiStrToLower(line.substr(0, colon)), value);
  // RFC 9112, section 3.2: two readers could take such a host for different ones.
  if (request_.headers.back().first == "host" && !IsHostAndPort(value)) {
    Refuse(400, "the header Host is not a host with maybe a port");
    return false;
  }
  return true;
}

bool HttpRequestParser::ReadLength() {
  const std::string* length = nullptr;
  bool has_coding = false;
  for (const auto& [name, value] : request_.headers) {
    if (name == "transfer-encoding") has_coding = true;
    if (name != "content-length") continue;
    if (length != nullptr) {
      Refuse(400, "there is more than one Content-Length header");
      return false;
    }
    length = &value;
  }
  if (has_coding && length != nullptr) {
    Refuse(400, "there are both Content-Length and Transfer-Encoding");
    return false;
  }
  if (has_coding) {
    Refuse(501, "Transfer-Encoding is not supported; state the body's length in Content-Length");
    return false;
  }
  if (length == nullptr) return true;
  uint64_t bytes = 0;
  if (length->empty() || length->size() > 18 ||
      !std::all_of(length->begin(), length->end(), IsDigit) || !absl::SimpleAtoi(*length, &bytes)) {
    Refuse(400, "Content-Length is not a number of bytes");
    return false;
  }
  if (bytes > bounds_.max_body_bytes) {
    Refuse(413, absl::StrCat("the body has more than ", bounds_.max_body_bytes, " bytes"));
    return false;
  }
  num_body_missing_ = static_cast<size_t>(bytes);
  return true;
}

}  // namespace parlance::pipeline::door

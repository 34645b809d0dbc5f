#include "tools/mcp/transport/sse.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace parlance::tools::mcp {

absl::Status SseParser::Append(absl::string_view piece,
                               const std::function<void(const SseEvent&)>& on_event) {
  while (!piece.empty()) {
    if (after_cr_ && piece.front() == '\n') piece.remove_prefix(1);
    after_cr_ = false;
    const size_t end = piece.find_first_of("\r\n");
    const absl::string_view part = piece.substr(0, end);
    if (line_.size() + part.size() > max_bytes_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a line of the event stream is longer than ", max_bytes_, " bytes"));
    }
    line_.append(part.data(), part.size());
    if (end == absl::string_view::npos) break;
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    if (absl::Status read = Line(on_event); !read.ok()) return read;
    line_.clear();
  }
  return absl::OkStatus();
}

absl::Status SseParser::Line(const std::function<void(const SseEvent&)>& on_event) {
  absl::string_view line = line_;
  if (std::exchange(first_line_, false)) absl::ConsumePrefix(&line, "\xEF\xBB\xBF");
  if (line.empty()) {
    last_event_id_ = id_;
    if (!data_.empty()) {
      data_.pop_back();
      on_event({.type = type_.empty() ? "message" : std::move(type_), .data = std::move(data_)});
    }
    type_.clear();
    data_.clear();
    return absl::OkStatus();
  }
  const size_t colon = line.find(':');
  const absl::string_view field = line.substr(0, colon);
  absl::string_view value =
      colon == absl::string_view::npos ? absl::string_view() : line.substr(colon + 1);
  absl::ConsumePrefix(&value, " ");
  if (field == "data") {
    if (data_.size() + value.size() + 1 > max_bytes_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("an event of the stream has more than ", max_bytes_, " bytes"));
    }
    absl::StrAppend(&data_, value, "\n");
  } else if (field == "event") {
    type_ = std::string(value);
  } else if (field == "id") {
    if (value.find('\0') == absl::string_view::npos) id_ = std::string(value);
  } else if (field == "retry") {
    int64_t milliseconds = 0;
    if (!value.empty() && std::all_of(value.begin(), value.end(), absl::ascii_isdigit) &&
        absl::SimpleAtoi(value, &milliseconds)) {
      retry_ = std::chrono::milliseconds(milliseconds);
    }
  }
  return absl::OkStatus();
}

}  // namespace parlance::tools::mcp

#include "pipeline/http/event_stream.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace parlance::pipeline {

absl::Status EventStream::Append(absl::string_view bytes,
                                 const std::function<bool(const ServerSentEvent&)>& on_event) {
  while (!bytes.empty() && !stopped_) {
    if (after_cr_ && bytes.front() == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    const size_t end = bytes.find_first_of("\r\n");
    const absl::string_view part = bytes.substr(0, end);
    if (part.size() > max_bytes_ - line_.size()) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a line of the event stream is longer than ", max_bytes_, " bytes"));
    }
    if (end == absl::string_view::npos) {
      line_.append(part.data(), part.size());
      break;
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    // A line that has come in one piece is read where it is.
    absl::string_view line = part;
    if (!line_.empty()) {
      line_.append(part.data(), part.size());
      line = line_;
    }
    if (absl::Status read = Line(line, on_event); !read.ok()) return read;
    line_.clear();
  }
  return absl::OkStatus();
}

absl::Status EventStream::Line(absl::string_view line,
                               const std::function<bool(const ServerSentEvent&)>& on_event) {
  if (std::exchange(is_first_line_, false)) absl::ConsumePrefix(&line, "\xEF\xBB\xBF");
  if (line.empty()) {
    if (!data_.empty()) {
      const absl::string_view data = absl::string_view(data_).substr(0, data_.size() - 1);
      stopped_ =
          !on_event({.type = type_.empty() ? absl::string_view("message") : type_, .data = data});
    }
    type_.clear();
    data_.clear();
    return absl::OkStatus();
  }
  const size_t colon = line.find(':');
  const absl::string_view field = line.substr(0, colon);
  absl::string_view value;
  if (colon != absl::string_view::npos) value = line.substr(colon + 1);
  absl::ConsumePrefix(&value, " ");
  if (field == "data") {
    if (value.size() + 1 > max_bytes_ - data_.size()) {
      return absl::ResourceExhaustedError(
          absl::StrCat("an event of the stream has more than ", max_bytes_, " bytes"));
    }
    absl::StrAppend(&data_, value, "\n");
  } else if (field == "event") {
    type_ = std::string(value);
  } else if (field != "id" && field != "retry" && !field.empty() && on_unknown_field_ != nullptr) {
    on_unknown_field_(field, value);
  }
  return absl::OkStatus();
}

}  // namespace parlance::pipeline

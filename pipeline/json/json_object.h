// JSON that goes out, member by member.
#ifndef PIPELINE_JSON_JSON_OBJECT_H_
#define PIPELINE_JSON_JSON_OBJECT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline {

// Names are constants of ours, and need no escaping. Text that is no UTF-8 is made so.
class JsonObject {
 public:
  JsonObject& Text(absl::string_view name, absl::string_view text) {
    return Raw(name, QuotedJson(text));
  }
  // Null if there is none.
  JsonObject& Text(absl::string_view name, const std::optional<std::string>& text) {
    return text.has_value() ? Text(name, absl::string_view(*text)) : Null(name);
  }
  JsonObject& Text(absl::string_view name, const std::string& text) {
    return Text(name, absl::string_view(text));
  }
  JsonObject& Text(absl::string_view name, const char* text) {
    return Text(name, absl::string_view(text));
  }
  JsonObject& Integer(absl::string_view name, int64_t number) {
    return Raw(name, absl::StrCat(number));
  }
  JsonObject& Null(absl::string_view name) { return Raw(name, "null"); }
  // `json`: a value as it is to be written.
  JsonObject& Raw(absl::string_view name, absl::string_view json) {
    absl::StrAppend(&text_, text_.empty() ? "{\"" : ",\"", name, "\":", json);
    return *this;
  }

  std::string Finish() && { return (text_.empty() ? "{" : std::move(text_)) + "}"; }
  std::string Finish() & { return (text_.empty() ? "{" : text_) + "}"; }

 private:
  std::string text_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_JSON_JSON_OBJECT_H_

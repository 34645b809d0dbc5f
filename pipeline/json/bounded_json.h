// JSON from outside: its size and depth are bounded, and what is in it is asked for by name.
//
// Source: RFC 8259. Threads: plain functions.
#ifndef PIPELINE_JSON_BOUNDED_JSON_H_
#define PIPELINE_JSON_BOUNDED_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {

struct JsonBounds {
  size_t max_bytes = size_t{64} << 10;
  // How many arrays and objects may be in one another. What is within it may be walked recursively.
  int max_depth = 16;
  // Bytes of strings that are no UTF-8 are kept as they are, and not refused.
  bool takes_any_bytes = false;
};

// Parses text. InvalidArgument, with where and why, for text that is no JSON, no UTF-8, or too
// deep; ResourceExhausted for one that is too long. The text itself is in no message.
absl::Status ParseJson(absl::string_view text, const JsonBounds& bounds,
                       rapidjson::Document& document);
// The same for an object; InvalidArgument for any other value.
absl::Status ParseJsonObject(absl::string_view text, const JsonBounds& bounds,
                             rapidjson::Document& document);

// The member of an object; null if there is none, if it is null, or if `object` is null or no
// object. Of a name that is there twice, the first.
const rapidjson::Value* Member(const rapidjson::Value* object, absl::string_view name);
inline const rapidjson::Value* Member(const rapidjson::Value& object, absl::string_view name) {
  return Member(&object, name);
}

// A string; nothing for a null pointer or any other value. Valid as long as the value.
std::optional<absl::string_view> TextOf(const rapidjson::Value* value);
// A string, or a whole number as decimal digits.
std::optional<std::string> TextOrNumberOf(const rapidjson::Value* value);
// A whole number, also as a string of decimal digits, as some write all their numbers.
std::optional<int64_t> IntegerOf(const rapidjson::Value* value);

// The value as JSON, on one line.
std::string JsonOf(const rapidjson::Value& value);
// The same with the members of objects in the order of their names: equal for equal values, but for
// how numbers are written.
std::string CanonicalJsonOf(const rapidjson::Value& value);
// A string of JSON, with its quotation marks. Bytes that are no UTF-8 become U+FFFD.
std::string QuotedJson(absl::string_view text);

}  // namespace parlance::pipeline

#endif  // PIPELINE_JSON_BOUNDED_JSON_H_

// JSON objects of others, read within bounds, and written.
#ifndef PIPELINE_HTTP_JSON_OBJECT_H_
#define PIPELINE_HTTP_JSON_OBJECT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {

// How many arrays and objects may be in one another: so few that a value may be walked recursively.
inline constexpr int kMaxServerJsonDepth = 64;

// Parses text (RFC 8259) of any size; nothing if it is not JSON or nested too deeply.
std::optional<rapidjson::Document> ParseServerJson(absl::string_view text);

// The object's member; null if there is none, if it is null, and if `object` is no object.
const rapidjson::Value* MemberOf(const rapidjson::Value& object, const char* name);
// The object's member if it is a string.
std::optional<absl::string_view> StringOf(const rapidjson::Value& object, const char* name);

// What a server says, for people: on one line, without control characters, 300 bytes of it at most.
std::string OnOneLine(absl::string_view words);

// The value as JSON, on one line.
std::string JsonOf(const rapidjson::Value& value);
// The same with the members of objects in the order of their names: equal for equal values, but for
// how numbers are written.
std::string CanonicalJsonOf(const rapidjson::Value& value);

}  // namespace parlance::pipeline

#endif  // PIPELINE_HTTP_JSON_OBJECT_H_

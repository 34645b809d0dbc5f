// The JSON that servers answer with, and their words for people.
#ifndef PIPELINE_HTTP_SERVER_JSON_H_
#define PIPELINE_HTTP_SERVER_JSON_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {

// How many arrays and objects may be in one another: so few that a value may be walked recursively.
inline constexpr int kMaxServerJsonDepth = 64;

// Parses text (RFC 8259) of any size, which whoever received it has bounded; nothing if it is not
// JSON or nested too deeply. Bytes of strings that are no UTF-8 are kept as they are: whoever uses
// a text decides what becomes of them.
std::optional<rapidjson::Document> ParseServerJson(absl::string_view text);

// What a server says, for people: on one line, without control characters, 300 bytes of it at most.
std::string OnOneLine(absl::string_view words);

}  // namespace parlance::pipeline

#endif  // PIPELINE_HTTP_SERVER_JSON_H_

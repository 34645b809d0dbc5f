// JSON that others wrote.
#ifndef PERF_IMPORT_JSON_TEXT_H_
#define PERF_IMPORT_JSON_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace perf {

// How deep a result may be nested: those of tools have less than ten levels.
inline constexpr int kMaxImportDepth = 64;

// Parses RFC 8259 into `document`. InvalidArgument ("not JSON, or cut short: at byte 7: …") for
// what is not JSON, such as a NaN, a number beyond doubles or bytes that are not UTF-8, and for
// what is nested too deeply.
absl::Status ParseJsonText(absl::string_view text, rapidjson::Document& document);

// The member of that name if `value` is an object that has one, or else null.
const rapidjson::Value* Member(const rapidjson::Value& value, const char* name);

// The member if it is a string, or else "".
std::string TextMember(const rapidjson::Value& value, const char* name);

}  // namespace perf

#endif  // PERF_IMPORT_JSON_TEXT_H_

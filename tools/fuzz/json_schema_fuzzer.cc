// Any schema and any value: an answer, never a crash. The input is the schema's text, a NUL, and
// the value's text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/json_schema.h"

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using parlance::tools::JsonSchema;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t nul = input.find('\0');
  if (nul == absl::string_view::npos) return 0;
  const auto schema = JsonSchema::Compile(input.substr(0, nul));
  if (!schema.ok()) return 0;
  const absl::string_view text = input.substr(nul + 1);
  rapidjson::Document value;
  if (parlance::tools::ParseJson(text, value).has_value()) return 0;
  const auto error = schema->Validate(value);
  // An error says something, and the answer is always the same.
  if (error.has_value() && error->message.empty()) std::abort();
  if (schema->Validate(value).has_value() != error.has_value()) std::abort();
  return 0;
}

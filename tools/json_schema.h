// Validates JSON values against a JSON Schema, compiled once.
//
// Of JSON Schema 2020-12 (json-schema.org/draft/2020-12), what describes arguments of tools: type,
// enum, const, properties, required, additionalProperties, minProperties, maxProperties, items,
// prefixItems, minItems, maxItems, uniqueItems, minimum, maximum, exclusiveMinimum,
// exclusiveMaximum, multipleOf, minLength, maxLength (in code points), pattern (RE2's syntax,
// searched), allOf, anyOf, oneOf, not, $ref into the same document, true and false as schemas.
// $schema, $id, $comment, $defs, title, description, default, examples, format, deprecated,
// readOnly and writeOnly say nothing of validity and are allowed. Any other keyword is refused: a
// check that is silently skipped would be worse.
//
// Threads: a compiled schema is immutable. Allocation: validating allocates nothing when the value
// is valid and within kMaxDepth.
#ifndef TOOLS_JSON_SCHEMA_H_
#define TOOLS_JSON_SCHEMA_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::tools {

// Where a value fails, and what was expected there.
struct SchemaError {
  // JSON Pointer (RFC 6901) into the value; empty for the whole.
  std::string pointer;
  std::string message;
};

class JsonSchema {
 public:
  // Nesting of schemas and of values beyond this is an error.
  static constexpr int kMaxDepth = 64;

  // InvalidArgument, with the pointer into the schema, for malformed JSON, an unknown keyword, a
  // keyword's malformed value, or a $ref that leads nowhere.
  static absl::StatusOr<JsonSchema> Compile(absl::string_view schema_json);

  ~JsonSchema();
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;

  // Nothing if valid; otherwise the first error.
  std::optional<SchemaError> Validate(const rapidjson::Value& value) const;

 private:
  struct Node;
  class Compiler;
  class Validator;
  struct Program;

  explicit JsonSchema(std::unique_ptr<Program> program);

  std::unique_ptr<Program> program_;
};

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_H_

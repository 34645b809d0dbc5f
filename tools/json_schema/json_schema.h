// Validates JSON values against a JSON Schema, compiled once.
//
// The dialect is JSON Schema 2020-12 (json-schema.org/draft/2020-12), within one document:
//
//   any value  type, enum, const, allOf, anyOf, oneOf, not, if, then, else
//   numbers    minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
//   strings    minLength, maxLength (in code points), pattern (see ecma_pattern.h)
//   arrays     items, prefixItems, contains, minContains, maxContains, minItems, maxItems,
//              uniqueItems, unevaluatedItems
//   objects    properties, patternProperties, additionalProperties, propertyNames, required,
//              dependentRequired, dependentSchemas, minProperties, maxProperties,
//              unevaluatedProperties
//   structure  $id, $anchor, $dynamicAnchor, $defs, definitions, $ref, $dynamicRef; true and false
//
// Annotations say nothing of validity and are allowed: $comment, $vocabulary, title, description,
// default, examples, format, deprecated, readOnly, writeOnly, contentEncoding, contentMediaType,
// contentSchema, and whatever begins with x-. Any other keyword is refused, also in $defs that
// nothing refers to: a check that is silently skipped would be worse.
//
// $schema may name 2020-12, 2019-09 or draft-07, as generators of schemas write any of them. The
// meaning is that of 2020-12 all the same: keywords beside a $ref apply, and what older drafts
// wrote otherwise (items as an array, additionalItems, dependencies, an $id with a fragment) is
// refused.
//
// $ref and $dynamicRef lead to the document itself, by #, #/pointer, #anchor, or the $id of a
// schema embedded in it, resolved by RFC 3986. Nothing is ever fetched.
//
// Numbers and equality are those of json_value.h, which parses, too: 1.0 is an integer and
// equals 1. The parser refuses numbers that a double cannot hold. A name that an object
// has twice is checked twice, and counts twice for maxProperties; in a schema it is refused.
//
// Threads: a compiled schema is immutable. Allocation: validating allocates nothing when the value
// is valid, but where json_value.h says so of equality, for objects of which a schema names over
// 256 properties or unevaluatedProperties looks at over 256 (and so items), and for RE2's automata,
// which grow with the texts that they have met.
#ifndef TOOLS_JSON_SCHEMA_JSON_SCHEMA_H_
#define TOOLS_JSON_SCHEMA_JSON_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::tools {

// An error of a value: the place at which it fails, and what was expected there.
struct SchemaError {
  // JSON Pointer (RFC 6901) into the value; empty for the whole.
  std::string pointer;
  // The keyword that fails, such as "required"; for the schema `false`, the keyword that applies
  // it. Empty where a limit is exceeded, and for `false` as the whole schema.
  std::string keyword;
  // Goes on after the pointer, in words that a language model can correct itself by: "is 7,
  // expected at most 5". With alternatives (anyOf, oneOf) it is about the one alternative that the
  // value can be meant for, by its type and constants, or lists what is wrong with some.
  std::string message;
};

struct SchemaProgram;

class JsonSchema {
 public:
  // Nesting of schemas and of values beyond this is an error.
  static constexpr int kMaxDepth = 64;
  static constexpr size_t kMaxSchemaBytes = 1 << 20;
  // Steps of one validation: a schema applied to a value, two values compared, 64 bytes of a string
  // looked at. Some seconds at most; beyond, the value is invalid, and the message says why.
  static constexpr int64_t kMaxWork = 10'000'000;

  // InvalidArgument, with the pointer into the schema, for malformed JSON, an unknown keyword, a
  // keyword's malformed value, a $ref that leads nowhere or back to itself without looking further
  // into the value, a regular expression that RE2 cannot run, and schemas that are too large.
  static absl::StatusOr<JsonSchema> Compile(absl::string_view schema_json);

  ~JsonSchema();
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;

  // Nothing if valid; otherwise the first error.
  std::optional<SchemaError> Validate(const rapidjson::Value& value) const;

 private:
  explicit JsonSchema(std::unique_ptr<SchemaProgram> program);

  std::unique_ptr<SchemaProgram> program_;
};

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_JSON_SCHEMA_H_

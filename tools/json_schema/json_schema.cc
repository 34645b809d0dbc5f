#include "tools/json_schema/json_schema.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/schema_compiler.h"
#include "tools/json_schema/schema_program.h"
#include "tools/json_schema/schema_validator.h"

namespace parlance::tools {
namespace {

// A level of schemas is up to two of JSON, as in {"properties": {"a": {...}}}; a constant may be
// below them.
constexpr JsonLimits kTextLimits = {.max_bytes = JsonSchema::kMaxSchemaBytes,
                                    .max_depth = 3 * JsonSchema::kMaxDepth};
constexpr ValidationLimits kLimits = {.max_depth = JsonSchema::kMaxDepth,
                                      .max_schemas = 16 * JsonSchema::kMaxDepth,
                                      .max_work = JsonSchema::kMaxWork};

}  // namespace

JsonSchema::JsonSchema(std::unique_ptr<SchemaProgram> program) : program_(std::move(program)) {}
JsonSchema::~JsonSchema() = default;
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;

absl::StatusOr<JsonSchema> JsonSchema::Compile(absl::string_view schema_json) {
  if (schema_json.size() > kMaxSchemaBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the schema has ", schema_json.size(),
                                                   " bytes; the limit is ", kMaxSchemaBytes));
  }
  auto program = std::make_unique<SchemaProgram>();
  rapidjson::Document& document = program->document;
  if (const auto malformed = ParseJson(schema_json, document, kTextLimits)) {
    return absl::InvalidArgumentError(absl::StrCat("the schema is not JSON: ", *malformed));
  }
  if (absl::Status ok = CompileSchema(kMaxDepth, *program); !ok.ok()) return ok;
  return JsonSchema(std::move(program));
}

std::optional<SchemaError> JsonSchema::Validate(const rapidjson::Value& value) const {
  return RunSchema(*program_, kLimits, value);
}

}  // namespace parlance::tools

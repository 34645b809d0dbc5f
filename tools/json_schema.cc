#include "tools/json_schema.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/error/en.h"
#include "tools/json_value.h"
#include "tools/schema_compiler.h"
#include "tools/schema_program.h"
#include "tools/schema_validator.h"

namespace parlance::tools {
namespace {

// A level of schemas is up to two of JSON, as in {"properties": {"a": {...}}}; a constant may be
// below them.
constexpr int kMaxJsonDepth = 3 * JsonSchema::kMaxDepth;
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
  document.Parse<kJsonParseFlags>(schema_json.data(), schema_json.size());
  if (document.HasParseError()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the schema is not JSON: at byte ", document.GetErrorOffset(), ": ",
                     rapidjson::GetParseError_En(document.GetParseError())));
  }
  if (!NestedWithin(document, kMaxJsonDepth)) {
    return absl::InvalidArgumentError("the schema is nested too deeply");
  }
  if (absl::Status ok = CompileSchema(kMaxDepth, *program); !ok.ok()) return ok;
  return JsonSchema(std::move(program));
}

std::optional<SchemaError> JsonSchema::Validate(const rapidjson::Value& value) const {
  return RunSchema(*program_, kLimits, value);
}

}  // namespace parlance::tools

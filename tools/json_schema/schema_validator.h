// Runs a SchemaProgram on a value.
#ifndef TOOLS_JSON_SCHEMA_SCHEMA_VALIDATOR_H_
#define TOOLS_JSON_SCHEMA_SCHEMA_VALIDATOR_H_

#include <cstdint>
#include <optional>

#include "rapidjson/document.h"
#include "tools/json_schema/json_schema.h"
#include "tools/json_schema/schema_program.h"

namespace parlance::tools {

struct ValidationLimits {
  // Of nested values.
  int max_depth;
  // Of schemas under way at once, which bounds the stack: a level of values may take several.
  int max_schemas;
  // Of what is looked at: a schema applied to a value, a value compared, 64 bytes of a string.
  int64_t max_work;
};

// Nothing if valid; otherwise the first error, which may be that a limit is exceeded.
std::optional<SchemaError> RunSchema(const SchemaProgram& program, const ValidationLimits& limits,
                                     const rapidjson::Value& value);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_SCHEMA_VALIDATOR_H_

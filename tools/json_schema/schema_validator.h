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
  // How deep values may be nested.
  int max_depth;
  // How many schemas may be under way at once, which bounds the stack: a level of values may take
  // several.
  int max_schemas;
  // How much may be looked at: a schema applied to a value, a value compared and 64 bytes of a
  // string each count one.
  int64_t max_work;
};

// Nothing if valid; otherwise the first error, which may be that a limit is exceeded.
std::optional<SchemaError> RunSchema(const SchemaProgram& program, const ValidationLimits& limits,
                                     const rapidjson::Value& value);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_SCHEMA_VALIDATOR_H_

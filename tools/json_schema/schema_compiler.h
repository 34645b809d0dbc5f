// Makes a SchemaProgram of a JSON Schema, and refuses what it cannot honour.
#ifndef TOOLS_JSON_SCHEMA_SCHEMA_COMPILER_H_
#define TOOLS_JSON_SCHEMA_SCHEMA_COMPILER_H_

#include "absl/status/status.h"
#include "tools/json_schema/schema_program.h"

namespace parlance::tools {

// Compiles the schema in `program.document`, whose values must stay where they are, into the rest
// of `program`. `max_depth` bounds the nesting of schemas, and that of constants. InvalidArgument
// as JsonSchema::Compile says.
absl::Status CompileSchema(int max_depth, SchemaProgram& program);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_SCHEMA_COMPILER_H_

// Definitions of tools as other programs write them.
//
// Functions that write are deterministic: tools are in the order of their names, members in a fixed
// one, and schemas as their authors wrote them, but for the space between tokens.
#ifndef TOOLS_TOOL_JSON_H_
#define TOOLS_TOOL_JSON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::tools {

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

// One tool of the Model Context Protocol's tools/list (revision 2025-11-25, Server Features,
// Tools): name, title, description, inputSchema, outputSchema, annotations; the version in _meta.
void WriteMcpTool(const Tool& tool, JsonWriter& writer);

// {"tools":[...]}, as a result of tools/list that is not paginated.
std::string McpToolsJson(absl::Span<const ToolPtr> tools);

// What OpenAI's chat completions take as `tools`: [{"type":"function","function":{"name",
// "description","parameters"}}].
std::string OpenAiToolsJson(absl::Span<const ToolPtr> tools);

// Of MCP's annotations, an object; what is missing or malformed has its default.
ToolAnnotations ReadToolAnnotations(const rapidjson::Value& object);

// What a file says of tools, without handlers: either of the forms above, or one tool of them.
// InvalidArgument if it is neither; whether schemas and names are good is Register's to say.
absl::StatusOr<std::vector<Tool>> ReadTools(absl::string_view json);

}  // namespace parlance::tools

#endif  // TOOLS_TOOL_JSON_H_

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

// Reads MCP's annotations, an object. What is missing or malformed has its default.
ToolAnnotations ReadToolAnnotations(const rapidjson::Value& object);

// What describes a tool whose author may have left the description out: that, or else its title, or
// else its name. A registry wants one.
std::string DescriptionOf(const std::string& description, const std::string& title,
                          const std::string& name);

// What a definition of a tool, an object, has that a Tool does not keep, such as "strict" or
// "_meta/x"; null is nothing.
std::vector<std::string> UnkeptMembers(const rapidjson::Value& definition);

// The tools that a file defines.
struct ToolDefinitions {
  struct Defined {
    // The tool, without a handler. Whether its name and schemas are good is Register's to say.
    Tool tool;
    // The "command" of a tool that is a program: the program and its arguments. Empty if it has
    // none, or not one of words. No word has a NUL: such a definition is refused.
    std::vector<std::string> command;
    // UnkeptMembers of the definition.
    std::vector<std::string> unkept;
  };
  struct Refused {
    // The name of the tool, or "tool 3" where it has none, counted from 1.
    std::string name;
    std::string reason;
  };
  // Both in the file's order.
  std::vector<Defined> tools;
  // The entries that could not be read as tools. The others are read all the same.
  std::vector<Refused> refused;
};

// Reads either of the forms above, or one tool of them. InvalidArgument if the text is neither. A
// tool without a description has DescriptionOf.
absl::StatusOr<ToolDefinitions> ReadTools(absl::string_view json);

}  // namespace parlance::tools

#endif  // TOOLS_TOOL_JSON_H_

#include "tools/tool_json.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/json/json_value.h"

namespace parlance::tools {
namespace {

using rapidjson::Value;

void WriteText(const char* key, absl::string_view text, JsonWriter& writer) {
  writer.Key(key);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// JSON without the space between its tokens: a message over stdio is a line.
std::string WithoutSpace(absl::string_view json) {
  std::string compact;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      compact.push_back(c);
      compact.push_back(json[++i]);
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || !absl::ascii_isspace(c)) compact.push_back(c);
  }
  return compact;
}

void WriteSchema(const char* key, const std::string& schema, JsonWriter& writer) {
  writer.Key(key);
  // Compiled, so it is JSON.
  const std::string compact = WithoutSpace(schema);
  writer.RawValue(compact.data(), compact.size(), rapidjson::kObjectType);
}

void WriteBool(const char* key, bool value, JsonWriter& writer) {
  writer.Key(key);
  writer.Bool(value);
}

std::string TextOf(const Value& object, const char* key) {
  return StringMember(object, key).value_or("");
}

std::string JsonOf(const Value& object, const char* key) {
  const Value* const member = FindMember(object, key);
  return member == nullptr ? "" : ValueJson(*member);
}

void ReadBool(const Value& object, const char* key, bool& value) {
  const Value* const member = FindMember(object, key);
  if (member != nullptr && member->IsBool()) value = member->GetBool();
}

const Value* ObjectIn(const Value& object, const char* key) {
  const Value* const member = FindMember(object, key);
  return member != nullptr && member->IsObject() ? member : nullptr;
}

absl::StatusOr<Tool> ReadTool(const Value& value) {
  if (!value.IsObject()) return absl::InvalidArgumentError("a tool is not an object");
  // OpenAI's chat completions have it one level down, its responses do not.
  const Value* const function = ObjectIn(value, "function");
  const Value& object = function == nullptr ? value : *function;
  Tool tool;
  tool.name = TextOf(object, "name");
  if (tool.name.empty()) return absl::InvalidArgumentError("a tool has no name");
  tool.title = TextOf(object, "title");
  tool.description = TextOf(object, "description");
  const bool is_mcp = object.HasMember("inputSchema");
  tool.parameters = JsonOf(object, is_mcp ? "inputSchema" : "parameters");
  // OpenAI: omitting it means no arguments; some write null for that.
  if (tool.parameters.empty() || (!is_mcp && tool.parameters == "null")) {
    tool.parameters = R"({"type":"object","properties":{}})";
  }
  tool.result_schema = JsonOf(object, "outputSchema");
  if (const Value* annotations = ObjectIn(object, "annotations")) {
    tool.annotations = ReadToolAnnotations(*annotations);
    if (tool.title.empty()) tool.title = TextOf(*annotations, "title");
  }
  if (const Value* meta = ObjectIn(object, "_meta")) {
    tool.version = TextOf(*meta, "parlance/version");
  }
  return tool;
}

std::vector<std::string> WordsOf(const Value& object) {
  std::vector<std::string> words;
  const Value* const command = FindMember(object, "command");
  if (command == nullptr || !command->IsArray()) return words;
  for (const Value& word : command->GetArray()) {
    if (!word.IsString()) return {};
    words.emplace_back(View(word));
  }
  return words;
}

void ReadDefinition(const Value& value, size_t number, ToolDefinitions& definitions) {
  absl::StatusOr<Tool> tool = ReadTool(value);
  if (tool.ok()) {
    definitions.tools.push_back({.tool = *std::move(tool), .command = WordsOf(value)});
  } else {
    definitions.refused.push_back(
        {.name = absl::StrCat("tool ", number), .reason = std::string(tool.status().message())});
  }
}

// Returns the schema as the protocol wants it: an object that says type: object.
std::string InputSchema(const std::string& parameters) {
  rapidjson::Document schema;
  // Compiled, so it is JSON, and a boolean if it is no object; `true` takes any arguments.
  ParseJson(parameters, schema);
  if (schema.IsObject() && schema.HasMember("type")) return parameters;
  if (!schema.IsObject()) schema.SetObject();
  schema.AddMember("type", "object", schema.GetAllocator());
  return ValueJson(schema);
}

}  // namespace

ToolAnnotations ReadToolAnnotations(const rapidjson::Value& object) {
  ToolAnnotations annotations;
  ReadBool(object, "readOnlyHint", annotations.read_only);
  ReadBool(object, "destructiveHint", annotations.destructive);
  ReadBool(object, "idempotentHint", annotations.idempotent);
  ReadBool(object, "openWorldHint", annotations.open_world);
  return annotations;
}

void WriteMcpTool(const Tool& tool, JsonWriter& writer) {
  writer.StartObject();
  WriteText("name", tool.name, writer);
  if (!tool.title.empty()) WriteText("title", tool.title, writer);
  WriteText("description", tool.description, writer);
  WriteSchema("inputSchema", InputSchema(tool.parameters), writer);
  if (!tool.result_schema.empty()) WriteSchema("outputSchema", tool.result_schema, writer);
  writer.Key("annotations");
  writer.StartObject();
  WriteBool("readOnlyHint", tool.annotations.read_only, writer);
  WriteBool("destructiveHint", tool.annotations.destructive, writer);
  WriteBool("idempotentHint", tool.annotations.idempotent, writer);
  WriteBool("openWorldHint", tool.annotations.open_world, writer);
  writer.EndObject();
  if (!tool.version.empty()) {
    writer.Key("_meta");
    writer.StartObject();
    WriteText("parlance/version", tool.version, writer);
    writer.EndObject();
  }
  writer.EndObject();
}

std::string McpToolsJson(absl::Span<const ToolPtr> tools) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  writer.Key("tools");
  writer.StartArray();
  for (const ToolPtr& tool : tools) WriteMcpTool(tool->tool, writer);
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string OpenAiToolsJson(absl::Span<const ToolPtr> tools) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartArray();
  for (const ToolPtr& tool : tools) {
    writer.StartObject();
    WriteText("type", "function", writer);
    writer.Key("function");
    writer.StartObject();
    WriteText("name", tool->tool.name, writer);
    WriteText("description", tool->tool.description, writer);
    WriteSchema("parameters", tool->tool.parameters, writer);
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

absl::StatusOr<ToolDefinitions> ReadTools(absl::string_view json) {
  rapidjson::Document document;
  if (const std::optional<std::string> malformed = ParseJson(json, document)) {
    return absl::InvalidArgumentError(absl::StrCat("not JSON: ", *malformed));
  }
  const Value* list = &document;
  if (const Value* const tools = FindMember(document, "tools")) {
    if (!tools->IsArray()) return absl::InvalidArgumentError("\"tools\" is not an array");
    list = tools;
  }
  ToolDefinitions definitions;
  if (!list->IsArray()) {
    absl::StatusOr<Tool> tool = ReadTool(*list);
    if (!tool.ok()) return tool.status();
    definitions.tools.push_back({.tool = *std::move(tool), .command = WordsOf(*list)});
    return definitions;
  }
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    ReadDefinition((*list)[i], size_t{i} + 1, definitions);
  }
  return definitions;
}

}  // namespace parlance::tools

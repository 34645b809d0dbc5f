#include "tools/tool_json.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/json/json_text.h"
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

// The member on one line, its numbers as they are written; "" if there is none.
std::string JsonOf(absl::string_view object, const char* key) {
  return CompactJson(MemberText(object, key)).value_or("");
}

void ReadBool(const Value& object, const char* key, bool& value) {
  const Value* const member = FindMember(object, key);
  if (member != nullptr && member->IsBool()) value = member->GetBool();
}

const Value* ObjectIn(const Value& object, const char* key) {
  const Value* const member = FindMember(object, key);
  return member != nullptr && member->IsObject() ? member : nullptr;
}

// Adds the names of members that are not among those known.
void AddUnknown(const Value& object, std::initializer_list<absl::string_view> known,
                absl::string_view prefix, std::vector<std::string>& names) {
  for (const auto& member : object.GetObject()) {
    const absl::string_view name = View(member.name);
    if (member.value.IsNull() || std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    names.push_back(absl::StrCat(prefix, name));
  }
}

// `text`: the value's.
absl::StatusOr<Tool> ReadTool(const Value& value, absl::string_view text) {
  if (!value.IsObject()) return absl::InvalidArgumentError("a tool is not an object");
  // OpenAI's chat completions have it one level down, its responses do not.
  const Value* const function = ObjectIn(value, "function");
  const Value& object = function == nullptr ? value : *function;
  if (function != nullptr) text = MemberText(text, "function");
  Tool tool;
  tool.name = TextOf(object, "name");
  if (tool.name.empty()) return absl::InvalidArgumentError("a tool has no name");
  tool.title = TextOf(object, "title");
  const bool is_mcp = object.HasMember("inputSchema");
  tool.parameters = JsonOf(text, is_mcp ? "inputSchema" : "parameters");
  // OpenAI: omitting it means no arguments; some write null for that.
  if (tool.parameters.empty() || (!is_mcp && tool.parameters == "null")) {
    tool.parameters = R"({"type":"object","properties":{}})";
  }
  tool.result_schema = JsonOf(text, "outputSchema");
  if (const Value* annotations = ObjectIn(object, "annotations")) {
    tool.annotations = ReadToolAnnotations(*annotations);
    if (tool.title.empty()) tool.title = TextOf(*annotations, "title");
  }
  tool.description = DescriptionOf(TextOf(object, "description"), tool.title, tool.name);
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

void ReadDefinition(const Value& value, absl::string_view text, size_t number,
                    ToolDefinitions& definitions) {
  absl::StatusOr<Tool> tool = ReadTool(value, text);
  if (!tool.ok()) {
    definitions.refused.push_back(
        {.name = absl::StrCat("tool ", number), .reason = std::string(tool.status().message())});
    return;
  }
  std::vector<std::string> words = WordsOf(value);
  // A program would get the words up to there, and do something else.
  if (std::any_of(words.begin(), words.end(),
                  [](const std::string& word) { return absl::StrContains(word, '\0'); })) {
    definitions.refused.push_back({.name = tool->name, .reason = "'command' has a NUL"});
    return;
  }
  definitions.tools.push_back(
      {.tool = *std::move(tool), .command = std::move(words), .unkept = UnkeptMembers(value)});
}

// Returns the schema as the protocol wants it: an object that says type: object.
std::string InputSchema(const std::string& parameters) {
  rapidjson::Document schema;
  // A registry has compiled it, so it is JSON, and true if it is no object.
  ParseJson(parameters, schema);
  if (!schema.IsObject()) return R"({"type":"object"})";
  if (schema.HasMember("type")) return parameters;
  return absl::StrCat(parameters.substr(0, parameters.rfind('}')), schema.ObjectEmpty() ? "" : ",",
                      R"("type":"object"})");
}

}  // namespace

std::string DescriptionOf(const std::string& description, const std::string& title,
                          const std::string& name) {
  if (!description.empty()) return description;
  return title.empty() ? name : title;
}

std::vector<std::string> UnkeptMembers(const rapidjson::Value& definition) {
  std::vector<std::string> names;
  const Value* const function = ObjectIn(definition, "function");
  if (function != nullptr) AddUnknown(definition, {"type", "function"}, "", names);
  const Value& object = function == nullptr ? definition : *function;
  AddUnknown(object,
             {"type", "name", "title", "description",
              object.HasMember("inputSchema") ? "inputSchema" : "parameters", "outputSchema",
              "annotations", "_meta"},
             "", names);
  if (const Value* const annotations = ObjectIn(object, "annotations")) {
    AddUnknown(*annotations,
               {"title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"},
               "annotations/", names);
  }
  if (const Value* const meta = ObjectIn(object, "_meta")) {
    AddUnknown(*meta, {"parlance/version"}, "_meta/", names);
  }
  return names;
}

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
  absl::string_view text = json;
  if (const Value* const tools = FindMember(document, "tools")) {
    if (!tools->IsArray()) return absl::InvalidArgumentError("\"tools\" is not an array");
    list = tools;
    text = MemberText(json, "tools");
  }
  ToolDefinitions definitions;
  if (!list->IsArray()) {
    ReadDefinition(*list, text, 1, definitions);
    if (definitions.tools.empty()) {
      return absl::InvalidArgumentError(definitions.refused[0].reason);
    }
    return definitions;
  }
  const std::vector<absl::string_view> texts = ElementTexts(text);
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    ReadDefinition((*list)[i], texts[i], size_t{i} + 1, definitions);
  }
  return definitions;
}

}  // namespace parlance::tools

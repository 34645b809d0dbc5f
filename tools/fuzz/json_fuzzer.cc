// Any text: an answer, never a crash. JSON that is read can be written and read again, and so can
// the tools in it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/json/json_text.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/json_schema.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"
#include "tools/tool_json.h"

namespace parlance::tools {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

bool AreEqual(const rapidjson::Value& a, const rapidjson::Value& b) {
  Work work{.left = std::numeric_limits<int64_t>::max()};
  return EqualValues(a, b, work);
}

// Whether a text is JSON of this value.
bool IsTextOf(absl::string_view text, const rapidjson::Value& value) {
  rapidjson::Document parsed;
  return !ParseJson(text, parsed).has_value() && AreEqual(parsed, value);
}

// The text's parts are those of the value that was read from it.
void FuzzTexts(absl::string_view text, const rapidjson::Value& value) {
  Check(IsTextOf(CompactJson(text).value_or(""), value));
  Check(IsTextOf(PrettyJson(text), value));
  // Each look-up is linear.
  constexpr rapidjson::SizeType kMaxParts = 32;
  if (value.IsArray()) {
    const std::vector<absl::string_view> elements = ElementTexts(text);
    Check(elements.size() == value.Size());
    for (rapidjson::SizeType i = 0; i < std::min(value.Size(), kMaxParts); ++i) {
      Check(IsTextOf(elements[i], value[i]));
    }
  } else {
    Check(ElementTexts(text).empty());
  }
  if (!value.IsObject()) return Check(MemberText(text, "").empty());
  if (value.MemberCount() > kMaxParts) return;
  for (const auto& member : value.GetObject()) {
    Check(IsTextOf(MemberText(text, View(member.name)), value.FindMember(member.name)->value));
  }
}

void FuzzValues(absl::string_view text) {
  rapidjson::Document value;
  const bool is_json = !ParseJson(text, value).has_value();

  std::string copy(text);
  // For the document and for its stack.
  rapidjson::MemoryPoolAllocator<> allocator;
  rapidjson::MemoryPoolAllocator<> stack;
  PooledDocument pooled(&allocator, 256, &stack);
  Check(!ParseJsonInsitu(text, copy.data(), pooled, stack).has_value() == is_json);
  if (!is_json) return;
  // RFC 8259 allows it nowhere.
  Check(text.find('\0') == absl::string_view::npos);
  Check(AreEqual(value, pooled));

  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  rapidjson::Document again;
  Check(!ParseJson({buffer.GetString(), buffer.GetSize()}, again).has_value());
  Check(AreEqual(value, again));
  FuzzTexts(text, value);
}

void FuzzTools(absl::string_view text) {
  absl::StatusOr<ToolDefinitions> tools = ReadTools(text);
  if (!tools.ok()) return;
  ToolRegistry registry;
  for (auto& [tool, command, unkept] : tools->tools) {
    tool.handler = [](const rapidjson::Value&, const ToolContext&) { return ToolOutput(); };
    // Most are refused, for their names or schemas.
    registry.Register(std::move(tool)).IgnoreError();
  }
  const std::vector<ToolPtr> registered = registry.List();

  const absl::StatusOr<ToolDefinitions> from_mcp = ReadTools(McpToolsJson(registered));
  const absl::StatusOr<ToolDefinitions> from_open_ai = ReadTools(OpenAiToolsJson(registered));
  Check(from_mcp.ok() && from_mcp->tools.size() == registered.size());
  Check(from_open_ai.ok() && from_open_ai->tools.size() == registered.size());
  for (size_t i = 0; i < registered.size(); ++i) {
    const Tool& tool = registered[i]->tool;
    const Tool& mcp = from_mcp->tools[i].tool;
    const Tool& open_ai = from_open_ai->tools[i].tool;
    Check(mcp.name == tool.name && open_ai.name == tool.name);
    Check(mcp.description == tool.description && open_ai.description == tool.description);
    Check(mcp.title == tool.title && mcp.version == tool.version);
    Check(mcp.result_schema == tool.result_schema && open_ai.parameters == tool.parameters);
    Check(JsonSchema::Compile(mcp.parameters).ok());
  }
}

}  // namespace
}  // namespace parlance::tools

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  parlance::tools::FuzzValues(text);
  parlance::tools::FuzzTools(text);
  return 0;
}

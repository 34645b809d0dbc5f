#include "tools/registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace parlance::tools {
namespace {

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-';
  });
}

}  // namespace

absl::Status ToolRegistry::Register(Tool tool) {
  if (!IsName(tool.name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tool name '", tool.name, "' is not 1 to 64 letters, digits, underscores and hyphens"));
  }
  if (tool.description.empty() || tool.handler == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("tool '", tool.name, "' needs a description and a handler"));
  }
  absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(tool.parameters);
  if (!schema.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tool '", tool.name, "': ", schema.status().message()));
  }
  const std::string name = tool.name;
  const bool inserted = tools_
                            .try_emplace(name, std::make_unique<RegisteredTool>(RegisteredTool{
                                                   std::move(tool), *std::move(schema)}))
                            .second;
  if (!inserted)
    return absl::AlreadyExistsError(absl::StrCat("there is a tool '", name, "' already"));
  return absl::OkStatus();
}

const RegisteredTool* ToolRegistry::Find(absl::string_view name) const {
  const auto found = tools_.find(name);
  return found == tools_.end() ? nullptr : found->second.get();
}

std::vector<const RegisteredTool*> ToolRegistry::List() const {
  std::vector<const RegisteredTool*> list;
  list.reserve(tools_.size());
  for (const auto& [name, tool] : tools_) list.push_back(tool.get());
  std::sort(list.begin(), list.end(), [](const RegisteredTool* a, const RegisteredTool* b) {
    return a->tool.name < b->tool.name;
  });
  return list;
}

}  // namespace parlance::tools

#include "tools/registry.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace parlance::tools {
namespace {

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-';
  });
}

absl::Status CheckTool(const Tool& tool) {
  if (!IsName(tool.name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tool name '", tool.name, "' is not 1 to 64 letters, digits, underscores and hyphens"));
  }
  const auto invalid = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("tool '", tool.name, "' ", what));
  };
  if (tool.description.empty() || tool.handler == nullptr) {
    return invalid("needs a description and a handler");
  }
  if (tool.max_concurrency < 0 || tool.timeout < absl::ZeroDuration() || tool.max_attempts < 1) {
    return invalid("has a negative limit, or no attempt");
  }
  if (tool.max_attempts > 1 && !tool.annotations.MayRepeat()) {
    return invalid("may not be tried again: it is neither idempotent nor read-only");
  }
  return absl::OkStatus();
}

}  // namespace

// Names to tools, for reading: open addressing with linear probing (Knuth, vol. 3, 6.4), at most
// half full.
class ToolRegistry::Table {
 public:
  explicit Table(const std::map<std::string, ToolPtr, std::less<>>& tools) {
    size_t size = 16;
    while (size < 2 * tools.size()) size *= 2;
    slots_.resize(size);
    for (const auto& [name, tool] : tools) {
      const size_t hash = absl::HashOf(absl::string_view(name));
      size_t i = hash & (size - 1);
      while (slots_[i].tool != nullptr) i = (i + 1) & (size - 1);
      slots_[i] = {.hash = hash, .tool = &tool};
    }
  }

  const ToolPtr* Find(absl::string_view name) const {
    const size_t hash = absl::HashOf(name);
    const size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask; slots_[i].tool != nullptr; i = (i + 1) & mask) {
      if (slots_[i].hash == hash && (*slots_[i].tool)->tool.name == name) return slots_[i].tool;
    }
    return nullptr;
  }

 private:
  struct Slot {
    size_t hash = 0;
    const ToolPtr* tool = nullptr;
  };

  std::vector<Slot> slots_;
};

ToolRegistry::ToolRegistry()
    : owned_table_(std::make_unique<Table>(tools_)), table_(owned_table_.get()) {}

ToolRegistry::~ToolRegistry() = default;

absl::Status ToolRegistry::Register(Tool tool) {
  if (absl::Status ok = CheckTool(tool); !ok.ok()) return ok;
  const auto compile = [&](const std::string& text) -> absl::StatusOr<JsonSchema> {
    absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(text);
    if (schema.ok()) return schema;
    return absl::InvalidArgumentError(
        absl::StrCat("tool '", tool.name, "': ", schema.status().message()));
  };
  absl::StatusOr<JsonSchema> schema = compile(tool.parameters);
  if (!schema.ok()) return schema.status();
  std::optional<JsonSchema> result_schema;
  if (!tool.result_schema.empty()) {
    absl::StatusOr<JsonSchema> compiled = compile(tool.result_schema);
    if (!compiled.ok()) return compiled.status();
    result_schema = *std::move(compiled);
  }
  const auto registered = std::make_shared<const RegisteredTool>(
      RegisteredTool{std::move(tool), *std::move(schema), std::move(result_schema)});

  std::lock_guard<std::mutex> lock(mutex_);
  const auto [place, is_new] = tools_.try_emplace(registered->tool.name, registered);
  if (!is_new) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a tool '", registered->tool.name, "' already"));
  }
  Publish();
  return absl::OkStatus();
}

absl::Status ToolRegistry::Remove(absl::string_view name) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = tools_.find(name);
  if (found == tools_.end()) {
    return absl::NotFoundError(absl::StrCat("there is no tool '", name, "'"));
  }
  // Ends after Publish, when nobody reads it any more.
  const auto removed = tools_.extract(found);
  Publish();
  return absl::OkStatus();
}

void ToolRegistry::Publish() {
  auto table = std::make_unique<const Table>(tools_);
  table_.store(table.get(), std::memory_order_seq_cst);
  version_.fetch_add(1, std::memory_order_release);
  gate_.WaitForReaders();
  owned_table_ = std::move(table);
}

ToolPtr ToolRegistry::Find(absl::string_view name) const {
  const ReaderGate::Reader reader(gate_);
  const ToolPtr* const found = table_.load(std::memory_order_seq_cst)->Find(name);
  return found == nullptr ? nullptr : *found;
}

std::vector<ToolPtr> ToolRegistry::List() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ToolPtr> list;
  list.reserve(tools_.size());
  for (const auto& [name, tool] : tools_) list.push_back(tool);
  return list;
}

}  // namespace parlance::tools

#include "tools/registry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/document.h"
#include "tools/json/json_value.h"

namespace parlance::tools {
namespace {

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxToolNameSize &&
         std::all_of(name.begin(), name.end(), IsToolNameCharacter);
}

// Whether the root of a schema that is compiled leaves room for an object at all.
bool TakesObjects(const std::string& parameters) {
  rapidjson::Document schema;
  ParseJson(parameters, schema);
  if (!schema.IsObject()) return schema.IsTrue();
  const rapidjson::Value* const type = FindMember(schema, "type");
  if (type == nullptr) return true;
  if (!type->IsArray()) return *type == "object";
  return std::any_of(type->Begin(), type->End(),
                     [](const rapidjson::Value& one) { return one == "object"; });
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

// What a look-up reads, side by side in memory.
struct alignas(64) ToolRegistry::Entry {
  Entry(absl::string_view tool_name, ToolPtr registered)
      : tool(std::move(registered)), name_size(tool_name.size()) {
    tool_name.copy(name.data(), name.size());
  }

  absl::string_view name_view() const { return {name.data(), name_size}; }

  const ToolPtr tool;
  const size_t name_size;
  std::array<char, kMaxToolNameSize> name;
};

// Names to entries: open addressing with linear probing (Knuth, vol. 3, 6.4), at most half full.
// One thread changes it, others look up meanwhile. A slot is used once: what is removed leaves a
// mark, until a new table takes this one's place.
class ToolRegistry::Table {
 public:
  // Room for so many names.
  explicit Table(size_t num_names) {
    size_t size = 32;
    while (size < 2 * num_names) size *= 2;
    slots_ = std::vector<Slot>(size);
  }

  // Slots that were used, of this many that may be.
  bool HasRoom() const { return 2 * num_used_ < slots_.size(); }

  // There has to be room, and no entry of that name.
  void Insert(const Entry& entry) {
    const size_t hash = absl::HashOf(entry.name_view());
    size_t i = hash & Mask();
    while (slots_[i].entry.load(std::memory_order_relaxed) != nullptr) i = (i + 1) & Mask();
    slots_[i].hash.store(hash, std::memory_order_relaxed);
    slots_[i].entry.store(&entry, std::memory_order_seq_cst);
    ++num_used_;
  }

  void Remove(const Entry& entry) {
    size_t i = absl::HashOf(entry.name_view()) & Mask();
    while (slots_[i].entry.load(std::memory_order_relaxed) != &entry) i = (i + 1) & Mask();
    slots_[i].hash.store(kNoHash, std::memory_order_relaxed);
    slots_[i].entry.store(&kRemoved, std::memory_order_seq_cst);
  }

  // Null if there is none.
  const Entry* Find(absl::string_view name) const {
    const size_t hash = absl::HashOf(name);
    for (size_t i = hash & Mask();; i = (i + 1) & Mask()) {
      const Entry* const entry = slots_[i].entry.load(std::memory_order_seq_cst);
      if (entry == nullptr) return nullptr;
      if (slots_[i].hash.load(std::memory_order_relaxed) == hash && entry->name_view() == name) {
        return entry;
      }
    }
  }

 private:
  struct Slot {
    std::atomic<size_t> hash = 0;
    std::atomic<const Entry*> entry = nullptr;
  };

  // The hash of a removed entry. A name may have it too, so names are compared as well.
  static constexpr size_t kNoHash = 0;
  // Marks a slot whose entry was removed. It has no name.
  static const Entry kRemoved;

  size_t Mask() const { return slots_.size() - 1; }

  std::vector<Slot> slots_;
  size_t num_used_ = 0;
};

const ToolRegistry::Entry ToolRegistry::Table::kRemoved("", nullptr);

ToolRegistry::ToolRegistry()
    : owned_table_(std::make_unique<Table>(0)), table_(owned_table_.get()) {}

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
  if (!TakesObjects(tool.parameters)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tool '", tool.name,
        "' can never be called: its arguments are an object, which its schema refuses"));
  }
  std::optional<JsonSchema> result_schema;
  if (!tool.result_schema.empty()) {
    absl::StatusOr<JsonSchema> compiled = compile(tool.result_schema);
    if (!compiled.ok()) return compiled.status();
    result_schema = *std::move(compiled);
  }
  const auto registered = std::make_shared<const RegisteredTool>(
      RegisteredTool{std::move(tool), *std::move(schema), std::move(result_schema)});

  const std::string& name = registered->tool.name;
  annotated::MutexLock lock(mutex_);
  const auto [place, is_new] = tools_.try_emplace(name);
  if (!is_new) {
    return absl::AlreadyExistsError(absl::StrCat("there is a tool '", name, "' already"));
  }
  place->second = std::make_unique<const Entry>(name, registered);
  if (owned_table_->HasRoom()) {
    owned_table_->Insert(*place->second);
  } else {
    // Half of it free, so that copies are rare.
    auto table = std::make_unique<Table>(2 * tools_.size());
    for (const auto& [_, entry] : tools_) table->Insert(*entry);
    Publish(std::move(table));
  }
  version_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status ToolRegistry::Remove(absl::string_view name) {
  annotated::MutexLock lock(mutex_);
  const auto found = tools_.find(name);
  if (found == tools_.end()) {
    return absl::NotFoundError(absl::StrCat("there is no tool '", name, "'"));
  }
  owned_table_->Remove(*found->second);
  gate_.WaitForReaders();
  tools_.erase(found);
  version_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

void ToolRegistry::Publish(std::unique_ptr<Table> table) {
  table_.store(table.get(), std::memory_order_seq_cst);
  gate_.WaitForReaders();
  owned_table_ = std::move(table);
}

ToolPtr ToolRegistry::Find(absl::string_view name) const {
  const ReaderGate::Reader reader(gate_);
  const Entry* const found = table_.load(std::memory_order_seq_cst)->Find(name);
  return found == nullptr ? nullptr : found->tool;
}

std::vector<ToolPtr> ToolRegistry::List() const {
  annotated::MutexLock lock(mutex_);
  std::vector<ToolPtr> list;
  list.reserve(tools_.size());
  for (const auto& [name, entry] : tools_) list.push_back(entry->tool);
  return list;
}

}  // namespace parlance::tools

// The tools there are, by name. They may come and go while others look them up.
//
// Threads: all methods may be called from any thread. Find is wait-free: it takes no lock, and a
// change under way does not hold it up. A change waits for the look-ups that began before it.
// Allocation: Find allocates nothing.
#ifndef TOOLS_REGISTRY_H_
#define TOOLS_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "third_party/annotated_mutex.h"
#include "tools/json_schema/json_schema.h"
#include "tools/reader_gate.h"
#include "tools/tool_definition.h"

namespace parlance::tools {

struct RegisteredTool {
  Tool tool;
  // The schema that the arguments have to fit.
  JsonSchema schema;
  // The schema that the result has to fit, if the tool states one.
  std::optional<JsonSchema> result_schema;
};

// A tool that is registered. Whoever has it may go on using it after it is removed.
using ToolPtr = std::shared_ptr<const RegisteredTool>;

class ToolRegistry {
 public:
  ToolRegistry();
  ~ToolRegistry();
  ToolRegistry(const ToolRegistry&) = delete;
  ToolRegistry& operator=(const ToolRegistry&) = delete;

  // InvalidArgument for a malformed name, a missing description or handler, limits out of range, or
  // a schema that cannot be compiled; AlreadyExists for a name that is taken.
  absl::Status Register(Tool tool);

  // NotFound if there is none. Calls of it that run go on.
  absl::Status Remove(absl::string_view name);

  // Null if there is none.
  ToolPtr Find(absl::string_view name) const;

  // All tools in the order of their names, so that the list is the same every time.
  std::vector<ToolPtr> List() const;

  // Grows with each change.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  struct Entry;
  class Table;

  void Publish(std::unique_ptr<Table> table) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable annotated::Mutex mutex_;
  std::map<std::string, std::unique_ptr<const Entry>, std::less<>> tools_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Table> owned_table_ ABSL_GUARDED_BY(mutex_);

  std::atomic<const Table*> table_;
  mutable ReaderGate gate_;
  std::atomic<uint64_t> version_ = 0;
};

}  // namespace parlance::tools

#endif  // TOOLS_REGISTRY_H_

// The tools there are, by name.
//
// Threads: register first; afterwards, any number of threads may look up. Allocation: Find
// allocates nothing and takes no lock.
#ifndef TOOLS_REGISTRY_H_
#define TOOLS_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/json_schema.h"
#include "tools/tool.h"

namespace parlance::tools {

struct RegisteredTool {
  Tool tool;
  JsonSchema schema;
};

class ToolRegistry {
 public:
  // InvalidArgument for a malformed name, a missing description or handler, or a schema that cannot
  // be compiled; AlreadyExists for a name that is taken.
  absl::Status Register(Tool tool);

  // Null if there is none. Valid as long as the registry.
  const RegisteredTool* Find(absl::string_view name) const;

  // By name, so that the list is the same every time.
  std::vector<const RegisteredTool*> List() const;

 private:
  absl::flat_hash_map<std::string, std::unique_ptr<RegisteredTool>> tools_;
};

}  // namespace parlance::tools

#endif  // TOOLS_REGISTRY_H_

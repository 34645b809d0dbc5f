// The tools every agent has: clock, calculator, convert_units, timers, notes, search_conversation.
#ifndef TOOLS_BUILTIN_BUILTIN_TOOLS_H_
#define TOOLS_BUILTIN_BUILTIN_TOOLS_H_

#include "absl/status/status.h"
#include "tools/builtin/dependencies.h"
#include "tools/registry.h"

namespace parlance::tools {

// InvalidArgument if a dependency is missing; otherwise as ToolRegistry::Register.
absl::Status RegisterBuiltinTools(const BuiltinDependencies& dependencies, ToolRegistry& registry);

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_BUILTIN_TOOLS_H_

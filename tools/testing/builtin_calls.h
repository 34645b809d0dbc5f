// An executor over the built-in tools, and calls with known answers, for benchmarks.
#ifndef TOOLS_TESTING_BUILTIN_CALLS_H_
#define TOOLS_TESTING_BUILTIN_CALLS_H_

#include <memory>
#include <string>
#include <vector>

#include "tools/builtin/in_memory_stores.h"
#include "tools/executor.h"
#include "tools/registry.h"
#include "tools/testing/fixed_conversation.h"

namespace parlance::tools {

struct KnownCall {
  std::string name;
  std::string arguments;
  // What the answer's text contains.
  std::string answer;
};

// Every tool at least once, with different arguments; they change nothing, so that they may be
// called any number of times.
std::vector<KnownCall> KnownCalls();

// The built-in tools over stores in memory, and a clock that stands still.
class BuiltinTools {
 public:
  explicit BuiltinTools(int max_concurrency);

  const ToolRegistry& registry() const { return registry_; }
  ToolExecutor& executor() { return *executor_; }

  // Whether the call gave the answer it has to give.
  bool Answers(const KnownCall& call);

 private:
  InMemoryNoteStore notes_;
  InMemoryTimerStore timers_;
  FixedConversation conversation_;
  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
};

}  // namespace parlance::tools

#endif  // TOOLS_TESTING_BUILTIN_CALLS_H_

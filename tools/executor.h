// Calls tools: looks up, reads and validates the arguments, runs the handler within a deadline and
// a limit on how many run at once.
//
// Threads: Execute may be called from any thread and blocks until there is a result, at the latest
// until the deadline. A handler that overruns its deadline goes on in its worker: its result is
// dropped, and it counts against the limit until it returns. Such a handler should look at
// ToolContext::cancelled.
//
// Allocation: looking up and validating allocate nothing; reading the arguments, handing a call to
// a worker and the result itself do.
#ifndef TOOLS_EXECUTOR_H_
#define TOOLS_EXECUTOR_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/registry.h"
#include "tools/tool.h"

namespace parlance::tools {

class ToolExecutor {
 public:
  struct Options {
    // Handlers that run at once, those that overran included. At least 1.
    int max_concurrency = 8;
    // Of a call that states none. Positive.
    absl::Duration default_timeout = absl::Seconds(10);
    // Of the arguments' text.
    size_t max_argument_bytes = size_t{64} << 10;
    // When as many run as may: wait for one to end, within the deadline, or fail at once.
    bool wait_when_busy = true;
  };

  // `registry` must outlive the executor and not change any more. InvalidArgument for options out
  // of range.
  static absl::StatusOr<std::unique_ptr<ToolExecutor>> Create(const ToolRegistry* registry,
                                                              Options options);

  // Cancels what runs, and waits until every handler has returned.
  ~ToolExecutor();
  ToolExecutor(const ToolExecutor&) = delete;
  ToolExecutor& operator=(const ToolExecutor&) = delete;

  // `arguments_json`: a JSON text; empty means {}. `timeout`: zero means the default.
  ToolResult Execute(absl::string_view name, absl::string_view arguments_json,
                     absl::Duration timeout = absl::ZeroDuration());

 private:
  class Pool;
  ToolExecutor(const ToolRegistry* registry, Options options);

  const ToolRegistry* const registry_;
  const Options options_;
  const std::unique_ptr<Pool> pool_;
};

}  // namespace parlance::tools

#endif  // TOOLS_EXECUTOR_H_

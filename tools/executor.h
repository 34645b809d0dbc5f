// Calls tools: looks up, reads and validates the arguments, runs the handler within a deadline and
// limits on how many run at once. How calls end: call_scheduler.h.
//
// Threads: all methods may be called from any thread. A call returns at its deadline or when it is
// cancelled, whatever its handler does. A handler that goes on after that is abandoned: its result
// is dropped, and its worker is lost until it returns; a handler that takes long should look at
// ToolContext::cancelled. Workers are started when they are needed.
//
// Allocation: a call of a tool that only computes allocates nothing but what its result needs, once
// the thread has made one before. Others need a call's state as well.
#ifndef TOOLS_EXECUTOR_H_
#define TOOLS_EXECUTOR_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tools/call_record.h"
#include "tools/call_scheduler.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::tools {

struct ToolRequest {
  std::string name;
  // A JSON text; empty means {}.
  std::string arguments = {};
  // The caller's name for the call. If the tool may not repeat, a second call of the same caller
  // with the id of one of the last Options::max_remembered runs nothing: it waits for the first,
  // and has its result.
  std::string id = {};
  // Whom the call is for: the handler finds it in its ToolContext.
  std::string caller = {};
  // The time for the call. Zero: the tool's, or else the executor's default.
  absl::Duration timeout = absl::ZeroDuration();
  // Called on the handler's thread; never at the same time as `done`, nor after it. Must not block.
  std::function<void(const ToolProgress&)> on_progress = nullptr;
  // Not even a tool that only computes is run on the caller's thread: for one that has to go on
  // whatever a tool does.
  bool on_worker = false;
};

struct ToolResponse {
  ToolResult result;
  CallRecord record;
};

class ToolExecutor {
 public:
  struct Options {
    // How many calls may run at once. At least 1.
    int max_concurrency = 8;
    // How many calls may wait to run; one more is refused. 0: none waits.
    size_t max_pending = 1024;
    // How many handlers may go on after their calls have ended, before calls are refused. At
    // least 1.
    int max_abandoned = 256;
    // The time for a call where neither the call nor its tool states one. Positive.
    absl::Duration default_timeout = absl::Seconds(10);
    // The most bytes that the text of the arguments may have.
    size_t max_argument_bytes = size_t{64} << 10;
    // The pause before a second attempt, doubled before each further one.
    absl::Duration first_pause = absl::Milliseconds(50);
    // How many ids of ended calls are remembered, with their results.
    size_t max_remembered = 1024;
  };

  // `registry` must outlive the executor. InvalidArgument for options out of range.
  static absl::StatusOr<std::unique_ptr<ToolExecutor>> Create(const ToolRegistry* registry,
                                                              Options options);

  // Cancels what runs, and waits until every handler has returned: they use what others own.
  ~ToolExecutor();
  ToolExecutor(const ToolExecutor&) = delete;
  ToolExecutor& operator=(const ToolExecutor&) = delete;

  // Returns when the call has ended.
  ToolResponse Execute(const ToolRequest& request);
  // The same without a name or a record: costs less for tools that only compute.
  ToolResult Execute(absl::string_view name, absl::string_view arguments_json,
                     absl::Duration timeout = absl::ZeroDuration());

  // Runs the calls of one turn at once. Returns their responses in the order of the requests, when
  // all have ended.
  std::vector<ToolResponse> ExecuteAll(absl::Span<const ToolRequest> requests);

  // Calls `done` exactly once, and then lets go of it: on this thread if the call has ended when
  // this returns, otherwise on the thread that ends it, which it must not hold up.
  using Done = std::function<void(const ToolResponse&)>;
  class Call;
  std::shared_ptr<Call> Start(ToolRequest request, Done done);

  // Ends the call at once, unless it has ended.
  void Cancel(const std::shared_ptr<Call>& call);

  // How many calls run and how many handlers are abandoned at this moment.
  int num_running() const;
  int num_abandoned() const;

 private:
  class Impl;
  explicit ToolExecutor(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::tools

#endif  // TOOLS_EXECUTOR_H_

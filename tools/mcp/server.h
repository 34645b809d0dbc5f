// Offers the tools of a registry to a client of the Model Context Protocol, revision 2025-11-25 and
// back to 2024-11-05 (Base Protocol, Lifecycle; Server Features, Tools; Utilities, Cancellation,
// Ping, Pagination), whatever carries the messages.
//
// A batch of messages (revision 2025-03-26 and before) is answered by one batch, when all of its
// calls have ended.
//
// No tool runs on a thread that calls the server, so that one that hangs holds up nobody.
//
// Threads: Receive and Refuse from one thread at a time; all others from any. Calls of tools run at
// once, as the executor allows. A cancelled call ends at once and is not answered.
#ifndef TOOLS_MCP_SERVER_H_
#define TOOLS_MCP_SERVER_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "third_party/annotated_mutex.h"
#include "tools/executor.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::tools::mcp {

struct ServerOptions {
  // How the server introduces itself.
  std::string name = "parlance";
  std::string version = "1.0.0";
  // For a model: how to use the tools. May be empty.
  std::string instructions = {};
  // How many tools a page of tools/list has. At least 1.
  size_t page_size = 100;
  // How many calls may be under way. Any more fail.
  size_t max_calls = 64;
  // The time for a call; zero means the tool's, or the executor's default.
  absl::Duration call_timeout = absl::ZeroDuration();
  MessageLimits limits = {};
};

class Server {
 public:
  // `registry` and `executor` must outlive the server. `send` takes one message; it is called from
  // any thread, but never twice at once.
  Server(const ToolRegistry* registry, ToolExecutor* executor, ServerOptions options,
         std::function<void(const std::string&)> send);
  // Cancels what is under way.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // A text of the client's: a message, or a batch. Returns before a call is answered.
  void Receive(absl::string_view text);

  // Answers what could not even be read.
  void Refuse(const JsonRpcError& error);

  // Waits until all calls that were received are answered.
  void Drain();

  // Tells the client that the registry has changed. Does nothing before it has initialised.
  void NotifyToolsChanged();

 private:
  struct Call;
  class Batch;
  // Takes a request's answer, or that there is none, exactly once. From any thread.
  using Reply = std::function<void(std::optional<std::string> answer)>;

  // Says why a batch is refused, if it is.
  std::optional<std::string> RefusalOfBatches();
  void OnMessage(const ParsedMessage& parsed, bool in_batch, const Reply& reply);
  void OnRequest(const Message& message, bool in_batch, const Reply& reply);
  void OnNotification(const Message& message);
  // The answer to what could not be read, in the form of the revision that is spoken.
  std::string MalformedText(const std::optional<RequestId>& id, const JsonRpcError& error);
  std::string Initialize(const Message& message);
  std::string ListTools(const Message& message);
  void CallTool(const Message& message, const Reply& reply);
  void OnEnd(Call& call, const ToolResult& result);
  void Send(const std::string& text);

  const ToolRegistry* const registry_;
  ToolExecutor* const executor_;
  const ServerOptions options_;

  annotated::Mutex send_mutex_;
  const std::function<void(const std::string&)> send_ ABSL_GUARDED_BY(send_mutex_);

  annotated::Mutex mutex_;
  // Tells that calls have ended.
  std::condition_variable changed_;
  // Empty before the session is initialised.
  std::string revision_ ABSL_GUARDED_BY(mutex_);
  // The calls under way.
  std::map<RequestId, std::shared_ptr<Call>> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_SERVER_H_

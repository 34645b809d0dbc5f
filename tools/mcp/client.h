// Lists and calls the tools of a server of the Model Context Protocol, revision 2025-11-25 and back
// to 2024-11-05 (Base Protocol, Lifecycle; Server Features, Tools; Utilities, Cancellation,
// Progress, Ping). Sampling, elicitation and roots are not offered and are refused; resources,
// prompts, logging and tasks are not used.
//
// Every request has a deadline, which holds however the server behaves: it may be silent,
// malformed, endless or gone. What it sends is bounded by the transport's limits and those here.
//
// Threads: all functions may be called from any thread, and several requests may be under way at
// once, except that the destructor runs when no other call does.
#ifndef TOOLS_MCP_CLIENT_H_
#define TOOLS_MCP_CLIENT_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "third_party/annotated_mutex.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/mcp/transport/transport.h"
#include "tools/tool_definition.h"

namespace parlance::tools::mcp {

struct ClientOptions {
  // How we introduce ourselves.
  std::string name = "parlance";
  std::string version = "1.0.0";
  absl::Duration initialize_timeout = absl::Seconds(30);
  // The time for a request that states none.
  absl::Duration request_timeout = absl::Seconds(30);
  MessageLimits limits = {};
  // The most pages that a list of tools is read to, and the most tools that are kept of it.
  size_t max_pages = 1000;
  size_t max_tools = 10'000;
  // Called when the server says that its tools have changed; several such messages may become one
  // call. From a thread of the client, and may call it, but not end it.
  std::function<void()> on_tools_changed = nullptr;
};

// A tool as its server describes it. The texts are JSON, and empty where the server says nothing.
struct RemoteTool {
  std::string name;
  std::string title;
  std::string description;
  std::string input_schema;
  std::string output_schema;
  std::string annotations;
  // What else the server says of it, by UnkeptMembers (tool_json.h).
  std::vector<std::string> unkept = {};
};

// The list of tools that a server gives.
struct RemoteTools {
  struct Skipped {
    // The tool's name, or "tool 3" where it has none, counted from 1.
    std::string name;
    std::string reason;
  };
  // The tools in the server's order, each name once.
  std::vector<RemoteTool> tools;
  // The entries that are not tools, or are nested too deeply. The others are not lost for them.
  std::vector<Skipped> skipped;
  // Why the list ends before its end, in a sentence that goes on after "the list of tools is cut
  // short: ". Empty if it does not.
  std::string cut_short;
};

struct CallToolOptions {
  // Zero means ClientOptions::request_timeout.
  absl::Duration timeout = absl::ZeroDuration();
  // Looked at every few milliseconds, if given: when it is set, the call is given up and the server
  // told so.
  const std::atomic<bool>* cancelled = nullptr;
  // Called from the caller's thread while it waits. When many come, some may be left out.
  std::function<void(const ToolProgress&)> on_progress = nullptr;
};

struct CallToolResult {
  // json: the structured content, or {"content": […]} as the server sends it. text: the parts that
  // are text, a line each, without one that only repeats the structured content; where there is no
  // other, the structured content.
  ToolOutput output;
  // Whether the tool failed; then the text says why.
  bool is_error = false;
};

struct ServerInfo {
  std::string name;
  std::string version;
  std::string protocol_version;
  // For a model: how to use the server.
  std::string instructions;
  bool has_tools = false;
};

class Client {
 public:
  // Initialises the session. FailedPrecondition if the server speaks no revision that we do;
  // otherwise the errors of any request.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(std::unique_ptr<Transport> transport,
                                                         ClientOptions options);
  // Ends the session and, over stdio, the server.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The description that the server gave of itself when the session was last initialised.
  ServerInfo server_info() const;

  // Lists all pages, as far as they can be had: a list that goes beyond the limits, whose cursor
  // comes again, or of which a later page fails, is cut short. Errors, of the first page:
  // DeadlineExceeded; Unavailable if the connection is lost; Internal for one that is malformed,
  // and if the server says that the request is (-32700, -32600); Unimplemented if the server offers
  // no tools; the transport's; what else the server answers: InvalidArgument for -32602,
  // Unimplemented for -32601, otherwise Unknown. `timeout`: for all pages together; zero means
  // ClientOptions::request_timeout.
  absl::StatusOr<RemoteTools> ListTools(absl::Duration timeout = absl::ZeroDuration());

  // `arguments_json`: a JSON object; empty means {}. Errors as of ListTools, and Cancelled;
  // InvalidArgument if the arguments are not an object. A call is not repeated when the connection
  // is lost, because it may have had an effect; it is when the server has forgotten the session,
  // because then it has not looked at it.
  absl::StatusOr<CallToolResult> CallTool(absl::string_view name, absl::string_view arguments_json,
                                          const CallToolOptions& options = {});

  absl::Status Ping(absl::Duration timeout = absl::ZeroDuration());

 private:
  using Clock = std::chrono::steady_clock;
  struct Pending;

  Client(std::unique_ptr<Transport> transport, ClientOptions options);

  Clock::time_point Deadline(absl::Duration timeout) const;
  absl::Status Initialize(Clock::time_point deadline);
  absl::Status InitializeAgain(int64_t generation, Clock::time_point deadline);
  // Tries again once if the session has expired.
  absl::StatusOr<Message> Request(absl::string_view method, const std::string& params,
                                  Clock::time_point deadline, const CallToolOptions& options = {});
  absl::StatusOr<Message> RequestOnce(absl::string_view method, const std::string& params,
                                      Clock::time_point deadline, const CallToolOptions& options);
  // Adds a progressToken to a request's params.
  static std::string WithProgressToken(const std::string& params, int64_t id);

  // The following are called on the transport's thread.
  void OnMessage(const std::string& text);
  // Returns what is to be answered, if anything.
  std::optional<std::string> OnMalformed(const MalformedMessage& malformed);
  static std::string AnswerTo(const Message& request);
  void OnNotification(const Message& message);
  void Settle(const RequestId& id, absl::StatusOr<Message> result);
  // Takes that there will be no answer.
  void Fail(int64_t id, const absl::Status& status);
  // Takes an answer that does not say to which request. It ends the only request, if there is but
  // one and it is `surely` an answer to a request. Otherwise requests that end without an answer
  // say it.
  void SettleWithoutId(const absl::Status& status, bool surely);
  void OnClosed(const absl::Status& status);

  void TellOfChanges();

  const ClientOptions options_;
  const std::unique_ptr<Transport> transport_;
  std::atomic<int64_t> next_id_ = 1;

  mutable annotated::Mutex mutex_;
  ServerInfo info_ ABSL_GUARDED_BY(mutex_);
  // There is one initialisation at a time.
  bool initializing_ ABSL_GUARDED_BY(mutex_) = false;
  // How many initialisations there were.
  int64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  // The requests that somebody waits for.
  std::map<int64_t, Pending*> pending_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mutex_);
  bool tools_changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  // Tells that the tools have changed, that the client ends, or that an initialisation is over.
  std::condition_variable changed_;
  std::thread changes_thread_;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_CLIENT_H_

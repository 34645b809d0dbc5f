// How messages get to a server and back (Model Context Protocol, revision 2025-11-25, Base
// Protocol, Transports), as the client sees it.
#ifndef TOOLS_MCP_TRANSPORT_TRANSPORT_H_
#define TOOLS_MCP_TRANSPORT_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace parlance::tools::mcp {

struct OutgoingMessage {
  // One JSON-RPC message.
  std::string text;
  // The method of a request or a notification; empty for a response.
  std::string method;
  // The id of a request; nothing for others.
  std::optional<int64_t> request_id;
};

// Threads: Send and Finish may be called from any thread, also from within the handler, and never
// wait. Start, Close and the destructor from one thread, never from within the handler.
class Transport {
 public:
  // Called from one thread of the transport, one at a time. What takes long here holds up all
  // messages.
  struct Handler {
    // Takes the text of one message, which nobody has looked at yet.
    std::function<void(std::string text)> on_message;
    // The request will not be answered. Aborted means that the session has expired: initialise
    // again.
    std::function<void(int64_t request_id, absl::Status)> on_request_failed;
    // Called at most once: nothing comes any more, and nothing can be sent.
    std::function<void(absl::Status)> on_closed;
  };

  virtual ~Transport() = default;

  // Called once, before anything else.
  virtual absl::Status Start(Handler handler) = 0;

  // Takes the message to be sent. Unavailable if the transport is closed; ResourceExhausted if too
  // much waits to be sent, as it does when the server reads nothing.
  virtual absl::Status Send(OutgoingMessage message) = 0;

  // Tells that nobody waits for the request any more: it was answered, or given up.
  virtual void Finish(int64_t request_id, bool answered) = 0;

  // Tells the revision that was agreed on; called before notifications/initialized is sent.
  virtual void SetProtocolVersion(const std::string& version) = 0;

  // Ends the connection. Afterwards the handler is not called any more. Bounded in time.
  virtual void Close() = 0;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_TRANSPORT_H_

// Reads a stream of server-sent events (html.spec.whatwg.org, 9.2.6, interpreting an event stream).
//
// Threads: one. Allocation: what an unfinished event and line take, within the limit.
#ifndef TOOLS_MCP_TRANSPORT_SSE_H_
#define TOOLS_MCP_TRANSPORT_SSE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace parlance::tools::mcp {

struct SseEvent {
  // The event's type: "message" unless the stream says otherwise.
  std::string type;
  std::string data;
};

class SseParser {
 public:
  // `max_bytes`: the most that an event's data and that a line may have.
  explicit SseParser(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Calls `on_event` for each event that is complete now and has data. ResourceExhausted if one is
  // too large; nothing can be read after that.
  absl::Status Append(absl::string_view piece,
                      const std::function<void(const SseEvent&)>& on_event);

  // The id to send as Last-Event-ID; empty if the stream gave none.
  const std::string& last_event_id() const { return last_event_id_; }
  // How long to wait before reconnecting, if the stream says so.
  const std::optional<std::chrono::milliseconds>& retry() const { return retry_; }

 private:
  absl::Status Line(const std::function<void(const SseEvent&)>& on_event);

  const size_t max_bytes_;
  std::string line_;
  bool first_line_ = true;
  // The line ended with CR: a LF that follows belongs to it.
  bool after_cr_ = false;
  std::string type_;
  std::string data_;
  // The id of the event that is being read.
  std::string id_;
  std::string last_event_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_SSE_H_

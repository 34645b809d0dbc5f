// A server that does what a test says, in the same thread that asks.
#ifndef TOOLS_MCP_TESTING_SCRIPTED_TRANSPORT_H_
#define TOOLS_MCP_TESTING_SCRIPTED_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "third_party/annotated_mutex.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/mcp/transport/transport.h"

namespace parlance::tools::mcp {

// Outlives the transport: what was sent, and the way to answer.
class ScriptedServer {
 public:
  // Called with each message that is sent, but initialize, which is answered already unless
  // `initialize_answer` is empty. May be replaced before the first message.
  using Script = std::function<void(ScriptedServer&, const OutgoingMessage&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {}

  // The result of initialize, as JSON; empty to leave it to the script.
  std::string initialize_answer =
      R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},)"
      R"("serverInfo":{"name":"scripted","version":"7"},"instructions":"Use it."})";
  // What Send returns, if not OK.
  absl::Status send_status;

  void Answer(const OutgoingMessage& request, absl::string_view result) {
    Deliver(ResultText(*request.request_id, result));
  }
  void Deliver(const std::string& text) { handler_.on_message(text); }
  void FailRequest(int64_t id, const absl::Status& status) {
    handler_.on_request_failed(id, status);
  }
  void CloseConnection(const absl::Status& status) { handler_.on_closed(status); }

  std::vector<OutgoingMessage> sent() const {
    annotated::MutexLock lock(mutex_);
    return sent_;
  }
  // The texts that were sent with this method.
  std::vector<std::string> sent(const std::string& method) const {
    std::vector<std::string> texts;
    for (const OutgoingMessage& message : sent()) {
      if (message.method == method) texts.push_back(message.text);
    }
    return texts;
  }
  // Requests that the client is done with, and whether they were answered.
  std::vector<std::pair<int64_t, bool>> finished() const {
    annotated::MutexLock lock(mutex_);
    return finished_;
  }
  std::string protocol_version() const {
    annotated::MutexLock lock(mutex_);
    return protocol_version_;
  }

 private:
  friend class ScriptedTransport;

  const Script script_;
  Transport::Handler handler_;
  mutable annotated::Mutex mutex_;
  std::vector<OutgoingMessage> sent_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<int64_t, bool>> finished_ ABSL_GUARDED_BY(mutex_);
  std::string protocol_version_ ABSL_GUARDED_BY(mutex_);
};

class ScriptedTransport : public Transport {
 public:
  explicit ScriptedTransport(ScriptedServer* server) : server_(server) {}

  absl::Status Start(Handler handler) override {
    server_->handler_ = std::move(handler);
    return absl::OkStatus();
  }
  absl::Status Send(OutgoingMessage message) override {
    if (!server_->send_status.ok()) return server_->send_status;
    {
      annotated::MutexLock lock(server_->mutex_);
      server_->sent_.push_back(message);
    }
    if (message.method == "initialize" && !server_->initialize_answer.empty()) {
      server_->Answer(message, server_->initialize_answer);
    } else {
      server_->script_(*server_, message);
    }
    return absl::OkStatus();
  }
  void Finish(int64_t request_id, bool answered) override {
    annotated::MutexLock lock(server_->mutex_);
    server_->finished_.emplace_back(request_id, answered);
  }
  void SetProtocolVersion(const std::string& version) override {
    annotated::MutexLock lock(server_->mutex_);
    server_->protocol_version_ = version;
  }
  void Close() override {}

 private:
  ScriptedServer* const server_;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TESTING_SCRIPTED_TRANSPORT_H_

#include "tools/mcp/server.h"

#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/stringbuffer.h"
#include "tools/json_value.h"
#include "tools/mcp/revisions.h"
#include "tools/tool_json.h"

namespace parlance::tools::mcp {
namespace {

std::string NumberJson(double number) {
  rapidjson::Document document;
  document.SetDouble(number);
  return ValueJson(document);
}

std::string ToolJson(const Tool& tool) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  WriteMcpTool(tool, writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string ProgressJson(const std::string& token, const ToolProgress& progress) {
  return absl::StrCat(
      R"({"progressToken":)", token, R"(,"progress":)", NumberJson(progress.progress),
      progress.total.has_value() && std::isfinite(*progress.total)
          ? absl::StrCat(R"(,"total":)", NumberJson(*progress.total))
          : "",
      progress.message.empty() ? "" : absl::StrCat(R"(,"message":)", StringJson(progress.message)),
      "}");
}

// As JSON: a string or an integer.
std::optional<std::string> ProgressTokenOf(const Message& message) {
  const rapidjson::Value* const meta = FindMember(message.params(), "_meta");
  const rapidjson::Value* const token =
      meta != nullptr && meta->IsObject() ? FindMember(*meta, "progressToken") : nullptr;
  if (token == nullptr || (!token->IsString() && !token->IsInt64())) return std::nullopt;
  return ValueJson(*token);
}

std::string TextContent(absl::string_view text) {
  return absl::StrCat(R"({"type":"text","text":)", StringJson(text), "}");
}

std::string ResultJson(const ToolResult& result) {
  if (const auto* const error = std::get_if<ToolError>(&result)) {
    return absl::StrCat(R"({"content":[)", TextContent(error->message), R"(],"isError":true})");
  }
  const auto& output = std::get<ToolOutput>(result);
  const std::string structured = CompactJson(output.json).value_or("");
  // Only an object is structured content.
  if (structured.empty() || structured.front() != '{') {
    return absl::StrCat(R"({"content":[)", TextContent(output.text), R"(],"isError":false})");
  }
  // The sentence is for the user; the copy is for a client that knows no structured content.
  const std::string sentence =
      output.text.empty() ? "" : absl::StrCat(TextContent(output.text), ",");
  return absl::StrCat(R"({"content":[)", sentence, TextContent(structured),
                      R"(],"structuredContent":)", structured, R"(,"isError":false})");
}

}  // namespace

struct Server::Call {
  RequestId id;
  // Under the server's mutex.
  bool cancelled = false;
  // Null before the executor has it, and if it has ended by then.
  std::shared_ptr<ToolExecutor::Call> running = nullptr;
};

Server::Server(const ToolRegistry* registry, ToolExecutor* executor, ServerOptions options,
               std::function<void(const std::string&)> send)
    : registry_(registry),
      executor_(executor),
      options_(std::move(options)),
      send_(std::move(send)) {}

Server::~Server() {
  std::map<RequestId, std::shared_ptr<Call>> calls;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    calls = calls_;
    for (const auto& [id, call] : calls) call->cancelled = true;
  }
  // Each ends in the call, on this thread, or has ended.
  for (const auto& [id, call] : calls) executor_->Cancel(call->running);
  Drain();
}

void Server::Receive(absl::string_view text) {
  const auto parsed = ParseMessage(text, options_.limits);
  if (const auto* const malformed = std::get_if<MalformedMessage>(&parsed)) {
    if (!malformed->is_response) Send(ErrorText(malformed->id, malformed->error));
    return;
  }
  const auto& message = std::get<Message>(parsed);
  if (message.kind() == Message::Kind::kRequest) {
    OnRequest(message);
  } else if (message.kind() == Message::Kind::kNotification) {
    OnNotification(message);
  }
  // We ask nothing, so that a response answers nothing.
}

void Server::Refuse(const JsonRpcError& error) { Send(ErrorText(std::nullopt, error)); }

void Server::Drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return calls_.empty(); });
}

void Server::NotifyToolsChanged() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!initialized_) return;
  }
  Send(NotificationText("notifications/tools/list_changed", "{}"));
}

void Server::OnRequest(const Message& message) {
  const std::string& method = message.method();
  bool initialized = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    initialized = initialized_;
  }
  const auto fail = [&](int64_t code, std::string text) {
    Send(ErrorText(message.id(), {.code = code, .message = std::move(text)}));
  };
  if (method == "ping") return Send(ResultText(*message.id(), "{}"));
  if (method == "initialize") {
    if (initialized) return fail(kInvalidRequest, "the session is initialised already");
    return Initialize(message);
  }
  if (!initialized) return fail(kInvalidRequest, "the session is not initialised");
  if (method == "tools/list") return ListTools(message);
  if (method == "tools/call") return CallTool(message);
  fail(kMethodNotFound, absl::StrCat("this server does not offer ", method));
}

void Server::OnNotification(const Message& message) {
  if (message.method() != "notifications/cancelled") return;
  const rapidjson::Value* const value = FindMember(message.params(), "requestId");
  const std::optional<RequestId> id = value == nullptr ? std::nullopt : IdOf(*value);
  if (!id.has_value()) return;
  std::shared_ptr<ToolExecutor::Call> running;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto call = calls_.find(*id);
    if (call == calls_.end()) return;
    call->second->cancelled = true;
    running = call->second->running;
  }
  executor_->Cancel(running);
}

void Server::Initialize(const Message& message) {
  const std::optional<std::string> wanted = StringMember(message.params(), "protocolVersion");
  if (!wanted.has_value()) {
    return Send(ErrorText(message.id(),
                          {.code = kInvalidParams, .message = "there is no protocolVersion"}));
  }
  const std::string instructions =
      options_.instructions.empty()
          ? ""
          : absl::StrCat(R"(,"instructions":)", StringJson(options_.instructions));
  {
    std::lock_guard<std::mutex> lock(mutex_);
    initialized_ = true;
  }
  Send(ResultText(
      *message.id(),
      absl::StrCat(R"({"protocolVersion":)",
                   StringJson(IsKnownRevision(*wanted) ? *wanted : kRevisions[0]),
                   R"(,"capabilities":{"tools":{"listChanged":true}},)", R"("serverInfo":{"name":)",
                   StringJson(options_.name), R"(,"version":)", StringJson(options_.version), "}",
                   instructions, "}")));
}

void Server::ListTools(const Message& message) {
  // A cursor is the name of the last tool before it, so that it holds when tools come and go.
  std::string after;
  if (const rapidjson::Value* const cursor = FindMember(message.params(), "cursor")) {
    const std::optional<std::string> text = StringMember(message.params(), "cursor");
    if (!text.has_value() || !absl::WebSafeBase64Unescape(*text, &after) || after.empty()) {
      return Send(ErrorText(message.id(),
                            {.code = kInvalidParams, .message = "the cursor is none of ours"}));
    }
  }
  std::string tools;
  std::string next_cursor;
  size_t count = 0;
  std::string last;
  for (const ToolPtr& registered : registry_->List()) {
    const Tool& tool = registered->tool;
    if (tool.name <= after) continue;
    if (count == options_.page_size) {
      next_cursor = absl::StrCat(R"(,"nextCursor":)", StringJson(absl::WebSafeBase64Escape(last)));
      break;
    }
    absl::StrAppend(&tools, count == 0 ? "" : ",", ToolJson(tool));
    last = tool.name;
    ++count;
  }
  Send(ResultText(*message.id(), absl::StrCat(R"({"tools":[)", tools, "]", next_cursor, "}")));
}

void Server::CallTool(const Message& message) {
  const auto fail = [&](int64_t code, std::string text) {
    Send(ErrorText(message.id(), {.code = code, .message = std::move(text)}));
  };
  const std::optional<std::string> name = StringMember(message.params(), "name");
  if (!name.has_value()) return fail(kInvalidParams, "there is no name");
  const rapidjson::Value* const arguments = FindMember(message.params(), "arguments");
  if (arguments != nullptr && !arguments->IsObject()) {
    return fail(kInvalidParams, "the arguments are not an object");
  }
  if (registry_->Find(*name) == nullptr) {
    return fail(kInvalidParams, absl::StrCat("Unknown tool: ", *name));
  }
  auto call = std::make_shared<Call>(Call{.id = *message.id()});
  bool is_duplicate = false;
  bool is_overloaded = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_duplicate = calls_.count(call->id) > 0;
    is_overloaded = calls_.size() >= options_.max_calls;
    if (!is_duplicate && !is_overloaded) calls_[call->id] = call;
  }
  if (is_duplicate) return fail(kInvalidRequest, "a request with this id runs already");
  if (is_overloaded) {
    return Send(
        ResultText(call->id, ResultJson(ToolError{.kind = ToolErrorKind::kOverloaded,
                                                  .message = "too many calls are under way"})));
  }
  ToolRequest request{.name = *name,
                      .arguments = arguments == nullptr ? "" : ValueJson(*arguments),
                      .timeout = options_.call_timeout};
  if (const std::optional<std::string> token = ProgressTokenOf(message)) {
    request.on_progress = [this, token = *token](const ToolProgress& progress) {
      // JSON has no infinity.
      if (!std::isfinite(progress.progress)) return;
      Send(NotificationText("notifications/progress", ProgressJson(token, progress)));
    };
  }
  std::shared_ptr<ToolExecutor::Call> running = executor_->Start(
      std::move(request),
      [this, call](const ToolResponse& response) { OnEnd(*call, response.result); });
  // A cancel is a message, and comes on this thread.
  std::lock_guard<std::mutex> lock(mutex_);
  call->running = std::move(running);
}

void Server::OnEnd(Call& call, const ToolResult& result) {
  bool is_cancelled = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_cancelled = call.cancelled;
  }
  if (!is_cancelled) Send(ResultText(call.id, ResultJson(result)));
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.erase(call.id);
  // Under the mutex, because the server may be gone as soon as nothing is under way.
  changed_.notify_all();
}

void Server::Send(const std::string& text) {
  std::lock_guard<std::mutex> lock(send_mutex_);
  send_(text);
}

}  // namespace parlance::tools::mcp

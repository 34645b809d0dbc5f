#include "tools/mcp/server.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/mcp/revisions.h"

namespace parlance::tools::mcp {
namespace {

// The schema as the protocol wants it: an object that says type: object.
std::string InputSchema(const std::string& parameters) {
  rapidjson::Document schema;
  schema.Parse<rapidjson::kParseIterativeFlag>(parameters.data(), parameters.size());
  // A registered schema is an object or a boolean; `true` takes any arguments.
  if (!schema.IsObject()) schema.SetObject();
  if (FindMember(schema, "type") == nullptr) {
    schema.AddMember("type", "object", schema.GetAllocator());
  }
  return ValueJson(schema);
}

std::string ToolJson(const Tool& tool) {
  return absl::StrCat(R"({"name":)", StringJson(tool.name), R"(,"description":)",
                      StringJson(tool.description), R"(,"inputSchema":)",
                      InputSchema(tool.parameters), "}");
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
  std::string tool;
  std::string arguments;
  // Under the server's mutex.
  bool cancelled = false;
};

Server::Server(const ToolRegistry* registry, ToolExecutor* executor, ServerOptions options,
               std::function<void(const std::string&)> send)
    : registry_(registry),
      executor_(executor),
      options_(std::move(options)),
      send_(std::move(send)) {}

Server::~Server() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
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
  changed_.wait(lock, [&] { return queue_.empty() && num_running_ == 0; });
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
  std::lock_guard<std::mutex> lock(mutex_);
  const auto call = calls_.find(*id);
  if (call == calls_.end()) return;
  call->second->cancelled = true;
  const auto queued = std::find(queue_.begin(), queue_.end(), call->second);
  if (queued == queue_.end()) return;
  queue_.erase(queued);
  calls_.erase(call);
  changed_.notify_all();
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
  for (const RegisteredTool* const registered : registry_->List()) {
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
  bool duplicate = false;
  bool overloaded = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    duplicate = calls_.count(*message.id()) > 0;
    overloaded = calls_.size() >= options_.max_concurrent_calls + options_.max_queued_calls;
    if (!duplicate && !overloaded) {
      auto call = std::make_shared<Call>(
          Call{.id = *message.id(),
               .tool = *name,
               .arguments = arguments == nullptr ? "" : ValueJson(*arguments)});
      calls_[call->id] = call;
      queue_.push_back(std::move(call));
      if (num_idle_ < queue_.size() && workers_.size() < options_.max_concurrent_calls) {
        workers_.emplace_back([this] { Work(); });
      }
    }
  }
  if (duplicate) return fail(kInvalidRequest, "a request with this id runs already");
  if (overloaded) {
    return Send(ResultText(
        *message.id(), ResultJson(ToolError{.kind = ToolErrorKind::kOverloaded,
                                            .message = "too many calls run and wait already"})));
  }
  changed_.notify_all();
}

void Server::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ++num_idle_;
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    --num_idle_;
    if (stopping_) return;
    const std::shared_ptr<Call> call = std::move(queue_.front());
    queue_.pop_front();
    ++num_running_;
    lock.unlock();
    const std::string result = ResultText(call->id, ResultJson(Run(*call)));
    lock.lock();
    // From here on its id may be used again, and it cannot be cancelled any more.
    calls_.erase(call->id);
    const bool cancelled = call->cancelled;
    lock.unlock();
    if (!cancelled) Send(result);
    lock.lock();
    --num_running_;
    changed_.notify_all();
  }
}

ToolResult Server::Run(const Call& call) {
  return executor_->Execute(call.tool, call.arguments, options_.call_timeout);
}

void Server::Send(const std::string& text) {
  std::lock_guard<std::mutex> lock(send_mutex_);
  send_(text);
}

}  // namespace parlance::tools::mcp

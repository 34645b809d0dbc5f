#include "tools/mcp/server.h"

#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rapidjson/stringbuffer.h"
#include "tools/json/json_text.h"
#include "tools/json/json_value.h"
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

// The progressToken as JSON: a string or an integer.
std::optional<std::string> ProgressTokenOf(const Message& message) {
  const rapidjson::Value* const meta = FindMember(message.params(), "_meta");
  const rapidjson::Value* const token =
      meta != nullptr && meta->IsObject() ? FindMember(*meta, "progressToken") : nullptr;
  if (token == nullptr || (!token->IsString() && !token->IsInt64())) return std::nullopt;
  return ValueJson(*token);
}

// Where a page of tools ends: behind the tool of this name. It is no tool's place in the list, so
// that it holds when tools come and go.
constexpr absl::string_view kCursorPrefix = "after ";

std::string CursorAfter(absl::string_view name) {
  return absl::WebSafeBase64Escape(absl::StrCat(kCursorPrefix, name));
}

// The name in a cursor; nothing if CursorAfter did not make it.
std::optional<std::string> NameInCursor(absl::string_view cursor) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(cursor, &text)) return std::nullopt;
  absl::string_view name = text;
  if (!absl::ConsumePrefix(&name, kCursorPrefix) || name.empty() || CursorAfter(name) != cursor) {
    return std::nullopt;
  }
  return std::string(name);
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
  Reply reply;
  // The rest is guarded by the server's mutex.
  bool cancelled = false;
  // Null before the executor has it, and if it has ended by then.
  std::shared_ptr<ToolExecutor::Call> running = nullptr;
};

// The answers to a batch, until all are there.
class Server::Batch {
 public:
  explicit Batch(size_t num_messages) : num_open_(num_messages), answers_(num_messages) {}

  // Takes the answer to a message, or that there is none. With the last one, returns all answers in
  // the order of the messages.
  std::vector<std::string> Add(size_t i, std::optional<std::string> answer) {
    annotated::MutexLock lock(mutex_);
    answers_[i] = std::move(answer);
    std::vector<std::string> all;
    if (--num_open_ > 0) return all;
    for (std::optional<std::string>& one : answers_) {
      if (one.has_value()) all.push_back(*std::move(one));
    }
    return all;
  }

 private:
  annotated::Mutex mutex_;
  size_t num_open_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::optional<std::string>> answers_ ABSL_GUARDED_BY(mutex_);
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
    annotated::MutexLock lock(mutex_);
    calls = calls_;
    for (const auto& [id, call] : calls) call->cancelled = true;
  }
  // Each ends in the call, on this thread, or has ended.
  for (const auto& [id, call] : calls) executor_->Cancel(call->running);
  Drain();
}

void Server::Receive(absl::string_view text) {
  const ParsedText parsed = ParseMessages(text, options_.limits);
  if (!parsed.is_batch) {
    return OnMessage(parsed.messages[0], /*in_batch=*/false,
                     [this](const std::optional<std::string>& answer) {
                       if (answer.has_value()) Send(*answer);
                     });
  }
  if (const std::optional<std::string> refusal = RefusalOfBatches()) {
    return Refuse({.code = kInvalidRequest, .message = *refusal});
  }
  auto batch = std::make_shared<Batch>(parsed.messages.size());
  for (size_t i = 0; i < parsed.messages.size(); ++i) {
    OnMessage(parsed.messages[i], /*in_batch=*/true,
              [this, batch, i](std::optional<std::string> answer) {
                const std::vector<std::string> answers = batch->Add(i, std::move(answer));
                if (!answers.empty()) Send(BatchText(answers));
              });
  }
}

std::optional<std::string> Server::RefusalOfBatches() {
  annotated::MutexLock lock(mutex_);
  // Revisions are dates. Before there is one, what is in the batch is refused anyway.
  if (revision_ < kFirstRevisionWithoutBatches) return std::nullopt;
  return absl::StrCat("revision ", revision_, " of the protocol has no batches");
}

void Server::OnMessage(const ParsedMessage& parsed, bool in_batch, const Reply& reply) {
  if (const auto* const malformed = std::get_if<MalformedMessage>(&parsed)) {
    if (malformed->is_response || malformed->is_notification) return reply(std::nullopt);
    return reply(MalformedText(malformed->id, malformed->error));
  }
  const auto& message = std::get<Message>(parsed);
  if (message.kind() == Message::Kind::kRequest) return OnRequest(message, in_batch, reply);
  if (message.kind() == Message::Kind::kNotification) OnNotification(message);
  // We ask nothing, so that a response answers nothing.
  reply(std::nullopt);
}

void Server::Refuse(const JsonRpcError& error) { Send(MalformedText(std::nullopt, error)); }

std::string Server::MalformedText(const std::optional<RequestId>& id, const JsonRpcError& error) {
  annotated::MutexLock lock(mutex_);
  // Before there is a revision, JSON-RPC alone holds.
  return ErrorText(
      id, error,
      revision_ < kFirstRevisionOfErrorsWithoutId ? UnreadableId::kNull : UnreadableId::kLeftOut);
}

void Server::Drain() {
  annotated::MutexLock lock(mutex_);
  while (!calls_.empty()) changed_.wait(lock.native());
}

void Server::NotifyToolsChanged() {
  {
    annotated::MutexLock lock(mutex_);
    if (revision_.empty()) return;
  }
  Send(NotificationText("notifications/tools/list_changed", "{}"));
}

void Server::OnRequest(const Message& message, bool in_batch, const Reply& reply) {
  const std::string& method = message.method();
  bool initialized = false;
  {
    annotated::MutexLock lock(mutex_);
    initialized = !revision_.empty();
  }
  const auto fail = [&](int64_t code, std::string text) {
    reply(ErrorText(message.id(), {.code = code, .message = std::move(text)}));
  };
  if (method == "ping") return reply(ResultText(*message.id(), "{}"));
  if (method == "initialize") {
    if (in_batch) return fail(kInvalidRequest, "initialize is not to be part of a batch");
    if (initialized) return fail(kInvalidRequest, "the session is initialised already");
    return reply(Initialize(message));
  }
  if (!initialized) return fail(kInvalidRequest, "the session is not initialised");
  if (method == "tools/list") return reply(ListTools(message));
  if (method == "tools/call") return CallTool(message, reply);
  fail(kMethodNotFound, absl::StrCat("this server does not offer ", method));
}

void Server::OnNotification(const Message& message) {
  if (message.method() != "notifications/cancelled") return;
  const rapidjson::Value* const value = FindMember(message.params(), "requestId");
  const std::optional<RequestId> id = value == nullptr ? std::nullopt : IdOf(*value);
  if (!id.has_value()) return;
  std::shared_ptr<ToolExecutor::Call> running;
  {
    annotated::MutexLock lock(mutex_);
    const auto call = calls_.find(*id);
    if (call == calls_.end()) return;
    call->second->cancelled = true;
    running = call->second->running;
  }
  executor_->Cancel(running);
}

std::string Server::Initialize(const Message& message) {
  const std::optional<std::string> wanted = StringMember(message.params(), "protocolVersion");
  if (!wanted.has_value()) {
    return ErrorText(message.id(),
                     {.code = kInvalidParams, .message = "there is no protocolVersion"});
  }
  const std::string revision = IsKnownRevision(*wanted) ? *wanted : kRevisions[0];
  const std::string instructions =
      options_.instructions.empty()
          ? ""
          : absl::StrCat(R"(,"instructions":)", StringJson(options_.instructions));
  {
    annotated::MutexLock lock(mutex_);
    revision_ = revision;
  }
  return ResultText(
      *message.id(),
      absl::StrCat(R"({"protocolVersion":)", StringJson(revision),
                   R"(,"capabilities":{"tools":{"listChanged":true}},)", R"("serverInfo":{"name":)",
                   StringJson(options_.name), R"(,"version":)", StringJson(options_.version), "}",
                   instructions, "}"));
}

std::string Server::ListTools(const Message& message) {
  std::optional<std::string> after;
  if (FindMember(message.params(), "cursor") != nullptr) {
    const std::optional<std::string> cursor = StringMember(message.params(), "cursor");
    if (cursor.has_value()) after = NameInCursor(*cursor);
    if (!after.has_value()) {
      return ErrorText(message.id(), {.code = kInvalidParams,
                                      .message = "the cursor is not one that this server gave"});
    }
  }
  std::string tools;
  std::string next_cursor;
  size_t count = 0;
  std::string last;
  for (const ToolPtr& registered : registry_->List()) {
    const Tool& tool = registered->tool;
    if (after.has_value() && tool.name <= *after) continue;
    if (count == options_.page_size) {
      next_cursor = absl::StrCat(R"(,"nextCursor":)", StringJson(CursorAfter(last)));
      break;
    }
    absl::StrAppend(&tools, count == 0 ? "" : ",", ToolJson(tool));
    last = tool.name;
    ++count;
  }
  return ResultText(*message.id(), absl::StrCat(R"({"tools":[)", tools, "]", next_cursor, "}"));
}

void Server::CallTool(const Message& message, const Reply& reply) {
  const auto fail = [&](int64_t code, std::string text) {
    reply(ErrorText(message.id(), {.code = code, .message = std::move(text)}));
  };
  const std::optional<std::string> name = StringMember(message.params(), "name");
  if (!name.has_value()) return fail(kInvalidParams, "there is no name");
  const rapidjson::Value* arguments = FindMember(message.params(), "arguments");
  if (arguments != nullptr && arguments->IsNull()) arguments = nullptr;
  if (arguments != nullptr && !arguments->IsObject()) {
    return fail(kInvalidParams, "the arguments are not an object");
  }
  if (registry_->Find(*name) == nullptr) {
    return fail(kInvalidParams, absl::StrCat("Unknown tool: ", *name));
  }
  auto call = std::make_shared<Call>(Call{.id = *message.id(), .reply = reply});
  bool is_duplicate = false;
  bool is_overloaded = false;
  {
    annotated::MutexLock lock(mutex_);
    is_duplicate = calls_.count(call->id) > 0;
    is_overloaded = calls_.size() >= options_.max_calls;
    if (!is_duplicate && !is_overloaded) calls_[call->id] = call;
  }
  if (is_duplicate) return fail(kInvalidRequest, "a request with this id runs already");
  if (is_overloaded) {
    return reply(
        ResultText(call->id, ResultJson(ToolError{.kind = ToolErrorKind::kOverloaded,
                                                  .message = "too many calls are under way"})));
  }
  ToolRequest request{
      .name = *name,
      .arguments =
          std::string(arguments == nullptr ? "" : MemberText(message.params_text(), "arguments")),
      .timeout = options_.call_timeout,
      .on_worker = true};
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
  annotated::MutexLock lock(mutex_);
  call->running = std::move(running);
}

void Server::OnEnd(Call& call, const ToolResult& result) {
  bool is_cancelled = false;
  {
    annotated::MutexLock lock(mutex_);
    is_cancelled = call.cancelled;
  }
  call.reply(is_cancelled ? std::nullopt : std::optional(ResultText(call.id, ResultJson(result))));
  annotated::MutexLock lock(mutex_);
  calls_.erase(call.id);
  // This is done under the mutex, because the server may be gone as soon as nothing is under way.
  changed_.notify_all();
}

void Server::Send(const std::string& text) {
  annotated::MutexLock lock(send_mutex_);
  send_(text);
}

}  // namespace parlance::tools::mcp

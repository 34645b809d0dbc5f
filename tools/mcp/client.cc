#include "tools/mcp/client.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/json/json_text.h"
#include "tools/json/json_value.h"
#include "tools/mcp/revisions.h"
#include "tools/tool_json.h"

namespace parlance::tools::mcp {
namespace {

constexpr char kListTools[] = "tools/list";
// How often a caller's flag is looked at.
constexpr std::chrono::milliseconds kCancelledInterval(5);
// A caller that is slower than the server's progress misses the oldest.
constexpr size_t kMaxQueuedProgress = 64;

absl::Status StatusOf(const JsonRpcError& error) {
  const std::string text = absl::StrCat(error.message, " (JSON-RPC error ", error.code, ")");
  switch (error.code) {
    case kInvalidParams:
      return absl::InvalidArgumentError(text);
    case kMethodNotFound:
      return absl::UnimplementedError(text);
    // It could not read the request, and has asked no tool.
    case kParseError:
    case kInvalidRequest:
      return absl::InternalError(text);
    default:
      return absl::UnknownError(text);
  }
}

// The end of a message of a request without an answer.
std::string Remark(const std::string& remark) {
  return remark.empty() ? "" : absl::StrCat("; meanwhile it sent this: ", remark);
}

absl::Status Malformed(absl::string_view what) {
  return absl::InternalError(absl::StrCat("the server's answer is malformed: ", what));
}

// The member as JSON, its numbers as the server wrote them, or nothing if it is absent or no
// object.
std::string ObjectMember(absl::string_view object, const char* name) {
  const absl::string_view member = MemberText(object, name);
  return absl::StartsWith(member, "{") ? CompactJson(member).value_or("") : "";
}

// `text`: the value's. `max_depth`: of the message that lists the tool.
absl::StatusOr<RemoteTool> ReadTool(const rapidjson::Value& value, absl::string_view text,
                                    int max_depth) {
  std::optional<std::string> name = StringMember(value, "name");
  if (!name.has_value()) return absl::InvalidArgumentError("it has no name");
  // The message, its result and the list are three levels.
  if (!NestedWithin(value, max_depth - 3)) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is nested too deeply; the limit is ", max_depth, " levels"));
  }
  RemoteTool tool;
  tool.name = *std::move(name);
  tool.title = StringMember(value, "title").value_or("");
  tool.description = StringMember(value, "description").value_or("");
  tool.input_schema = ObjectMember(text, "inputSchema");
  tool.output_schema = ObjectMember(text, "outputSchema");
  tool.annotations = ObjectMember(text, "annotations");
  if (tool.input_schema.empty()) {
    const rapidjson::Value* const schema = FindMember(value, "inputSchema");
    return absl::InvalidArgumentError(schema == nullptr ? "it has no inputSchema"
                                                        : "its inputSchema is not an object");
  }
  tool.unkept = UnkeptMembers(value);
  return tool;
}

// Adds the tools of a page, whose list has this text. False if there are too many.
bool ReadPage(const rapidjson::Value& list, absl::string_view text, size_t max_tools, int max_depth,
              std::set<std::string>& names, RemoteTools& tools) {
  const std::vector<absl::string_view> texts = ElementTexts(text);
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
    const rapidjson::Value& value = list[i];
    const size_t number = tools.tools.size() + tools.skipped.size() + 1;
    if (number > max_tools) return false;
    absl::StatusOr<RemoteTool> tool = ReadTool(value, texts[i], max_depth);
    if (tool.ok() && !names.insert(tool->name).second) {
      tool = absl::InvalidArgumentError("the server lists another of that name before it");
    }
    if (tool.ok()) {
      tools.tools.push_back(*std::move(tool));
    } else {
      tools.skipped.push_back(
          {.name = StringMember(value, "name").value_or(absl::StrCat("tool ", number)),
           .reason = std::string(tool.status().message())});
    }
  }
  return true;
}

// `text`: the value's.
absl::StatusOr<CallToolResult> ReadCallResult(const rapidjson::Value& value,
                                              absl::string_view text) {
  CallToolResult result;
  const rapidjson::Value* const is_error = FindMember(value, "isError");
  if (is_error != nullptr && !is_error->IsBool() && !is_error->IsNull()) {
    return Malformed("isError is neither true nor false");
  }
  result.is_error = is_error != nullptr && is_error->IsTrue();
  const std::string structured = ObjectMember(text, "structuredContent");
  const rapidjson::Value* content = FindMember(value, "content");
  if (content != nullptr && content->IsNull()) content = nullptr;
  if (content != nullptr && !content->IsArray()) return Malformed("the content is not an array");
  // What is no text, such as an image, is in the output's JSON. The text, which may be spoken, has
  // it only where there is nothing else.
  std::string unshown;
  if (content != nullptr) {
    for (const rapidjson::Value& part : content->GetArray()) {
      const std::optional<std::string> type = StringMember(part, "type");
      if (!type.has_value()) return Malformed("a part of the content has no type");
      if (*type != "text") {
        const std::string kind = StringMember(part, "mimeType").value_or(*type);
        absl::StrAppend(&unshown, unshown.empty() ? "" : ", ", kind);
        continue;
      }
      const std::optional<std::string> said = StringMember(part, "text");
      if (!said.has_value()) return Malformed("a text in the content has no text");
      // Servers repeat the structured content as a text, for older clients.
      if (!structured.empty() && CompactJson(*said) == structured) continue;
      absl::StrAppend(&result.output.text, result.output.text.empty() ? "" : "\n", *said);
    }
  }
  if (!structured.empty()) {
    if (result.output.text.empty()) result.output.text = structured;
    result.output.json = structured;
    return result;
  }
  if (content == nullptr) return Malformed("neither content nor structuredContent");
  if (result.output.text.empty() && !unshown.empty()) {
    result.output.text = absl::StrCat("[not shown: ", unshown, "]");
  }
  result.output.json = absl::StrCat(R"({"content":)",
                                    CompactJson(MemberText(text, "content")).value_or("null"), "}");
  return result;
}

}  // namespace

// A request that somebody waits for. Guarded by the client's mutex while it is in pending_.
struct Client::Pending {
  std::condition_variable changed;
  bool wants_progress = false;
  std::deque<ToolProgress> progress;
  std::optional<absl::StatusOr<Message>> result;
  // What came meanwhile and may have been the answer.
  std::string remark;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(std::unique_ptr<Transport> transport,
                                                        ClientOptions options) {
  std::unique_ptr<Client> client(new Client(std::move(transport), std::move(options)));
  Client* const raw = client.get();
  if (absl::Status started = raw->transport_->Start(
          {.on_message = [raw](const std::string& text) { raw->OnMessage(text); },
           .on_request_failed = [raw](int64_t id,
                                      const absl::Status& status) { raw->Fail(id, status); },
           .on_closed = [raw](const absl::Status& status) { raw->OnClosed(status); }});
      !started.ok()) {
    return started;
  }
  if (absl::Status initialized =
          raw->InitializeAgain(0, raw->Deadline(raw->options_.initialize_timeout));
      !initialized.ok()) {
    return initialized;
  }
  return client;
}

Client::Client(std::unique_ptr<Transport> transport, ClientOptions options)
    : options_(std::move(options)), transport_(std::move(transport)) {
  if (options_.on_tools_changed != nullptr) {
    changes_thread_ = std::thread([this] { TellOfChanges(); });
  }
}

Client::~Client() {
  {
    annotated::MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  // It may be in the middle of a request.
  OnClosed(absl::UnavailableError("the client ends"));
  if (changes_thread_.joinable()) changes_thread_.join();
  transport_->Close();
}

ServerInfo Client::server_info() const {
  annotated::MutexLock lock(mutex_);
  return info_;
}

Client::Clock::time_point Client::Deadline(absl::Duration timeout) const {
  if (timeout <= absl::ZeroDuration()) timeout = options_.request_timeout;
  return Clock::now() + absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24)));
}

absl::Status Client::InitializeAgain(int64_t generation, Clock::time_point deadline) {
  annotated::MutexLock lock(mutex_);
  while (initializing_) {
    if (changed_.wait_until(lock.native(), deadline) == std::cv_status::timeout && initializing_) {
      return absl::DeadlineExceededError("the session was not initialised before the deadline");
    }
  }
  // Another request that found the session expired has done it meanwhile.
  if (generation_ != generation) return absl::OkStatus();
  initializing_ = true;
  lock.unlock();
  absl::Status initialized = Initialize(deadline);
  lock.lock();
  initializing_ = false;
  if (initialized.ok()) ++generation_;
  lock.unlock();
  changed_.notify_all();
  return initialized;
}

absl::Status Client::Initialize(Clock::time_point deadline) {
  const absl::StatusOr<Message> answer = RequestOnce(
      "initialize",
      absl::StrCat(R"({"protocolVersion":")", kRevisions[0],
                   R"(","capabilities":{},"clientInfo":{"name":)", StringJson(options_.name),
                   R"(,"version":)", StringJson(options_.version), "}}"),
      deadline, {});
  if (!answer.ok()) return answer.status();
  const rapidjson::Value& result = answer->result();
  const std::optional<std::string> revision = StringMember(result, "protocolVersion");
  const rapidjson::Value* const capabilities = FindMember(result, "capabilities");
  if (!revision.has_value() || capabilities == nullptr) {
    return Malformed("initialize gives no protocolVersion and capabilities");
  }
  if (!IsKnownRevision(*revision)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server speaks revision ", *revision,
                     " of the protocol, which this client does not know"));
  }
  ServerInfo info;
  info.protocol_version = *revision;
  info.instructions = StringMember(result, "instructions").value_or("");
  info.has_tools = FindMember(*capabilities, "tools") != nullptr;
  if (const rapidjson::Value* const server = FindMember(result, "serverInfo")) {
    info.name = StringMember(*server, "name").value_or("");
    info.version = StringMember(*server, "version").value_or("");
  }
  {
    annotated::MutexLock lock(mutex_);
    info_ = std::move(info);
  }
  transport_->SetProtocolVersion(*revision);
  return transport_->Send({.text = NotificationText("notifications/initialized", "{}"),
                           .method = "notifications/initialized",
                           .request_id = std::nullopt});
}

absl::StatusOr<Message> Client::Request(absl::string_view method, const std::string& params,
                                        Clock::time_point deadline,
                                        const CallToolOptions& options) {
  int64_t generation = 0;
  {
    annotated::MutexLock lock(mutex_);
    generation = generation_;
  }
  absl::StatusOr<Message> answer = RequestOnce(method, params, deadline, options);
  if (!absl::IsAborted(answer.status())) return answer;
  if (absl::Status initialized = InitializeAgain(generation, deadline); !initialized.ok()) {
    return initialized;
  }
  return RequestOnce(method, params, deadline, options);
}

std::string Client::WithProgressToken(const std::string& params, int64_t id) {
  const std::string meta = absl::StrCat(R"({"_meta":{"progressToken":)", id, "}");
  return params == "{}" ? absl::StrCat(meta, "}") : absl::StrCat(meta, ",", params.substr(1));
}

absl::StatusOr<Message> Client::RequestOnce(absl::string_view method, const std::string& params,
                                            Clock::time_point deadline,
                                            const CallToolOptions& options) {
  const int64_t id = next_id_++;
  Pending pending;
  pending.wants_progress = options.on_progress != nullptr;
  {
    annotated::MutexLock lock(mutex_);
    if (closed_.has_value()) return *closed_;
    pending_[id] = &pending;
  }
  const absl::Status sent = transport_->Send(
      {.text =
           RequestText(id, method, pending.wants_progress ? WithProgressToken(params, id) : params),
       .method = std::string(method),
       .request_id = id});
  annotated::MutexLock lock(mutex_);
  if (!sent.ok()) {
    pending_.erase(id);
    return sent;
  }
  const auto is_cancelled = [&] { return options.cancelled != nullptr && *options.cancelled; };
  for (;;) {
    // Progress is reported once a round, so that a flood of it does not hide the deadline.
    if (!pending.progress.empty()) {
      std::deque<ToolProgress> progress;
      progress.swap(pending.progress);
      lock.unlock();
      for (const ToolProgress& one : progress) options.on_progress(one);
      lock.lock();
    }
    if (pending.result.has_value()) break;
    if (is_cancelled() || Clock::now() >= deadline) break;
    const Clock::time_point wake = options.cancelled == nullptr
                                       ? deadline
                                       : std::min(deadline, Clock::now() + kCancelledInterval);
    while (!pending.result.has_value() && pending.progress.empty() &&
           pending.changed.wait_until(lock.native(), wake) != std::cv_status::timeout) {
    }
  }
  pending_.erase(id);
  lock.unlock();
  const bool answered = pending.result.has_value();
  transport_->Finish(id, answered);
  if (answered) {
    // ReadTool looks at each tool of a list by itself, so that one that is too deep does not lose
    // the others.
    const int max_depth = options_.limits.max_depth;
    if (pending.result->ok() && method != kListTools &&
        !NestedWithin((*pending.result)->result(), max_depth - 1)) {
      return Malformed(absl::StrCat("nested deeper than ", max_depth, " levels, the limit"));
    }
    return *std::move(pending.result);
  }
  const bool cancelled = is_cancelled();
  // initialize must not be cancelled. If this cannot be sent, the server finds out by itself.
  if (method != "initialize") {
    transport_
        ->Send({.text = NotificationText(
                    "notifications/cancelled",
                    absl::StrCat(R"({"requestId":)", id, R"(,"reason":")",
                                 cancelled ? "cancelled" : "deadline exceeded", R"("})")),
                .method = "notifications/cancelled",
                .request_id = std::nullopt})
        .IgnoreError();
  }
  const std::string remark = Remark(pending.remark);
  if (cancelled) return absl::CancelledError(absl::StrCat(method, " was cancelled", remark));
  return absl::DeadlineExceededError(
      absl::StrCat("the server did not answer ", method, " before the deadline", remark));
}

absl::StatusOr<RemoteTools> Client::ListTools(absl::Duration timeout) {
  const Clock::time_point deadline = Deadline(timeout);
  if (!server_info().has_tools) return absl::UnimplementedError("the server offers no tools");
  RemoteTools tools;
  std::set<std::string> names;
  std::set<std::string> cursors;
  std::string params = "{}";
  for (size_t page = 0; page < options_.max_pages; ++page) {
    absl::StatusOr<Message> answer = Request(kListTools, params, deadline);
    const rapidjson::Value* const list =
        answer.ok() ? FindMember(answer->result(), "tools") : nullptr;
    if (answer.ok() && (list == nullptr || !list->IsArray())) {
      answer = Malformed("tools/list does not give a list");
    }
    if (!answer.ok()) {
      if (page == 0) return answer.status();
      tools.cut_short = absl::StrCat("page ", page + 1, ": ", answer.status().message());
      return tools;
    }
    if (!ReadPage(*list, MemberText(answer->result_text(), "tools"), options_.max_tools,
                  options_.limits.max_depth, names, tools)) {
      tools.cut_short = absl::StrCat("the server lists more than ", options_.max_tools, " tools");
      return tools;
    }
    const std::optional<std::string> cursor = StringMember(answer->result(), "nextCursor");
    // Some servers say so that nothing follows.
    if (cursor.value_or("").empty()) return tools;
    if (!cursors.insert(*cursor).second) {
      tools.cut_short = absl::StrCat("page ", page + 1, " leads back to an earlier one");
      return tools;
    }
    params = absl::StrCat(R"({"cursor":)", StringJson(*cursor), "}");
  }
  tools.cut_short =
      absl::StrCat("the server lists its tools on more than ", options_.max_pages, " pages");
  return tools;
}

absl::StatusOr<CallToolResult> Client::CallTool(absl::string_view name,
                                                absl::string_view arguments_json,
                                                const CallToolOptions& options) {
  const Clock::time_point deadline = Deadline(options.timeout);
  const std::optional<std::string> arguments =
      arguments_json.empty() ? "{}" : CompactJson(arguments_json);
  if (!arguments.has_value() || arguments->front() != '{') {
    return absl::InvalidArgumentError("the arguments are not a JSON object");
  }
  const absl::StatusOr<Message> answer =
      Request("tools/call",
              absl::StrCat(R"({"name":)", StringJson(name), R"(,"arguments":)", *arguments, "}"),
              deadline, options);
  if (!answer.ok()) return answer.status();
  return ReadCallResult(answer->result(), answer->result_text());
}

absl::Status Client::Ping(absl::Duration timeout) {
  return Request("ping", "{}", Deadline(timeout)).status();
}

void Client::OnMessage(const std::string& text) {
  // RequestOnce and ReadTool look at the depth again, each at its part.
  MessageLimits limits = options_.limits;
  limits.max_depth = kMaxJsonDepth;
  ParsedText parsed = ParseMessages(text, limits);
  std::vector<std::string> answers;
  for (ParsedMessage& one : parsed.messages) {
    std::optional<std::string> answer;
    if (const auto* const malformed = std::get_if<MalformedMessage>(&one)) {
      answer = OnMalformed(*malformed);
    } else {
      auto& message = std::get<Message>(one);
      switch (message.kind()) {
        case Message::Kind::kRequest:
          answer = AnswerTo(message);
          break;
        case Message::Kind::kNotification:
          OnNotification(message);
          break;
        case Message::Kind::kResult: {
          const RequestId id = *message.id();
          Settle(id, std::move(message));
          break;
        }
        case Message::Kind::kError:
          if (message.id().has_value()) {
            Settle(*message.id(), StatusOf(message.error()));
          } else {
            // It may be about a notification, but hardly if it could not even be parsed.
            SettleWithoutId(StatusOf(message.error()), message.error().code == kParseError);
          }
      }
    }
    if (answer.has_value()) answers.push_back(*std::move(answer));
  }
  if (answers.empty()) return;
  // A server that asks and does not read goes without.
  transport_
      ->Send({.text = parsed.is_batch ? BatchText(answers) : answers[0],
              .method = "",
              .request_id = std::nullopt})
      .IgnoreError();
}

std::optional<std::string> Client::OnMalformed(const MalformedMessage& malformed) {
  const absl::Status status = Malformed(malformed.error.message);
  if (!malformed.id.has_value()) {
    SettleWithoutId(status, malformed.is_response);
    return std::nullopt;
  }
  // What has neither method nor answer answers whoever waits for its id, badly.
  if (malformed.has_method) return ErrorText(malformed.id, malformed.error);
  Settle(*malformed.id, status);
  return std::nullopt;
}

std::string Client::AnswerTo(const Message& request) {
  if (request.method() == "ping") return ResultText(*request.id(), "{}");
  return ErrorText(request.id(),
                   {.code = kMethodNotFound,
                    .message = absl::StrCat("this client does not offer ", request.method())});
}

void Client::OnNotification(const Message& message) {
  if (message.method() == "notifications/tools/list_changed") {
    {
      annotated::MutexLock lock(mutex_);
      tools_changed_ = true;
    }
    changed_.notify_all();
    return;
  }
  if (message.method() != "notifications/progress") return;
  const rapidjson::Value* const token = FindMember(message.params(), "progressToken");
  const rapidjson::Value* const progress = FindMember(message.params(), "progress");
  if (token == nullptr || !token->IsInt64() || progress == nullptr || !progress->IsNumber()) return;
  const rapidjson::Value* const total = FindMember(message.params(), "total");
  annotated::MutexLock lock(mutex_);
  const auto found = pending_.find(token->GetInt64());
  if (found == pending_.end()) return;
  Pending& pending = *found->second;
  if (!pending.wants_progress || pending.result.has_value()) return;
  if (pending.progress.size() == kMaxQueuedProgress) pending.progress.pop_front();
  pending.progress.push_back({.progress = progress->GetDouble(),
                              .total = total != nullptr && total->IsNumber()
                                           ? std::optional(total->GetDouble())
                                           : std::nullopt,
                              .message = StringMember(message.params(), "message").value_or("")});
  pending.changed.notify_all();
}

void Client::Settle(const RequestId& id, absl::StatusOr<Message> result) {
  // All ids of ours are numbers.
  int64_t number = 0;
  if (const auto* const text = std::get_if<std::string>(&id)) {
    if (!absl::SimpleAtoi(*text, &number)) return;
    result = Malformed(absl::StrCat("its id is the string ", StringJson(*text),
                                    ", the request's was the number ", number));
  } else {
    number = std::get<int64_t>(id);
  }
  annotated::MutexLock lock(mutex_);
  const auto found = pending_.find(number);
  // Otherwise it answers a request that was given up, or none.
  if (found == pending_.end() || found->second->result.has_value()) return;
  found->second->result = std::move(result);
  found->second->changed.notify_all();
}

void Client::Fail(int64_t id, const absl::Status& status) {
  annotated::MutexLock lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end() || found->second->result.has_value()) return;
  found->second->result =
      absl::Status(status.code(), absl::StrCat(status.message(), Remark(found->second->remark)));
  found->second->changed.notify_all();
}

void Client::SettleWithoutId(const absl::Status& status, bool surely) {
  annotated::MutexLock lock(mutex_);
  for (const auto& [id, pending] : pending_) {
    if (pending->result.has_value()) continue;
    pending->remark = std::string(status.message());
    if (!surely || pending_.size() > 1) continue;
    pending->result = status;
    pending->changed.notify_all();
  }
}

void Client::OnClosed(const absl::Status& status) {
  annotated::MutexLock lock(mutex_);
  closed_ = status;
  for (const auto& [id, pending] : pending_) {
    if (pending->result.has_value()) continue;
    pending->result = status;
    pending->changed.notify_all();
  }
}

void Client::TellOfChanges() {
  annotated::MutexLock lock(mutex_);
  for (;;) {
    while (!tools_changed_ && !ending_) changed_.wait(lock.native());
    if (ending_) return;
    tools_changed_ = false;
    lock.unlock();
    options_.on_tools_changed();
    lock.lock();
  }
}

}  // namespace parlance::tools::mcp

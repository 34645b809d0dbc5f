// Any messages, to a server and to a client, and any stream of them: no crash, at most one answer
// to each, and whatever is sent is a message itself. The bits of the input's first byte say what
// comes before: see FuzzServer and FuzzClient. The rest is messages, one a line.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "tools/executor.h"
#include "tools/json/json_value.h"
#include "tools/mcp/client.h"
#include "tools/mcp/server.h"
#include "tools/mcp/testing/scripted_transport.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/mcp/transport/line_io.h"
#include "tools/mcp/transport/sse.h"
#include "tools/mcp/transport/transport.h"
#include "tools/registry.h"
#include "tools/tool_definition.h"

namespace parlance::tools::mcp {
namespace {

constexpr unsigned kInitializeServer = 1;
constexpr unsigned kInitializeByInput = 2;
constexpr unsigned kCallTool = 4;

constexpr absl::string_view kInitialize =
    R"({"jsonrpc":"2.0","id":"first","method":"initialize","params":{)"
    R"("protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"f","version":"1"}}})";

void Check(bool holds) {
  if (!holds) std::abort();
}

bool IsResponse(const Message& message) {
  return message.kind() == Message::Kind::kResult || message.kind() == Message::Kind::kError;
}

// How many responses are sent in a text. How deep a message may be is the receiver's to say, and
// how many there are in a batch.
size_t ResponsesIn(absl::string_view text) {
  const ParsedText parsed = ParseMessages(text, {.max_depth = 10'000, .max_batch = 1'000'000});
  size_t count = 0;
  for (const ParsedMessage& message : parsed.messages) {
    Check(std::holds_alternative<Message>(message));
    count += IsResponse(std::get<Message>(message));
  }
  return count;
}

double NumberOf(const rapidjson::Value& arguments, const char* name) {
  const rapidjson::Value* const number = FindMember(arguments, name);
  return number != nullptr && number->IsNumber() ? number->GetDouble() : 0;
}

void RegisterTools(ToolRegistry& registry) {
  Tool tool;
  tool.name = "say";
  tool.description = "Says what it is given, be it JSON or not.";
  tool.parameters = R"({"type":"object","properties":{"json":{"type":"string"},)"
                    R"("text":{"type":"string"}}})";
  tool.computes_only = true;
  tool.handler = [](const rapidjson::Value& arguments, const ToolContext&) {
    return ToolOutput{.json = StringMember(arguments, "json").value_or(ValueJson(arguments)),
                      .text = StringMember(arguments, "text").value_or("")};
  };
  Check(registry.Register(tool).ok());
  tool.name = "go";
  tool.description = "Reports a rate, which may be that of nothing, and fails if told so.";
  tool.parameters = R"({"properties":{"n":{"type":"number"},"of":{"type":"number"}}})";
  tool.computes_only = false;
  tool.handler = [](const rapidjson::Value& arguments,
                    const ToolContext& context) -> absl::StatusOr<ToolOutput> {
    context.ReportProgress({.progress = NumberOf(arguments, "n") / NumberOf(arguments, "of"),
                            .total = NumberOf(arguments, "total"),
                            .message = StringMember(arguments, "message").value_or("")});
    if (const auto error = StringMember(arguments, "error")) return absl::NotFoundError(*error);
    return ToolOutput{.json = ValueJson(arguments), .text = "gone"};
  };
  Check(registry.Register(std::move(tool)).ok());
}

void FuzzServer(unsigned choices, const std::vector<absl::string_view>& lines) {
  static const ToolRegistry* const registry = [] {
    auto* const tools = new ToolRegistry;
    RegisterTools(*tools);
    return tools;
  }();
  absl::StatusOr<std::unique_ptr<ToolExecutor>> executor = ToolExecutor::Create(registry, {});
  Check(executor.ok());
  std::atomic<size_t> num_answers = 0;
  Server server(registry, executor->get(), {.page_size = 1},
                [&](const std::string& text) { num_answers += ResponsesIn(text); });
  size_t num_received = 0;
  for (const absl::string_view line : lines) num_received += ParseMessages(line).messages.size();
  if ((choices & kInitializeServer) != 0) {
    server.Receive(kInitialize);
    ++num_received;
  }
  for (const absl::string_view line : lines) server.Receive(line);
  server.NotifyToolsChanged();
  server.Drain();
  Check(num_answers <= num_received);
}

// What the server's next lines are, up to the answer. If they end before, so does the connection.
void AnswerRequest(ScriptedServer& server, const OutgoingMessage& request,
                   std::vector<absl::string_view>& lines) {
  while (!lines.empty()) {
    const std::string line(lines.front());
    lines.erase(lines.begin());
    server.Deliver(line);
    const ParsedText parsed = ParseMessages(line);
    if (std::any_of(parsed.messages.begin(), parsed.messages.end(), [&](const ParsedMessage& one) {
          const auto* const message = std::get_if<Message>(&one);
          return message != nullptr && IsResponse(*message) &&
                 message->id() == RequestId(*request.request_id);
        })) {
      return;
    }
  }
  server.CloseConnection(absl::UnavailableError("nothing comes any more"));
}

void FuzzClient(unsigned choices, std::vector<absl::string_view> lines) {
  std::string arguments;
  if ((choices & kCallTool) != 0 && !lines.empty()) {
    arguments = std::string(lines.front());
    lines.erase(lines.begin());
  }
  ScriptedServer server([&](ScriptedServer& self, const OutgoingMessage& message) {
    ResponsesIn(message.text);
    if (message.request_id.has_value()) AnswerRequest(self, message, lines);
  });
  if ((choices & kInitializeByInput) != 0) server.initialize_answer.clear();
  const absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(std::make_unique<ScriptedTransport>(&server), {});
  if (!client.ok()) return;
  if ((choices & kCallTool) == 0) {
    (*client)->ListTools().IgnoreError();
    return;
  }
  size_t num_progress = 0;
  const absl::StatusOr<CallToolResult> result = (*client)->CallTool(
      "tool", arguments, {.on_progress = [&](const ToolProgress&) { ++num_progress; }});
  if (!result.ok()) return;
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(result->output.json.data(),
                                             result->output.json.size());
  Check(!json.HasParseError() && json.IsObject());
}

// What a parser makes of the text does not depend on how it is cut.
void FuzzStreams(absl::string_view text) {
  for (const size_t max_bytes : {size_t{16}, size_t{1} << 20}) {
    std::vector<std::pair<std::string, std::string>> events[2];
    std::vector<std::optional<std::string>> lines[2];
    bool ok[2];
    std::string last_ids[2];
    for (const size_t i : {0, 1}) {
      const size_t piece = i == 0 ? text.size() + 1 : 3;
      SseParser parser(max_bytes);
      LineSplitter splitter(max_bytes);
      ok[i] = true;
      for (absl::string_view rest = text; !rest.empty();
           rest.remove_prefix(std::min(piece, rest.size()))) {
        const absl::string_view next = rest.substr(0, piece);
        splitter.Append(next, [&](std::optional<absl::string_view> line) {
          lines[i].push_back(line.has_value() ? std::optional<std::string>(*line) : std::nullopt);
        });
        ok[i] = ok[i] && parser
                             .Append(next,
                                     [&](const SseEvent& event) {
                                       events[i].emplace_back(event.type, event.data);
                                     })
                             .ok();
      }
      last_ids[i] = parser.last_event_id();
    }
    Check(events[0] == events[1] && lines[0] == lines[1]);
    Check(ok[0] == ok[1] && last_ids[0] == last_ids[1]);
  }
}

}  // namespace
}  // namespace parlance::tools::mcp

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::tools::mcp;  // NOLINT
  if (size == 0) return 0;
  const unsigned choices = data[0];
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  FuzzServer(choices, lines);
  FuzzClient(choices, lines);
  FuzzStreams(text);
  return 0;
}

#include "tools/mcp/register_tools.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/json_schema.h"
#include "tools/mcp/transport/json_rpc.h"
#include "tools/tool_json.h"

namespace parlance::tools::mcp {
namespace {

std::string ValidName(absl::string_view prefix, const std::string& remote_name,
                      const ToolRegistry& registry) {
  std::string name = absl::StrCat(prefix, remote_name);
  for (char& c : name) {
    if (!IsToolNameCharacter(c)) c = '_';
  }
  name = name.substr(0, kMaxToolNameSize);
  std::string unique = name;
  for (int i = 2; registry.Find(unique) != nullptr; ++i) {
    const std::string suffix = absl::StrCat("_", i);
    unique = absl::StrCat(name.substr(0, kMaxToolNameSize - suffix.size()), suffix);
  }
  return unique;
}

// Hints: what a server says of its own tools. They decide whether a call is tried again.
ToolAnnotations AnnotationsOf(const std::string& json) {
  rapidjson::Document document;
  if (ParseJson(json, document).has_value() || !document.IsObject()) return {};
  return ReadToolAnnotations(document);
}

// An error that says of a call what the executor distinguishes: where no tool has answered, because
// of the connection, the server's HTTP or an answer that is malformed, what the call needs is not
// there.
absl::Status CallError(const absl::Status& status) {
  switch (status.code()) {
    // What the server answers.
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnknown:
    // What the executor knows by itself.
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return status;
    default:
      return absl::UnavailableError(status.message());
  }
}

ToolHandler Handler(std::shared_ptr<Client> client, const std::string& name) {
  return [client = std::move(client), name](
             const rapidjson::Value& arguments,
             const ToolContext& context) -> absl::StatusOr<ToolOutput> {
    CallToolOptions options;
    // Not zero, which would mean the default.
    options.timeout =
        std::max(absl::FromChrono(context.deadline - std::chrono::steady_clock::now()),
                 absl::Nanoseconds(1));
    options.cancelled = &context.cancelled;
    if (context.on_progress != nullptr) options.on_progress = *context.on_progress;
    // The text has all digits of its numbers.
    const std::string json =
        context.arguments_json.empty() ? ValueJson(arguments) : std::string(context.arguments_json);
    absl::StatusOr<CallToolResult> result = client->CallTool(name, json, options);
    if (!result.ok()) return CallError(result.status());
    if (result->is_error) return absl::UnknownError(result->output.text);
    return std::move(result->output);
  };
}

bool AreSame(const RemoteTool& a, const RemoteTool& b) {
  return a.name == b.name && a.title == b.title && a.description == b.description &&
         a.input_schema == b.input_schema && a.output_schema == b.output_schema &&
         a.annotations == b.annotations;
}

void Register(const std::shared_ptr<Client>& client, const RemoteTool& remote,
              absl::string_view prefix, ToolRegistry& registry, RegisteredMcpTools& result) {
  Tool tool;
  tool.name = ValidName(prefix, remote.name, registry);
  tool.description = DescriptionOf(remote.description, remote.title, remote.name);
  tool.title = remote.title;
  tool.parameters = remote.input_schema;
  // One that we cannot read checks nothing.
  if (!remote.output_schema.empty() && JsonSchema::Compile(remote.output_schema).ok()) {
    tool.result_schema = remote.output_schema;
  }
  tool.annotations = AnnotationsOf(remote.annotations);
  tool.handler = Handler(client, remote.name);
  const std::string name = tool.name;
  if (absl::Status registered = registry.Register(std::move(tool)); registered.ok()) {
    result.registered.push_back({.name = name, .remote_name = remote.name, .definition = remote});
  } else {
    result.skipped.push_back(
        {.remote_name = remote.name, .reason = std::string(registered.message())});
  }
}

}  // namespace

absl::StatusOr<RegisteredMcpTools> RegisterMcpTools(const std::shared_ptr<Client>& client,
                                                    ToolRegistry& registry,
                                                    absl::string_view prefix,
                                                    const RegisteredMcpTools& before) {
  absl::StatusOr<RemoteTools> listed = client->ListTools();
  if (!listed.ok()) return listed.status();
  const std::vector<RemoteTool>& tools = listed->tools;
  const auto is_as_before = [&](const RemoteTool& remote) {
    return std::find_if(before.registered.begin(), before.registered.end(),
                        [&](const RegisteredMcpTools::Registered& registered) {
                          return AreSame(registered.definition, remote);
                        });
  };
  RegisteredMcpTools result;
  result.cut_short = std::move(listed->cut_short);
  for (auto& [name, reason] : listed->skipped) {
    result.skipped.push_back({.remote_name = std::move(name), .reason = std::move(reason)});
  }
  // First what is gone or has changed, so that names are free.
  for (const RegisteredMcpTools::Registered& registered : before.registered) {
    const auto now = std::find_if(tools.begin(), tools.end(), [&](const RemoteTool& remote) {
      return remote.name == registered.remote_name;
    });
    if (now == tools.end() && !result.cut_short.empty()) {
      result.registered.push_back(registered);
    } else if (now == tools.end() || !AreSame(registered.definition, *now)) {
      // Somebody else may have removed it.
      registry.Remove(registered.name).IgnoreError();
    }
  }
  for (const RemoteTool& remote : tools) {
    if (const auto known = is_as_before(remote); known != before.registered.end()) {
      result.registered.push_back(*known);
    } else {
      Register(client, remote, prefix, registry, result);
    }
  }
  return result;
}

}  // namespace parlance::tools::mcp

#include "tools/mcp/register_tools.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "tools/json_schema.h"
#include "tools/mcp/json_rpc.h"

namespace parlance::tools::mcp {
namespace {

// What ToolRegistry takes.
constexpr size_t kMaxNameLength = 64;

std::string ValidName(absl::string_view prefix, const std::string& remote_name,
                      const ToolRegistry& registry) {
  std::string name = absl::StrCat(prefix, remote_name);
  for (char& c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-') c = '_';
  }
  name = name.substr(0, kMaxNameLength);
  std::string unique = name;
  for (int i = 2; registry.Find(unique) != nullptr; ++i) {
    const std::string suffix = absl::StrCat("_", i);
    unique = absl::StrCat(name.substr(0, kMaxNameLength - suffix.size()), suffix);
  }
  return unique;
}

// Null if there is none, or none that we can read.
std::shared_ptr<const JsonSchema> OutputSchema(const RemoteTool& tool) {
  if (tool.output_schema.empty()) return nullptr;
  absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(tool.output_schema);
  return schema.ok() ? std::make_shared<const JsonSchema>(*std::move(schema)) : nullptr;
}

absl::Status CheckOutput(const JsonSchema& schema, const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  const std::optional<SchemaError> error = schema.Validate(document);
  if (!error.has_value()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(
      "the server's result does not fit its own schema: ", error->pointer, ": ", error->message));
}

ToolHandler Handler(std::shared_ptr<Client> client, const RemoteTool& tool) {
  return [client = std::move(client), name = tool.name, schema = OutputSchema(tool)](
             const rapidjson::Value& arguments,
             const ToolContext& context) -> absl::StatusOr<ToolOutput> {
    CallToolOptions options;
    // Not zero, which would mean the default.
    options.timeout =
        std::max(absl::FromChrono(context.deadline - std::chrono::steady_clock::now()),
                 absl::Nanoseconds(1));
    options.cancelled = &context.cancelled;
    absl::StatusOr<CallToolResult> result = client->CallTool(name, ValueJson(arguments), options);
    if (!result.ok()) return result.status();
    if (result->is_error) return absl::UnknownError(result->output.text);
    if (schema != nullptr) {
      if (absl::Status fits = CheckOutput(*schema, result->output.json); !fits.ok()) return fits;
    }
    return std::move(result->output);
  };
}

}  // namespace

absl::StatusOr<RegisteredMcpTools> RegisterMcpTools(const std::shared_ptr<Client>& client,
                                                    ToolRegistry& registry,
                                                    absl::string_view prefix) {
  absl::StatusOr<std::vector<RemoteTool>> tools = client->ListTools();
  if (!tools.ok()) return tools.status();
  RegisteredMcpTools result;
  for (const RemoteTool& remote : *tools) {
    Tool tool;
    tool.name = ValidName(prefix, remote.name, registry);
    // A registry wants one, and a server need not give one.
    tool.description = !remote.description.empty() ? remote.description
                       : !remote.title.empty()     ? remote.title
                                                   : remote.name;
    tool.parameters = remote.input_schema;
    tool.handler = Handler(client, remote);
    const std::string name = tool.name;
    if (absl::Status registered = registry.Register(std::move(tool)); registered.ok()) {
      result.registered.push_back({.name = name, .remote_name = remote.name});
    } else {
      result.skipped.push_back(
          {.remote_name = remote.name, .reason = std::string(registered.message())});
    }
  }
  return result;
}

}  // namespace parlance::tools::mcp

// The tools of a server as if they were ours.
#ifndef TOOLS_MCP_REGISTER_TOOLS_H_
#define TOOLS_MCP_REGISTER_TOOLS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/mcp/client.h"
#include "tools/registry.h"

namespace parlance::tools::mcp {

struct RegisteredMcpTools {
  struct Registered {
    // The tool's name in the registry.
    std::string name;
    // The tool's name on the server.
    std::string remote_name;
    RemoteTool definition;
  };
  struct Skipped {
    std::string remote_name;
    std::string reason;
  };
  // The registered tools in the server's order.
  std::vector<Registered> registered;
  // Tools that cannot be used, such as those without a schema that JsonSchema::Compile takes.
  std::vector<Skipped> skipped;
  // Why the list ends before its end, as in RemoteTools.
  std::string cut_short;
};

// Lists the server's tools and registers each as `prefix` and its name, with what no name may have
// replaced by _, cut to 64 characters, and made unique by a number at its end. A call has the
// deadline of its ToolContext and ends when that is cancelled. A result that is an error becomes
// ToolErrorKind::kFailed with the server's text; one that does not fit the tool's output schema is
// an error, if we can read that schema.
//
// `before`: what an earlier call returned. Tools that are as they were stay, those that are gone or
// have changed are removed, and others come: for ClientOptions::on_tools_changed. Where the list is
// cut short, what it does not name stays.
//
// The tools hold the client. Errors are Client::ListTools's; then nothing is changed. By one thread
// at a time for one client.
absl::StatusOr<RegisteredMcpTools> RegisterMcpTools(const std::shared_ptr<Client>& client,
                                                    ToolRegistry& registry,
                                                    absl::string_view prefix,
                                                    const RegisteredMcpTools& before = {});

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_REGISTER_TOOLS_H_

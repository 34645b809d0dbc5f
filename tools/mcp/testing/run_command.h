// Runs software of others in a test.
#ifndef TOOLS_MCP_TESTING_RUN_COMMAND_H_
#define TOOLS_MCP_TESTING_RUN_COMMAND_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace parlance::tools::mcp {

struct CommandResult {
  // "exited with status 0", and the like.
  std::string state;
  // Standard output and error, as they came.
  std::string output;
};

// Runs a program with nothing to read. DeadlineExceeded if it takes longer, and it is ended then;
// otherwise errors as of ChildProcess::Start.
absl::StatusOr<CommandResult> RunCommand(
    const std::vector<std::string>& words, absl::Duration timeout,
    const std::vector<std::pair<std::string, std::string>>& environment = {},
    const std::string& directory = "");

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TESTING_RUN_COMMAND_H_

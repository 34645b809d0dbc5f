// Runs software of others in a test.
#ifndef TOOLS_MCP_TESTING_RUN_COMMAND_H_
#define TOOLS_MCP_TESTING_RUN_COMMAND_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "third_party/npm_packages.h"

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

// Runs a program to its end, and gives what it wrote: an npm::Runner. Unavailable, with what it
// wrote, if it did not exit with 0; otherwise errors as of RunCommand.
absl::StatusOr<std::string> RunToEnd(const npm::Command& command, absl::Duration timeout);

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TESTING_RUN_COMMAND_H_

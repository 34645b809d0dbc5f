// Software of others for a test, installed by npm.
#ifndef TOOLS_MCP_TESTING_NPM_PACKAGES_H_
#define TOOLS_MCP_TESTING_NPM_PACKAGES_H_

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

// Installs what the package.json and package-lock.json in `source` name, once for all runs, and
// gives the folder that has node_modules: below the user's cache, or the test's own folder if that
// cannot be written. No script of a package is run. NotFound if node 20 or npm is not there;
// Unavailable if the packages cannot be had.
absl::StatusOr<std::string> InstallNpmPackages(const std::string& source);

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TESTING_NPM_PACKAGES_H_

#include "tools/mcp/testing/run_command.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tools/process/child_process.h"

namespace parlance::tools::mcp {

absl::StatusOr<CommandResult> RunCommand(
    const std::vector<std::string>& words, absl::Duration timeout,
    const std::vector<std::pair<std::string, std::string>>& environment,
    const std::string& directory) {
  ChildProcessOptions options;
  options.words = {
      "sh", "-c", "command -v \"$0\" > /dev/null || exit 127; exec \"$0\" \"$@\" 2>&1 < /dev/null"};
  options.words.insert(options.words.end(), words.begin(), words.end());
  options.environment = environment;
  options.directory = directory;
  auto child = ChildProcess::Start(options);
  if (!child.ok()) return child.status();
  const absl::Time deadline = absl::Now() + timeout;
  CommandResult result;
  for (;;) {
    pollfd readable = {.fd = (*child)->stdout_fd(), .events = POLLIN, .revents = 0};
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) {
      return absl::DeadlineExceededError(
          absl::StrCat(words[0], " did not end; it said: ", result.output));
    }
    std::array<char, 4096> buffer;
    const ssize_t count = read(readable.fd, buffer.data(), buffer.size());
    if (count == 0) break;
    if (count > 0) result.output.append(buffer.data(), static_cast<size_t>(count));
  }
  (*child)->WaitForExit(absl::Seconds(60));
  result.state = (*child)->state().ToString();
  if (result.state == "exited with status 127") {
    return absl::NotFoundError(absl::StrCat("there is no program '", words[0], "'"));
  }
  return result;
}

absl::StatusOr<std::string> RunToEnd(const npm::Command& command, absl::Duration timeout) {
  absl::StatusOr<CommandResult> result =
      RunCommand(command.words, timeout, command.variables, command.directory);
  if (!result.ok()) return result.status();
  if (result->state != "exited with status 0") {
    return absl::UnavailableError(
        absl::StrCat(absl::StrJoin(command.words, " "), " ", result->state, ": ", result->output));
  }
  return std::move(result->output);
}

}  // namespace parlance::tools::mcp

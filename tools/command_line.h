// What the commands of `tool` have in common: messages, exit codes, files that users name.
#ifndef TOOLS_COMMAND_LINE_H_
#define TOOLS_COMMAND_LINE_H_

#include <fstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::tools {

// Of the process.
inline constexpr int kSuccess = 0;
// What was asked for was tried, and failed: a value is invalid, a tool says no.
inline constexpr int kFailure = 1;
// It could not be tried: the command line is wrong, a file unreadable, a schema refused.
inline constexpr int kRefused = 2;

// Prints the message to standard error, and returns kRefused.
int Refuse(absl::string_view message);
// The same, with where to look.
int WrongUse(absl::string_view message);

// Below `bazel run`, a path is relative to where the user is.
std::string UserPath(const std::string& path);

// Not open if it cannot be read; a folder could be opened.
std::ifstream OpenFile(const std::string& path);

// All of it; - is standard input. NotFound.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace parlance::tools

#endif  // TOOLS_COMMAND_LINE_H_

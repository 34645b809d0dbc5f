// Reads a command line into Abseil flags and returns what is wrong with it, where
// absl::ParseCommandLine ends the process with an exit code that means something else here.
#ifndef COMMAND_FLAGS_H_
#define COMMAND_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace command {

// The words of a command line, sorted into flags and arguments.
struct CommandLine {
  // The arguments that are no flags, in order. "-" is one; so is everything after "--".
  std::vector<std::string> arguments;
  // Flags that were given, by name, each once, in order.
  std::vector<std::string> flags;
};

// `words`: without the program; --NAME=VALUE, --NAME VALUE (also a VALUE of "-"), --BOOLEAN or
// --noBOOLEAN, with one or two dashes. Only flags in `names` exist, whatever libraries define.
// Stops at the first mistake: InvalidArgument for an unknown flag (with the nearest known one), a
// missing or malformed value, with what is allowed.
absl::Status ParseFlags(const std::vector<std::string>& words,
                        absl::Span<const absl::string_view> names, CommandLine& line);

// One paragraph a flag, in the order of `names`: its name, what it does, its default. Made of the
// texts that ABSL_FLAG gives, so that help and flag cannot differ.
std::string FlagsHelp(absl::Span<const absl::string_view> names);

}  // namespace command

#endif  // COMMAND_FLAGS_H_

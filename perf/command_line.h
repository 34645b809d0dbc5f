// Reads a command line into Abseil flags and returns what is wrong with it, where
// absl::ParseCommandLine ends the process with the exit code that means a regression here.
#ifndef PERF_COMMAND_LINE_H_
#define PERF_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace perf {

// `arguments`: without the program; --NAME=VALUE, --NAME VALUE, --BOOLEAN or --noBOOLEAN. Only
// flags in `names` exist. InvalidArgument that names the argument for an unknown flag, a missing or
// malformed value, or an argument that is none, unless `others` is given, which gets those.
absl::Status ParseFlags(const std::vector<std::string>& arguments,
                        absl::Span<const absl::string_view> names,
                        std::vector<std::string>* others = nullptr);

// One paragraph a flag, in the order of `names`: its name, what it does, its default.
std::string FlagsHelp(absl::Span<const absl::string_view> names);

}  // namespace perf

#endif  // PERF_COMMAND_LINE_H_

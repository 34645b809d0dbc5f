// A filter on a command line that people read and copy.
#ifndef PERF_SUITE_FILTER_ARGUMENT_H_
#define PERF_SUITE_FILTER_ARGUMENT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// A shell's argument that is a regular expression (RE2) for exactly this text, with no more
// backslashes than it needs.
std::string FilterArgument(absl::string_view text);

}  // namespace perf

#endif  // PERF_SUITE_FILTER_ARGUMENT_H_

#include "perf/suite/filter_argument.h"

#include <string>

#include "absl/strings/match.h"

namespace perf {

std::string FilterArgument(absl::string_view text) {
  std::string argument = "'";
  for (const char c : text) {
    if (c == '\'') {
      argument += "'\\''";
      continue;
    }
    if (absl::StrContains(R"(\.+*?()|[]{}^$)", c)) argument += '\\';
    argument += c;
  }
  return argument + "'";
}

}  // namespace perf

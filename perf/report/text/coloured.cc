#include "perf/report/text/coloured.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace perf {
namespace {

using Colour = std::pair<absl::string_view, absl::string_view>;

constexpr std::array<Colour, 5> kColours = {Colour{"✗ ", "31"}, Colour{"⚠ ", "33"},
                                            Colour{"✅ ", "32"}, Colour{"✓ ", "32"},
                                            Colour{"? ", "36"}};

bool IsSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

std::string Coloured(absl::string_view text) {
  std::string coloured;
  bool begins = true;
  while (!text.empty()) {
    const auto* const found = std::find_if(
        kColours.begin(), kColours.end(),
        [&](const Colour& one) { return begins && absl::StartsWith(text, one.first); });
    if (found == kColours.end()) {
      // A symbol is one where a line or a column begins, not in the middle of a sentence.
      begins =
          text.front() == '\n' || (text.front() == ' ' && (begins || absl::StartsWith(text, "  ")));
      coloured += text.front();
      text.remove_prefix(1);
      continue;
    }
    size_t length = std::min({text.find(':'), text.find('\n'), text.find("  "), text.size()});
    absl::StrAppend(&coloured, "\x1b[", found->second, "m", text.substr(0, length), "\x1b[0m");
    text.remove_prefix(length);
    begins = false;
  }
  return coloured;
}

bool WantsColours() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && !IsSet("NO_COLOR") && terminal != nullptr &&
         std::string(terminal) != "dumb";
}

}  // namespace perf

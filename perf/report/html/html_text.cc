#include "perf/report/html/html_text.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "command/terminal/printable.h"

namespace perf {

std::string PageText(absl::string_view text) {
  // What is made printable is at least half as long as before, so no more than this can be seen.
  std::string printable = command::Printable(text.substr(0, 3 * kMaxPageTextBytes));
  if (printable.size() <= kMaxPageTextBytes) return printable;
  // The ellipsis has its place within the bound.
  return command::CutText(printable, kMaxPageTextBytes - absl::string_view("…").size());
}

std::string HtmlText(absl::string_view text) {
  return absl::StrReplaceAll(
      PageText(text),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string FragmentText(absl::string_view text) {
  std::string encoded;
  for (const char c : PageText(text)) {
    const bool plain =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-._~/:", c);
    if (plain) {
      encoded.push_back(c);
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace perf

#include "perf/report/text/safe_text.h"

#include <array>
#include <charconv>
#include <string>

#include "absl/strings/str_replace.h"
#include "command/terminal/printable.h"

namespace perf {

std::string OneLine(absl::string_view text, size_t max_bytes) {
  // What is left out need not be made printable first: escapes only make a text longer.
  return command::CutText(command::PrintableLine(command::CutText(text, max_bytes)), max_bytes);
}

std::string MarkdownText(absl::string_view text, size_t max_bytes) {
  return absl::StrReplaceAll(OneLine(text, max_bytes), {{"\\", "\\\\"},
                                                        {"`", "\\`"},
                                                        {"*", "\\*"},
                                                        {"_", "\\_"},
                                                        {"[", "\\["},
                                                        {"]", "\\]"},
                                                        {"|", "\\|"},
                                                        {"~", "\\~"},
                                                        {"$", "\\$"},
                                                        {"&", "&amp;"},
                                                        {"<", "&lt;"},
                                                        {">", "&gt;"},
                                                        {"@", "@<!-- -->"},
                                                        {"#", "#<!-- -->"}});
}

std::string ExactNumber(double value) {
  std::array<char, 32> text;
  const std::to_chars_result end = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), end.ptr);
}

}  // namespace perf

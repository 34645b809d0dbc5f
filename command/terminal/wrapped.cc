#include "command/terminal/wrapped.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace command {

std::string Wrapped(absl::string_view text, size_t indent, size_t columns) {
  std::string wrapped;
  size_t column = columns;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (column + 1 + word.size() >= columns) {
      absl::StrAppend(&wrapped, wrapped.empty() ? "" : "\n", std::string(indent, ' '), word);
      column = indent + word.size();
    } else {
      absl::StrAppend(&wrapped, " ", word);
      column += 1 + word.size();
    }
  }
  return wrapped;
}

}  // namespace command

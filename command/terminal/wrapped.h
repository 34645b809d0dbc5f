// Paragraphs of help, broken into lines.
#ifndef COMMAND_TERMINAL_WRAPPED_H_
#define COMMAND_TERMINAL_WRAPPED_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace command {

// The words of `text` in lines that begin with `indent` spaces and end before column `columns`. A
// word that is longer has a line of its own. There is no newline at the end.
std::string Wrapped(absl::string_view text, size_t indent, size_t columns = 100);

}  // namespace command

#endif  // COMMAND_TERMINAL_WRAPPED_H_

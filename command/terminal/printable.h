// Text of others (files, servers, what somebody said), made harmless for a terminal.
#ifndef COMMAND_TERMINAL_PRINTABLE_H_
#define COMMAND_TERMINAL_PRINTABLE_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace command {

// `text` with everything that a terminal would obey shown as an escape instead: control characters
// (C0 without newline and tab, DEL, C1 such as U+009B) and what changes the direction of text
// (U+202A to U+202E, U+2066 to U+2069) as \x1b or \u009b, and bytes that are not UTF-8 as \xff. NUL
// is a character like others, so nothing is cut there. A carriage return before a newline is left
// out, as text files of some systems have it.
std::string Printable(absl::string_view text);

// The same in one line: newline and tab become spaces.
std::string PrintableLine(absl::string_view text);

// The text's first `max_bytes` bytes at most, cut between characters of UTF-8 and then with an
// ellipsis, which comes on top of them.
std::string CutText(absl::string_view text, size_t max_bytes);

// `json`, which has to be valid JSON, with those characters as \u escapes, which are the same
// value. In valid JSON they only occur inside of strings.
std::string PrintableJson(absl::string_view json);

}  // namespace command

#endif  // COMMAND_TERMINAL_PRINTABLE_H_

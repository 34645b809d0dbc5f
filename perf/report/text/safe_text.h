// Texts and numbers of a report as files for machines have them. Titles, notes and errors come from
// tests, and may hold anything, at any length.
#ifndef PERF_REPORT_TEXT_SAFE_TEXT_H_
#define PERF_REPORT_TEXT_SAFE_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// How much of a text a form for machines keeps, in bytes: far more than any title or note that a
// person wrote.
inline constexpr size_t kMaxTextBytes = 2000;

// The text in one line, with control characters, marks that turn the direction of writing, and
// bytes that are not UTF-8 shown as escapes (command/terminal/printable.h), and cut.
std::string OneLine(absl::string_view text, size_t max_bytes = kMaxTextBytes);

// The text in one line, cut, as Markdown of GitHub that shows just that: it is no HTML, no
// mention tells whoever is called so, and no number of an issue leads to it, as an empty comment
// follows each @ and #.
std::string MarkdownText(absl::string_view text, size_t max_bytes = kMaxTextBytes);

// The shortest decimal that reads back as this number: "0.1", "1e+300". What is not finite is
// "nan", "inf" or "-inf".
std::string ExactNumber(double value);

}  // namespace perf

#endif  // PERF_REPORT_TEXT_SAFE_TEXT_H_

// Colours for a report on a terminal.
#ifndef PERF_REPORT_TEXT_COLOURED_H_
#define PERF_REPORT_TEXT_COLOURED_H_

#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// The text of a report with each verdict, a symbol and its word, in a colour (ECMA-48 SGR): red,
// for what is missing, too; yellow; green for improved and stable; cyan for unresolved. No colour
// says more than its word does.
std::string Coloured(absl::string_view text);

// Whether people want colours on standard output: it is a terminal that knows them, and NO_COLOR is
// not set (https://no-color.org).
bool WantsColours();

}  // namespace perf

#endif  // PERF_REPORT_TEXT_COLOURED_H_

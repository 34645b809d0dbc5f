// Text of others (names, titles, notes, errors), made harmless for a page.
#ifndef PERF_REPORT_HTML_HTML_TEXT_H_
#define PERF_REPORT_HTML_HTML_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// Longer texts are cut, and end with "…".
inline constexpr size_t kMaxPageTextBytes = 1000;

// `text` as UTF-8 of at most kMaxPageTextBytes, without control characters other than newline and
// tab, which are shown as escapes, as are characters that turn the direction of text.
std::string PageText(absl::string_view text);

// PageText for HTML, between tags or in a quoted attribute: & < > " and ' are references.
std::string HtmlText(absl::string_view text);

// PageText for a part of an address, after a #: all but letters, digits and - . _ ~ / : is
// percent-encoded.
std::string FragmentText(absl::string_view text);

}  // namespace perf

#endif  // PERF_REPORT_HTML_HTML_TEXT_H_

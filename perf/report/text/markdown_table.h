// Tables of Markdown, with texts of others in their cells.
#ifndef PERF_REPORT_TEXT_MARKDOWN_TABLE_H_
#define PERF_REPORT_TEXT_MARKDOWN_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace perf {

// What was said by others, as a cell or in a line: at most its first 300 bytes, escaped, which may
// be some times as long.
std::string MarkdownCell(absl::string_view text);

// "| a | b |\n". The cells are Markdown.
std::string MarkdownRow(const std::vector<std::string>& cells);

// The row of titles, and the one that makes a table of them.
std::string MarkdownTableHead(const std::vector<std::string>& titles);

}  // namespace perf

#endif  // PERF_REPORT_TEXT_MARKDOWN_TABLE_H_

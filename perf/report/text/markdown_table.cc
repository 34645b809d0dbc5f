#include "perf/report/text/markdown_table.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/report/text/safe_text.h"

namespace perf {

std::string MarkdownCell(absl::string_view text) {
  constexpr size_t kMaxCell = 300;
  return MarkdownText(text, kMaxCell);
}

std::string MarkdownRow(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string MarkdownTableHead(const std::vector<std::string>& titles) {
  return absl::StrCat(MarkdownRow(titles),
                      MarkdownRow(std::vector<std::string>(titles.size(), "---")));
}

}  // namespace perf

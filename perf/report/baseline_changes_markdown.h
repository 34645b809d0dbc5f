// What an update changes in stored baselines, for whoever reviews it: baseline_changes.md.
#ifndef PERF_REPORT_BASELINE_CHANGES_MARKDOWN_H_
#define PERF_REPORT_BASELINE_CHANGES_MARKDOWN_H_

#include <string>
#include <utility>
#include <vector>

#include "perf/baseline/baseline_update.h"

namespace perf {

struct BaselineChangesInputs {
  // The changes, by machine, or "any-machine".
  const std::vector<std::pair<std::string, BaselineUpdate>>& updates;
  // The reason that --why gave; empty if none.
  std::string why;
  // The commit that was measured, and the day.
  std::string commit;
  std::string date;
  // Further remarks for the reviewer, a sentence each.
  std::vector<std::string> remarks = {};
};

// GitHub-flavoured Markdown: why, and a table for each machine with the figure before and after,
// how many times the one the other is, with the range of that where it is known, and the change;
// the worst first. It is no longer than kMaxMarkdownBytes, and says how much is left out. Texts of
// others are shown as they are, and mention nobody.
std::string BaselineChangesMarkdown(const BaselineChangesInputs& inputs);

}  // namespace perf

#endif  // PERF_REPORT_BASELINE_CHANGES_MARKDOWN_H_

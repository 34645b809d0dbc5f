// What changed, as GitHub-flavoured Markdown: for a CI job's page, and for a comment of a review.
#ifndef PERF_REPORT_REPORT_MARKDOWN_H_
#define PERF_REPORT_REPORT_MARKDOWN_H_

#include <cstddef>
#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// The size in bytes that MarkdownReport does not exceed: GitHub takes comments of up to 65,536
// characters.
inline constexpr size_t kMaxMarkdownBytes = 60'000;

// The verdict with the counts, the machine and the commit in the first line. Where nothing changed
// and nothing went wrong, that is all. Otherwise what could not be measured, missed requirements,
// what is missing and a table of what changed follow, the gravest first, and the commands that look
// closer; what is stable or has no baseline is not shown. Lists are cut, and say so. Texts of
// others are shown as they are: they are no Markdown, no HTML, and mention nobody.
std::string MarkdownReport(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_MARKDOWN_H_

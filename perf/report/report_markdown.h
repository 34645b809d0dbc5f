// The report as GitHub-flavoured Markdown, for a CI job's page.
#ifndef PERF_REPORT_REPORT_MARKDOWN_H_
#define PERF_REPORT_REPORT_MARKDOWN_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// Worst first.
std::string MarkdownReport(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_MARKDOWN_H_

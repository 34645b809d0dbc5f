// What changed, for a comment of a review that a bot writes and later replaces.
#ifndef PERF_REPORT_FORMS_COMMENT_H_
#define PERF_REPORT_FORMS_COMMENT_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// "<!-- parlance-perf: SUITE -->": a line that nobody sees in a rendered comment, by which a bot
// finds the comment that it wrote before. SUITE is the suite's label, or "unknown" if the report
// does not say what runs it. Of characters that labels have not, each is a "_".
std::string CommentMarker(const Report& report);

// The marker, and then MarkdownReport.
std::string CommentForm(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_COMMENT_H_

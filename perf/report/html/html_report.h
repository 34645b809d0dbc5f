// The report as one page: performance_report.html.
#ifndef PERF_REPORT_HTML_HTML_REPORT_H_
#define PERF_REPORT_HTML_HTML_REPORT_H_

#include <string>

#include "perf/report/html/page_data.h"
#include "perf/report/report.pb.h"

namespace perf {

// A self-contained HTML page: it loads nothing, and its Content-Security-Policy lets nothing but
// its own style and script work. What was found, what needs somebody and the table of all
// measurements are plain HTML, for readers without script and for print; the script filters the
// table and draws a measurement when it is opened.
//
// The page takes at most about 6 kB for each measurement, whatever the number of samples and runs.
std::string HtmlReport(const Report& report, const HtmlInputs& inputs);

}  // namespace perf

#endif  // PERF_REPORT_HTML_HTML_REPORT_H_

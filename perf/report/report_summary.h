// What a run found, for a terminal: short, and first what somebody has to act on.
#ifndef PERF_REPORT_REPORT_SUMMARY_H_
#define PERF_REPORT_REPORT_SUMMARY_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// The verdict and the counts in one line; what needs somebody, the gravest first, each with its
// change, its reason and the command that looks closer; improvements; a line for each component;
// notes; the machine; what to do next. Lines end before column 80 but for commands, which are to be
// copied, and for long words. Long lists are cut, and say so: the whole is in the report's files.
std::string SummaryReport(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_SUMMARY_H_

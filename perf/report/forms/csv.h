// The report as CSV (RFC 4180), a record for each measurement.
#ifndef PERF_REPORT_FORMS_CSV_H_
#define PERF_REPORT_FORMS_CSV_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// The first record has the columns' names. Each record names the commit, the machine and the time,
// so that files of several runs can be put one after another. Lines end with CR LF, as the RFC
// says. A figure that there is not is an empty field. A text that a spreadsheet would take for a
// formula begins with an apostrophe.
std::string CsvForm(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_CSV_H_

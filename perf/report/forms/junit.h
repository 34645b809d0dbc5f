// The report as JUnit XML, which CI systems show as tests.
#ifndef PERF_REPORT_FORMS_JUNIT_H_
#define PERF_REPORT_FORMS_JUNIT_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// A test suite for each component, with machine and commit as properties, and a test case for each
// measurement, with its owners as the property "owner":
//
//   failure  it is red, missing, or misses a requirement; the message says why
//   skipped  it was not judged: it is unresolved, or a requirement of it is; it cannot be compared
//   or
//            has no baseline
//   passed   otherwise; one that is yellow, or slower and accepted, says so in its output
//
// What could not be measured is a suite of its own, of errors. The time of a test case is the
// median of what was measured, if that is a time. The XML is valid whatever titles hold: characters
// that XML has not are shown as escapes.
std::string JunitForm(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_JUNIT_H_

// The whole report for people: performance_report.txt.
#ifndef PERF_REPORT_REPORT_TEXT_H_
#define PERF_REPORT_REPORT_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "perf/report/report.pb.h"

namespace perf {

struct TextOptions {
  // More of each measurement: median, tail, name, side figures, the interval of the change.
  bool verbose = false;
};

// Sections: measurements with their verdicts, requirements, status by component, what could not be
// measured, when and where it was generated.
std::string TextReport(const Report& report, const TextOptions& options);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_TEXT_H_

// The report in the text format of OpenMetrics (https://openmetrics.io), which Prometheus and
// others read.
#ifndef PERF_REPORT_FORMS_OPENMETRICS_H_
#define PERF_REPORT_FORMS_OPENMETRICS_H_

#include <string>

#include "perf/report/report.pb.h"

namespace perf {

// Metric families, whose samples have the labels component and measurement:
//
//   perf_measurement_seconds, _bytes, _ratio   by the label statistic: mean, median, min, max, p95,
//   p99 perf_measurement_value                     the same of whatever has another unit, in the
//   label unit perf_baseline_seconds, _bytes, _ratio, _value   the baseline's median
//   perf_change_ratio                          -0.25 is a quarter worse, whatever the unit
//   perf_verdict                               a state set: 1 for the verdict that it is
//   perf_acceptance                            which slowdown is accepted, as an info
//   perf_requirement_met                       1 or 0, by the labels statistic and limit
//   perf_report                                what was measured where, as an info
//   perf_report_generated_seconds, perf_report_errors, perf_report_exit_code
//
// A family without samples is left out. Figures that are not finite are NaN, +Inf and -Inf.
std::string OpenMetricsForm(const Report& report);

}  // namespace perf

#endif  // PERF_REPORT_FORMS_OPENMETRICS_H_

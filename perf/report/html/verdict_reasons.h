// How a verdict came about, in sentences.
#ifndef PERF_REPORT_HTML_VERDICT_REASONS_H_
#define PERF_REPORT_HTML_VERDICT_REASONS_H_

#include <string>
#include <vector>

#include "perf/report/report.pb.h"

namespace perf {

// Sentences that lead from the figures to the verdict, by the rules of perf/stats/verdict.h, or
// those of perf/ab/paired_effect.h if `beside` another revision. At least one.
std::vector<std::string> VerdictReasons(const MeasurementResult& result, bool beside);

}  // namespace perf

#endif  // PERF_REPORT_HTML_VERDICT_REASONS_H_

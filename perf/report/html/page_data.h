// What a report's page draws, of the report, of the samples that it rests on, and of the history.
#ifndef PERF_REPORT_HTML_PAGE_DATA_H_
#define PERF_REPORT_HTML_PAGE_DATA_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "perf/history/history_series.h"
#include "perf/report/html/page.pb.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_builder.h"

namespace perf {

// Every sample is drawn, up to so many; otherwise so many quantiles are.
inline constexpr size_t kMaxDrawnValues = 101;
// The last points of each trend, and the last runs of all trends together, that are drawn.
inline constexpr size_t kMaxTrendPoints = 200;
inline constexpr size_t kMaxTrendRuns = 400;
// The frames of a flame graph, and the functions of its table, that are drawn.
inline constexpr int kMaxDrawnFrames = 300;
inline constexpr int kMaxDrawnFunctions = 40;
// The rows of its table of allocations, and the notes below it.
inline constexpr int kMaxDrawnAllocations = 20;
inline constexpr int kMaxExplanationNotes = 12;
// Names and notes of explanations are cut after about this many bytes.
inline constexpr size_t kMaxExplanationText = 200;
// At most this many bytes of the page are explanations, those of the gravest measurements first.
// One that has no place any more says so.
inline constexpr size_t kMaxExplanationBytes = 300 << 10;

struct HtmlInputs {
  // The records that the report was built from.
  const ReportInputs& records;
  // The series of the history that measurements are points of, by name.
  const std::map<std::string, HistorySeries>& history;
};

// The measurements in the order of the page's table: what needs somebody first, the gravest first,
// and otherwise as the report has them.
std::vector<const MeasurementResult*> InOrderOfGravity(const Report& report);

// A verdict as addresses and styles name it: "no-baseline".
std::string VerdictKey(Verdict verdict);

// Data for the page's script, with measurements in the order of InOrderOfGravity.
PageData MakePageData(const Report& report, const HtmlInputs& inputs);

// Ascending samples, or quantiles of them; values that are not finite are left out.
PageDistribution DistributionOf(absl::Span<const double> samples);

}  // namespace perf

#endif  // PERF_REPORT_HTML_PAGE_DATA_H_

// Reports made up for tests of the page.
#ifndef PERF_REPORT_HTML_TESTING_SAMPLE_REPORT_H_
#define PERF_REPORT_HTML_TESTING_SAMPLE_REPORT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_builder.h"

namespace perf {

// What a page is made of.
struct SampleReport {
  ReportInputs records;
  std::map<std::string, HistorySeries> history;

  // The component "audio", with its requirements as text, and no measurement yet.
  explicit SampleReport(absl::string_view requirements = "");

  // Adds a measurement in ms, of which less is better, and returns it. Its test is a benchmark.
  Measurement& Add(const std::string& name, const std::string& title,
                   const std::vector<double>& samples);

  // Stores these samples as the baseline of a measurement that was added.
  void AddBaseline(const std::string& name, const std::vector<double>& samples);

  // A history of the measurement, the newest last, a day apart.
  void AddHistory(const std::string& name, const std::vector<double>& medians);

  Report Build() const { return BuildReport(records); }
};

// Makes `count` samples around `median`, seeded, with a tail to the right as times have.
std::vector<double> SampleTimes(double median, int count);

// `measurements` stable measurements with so many samples and points of history each, all with
// titles of `title_bytes`.
SampleReport BigReport(int measurements, int samples, int points, int title_bytes);

// One of each verdict and picture: red with a missed requirement, yellow, accepted, improved,
// stable, noisy, missing, memory that grows, a chain of stages, counts, and values that are hard to
// draw.
SampleReport VariedReport();

// The varied report's like with text that would be code, if it were not escaped.
SampleReport HostileReport();

// Two builds, compared side by side.
SampleReport BesideReport();

// Three measurements that are stable.
SampleReport QuietReport();

}  // namespace perf

#endif  // PERF_REPORT_HTML_TESTING_SAMPLE_REPORT_H_

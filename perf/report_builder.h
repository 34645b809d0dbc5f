// Judges a suite's records: every measurement against its baseline, every requirement against the
// figures, every component by both.
#ifndef PERF_REPORT_BUILDER_H_
#define PERF_REPORT_BUILDER_H_

#include <map>
#include <string>
#include <vector>

#include "perf/baseline.pb.h"
#include "perf/baseline_lines.h"
#include "perf/report.pb.h"
#include "perf/requirements.pb.h"
#include "perf/result.pb.h"

namespace perf {

struct ReportInputs {
  std::vector<Run> runs;
  // What could not be measured.
  std::vector<std::string> errors;
  // By component: those the run was to measure.
  std::map<std::string, ComponentRequirements> requirements;
  // By component: this machine's.
  std::map<std::string, ComponentBaseline> baselines;
  // By key, from the file that `baseline_lines_source` names; compared instead of `baselines`, if
  // named.
  std::map<std::string, ParsedBaselineLine> baseline_lines;
  std::string baseline_lines_source;
  // How often each measurement was measured, where more than once.
  std::map<std::string, int> attempts;
  // Header of the report. `selection` empty means that every test of the components ran, so that a
  // requirement without a measurement is an error.
  Report header;
};

Report BuildReport(const ReportInputs& inputs);

}  // namespace perf

#endif  // PERF_REPORT_BUILDER_H_

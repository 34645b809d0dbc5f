// The files of a report in the output directory:
//
//   performance_report.txt, .md, .json   the report
//   performance_report.html              the report with pictures, of the records and the history
//   performance_report.xml, .csv, …      further forms that were asked for
//   performance_baseline.txt             the figures of the baseline lines
//   records/                             the records, one folder a target and shard
#ifndef PERF_RUNNER_REPORT_FILES_H_
#define PERF_RUNNER_REPORT_FILES_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "command/file/output_file.h"
#include "perf/history/history_series.h"
#include "perf/record/result.pb.h"
#include "perf/report/forms/form.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_builder.h"

namespace perf {

class ReportFiles {
 public:
  // Makes `directory` if need be, and checks that every file can be written, before anything takes
  // its time: that none of them is one of `keep`, which the run reads, or somebody else's. `others`
  // are the names of further JSON files that will be written there; `forms` are written besides
  // those that always are. Errors as command::OutputFile::Create and command::CheckOwnFolder.
  static absl::StatusOr<ReportFiles> Create(const std::string& directory,
                                            const std::vector<std::string>& others,
                                            const std::vector<std::string>& keep,
                                            const std::vector<Form>& forms = {});

  // Writes all of them but the page; records of an earlier run are removed. To be called once.
  absl::Status Write(const Report& report, const ReportInputs& inputs, bool verbose);

  // Writes the page, which also shows the series of the measurements, by name. To be called once.
  absl::Status WritePage(const Report& report, const ReportInputs& inputs,
                         const std::map<std::string, HistorySeries>& history);

  // The places where people find the report: "DIRECTORY/performance_report.txt, and with pictures
  // in …".
  std::string ForPeople() const;

 private:
  explicit ReportFiles(std::string directory) : directory_(std::move(directory)) {}

  absl::Status WriteFile(absl::string_view name, absl::string_view content);
  absl::Status WriteRecords(const ReportInputs& inputs) const;

  std::string directory_;
  // The forms that are written besides those that always are.
  std::vector<Form> forms_;
  // The files that were opened, by name.
  std::map<std::string, command::OutputFile> files_;
};

}  // namespace perf

#endif  // PERF_RUNNER_REPORT_FILES_H_

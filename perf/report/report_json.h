// performance_report.json: the report as JSON, written and read.
// docs/performance_report.schema.json is its JSON Schema.
#ifndef PERF_REPORT_REPORT_JSON_H_
#define PERF_REPORT_REPORT_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/report/report.pb.h"

namespace perf {

// Report::version of the reports that this program makes, and the newest that it reads.
inline constexpr int kReportVersion = 2;

// The JSON of the message, with its field names. Numbers of 64 bits are strings, and figures that
// are not finite "Infinity" and the like, as protobuf has it. Internal if it cannot be written.
absl::StatusOr<std::string> ReportJson(const Report& report);

// Reads what ReportJson wrote, or another of its versions up to kReportVersion. What is read may be
// anything that somebody typed in: figures that are not finite, texts of any length, times far
// away. DataLoss for an empty text or one that is not JSON, such as a file that is cut short;
// FailedPrecondition for a newer version; InvalidArgument for JSON that is no report. The messages
// go on after the file's name: "is not JSON: …".
absl::StatusOr<Report> ParseReportJson(absl::string_view json);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_JSON_H_

#include "perf/report/report_json.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "perf/record/protobuf_release.h"
#include "perf/report/text/safe_text.h"

namespace perf {
namespace {

using google::protobuf::util::JsonParseOptions;
using google::protobuf::util::JsonStringToMessage;

// What protobuf says of a text that it cannot read quotes a piece of it.
template <typename ProtobufStatus>
std::string Reason(const ProtobufStatus& status) {
  constexpr size_t kMaxReason = 300;
  return OneLine(std::string(status.message()), kMaxReason);
}

// Whether the text is JSON at all, whatever it says.
absl::Status CheckJson(absl::string_view json) {
  google::protobuf::Value value;
  const auto parsed = JsonStringToMessage(JsonText(json), &value);
  if (parsed.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("is not JSON, or was cut short: ", Reason(parsed)));
}

absl::Status NoReport(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("is not a performance report: ", why));
}

}  // namespace

absl::StatusOr<std::string> ReportJson(const Report& report) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  PrintDefaults(options);
  if (!google::protobuf::util::MessageToJsonString(report, &json, options).ok()) {
    return absl::InternalError("cannot write the report as JSON");
  }
  return json;
}

absl::StatusOr<Report> ParseReportJson(absl::string_view json) {
  if (absl::StripAsciiWhitespace(json).empty()) return absl::DataLossError("is empty");
  if (absl::Status checked = CheckJson(json); !checked.ok()) return checked;
  // First whatever a newer version may have added, for the version.
  JsonParseOptions lenient;
  lenient.ignore_unknown_fields = true;
  Report report;
  if (const auto parsed = JsonStringToMessage(JsonText(json), &report, lenient); !parsed.ok()) {
    return NoReport(Reason(parsed));
  }
  if (report.version() > kReportVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("is a report of version ", report.version(), ", and this program reads up to ",
                     kReportVersion, "; render it with the program that wrote it, or a newer one"));
  }
  report.Clear();
  if (const auto parsed = JsonStringToMessage(JsonText(json), &report); !parsed.ok()) {
    return NoReport(Reason(parsed));
  }
  if (report.version() < 0) return NoReport(absl::StrCat("its version is ", report.version()));
  if (report.measurements().empty() && report.requirements().empty() &&
      report.components().empty() && report.errors().empty()) {
    return NoReport("it has neither measurements nor errors");
  }
  return report;
}

}  // namespace perf

#include "perf/report/report_json.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Json(const Report& report) {
  const absl::StatusOr<std::string> json = ReportJson(report);
  EXPECT_THAT(json, IsOk());
  return *json;
}

TEST(ReportJsonTest, ReadsBackWhatItWrote) {
  Report report = SampleReport();
  report.mutable_measurements(1)->set_title("emoji 😀 \"quoted\" <b>\x01\n");
  report.mutable_measurements(2)->set_change_percent_low(-std::numeric_limits<double>::infinity());
  report.mutable_measurements(2)->set_count(int64_t{1} << 60);
  (*report.mutable_measurements(3)->mutable_counters())["bytes"] = 1.0 / 3;
  const absl::StatusOr<Report> read = ParseReportJson(Json(report));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->SerializeAsString(), report.SerializeAsString());
}

TEST(ReportJsonTest, ReadsReportsThatNameNoVersion) {
  Report report = SampleReport();
  report.clear_version();
  EXPECT_THAT(ParseReportJson(Json(report)), IsOk());
}

TEST(ReportJsonTest, RefusesANewerVersionWhateverElseItHas) {
  std::string json = Json(SampleReport());
  json.insert(1, "\"added_later\": [1],");
  json = absl::StrReplaceAll(json,
                             {{absl::StrCat("\"version\": ", kReportVersion), "\"version\": 7"}});
  EXPECT_THAT(
      ParseReportJson(json).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               StartsWith(absl::StrCat("is a report of version 7, and this program reads up to ",
                                       kReportVersion))));
}

TEST(ReportJsonTest, SaysWhatIsCutShortOrNoJson) {
  const std::string json = Json(SampleReport());
  for (const size_t size : {json.size() / 2, json.size() - 3, size_t{1}}) {
    EXPECT_THAT(
        ParseReportJson(json.substr(0, size)).status(),
        StatusIs(absl::StatusCode::kDataLoss, StartsWith("is not JSON, or was cut short: ")))
        << size;
  }
  EXPECT_THAT(ParseReportJson(" \n").status(), StatusIs(absl::StatusCode::kDataLoss, "is empty"));
  EXPECT_THAT(ParseReportJson("\x1b[31m").status(),
              StatusIs(absl::StatusCode::kDataLoss, Not(HasSubstr("\x1b"))));
  EXPECT_THAT(ParseReportJson(std::string(100'000, '[')).status(),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ReportJsonTest, SaysWhatIsNoReport) {
  for (const char* json :
       {"{}", "[]", "3", "\"text\"", R"({"results":[{"command":"true"}]})", R"({"version":1})",
        R"({"errors":["x"],"version":-1})", R"({"measurements":3})",
        R"({"measurements":[{"count":"many"}]})", R"({"errors":["x"],"verdict":"RED"})"}) {
    const absl::Status status = ParseReportJson(json).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 StartsWith("is not a performance report: ")))
        << json;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\n"))) << json;
  }
}

}  // namespace
}  // namespace perf

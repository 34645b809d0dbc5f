#include "perf/report/forms/openmetrics.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"
#include "perf/report/text/units.h"

namespace perf {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(OpenMetricsTest, FiguresAreInBaseUnits) {
  Report report = StableReport(3);
  report.mutable_measurements(1)->set_unit("MB");
  report.mutable_measurements(2)->set_unit("msgs/sec");
  const std::string text = OpenMetricsForm(report);
  EXPECT_THAT(text,
              HasSubstr("# TYPE perf_measurement_seconds gauge\n"
                        "# UNIT perf_measurement_seconds seconds\n"
                        "# HELP perf_measurement_seconds What was measured, by statistic.\n"
                        "perf_measurement_seconds{component=\"audio\",measurement=\"audio.m0\","
                        "statistic=\"mean\"} 0.0105\n"));
  EXPECT_THAT(text, HasSubstr("perf_measurement_bytes{component=\"audio\",measurement=\"audio.m1\","
                              "statistic=\"median\"} 1e+07\n"));
  EXPECT_THAT(text, HasSubstr("perf_measurement_value{component=\"audio\",measurement=\"audio.m2\","
                              "statistic=\"median\",unit=\"msgs/sec\"} 10\n"));
  EXPECT_THAT(text, Not(HasSubstr("perf_measurement_ratio")));
  EXPECT_THAT(text, EndsWith("# EOF\n"));
}

TEST(OpenMetricsTest, AVerdictIsOneOfItsStates) {
  const std::string text = OpenMetricsForm(SampleReport());
  EXPECT_THAT(text, HasSubstr("perf_verdict{component=\"audio\",measurement=\"audio.m3\","
                              "perf_verdict=\"red\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("perf_verdict{component=\"audio\",measurement=\"audio.m3\","
                              "perf_verdict=\"stable\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("perf_change_ratio{component=\"audio\",measurement=\"audio.m3\"} "
                              "-0.25\n"));
  EXPECT_THAT(text, HasSubstr("perf_requirement_met{component=\"audio\",measurement=\"audio.m0\","
                              "statistic=\"average\",limit=\"at most 5.00 ms\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("perf_acceptance_info{component=\"audio\",measurement=\"audio.m8\","
                              "at_most_percent=\"15\",until=\"2027-01-24\",why=\"it is safer\"} "
                              "1\n"));
  EXPECT_THAT(text, HasSubstr("perf_report_errors 1\n"));
}

TEST(OpenMetricsTest, LabelsAreEscapedAndFiguresMayBeInfinite) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->set_name("audio.\"a\\b\nc");
  report.mutable_measurements(0)->set_min(-std::numeric_limits<double>::infinity());
  report.mutable_measurements(0)->set_max(std::numeric_limits<double>::quiet_NaN());
  const std::string text = OpenMetricsForm(report);
  EXPECT_THAT(text, HasSubstr("measurement=\"audio.\\\"a\\\\b c\",statistic=\"min\"} -Inf\n"));
  EXPECT_THAT(text, HasSubstr("statistic=\"max\"} NaN\n"));
}

TEST(UnitsTest, KnowsTimesAndBytes) {
  EXPECT_EQ(SecondsOf("us"), 1e-6);
  EXPECT_EQ(SecondsOf("MB"), std::nullopt);
  EXPECT_EQ(SecondsOf("call of 50 s"), std::nullopt);
  EXPECT_EQ(BaseUnitOf("x")->name, "ratio");
  EXPECT_EQ(BaseUnitOf("GiB")->factor, 1073741824);
}

}  // namespace
}  // namespace perf

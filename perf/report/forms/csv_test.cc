#include "perf/report/forms/csv.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/forms/testing/sample_report.h"

namespace perf {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(CsvTest, HasARecordForEachMeasurementBelowTheNames) {
  const std::vector<std::string> lines = absl::StrSplit(CsvForm(SampleReport()), "\r\n");
  // The last is what follows the last end of line.
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_THAT(lines[0], StartsWith("generated,commit,uncommitted_changes,machine,profile,component,"
                                   "name,title,target,unit,better,verdict,change_percent,"));
  EXPECT_THAT(lines[4],
              StartsWith("2027-01-15T08:00:00Z,0123456789abcdef,0,here-2-cpus,default,audio,"
                         "audio.m3,Session Creation,//audio:vad_perf_test,ms,lower,red,-25,-27,-23,"
                         "30,300,10.5,9,12,10,11.5,11.75,10,0123456789ab of 2026-11-24,1,"));
  EXPECT_THAT(lines[9], HasSubstr(",lower,accepted,-12.3,"));
  EXPECT_THAT(lines[9], EndsWith(",15,2027-01-24,it is safer,'@parlance/audio,"));
  EXPECT_THAT(lines[4], EndsWith(",'@parlance/audio,'+410 instructions an iteration"));
  EXPECT_EQ(lines[10], "");
}

TEST(CsvTest, WhatIsNotThereIsEmpty) {
  Report report = StableReport(1);
  report.mutable_measurements(0)->set_change_percent_low(-std::numeric_limits<double>::infinity());
  report.mutable_measurements(0)->set_median(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(CsvForm(report), HasSubstr(",stable,0,,0,30,300,10.5,9,12,,11.5,"));
  // Nothing was measured of what is missing, and it has a baseline.
  SetVerdict(report, 0, MISSING, 0);
  EXPECT_THAT(CsvForm(report), HasSubstr(",missing,,,,0,0,,,,,,,10,0123456789ab of 2026-11-24,"));
}

TEST(CsvTest, TextsAreQuotedAndAreNoFormulas) {
  Report report = StableReport(1);
  MeasurementResult& result = *report.mutable_measurements(0);
  result.set_title("a, \"b\"\nc");
  result.set_note("=1+1");
  const std::string text = CsvForm(report);
  EXPECT_THAT(text, HasSubstr(",\"a, \"\"b\"\" c\","));
  EXPECT_THAT(text, HasSubstr(",'=1+1,"));
}

}  // namespace
}  // namespace perf

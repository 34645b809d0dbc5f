// How a run is judged by the history of its machine.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_text.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The level of so many runs in the history, of 9 to 11 ms.
ReportInputs WithHistory(double now, int num_runs) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {now, now, now}), "");
  if (num_runs > 0) {
    inputs.history["audio.vad.process_1s"] = {.figure = {.median = 10, .interval = {9, 11}},
                                              .num_runs = num_runs};
  }
  return inputs;
}

struct HistoryCase {
  std::string name;
  double now;
  int num_runs;
  Verdict verdict;
  std::string text;
};

class HistoryTest : public testing::TestWithParam<HistoryCase> {};

TEST_P(HistoryTest, IsTheBaselineWhereNoneIsStored) {
  const Report report = BuildReport(WithHistory(GetParam().now, GetParam().num_runs));
  const MeasurementResult& result = report.measurements(0);
  EXPECT_EQ(Verdict_Name(result.verdict()), Verdict_Name(GetParam().verdict));
  EXPECT_EQ(result.history_runs(), GetParam().num_runs);
  EXPECT_EQ(report.exit_code(), GetParam().verdict == RED ? 1 : 0);
  EXPECT_THAT(TextReport(report, {}), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    All, HistoryTest,
    testing::ValuesIn(std::vector<HistoryCase>{
        {"NoRun", 10, 0, NO_BASELINE,
         "- No baseline: this machine has no baseline of the component"},
        {"OneRunJudgesNothing", 20, 1, NO_BASELINE,
         "- No baseline: -100.0% vs the last run on this machine, from the history; nothing is "
         "judged "
         "before 3 runs in the history\n"},
        {"TwoRunsJudgeNothing", 5, 2, NO_BASELINE,
         "- No baseline: +50.0% vs the median of the last 2 runs on this machine, from the "
         "history; "
         "nothing is judged before 3 runs in the history\n"},
        {"AsBefore", 10.1, 3, STABLE, "✓ Stable: -1.0% vs baseline\n"},
        {"WorseThanTheHistory", 14, 3, RED,
         "✗ Red: -40.0% vs baseline\n"
         "    median 14.0 ms, baseline 10.0 ms (the median of the last 3 runs on this machine, "
         "from "
         "the history); change between"},
        {"BetterThanTheHistory", 8, 10, IMPROVED, "✅ Improved: +20.0% vs baseline\n"},
        // Beyond the red line, but too near to the slowest of the runs.
        {"TheSpreadOfTheRunsCounts", 12.05, 3, YELLOW, "⚠ Yellow: -20.5% vs baseline\n"},
    }),
    [](const testing::TestParamInfo<HistoryCase>& test_case) { return test_case.param.name; });

TEST(HistoryReportTest, AStoredBaselineWins) {
  ReportInputs inputs = WithHistory(14, 10);
  AddBaseline(RunWith("audio.vad.process_1s", "ms", LOWER, {14}), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), STABLE);
  EXPECT_EQ(report.measurements(0).history_runs(), 0);
  EXPECT_THAT(TextReport(report, {}), Not(HasSubstr("from the history")));
  // So it does where it cannot be compared.
  inputs.baselines["audio"].mutable_environment()->set_compiler("gcc 11");
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NOT_COMPARABLE);
  // A baseline of another measurement says nothing of this one.
  inputs = WithHistory(14, 10);
  AddBaseline(RunWith("audio.other", "ms", LOWER, {14}), inputs);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), RED);
}

TEST(HistoryReportTest, ANoisyRunIsNotRedBesideTheHistoryEither) {
  ReportInputs inputs = WithHistory(14, 10);
  inputs.runs[0].mutable_health()->set_others_percent(60);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), UNRESOLVED);
}

TEST(HistoryReportTest, IsSaidOnce) {
  ReportInputs inputs = WithHistory(10, 10);
  inputs.runs.push_back(RunWith("audio.other", "ms", LOWER, {1}));
  inputs.history["audio.other"] = {.figure = {.median = 1, .interval = {1, 1}}, .num_runs = 1};
  const std::string text = TextReport(BuildReport(inputs), {});
  EXPECT_THAT(text, HasSubstr("Note: 1 measurement without a stored baseline: compared with the "
                              "median of the last runs on this machine, from the history\n"));
  EXPECT_THAT(text, HasSubstr("Note: 1 measurement without a stored baseline and with fewer than 3 "
                              "quiet runs"));
}

}  // namespace
}  // namespace perf

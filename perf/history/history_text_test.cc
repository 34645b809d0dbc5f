#include "perf/history/history_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history_series.h"
#include "perf/history/runs_in_history.h"
#include "perf/history/testing/sample_run.h"
#include "perf/record/result.pb.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// As a history has them that the runs were added to.
std::vector<HistorySeries> SeriesOf(const std::vector<perf::Run>& runs) {
  std::vector<HistorySeries> series;
  AddPoints(runs, runs.size(), series);
  return series;
}

TEST(HistoryText, NamesTheCommitsBetweenWhichALevelChanged) {
  std::vector<perf::Run> runs;
  for (int day = 10; day < 50; ++day) {
    // A spike on day 20, a step of 20 % on day 30.
    runs.push_back(DayRun(day, (day < 30 ? 10 : 12) * (day == 20 ? 5 : 1) + day % 3 * 0.05));
  }
  const std::vector<HistorySeries> series = SeriesOf(runs);
  const std::string list = HistoryList(series);
  EXPECT_THAT(list, HasSubstr("40 runs"));
  EXPECT_THAT(list, HasSubstr("% worse since "));
  EXPECT_THAT(list, HasSubstr("between 290000000000 and 300000000000"));
  const std::string plot = HistoryPlot(series[0], 60);
  EXPECT_THAT(plot, HasSubstr("VAD Processing"));
  EXPECT_THAT(plot, HasSubstr("between 290000000000 and 300000000000"));
  EXPECT_THAT(plot, Not(HasSubstr("200000000000 ")));
}

TEST(HistoryText, OneRunIsShown) {
  const std::vector<HistorySeries> series = SeriesOf({DayRun(10, 10)});
  EXPECT_THAT(HistoryPlot(series[0], 60), HasSubstr("No change of level"));
  EXPECT_THAT(HistoryList(series), HasSubstr("1 run"));
  EXPECT_THAT(HistoryList({}), HasSubstr("nothing"));
}

// A database may have what no record has.
TEST(HistoryText, WhatIsNotFiniteIsNotDrawn) {
  std::vector<HistorySeries> series = SeriesOf({DayRun(10, 10), DayRun(11, 10), DayRun(12, 10)});
  series[0].points[1].median = std::numeric_limits<double>::infinity();
  const std::string plot = HistoryPlot(series[0], 60);
  const std::string drawn = plot.substr(plot.find("\n\n"), plot.rfind("\n\n") - plot.find("\n\n"));
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 'o'), 2) << plot;
  for (HistoryPoint& point : series[0].points) point.median = std::nan("");
  EXPECT_THAT(HistoryPlot(series[0], 60), HasSubstr("No run has a figure that can be drawn."));
}

TEST(HistoryText, RunsThatABoundLeftOutAreCounted) {
  std::vector<HistorySeries> series = SeriesOf({DayRun(10, 10), DayRun(11, 10)});
  series[0].points_left_out = 10'000;
  EXPECT_THAT(HistoryList(series), HasSubstr(" 10002 runs "));
}

TEST(HistoryText, EveryMachineIsAHeading) {
  std::vector<perf::Run> runs = {DayRun(1, 10), DayRun(2, 20), DayRun(3, 30)};
  runs[1].mutable_measurements(0)->set_name("audio.other");
  runs[2].mutable_environment()->set_pool("elsewhere");
  const std::string list = HistoryList(SeriesOf(runs));
  EXPECT_THAT(list, testing::ContainsRegex("^[^ ].*\n  audio.vad.*\n  audio.other.*\n\n"
                                           "elsewhere, .*\n  audio.vad.*\n$"));
}

TEST(HistoryText, AnotherUnitIsNoChangeOfLevel) {
  std::vector<perf::Run> runs;
  for (int day = 10; day < 50; ++day) {
    runs.push_back(DayRun(day, (day < 30 ? 10 : 10'000) + day % 3 * 0.05));
    if (day >= 30) runs.back().mutable_measurements(0)->set_unit("us");
  }
  const std::vector<HistorySeries> series = SeriesOf(runs);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_THAT(HistoryList(series), Not(HasSubstr("% worse")));
  EXPECT_THAT(HistoryPlot(series[1], 60), HasSubstr("No change of level"));
}

TEST(HistoryText, NamesTheLoads) {
  perf::Run run = DayRun(3, 10);
  (*run.mutable_provenance()->mutable_load_overrides())["iterations"] = 5;
  EXPECT_THAT(HistoryList(SeriesOf({run})), HasSubstr("default, iterations=5"));
}

}  // namespace
}  // namespace perf

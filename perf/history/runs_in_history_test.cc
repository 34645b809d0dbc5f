#include "perf/history/runs_in_history.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history_series.h"
#include "perf/history/testing/sample_run.h"
#include "perf/record/result.pb.h"

namespace perf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<double> MediansOf(const HistorySeries& series) {
  std::vector<double> medians;
  for (const HistoryPoint& point : series.points) medians.push_back(point.median);
  return medians;
}

TEST(AddPointsTest, PointsAreAddedInTheOrderOfTimeOnce) {
  std::vector<HistorySeries> series;
  const std::vector<perf::Run> runs = {DayRun(3, 30), DayRun(1, 10), DayRun(2, 20), DayRun(3, 30)};
  AddPoints(runs, 200, series);
  ASSERT_THAT(series, SizeIs(1));
  EXPECT_THAT(MediansOf(series[0]), ElementsAre(10, 20, 30));
  AddPoints(runs, 200, series);
  EXPECT_THAT(MediansOf(series[0]), ElementsAre(10, 20, 30));
}

TEST(AddPointsTest, TheNewestAreKeptWithTheNewestTitle) {
  std::vector<HistorySeries> series;
  for (int day = 1; day <= 5; ++day) {
    perf::Run run = DayRun(day, day);
    run.mutable_measurements(0)->set_title(std::string(static_cast<size_t>(day), 'x'));
    AddPoints({&run, 1}, 3, series);
  }
  perf::Run late = DayRun(0, 0);
  AddPoints({&late, 1}, 3, series);
  EXPECT_THAT(MediansOf(series[0]), ElementsAre(3, 4, 5));
  EXPECT_EQ(series[0].title, "xxxxx");
  // How many the history has besides is not known, so no number is said.
  EXPECT_EQ(series[0].points_left_out, 0);
}

TEST(AddPointsTest, AnotherTestOrShardThatBeganAtThatTimeIsAnotherPoint) {
  std::vector<perf::Run> runs(3, DayRun(1, 10));
  runs[1].mutable_provenance()->set_target("//audio:another");
  runs[2].mutable_provenance()->set_total_shards(2);
  runs[2].mutable_provenance()->set_shard_index(1);
  std::vector<HistorySeries> series;
  AddPoints(runs, 200, series);
  AddPoints(runs, 200, series);
  ASSERT_THAT(series, SizeIs(1));
  EXPECT_THAT(series[0].points, SizeIs(3));
}

TEST(AddPointsTest, WhatCannotBeComparedIsASeriesOfItsOwn) {
  std::vector<perf::Run> runs = {DayRun(1, 10), DayRun(2, 20)};
  runs[1].mutable_environment()->set_pool("elsewhere");
  std::vector<HistorySeries> series;
  AddPoints(runs, 200, series);
  ASSERT_THAT(series, SizeIs(2));
  EXPECT_EQ(series[1].machine, "elsewhere");
  // The first one of a name is found by it.
  EXPECT_THAT(ByName(series), SizeIs(1));
  EXPECT_THAT(MediansOf(ByName(series).at("audio.vad.process_1s")), ElementsAre(10));
  EXPECT_THAT(ByName({}), IsEmpty());
}

}  // namespace
}  // namespace perf

#include "perf/history/history_json.h"

#include <limits>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history_series.h"

namespace perf {
namespace {

using ::testing::HasSubstr;

HistorySeries Series() {
  HistorySeries series;
  series.machine = "here";
  series.build = "gcc 12, opt";
  series.name = "audio.vad";
  series.title = "VAD \"x\"\n";
  series.load = "default";
  series.unit = "ms";
  series.better = LOWER;
  series.points = {{.run_id = "r1",
                    .commit = "c0ffee",
                    .dirty = true,
                    .time = absl::FromUnixMillis(1'800'000'000'250),
                    .median = 25.5,
                    .num_samples = 30,
                    .noise = ""}};
  return series;
}

TEST(HistoryJsonTest, IsOneLineWithEverythingThatIsKnown) {
  EXPECT_EQ(
      SeriesJson(Series()),
      R"({"machine":"here","build":"gcc 12, opt","name":"audio.vad","title":"VAD \"x\"\n",)"
      R"("load":"default","unit":"ms","better":"lower","points_left_out":0,"points":[)"
      R"({"run_id":"r1","commit":"c0ffee","dirty":true,"time":"2027-01-15T08:00:00.25+00:00",)"
      R"("median":25.5,"num_samples":30,"noise":""}]})");
}

TEST(HistoryJsonTest, WhatIsNotKnownIsNull) {
  HistorySeries series = Series();
  series.points[0].noise.reset();
  series.points[0].median = std::numeric_limits<double>::infinity();
  EXPECT_THAT(SeriesJson(series), HasSubstr(R"("median":null,"num_samples":30,"noise":null)"));
}

// A database may have what no record has.
TEST(HistoryJsonTest, BytesThatAreNoTextAreShown) {
  HistorySeries series = Series();
  series.title = "V\xff\xc3";
  EXPECT_THAT(SeriesJson(series), HasSubstr(R"("title":"V\\xff\\xc3")"));
}

}  // namespace
}  // namespace perf

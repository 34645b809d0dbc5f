#include "perf/history/history_baseline.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "perf/history/history_series.h"
#include "perf/history/runs_in_history.h"

namespace perf {
namespace {

constexpr char kName[] = "audio.vad.process_1s";

// The run of a day.
Run RunOf(int day, double median) {
  perf::Run run;
  run.set_run_id(absl::StrCat("run", day));
  run.mutable_start_time()->set_seconds(1'780'000'000 + day * 86400);
  run.mutable_environment()->set_cpu_model("A CPU");
  run.mutable_environment()->set_compiler("gcc 12");
  run.mutable_environment()->set_compilation_mode("opt");
  run.mutable_provenance()->set_target("//audio:vad_perf_test");
  run.mutable_provenance()->set_profile("default");
  Measurement& measurement = *run.add_measurements();
  measurement.set_name(kName);
  measurement.set_title("VAD Processing");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.add_samples(median);
  return run;
}

class HistoryBaselineTest : public testing::Test {
 protected:
  void Add(const perf::Run& run) { AddPoints({&run, 1}, 1000, series_); }

  // The baseline of the last day's run; no runs if there is none.
  HistoryBaseline Baseline(const perf::Run& run = RunOf(100, 10)) {
    const auto baselines = HistoryBaselines(series_, {&run, 1});
    return baselines.contains(kName) ? baselines.at(kName) : HistoryBaseline{};
  }

  // As a history has them that the runs were added to.
  std::vector<HistorySeries> series_;
};

TEST_F(HistoryBaselineTest, ThereIsNoneWithoutRuns) { EXPECT_EQ(Baseline().num_runs, 0); }

TEST_F(HistoryBaselineTest, IsTheMedianOfTheRunsWithTheirSpread) {
  const std::vector<std::pair<double, Figure>> steps = {
      {10, {10, {10, 10}}}, {14, {12, {10, 14}}}, {11, {11, {10, 14}}}, {10.5, {10.75, {10, 14}}}};
  int day = 0;
  for (const auto& [median, expected] : steps) {
    Add(RunOf(++day, median));
    const HistoryBaseline baseline = Baseline();
    EXPECT_EQ(baseline.num_runs, day);
    EXPECT_EQ(baseline.figure.median, expected.median) << day;
    EXPECT_EQ(baseline.figure.interval.low, expected.interval.low) << day;
    EXPECT_EQ(baseline.figure.interval.high, expected.interval.high) << day;
  }
}

TEST_F(HistoryBaselineTest, IsOfTheLastRuns) {
  for (int day = 1; day <= 5; ++day) Add(RunOf(day, 100));
  for (int day = 6; day < 6 + kMaxHistoryRuns; ++day) Add(RunOf(day, 10));
  EXPECT_EQ(Baseline().num_runs, kMaxHistoryRuns);
  EXPECT_EQ(Baseline().figure.interval.high, 10);
}

TEST_F(HistoryBaselineTest, WhatIsLaterOrOfTheSameRunDoesNotCount) {
  for (int day = 1; day <= 6; ++day) Add(RunOf(day, day));
  // Records of the fourth day, judged again.
  EXPECT_EQ(Baseline(RunOf(4, 4)).num_runs, 3);
  EXPECT_EQ(Baseline(RunOf(4, 4)).figure.median, 2);
  // A shard of that invocation that began earlier.
  perf::Run later = RunOf(5, 5);
  later.set_run_id("run4");
  EXPECT_EQ(Baseline(later).num_runs, 3);
  // Records that no invocation is known of, such as those of `bazel test`.
  perf::Run unnamed = RunOf(7, 7);
  unnamed.clear_run_id();
  Add(unnamed);
  perf::Run another = RunOf(8, 8);
  another.clear_run_id();
  EXPECT_EQ(Baseline(another).num_runs, 7);
}

struct OtherCase {
  std::string name;
  std::function<void(perf::Run&)> change;
  int counted;
};

class OtherRunTest : public HistoryBaselineTest, public testing::WithParamInterface<OtherCase> {};

TEST_P(OtherRunTest, CountsIfItCanBeCompared) {
  for (int day = 1; day <= 3; ++day) Add(RunOf(day, 10));
  perf::Run other = RunOf(4, 50);
  GetParam().change(other);
  Add(other);
  EXPECT_EQ(Baseline().num_runs, GetParam().counted);
}

INSTANTIATE_TEST_SUITE_P(
    All, OtherRunTest,
    testing::ValuesIn(std::vector<OtherCase>{
        {"Alike", [](perf::Run&) {}, 4},
        {"OfAnotherCommit",
         [](perf::Run& run) { run.mutable_provenance()->set_commit("0123456789ab"); }, 4},
        {"OfAnotherTest", [](perf::Run& run) { run.mutable_provenance()->set_target("//audio:b"); },
         4},
        {"Noisy", [](perf::Run& run) { run.mutable_health()->set_others_percent(60); }, 3},
        {"OnAnotherMachine",
         [](perf::Run& run) { run.mutable_environment()->set_cpu_model("Another CPU"); }, 3},
        {"OfAnotherProfile", [](perf::Run& run) { run.mutable_provenance()->set_profile("quick"); },
         3},
        {"WithOtherLoads",
         [](perf::Run& run) {
           (*run.mutable_provenance()->mutable_load_overrides())["iterations"] = 5;
         },
         3},
        {"OfAnotherCompiler",
         [](perf::Run& run) { run.mutable_environment()->set_compiler("clang 14"); }, 3},
        {"OfAnotherMode",
         [](perf::Run& run) { run.mutable_environment()->set_compilation_mode("dbg"); }, 3},
        {"WithASanitizer",
         [](perf::Run& run) { run.mutable_environment()->set_sanitizer("address"); }, 3},
        {"InAnotherUnit", [](perf::Run& run) { run.mutable_measurements(0)->set_unit("us"); }, 3},
        {"InAnotherDirection",
         [](perf::Run& run) { run.mutable_measurements(0)->set_better(HIGHER); }, 3},
        {"OfAnotherMeasurement",
         [](perf::Run& run) { run.mutable_measurements(0)->set_name("audio.other"); }, 3},
    }),
    [](const testing::TestParamInfo<OtherCase>& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace perf

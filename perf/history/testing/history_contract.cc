#include "perf/history/testing/history_contract.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "perf/history/history.h"
#include "perf/history/history_baseline.h"
#include "perf/history/history_series.h"
#include "perf/history/runs_in_history.h"
#include "perf/history/testing/sample_run.h"
#include "perf/record/result.pb.h"
#include "third_party/status_matchers.h"

namespace perf {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::unique_ptr<History> HistoryContract::Open() {
  // "AllIsKept/0" is a test's name.
  const std::string name = absl::AsciiStrToLower(absl::StrReplaceAll(
      testing::UnitTest::GetInstance()->current_test_info()->name(), {{"/", "_"}}));
  absl::StatusOr<std::unique_ptr<History>> history = GetParam().open(name);
  EXPECT_THAT(history, IsOk());
  return history.ok() ? *std::move(history) : nullptr;
}

namespace {

std::vector<double> MediansOf(const std::vector<HistorySeries>& series) {
  std::vector<double> medians;
  for (const HistorySeries& one : series) {
    for (const HistoryPoint& point : one.points) medians.push_back(point.median);
  }
  return medians;
}

absl::Time DayOf(int day) { return absl::FromUnixSeconds(1'780'000'000 + day * 86400); }

TEST_P(HistoryContract, KeepsRunsInTheOrderOfTheirTime) {
  {
    const auto history = Open();
    // A clock that jumped back, or records imported late.
    EXPECT_THAT(history->Add({DayRun(3, 30), DayRun(1, 10)}), IsOkAndHolds(2));
    EXPECT_THAT(history->Add({DayRun(2, 20)}), IsOkAndHolds(1));
  }
  const auto series = Open()->Series("");
  ASSERT_THAT(series, IsOkAndHolds(SizeIs(1)));
  const HistorySeries& vad = series->front();
  EXPECT_EQ(vad.name, "audio.vad.process_1s");
  EXPECT_EQ(vad.title, "VAD Processing");
  EXPECT_EQ(vad.unit, "ms");
  EXPECT_EQ(vad.better, LOWER);
  EXPECT_EQ(vad.load, "default");
  EXPECT_THAT(MediansOf(*series), ElementsAre(10, 20, 30));
  const HistoryPoint& last = vad.points[2];
  EXPECT_EQ(last.run_id, "run3");
  EXPECT_EQ(last.commit.substr(0, 3), "300");
  EXPECT_FALSE(last.dirty);
  EXPECT_EQ(last.time, DayOf(3));
  EXPECT_EQ(last.num_samples, 3);
  EXPECT_EQ(last.noise, "");
}

TEST_P(HistoryContract, ARunIsAddedOnce) {
  const auto history = Open();
  EXPECT_THAT(history->Add({DayRun(1, 10)}), IsOkAndHolds(1));
  EXPECT_THAT(history->Add({DayRun(1, 10), DayRun(2, 10)}), IsOkAndHolds(1));
  EXPECT_THAT(history->Add({}), IsOkAndHolds(0));
  EXPECT_EQ((*history->Series("vad"))[0].points.size(), 2u);
  EXPECT_THAT(history->Series("tools"), IsOkAndHolds(IsEmpty()));
  // Each of these makes it another one.
  std::vector<perf::Run> others(3, DayRun(1, 10));
  others[0].set_run_id("another");
  others[1].mutable_provenance()->set_target("//audio:another");
  others[2].mutable_provenance()->set_total_shards(2);
  others[2].mutable_provenance()->set_shard_index(1);
  EXPECT_THAT(history->Add(others), IsOkAndHolds(3));
}

TEST_P(HistoryContract, SeveralAddTheSameAtTheSameTime) {
  constexpr int kThreads = 4;
  // A transaction each, and on a slow disk each takes long.
  constexpr int kRounds = 5;
  constexpr int kRunsOfRound = 8;
  const auto runs_of = [](int round, bool backwards) {
    std::vector<perf::Run> runs;
    for (int i = 0; i < kRunsOfRound; ++i) {
      const int day = round * kRunsOfRound + (backwards ? kRunsOfRound - 1 - i : i);
      runs.push_back(DayRun(day, 10));
      // A series that each of them makes.
      runs.back().mutable_measurements(0)->set_name(absl::StrCat("audio.of_", day));
    }
    return runs;
  };
  std::vector<std::thread> threads;
  std::vector<int> num_added(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i, history = Open()] {
      for (int round = 0; round < kRounds; ++round) {
        // In orders that differ, so that each could wait for what another has.
        const absl::StatusOr<int> added = history->Add(runs_of(round, i % 2 == 1));
        ASSERT_THAT(added, IsOk());
        num_added[static_cast<size_t>(i)] += *added;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (const int added : num_added) sum += added;
  EXPECT_EQ(sum, kRounds * kRunsOfRound);
  const auto series = Open()->Series("");
  ASSERT_THAT(series, IsOkAndHolds(SizeIs(kRounds * kRunsOfRound)));
  EXPECT_THAT(MediansOf(*series), SizeIs(kRounds * kRunsOfRound));
}

TEST_P(HistoryContract, AnInvocationIsAddedOnceIfItIsKnownByItself) {
  const auto history = Open();
  // Both are of one invocation, and known apart.
  std::vector<perf::Run> runs = {DayRun(1, 10), DayRun(2, 20)};
  runs[1].set_run_id("run1");
  EXPECT_THAT(history->Add(runs, KnownBy::kInvocation), IsOkAndHolds(2));
  EXPECT_THAT(history->Add(runs, KnownBy::kInvocation), IsOkAndHolds(0));
  // It began at another time, as far as anybody knows.
  perf::Run later = DayRun(3, 10);
  later.set_run_id("run1");
  EXPECT_THAT(history->Add({later, DayRun(4, 40)}, KnownBy::kInvocation), IsOkAndHolds(1));
  EXPECT_THAT(MediansOf(*history->Series("")), ElementsAre(10, 20, 40));
  EXPECT_THAT(history->Add({later}), IsOkAndHolds(1));
  // The start of another's name is another one.
  perf::Run shorter = DayRun(5, 10);
  shorter.set_run_id("run");
  EXPECT_THAT(history->Add({shorter}, KnownBy::kInvocation), IsOkAndHolds(1));
  // One run twice is one.
  EXPECT_THAT(history->Add({DayRun(6, 10), DayRun(6, 10)}, KnownBy::kInvocation), IsOkAndHolds(1));
}

TEST_P(HistoryContract, SeveralAddAnInvocationAtTheSameTime) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 5;
  std::vector<std::thread> threads;
  std::vector<int> num_added(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i, history = Open()] {
      for (int round = 0; round < kRounds; ++round) {
        perf::Run run = DayRun(i, 10);
        run.set_run_id(absl::StrCat("round ", round));
        const absl::StatusOr<int> added = history->Add({run}, KnownBy::kInvocation);
        ASSERT_THAT(added, IsOk());
        num_added[static_cast<size_t>(i)] += *added;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (const int added : num_added) sum += added;
  EXPECT_EQ(sum, kRounds);
}

TEST_P(HistoryContract, AFilterSelectsSeriesAndTheirRuns) {
  const auto history = Open();
  perf::Run pooled = DayRun(2, 20);
  pooled.mutable_environment()->set_pool("ci-pool");
  perf::Run other = DayRun(3, 30);
  other.mutable_measurements(0)->set_name("audio2.vad.process");
  ASSERT_THAT(history->Add({DayRun(1, 10), pooled, other}), IsOkAndHolds(3));
  const auto medians = [&](const HistoryFilter& filter) {
    const auto series = history->Series(filter);
    EXPECT_THAT(series, IsOk());
    return MediansOf(*series);
  };
  EXPECT_EQ(medians({}).size(), 3u);
  EXPECT_THAT(medians({.components = {"audio2"}}), ElementsAre(30));
  EXPECT_EQ(medians({.components = {"audio2", "audio"}}).size(), 3u);
  EXPECT_TRUE(medians({.components = {"aud"}}).empty());
  EXPECT_TRUE(medians({.components = {"a_dio", "%", "'"}}).empty());
  EXPECT_THAT(medians({.machine = "ci-pool"}), ElementsAre(20));
  EXPECT_THAT(medians({.since = DayOf(3)}), ElementsAre(30));
  EXPECT_THAT(medians({.name = "audio2.vad.process", .whole_name = true}), ElementsAre(30));
  EXPECT_TRUE(medians({.name = "audio2.vad", .whole_name = true}).empty());
  EXPECT_TRUE(medians({.name = "%"}).empty());
}

// Nothing is selected by bytes that no text has.
TEST_P(HistoryContract, AFilterMayHaveAnyBytes) {
  const auto history = Open();
  perf::Run run = DayRun(1, 10);
  run.mutable_measurements(0)->set_name("audio.a\uFFFDb");
  run.mutable_environment()->set_pool("a\uFFFDb");
  ASSERT_THAT(history->Add({run}), IsOkAndHolds(1));
  for (const std::string& text : {std::string("a\xff"
                                              "b"),
                                  std::string("a\0b", 3)}) {
    for (const HistoryFilter& filter :
         {HistoryFilter{.name = text}, HistoryFilter{.name = text, .whole_name = true},
          HistoryFilter{.components = {text}}, HistoryFilter{.machine = text}}) {
      EXPECT_THAT(history->Series(filter), IsOkAndHolds(IsEmpty()));
    }
    EXPECT_THAT(history->Series(HistoryFilter{.components = {text, "audio"}}),
                IsOkAndHolds(SizeIs(1)));
    SeriesKey key = KeysOf(run)[0];
    key.name = absl::StrCat("audio.", text);
    EXPECT_THAT(history->Find({key, KeysOf(run)[0]}, absl::InfiniteFuture(), 3),
                IsOkAndHolds(
                    ElementsAre(testing::Field(&HistorySeries::name, run.measurements(0).name()))));
  }
}

TEST_P(HistoryContract, SeriesAreOrderedAsBytesAre) {
  const auto history = Open();
  perf::Run run = DayRun(1, 10);
  const std::vector<std::string> names = {"a.B", "a.Z", "a.a", "a.a/1", "a.a_1", "a.z", "a.ä"};
  for (const std::string& name : names) {
    *run.add_measurements() = run.measurements(0);
    run.mutable_measurements(0)->set_name(name);
    run.mutable_measurements()->SwapElements(0, run.measurements_size() - 1);
  }
  ASSERT_THAT(history->Add({run}), IsOk());
  std::vector<std::string> found;
  const auto all = history->Series("a.");
  ASSERT_THAT(all, IsOk());
  for (const HistorySeries& series : *all) found.push_back(series.name);
  EXPECT_EQ(found, names);
}

TEST_P(HistoryContract, SeriesAreReadOneByOneWithTheirNewestPoints) {
  const auto history = Open();
  std::vector<perf::Run> runs;
  for (int day = 0; day < 50; ++day) {
    runs.push_back(DayRun(day, day));
    *runs.back().add_measurements() = runs.back().measurements(0);
    runs.back().mutable_measurements(1)->set_name("audio.other");
  }
  ASSERT_THAT(history->Add(runs), IsOk());
  std::vector<std::string> names;
  const absl::Status read =
      history->ForEachSeries({}, /*max_points=*/3, [&](const HistorySeries& series) {
        names.push_back(series.name);
        EXPECT_EQ(series.points.size(), 3u);
        EXPECT_EQ(series.points.back().median, 49);
        EXPECT_EQ(series.points_left_out, 47);
        return absl::OkStatus();
      });
  EXPECT_THAT(read, IsOk());
  EXPECT_THAT(names, ElementsAre("audio.other", "audio.vad.process_1s"));
  EXPECT_THAT(history->ForEachSeries(
                  {}, 3, [](const HistorySeries&) { return absl::CancelledError("enough"); }),
              StatusIs(absl::StatusCode::kCancelled));
  // It goes on after that.
  EXPECT_THAT(history->Series("other"), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(history->Add({DayRun(50, 1)}), IsOkAndHolds(1));
}

TEST_P(HistoryContract, FindsTheNewestPointsOfSomeSeries) {
  const auto history = Open();
  std::vector<perf::Run> runs;
  for (int day = 0; day < 20; ++day) {
    runs.push_back(DayRun(day, day));
    runs.back().mutable_measurements(0)->set_title(absl::StrCat("VAD ", day));
    *runs.back().add_measurements() = runs.back().measurements(0);
    runs.back().mutable_measurements(1)->set_name("audio.other");
  }
  ASSERT_THAT(history->Add(runs), IsOk());
  const SeriesKey vad = KeysOf(runs[0])[0];
  const SeriesKey other = KeysOf(runs[0])[1];
  SeriesKey elsewhere = vad;
  elsewhere.machine = "elsewhere";
  const auto found = history->Find({other, elsewhere, vad}, DayOf(10), 3);
  ASSERT_THAT(found, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*found)[0].key(), other);
  EXPECT_EQ((*found)[1].key(), vad);
  EXPECT_THAT(MediansOf(*found), ElementsAre(8, 9, 10, 8, 9, 10));
  EXPECT_EQ((*found)[1].title, "VAD 10");
  EXPECT_EQ((*found)[1].points[0].time, DayOf(8));
  EXPECT_EQ((*found)[1].points[0].run_id, "run8");
  EXPECT_EQ((*found)[1].points[0].num_samples, 3);
  EXPECT_THAT(history->Find({vad}, absl::InfiniteFuture(), std::numeric_limits<size_t>::max()),
              IsOkAndHolds(ElementsAre(testing::Field(&HistorySeries::points, SizeIs(20)))));
  EXPECT_THAT(history->Find({vad}, DayOf(-1), 3), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(history->Find({}, DayOf(10), 3), IsOkAndHolds(IsEmpty()));
}

TEST_P(HistoryContract, GivesBaselinesAndTrends) {
  const auto history = Open();
  for (int day = 1; day <= 5; ++day) ASSERT_THAT(history->Add({DayRun(day, day)}), IsOk());
  const std::vector<perf::Run> runs = {DayRun(4, 40)};
  auto series = ReadSeriesOf(runs, 200, *history);
  ASSERT_THAT(series, IsOkAndHolds(SizeIs(1)));
  const auto baselines = HistoryBaselines(*series, runs);
  EXPECT_EQ(baselines.at("audio.vad.process_1s").num_runs, 3);
  EXPECT_EQ(baselines.at("audio.vad.process_1s").figure.median, 2);
  // It is there already.
  AddPoints(runs, 200, *series);
  EXPECT_THAT(MediansOf(*series), ElementsAre(1, 2, 3, 4));
  const std::vector<perf::Run> later = {DayRun(6, 6)};
  series = ReadSeriesOf(later, 3, *history);
  ASSERT_THAT(series, IsOk());
  AddPoints(later, 3, *series);
  EXPECT_THAT(MediansOf(*series), ElementsAre(4, 5, 6));
}

struct ApartCase {
  std::string name;
  std::function<void(perf::Run&)> change;
};

// "99805.2 % worse" was said of a measurement of which only the unit had changed.
TEST_P(HistoryContract, WhatCannotBeComparedIsKeptApart) {
  const std::vector<ApartCase> cases = {
      {"units", [](perf::Run& run) { run.mutable_measurements(0)->set_unit("us"); }},
      {"directions", [](perf::Run& run) { run.mutable_measurements(0)->set_better(HIGHER); }},
      {"names", [](perf::Run& run) { run.mutable_measurements(0)->set_name("audio.other"); }},
      {"compilers", [](perf::Run& run) { run.mutable_environment()->set_compiler("clang 14"); }},
      {"modes", [](perf::Run& run) { run.mutable_environment()->set_compilation_mode("dbg"); }},
      {"sanitizers", [](perf::Run& run) { run.mutable_environment()->set_sanitizer("address"); }},
      {"flags",
       [](perf::Run& run) { run.mutable_environment()->set_build_flags("optimize, avx2"); }},
      {"machines", [](perf::Run& run) { run.mutable_environment()->set_num_cpus(64); }},
      {"profiles", [](perf::Run& run) { run.mutable_provenance()->set_profile("long"); }},
      {"loads",
       [](perf::Run& run) {
         (*run.mutable_provenance()->mutable_load_overrides())["iterations"] = 5;
       }},
  };
  const auto history = Open();
  std::vector<perf::Run> runs = {DayRun(0, 10)};
  for (size_t i = 0; i < cases.size(); ++i) {
    runs.push_back(DayRun(static_cast<int>(i) + 1, 10));
    cases[i].change(runs.back());
  }
  ASSERT_THAT(history->Add(runs), IsOk());
  EXPECT_THAT(history->Series(""), IsOkAndHolds(SizeIs(runs.size())));
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto found = ReadSeriesOf({&runs[i], 1}, 200, *history);
    ASSERT_THAT(found, IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT((*found)[0].points, SizeIs(1)) << (i == 0 ? "the first" : cases[i - 1].name);
  }
}

TEST_P(HistoryContract, KeepsWhyAMachineWasNoisy) {
  const auto history = Open();
  perf::Run noisy = DayRun(2, 10);
  noisy.mutable_health()->set_others_percent(60);
  ASSERT_THAT(history->Add({DayRun(1, 10), noisy}), IsOk());
  const auto series = *history->Series("");
  EXPECT_EQ(series[0].points[0].noise, "");
  EXPECT_EQ(series[0].points[1].noise, "other processes used 60 % of the CPU time");
}

TEST_P(HistoryContract, AddsAllOrNone) {
  const auto history = Open();
  perf::Run bad = DayRun(2, 10);
  bad.mutable_measurements(0)->set_samples(0, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(history->Add({DayRun(1, 10), bad}), StatusIs(absl::StatusCode::kInvalidArgument));
  perf::Run twice = DayRun(3, 10);
  *twice.add_measurements() = twice.measurements(0);
  twice.mutable_measurements(1)->set_unit("us");
  EXPECT_THAT(history->Add({DayRun(1, 10), twice}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(history->Series(""), IsOkAndHolds(IsEmpty()));
}

TEST_P(HistoryContract, KeepsTextsAsTheyAre) {
  const auto history = Open();
  const std::vector<std::string> texts = {
      "'; DROP TABLE run; --", "\"quoted\" \\ \\\" $1 {} [] %s", "<script>alert(1)</script>",
      // The mark that turns the direction of writing, turned back.
      "🙂 讨论 \u202E\u202C", "a\x01\x1b[31m\x7f\n\tb", std::string(3000, 'x'), "NULL", "null"};
  perf::Run run = DayRun(1, 10);
  for (size_t i = 0; i < texts.size(); ++i) {
    Measurement& measurement = *run.add_measurements();
    measurement = run.measurements(0);
    measurement.set_name(absl::StrCat("audio.", texts[i]));
    measurement.set_title(texts[i]);
    measurement.set_unit(texts[i]);
  }
  run.mutable_provenance()->set_target(std::string(3000, 't'));
  run.mutable_provenance()->set_commit("'\"\\");
  run.set_run_id(std::string(5000, 'r'));
  ASSERT_THAT(history->Add({run}), IsOkAndHolds(1));
  EXPECT_THAT(history->Add({run}), IsOkAndHolds(0));
  EXPECT_THAT(history->Add({run}, KnownBy::kInvocation), IsOkAndHolds(0));
  for (const std::string& text : texts) {
    const auto series =
        history->Series(HistoryFilter{.name = absl::StrCat("audio.", text), .whole_name = true});
    ASSERT_THAT(series, IsOkAndHolds(SizeIs(1))) << text;
    EXPECT_EQ((*series)[0].title, text);
    EXPECT_EQ((*series)[0].unit, text);
    EXPECT_EQ((*series)[0].points[0].commit, "'\"\\");
    EXPECT_EQ((*series)[0].points[0].run_id, run.run_id());
  }
  EXPECT_THAT(ReadSeriesOf({&run, 1}, 200, *history), IsOkAndHolds(SizeIs(texts.size() + 1)));
}

TEST_P(HistoryContract, ARunWithANulIsRefused) {
  const auto history = Open();
  perf::Run run = DayRun(1, 10);
  run.mutable_measurements(0)->set_name(std::string("audio.a\0z", 9));
  EXPECT_THAT(history->Add({run}), StatusIs(absl::StatusCode::kInvalidArgument,
                                            testing::HasSubstr("not UTF-8 or has a NUL")));
  EXPECT_THAT(history->Series(""), IsOkAndHolds(IsEmpty()));
}

TEST_P(HistoryContract, KeepsFiguresOfAnySize) {
  const auto history = Open();
  const std::vector<double> medians = {0.1, 1e-300, -1.7e308, 123456789.123456789, 5e-324, 0};
  perf::Run run = DayRun(1, 10);
  run.clear_measurements();
  for (size_t i = 0; i < medians.size(); ++i) {
    Measurement& measurement = *run.add_measurements();
    measurement = DayRun(1, 10).measurements(0);
    measurement.set_name(absl::StrCat("audio.", i));
    measurement.clear_samples();
    measurement.add_samples(medians[i]);
  }
  ASSERT_THAT(history->Add({run}), IsOk());
  EXPECT_EQ(MediansOf(*history->Series("")), medians);
}

}  // namespace
}  // namespace perf

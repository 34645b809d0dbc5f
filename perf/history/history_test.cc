#include "perf/history/history.h"

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history_text.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Path() {
  const std::string name = absl::StrReplaceAll(
      testing::UnitTest::GetInstance()->current_test_info()->name(), {{"/", "_"}});
  std::string path = absl::StrCat(testing::TempDir(), "/", name, ".db");
  std::filesystem::remove(path);
  return path;
}

// The `day`-th day's run, of commit "<day>0000…".
perf::Run MakeRun(int day, double median) {
  perf::Run run;
  run.set_run_id(absl::StrCat("run", day));
  run.mutable_start_time()->set_seconds(1'780'000'000 + day * 86400);
  run.mutable_environment()->set_cpu_model("A CPU");
  run.mutable_environment()->set_num_cpus(2);
  Provenance& provenance = *run.mutable_provenance();
  provenance.set_target("//audio:vad_perf_test");
  provenance.set_profile("default");
  provenance.set_commit(absl::StrCat(day, std::string(39, '0')));
  Measurement& measurement = *run.add_measurements();
  measurement.set_name("audio.vad.process_1s");
  measurement.set_title("VAD Processing");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  for (const double factor : {0.9, 1.0, 1.1}) measurement.add_samples(median * factor);
  return run;
}

TEST(History, KeepsRunsInTheOrderOfTheirTime) {
  const std::string path = Path();
  {
    auto history = *History::Open(path);
    // A clock that jumped back, or records imported late.
    EXPECT_EQ(*history->Add({MakeRun(3, 30), MakeRun(1, 10)}), 2);
    EXPECT_EQ(*history->Add({MakeRun(2, 20)}), 1);
  }
  const auto series = (*History::Open(path))->Series("");
  ASSERT_THAT(series, IsOk());
  ASSERT_EQ(series->size(), 1u);
  const HistorySeries& vad = series->front();
  EXPECT_EQ(vad.title, "VAD Processing");
  EXPECT_EQ(vad.load, "default");
  ASSERT_EQ(vad.points.size(), 3u);
  EXPECT_DOUBLE_EQ(vad.points[0].median, 10);
  EXPECT_DOUBLE_EQ(vad.points[2].median, 30);
  EXPECT_EQ(vad.points[2].commit.front(), '3');
  EXPECT_EQ(vad.points[2].num_samples, 3);
}

TEST(History, ARunIsAddedOnce) {
  auto history = *History::Open(Path());
  EXPECT_EQ(*history->Add({MakeRun(1, 10)}), 1);
  EXPECT_EQ(*history->Add({MakeRun(1, 10), MakeRun(2, 10)}), 1);
  EXPECT_EQ((*history->Series("vad"))[0].points.size(), 2u);
  EXPECT_TRUE(history->Series("tools")->empty());
}

TEST(History, KnowsTheInvocationsItHas) {
  auto history = *History::Open(Path());
  EXPECT_EQ(*history->Add({MakeRun(1, 10)}), 1);
  EXPECT_TRUE(*history->HasInvocation("run1"));
  EXPECT_FALSE(*history->HasInvocation("run"));
}

TEST(History, AFilterSelectsSeriesAndTheirRuns) {
  auto history = *History::Open(Path());
  perf::Run pooled = MakeRun(2, 20);
  pooled.mutable_environment()->set_pool("ci-pool");
  perf::Run other = MakeRun(3, 30);
  other.mutable_measurements(0)->set_name("audio2.vad.process");
  ASSERT_EQ(*history->Add({MakeRun(1, 10), pooled, other}), 3);
  const auto medians = [&](const HistoryFilter& filter) {
    std::vector<double> found;
    const auto series = history->Series(filter);
    EXPECT_THAT(series, IsOk());
    for (const HistorySeries& one : *series) {
      for (const HistoryPoint& point : one.points) found.push_back(point.median);
    }
    return found;
  };
  EXPECT_EQ(medians({}).size(), 3u);
  EXPECT_THAT(medians({.components = {"audio2"}}), ElementsAre(30));
  EXPECT_EQ(medians({.components = {"audio2", "audio"}}).size(), 3u);
  EXPECT_TRUE(medians({.components = {"aud"}}).empty());
  EXPECT_THAT(medians({.machine = "ci-pool"}), ElementsAre(20));
  EXPECT_THAT(medians({.since = absl::FromUnixSeconds(1'780'000'000 + 3 * 86400)}),
              ElementsAre(30));
  EXPECT_THAT(medians({.name = "audio2.vad.process", .whole_name = true}), ElementsAre(30));
  EXPECT_TRUE(medians({.name = "audio2.vad", .whole_name = true}).empty());
}

TEST(History, SeriesAreReadOneByOneWithTheirNewestPoints) {
  auto history = *History::Open(Path());
  std::vector<perf::Run> runs;
  for (int day = 0; day < 50; ++day) {
    runs.push_back(MakeRun(day, day));
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
}

TEST(History, MachinesAndLoadsAreKeptApart) {
  auto history = *History::Open(Path());
  perf::Run other_machine = MakeRun(2, 10);
  other_machine.mutable_environment()->set_cpu_model("Another CPU");
  perf::Run other_load = MakeRun(3, 10);
  (*other_load.mutable_provenance()->mutable_load_overrides())["iterations"] = 5;
  ASSERT_THAT(history->Add({MakeRun(1, 10), other_machine, other_load}), IsOk());
  const auto series = *history->Series("");
  ASSERT_EQ(series.size(), 3u);
  EXPECT_THAT(HistoryList(series), HasSubstr("default, iterations=5"));
}

struct ApartCase {
  std::string name;
  std::function<void(perf::Run&)> change;
};

class HistoryApartTest : public testing::TestWithParam<ApartCase> {};

// "99805.2 % worse" was said of a measurement of which only the unit had changed.
TEST_P(HistoryApartTest, AreNoPointsOfOneSeries) {
  auto history = *History::Open(Path());
  std::vector<perf::Run> runs;
  for (int day = 10; day < 50; ++day) {
    runs.push_back(MakeRun(day, (day < 30 ? 10 : 10'000) + day % 3 * 0.05));
    if (day >= 30) GetParam().change(runs.back());
  }
  ASSERT_THAT(history->Add(runs), IsOk());
  const auto series = *history->Series("");
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].points.size(), 20u);
  EXPECT_EQ(series[1].points.size(), 20u);
  EXPECT_THAT(HistoryList(series), Not(HasSubstr("% worse")));
  EXPECT_THAT(HistoryPlot(series[1], 60), HasSubstr("No change of level"));
}

INSTANTIATE_TEST_SUITE_P(
    All, HistoryApartTest,
    testing::ValuesIn(std::vector<ApartCase>{
        {"Units", [](perf::Run& run) { run.mutable_measurements(0)->set_unit("us"); }},
        {"Directions", [](perf::Run& run) { run.mutable_measurements(0)->set_better(HIGHER); }},
        {"Compilers", [](perf::Run& run) { run.mutable_environment()->set_compiler("clang 14"); }},
        {"Modes", [](perf::Run& run) { run.mutable_environment()->set_compilation_mode("dbg"); }},
        {"Sanitizers", [](perf::Run& run) { run.mutable_environment()->set_sanitizer("address"); }},
        {"Flags",
         [](perf::Run& run) { run.mutable_environment()->set_build_flags("optimize, avx2"); }},
        {"Machines", [](perf::Run& run) { run.mutable_environment()->set_num_cpus(64); }},
        {"Profiles", [](perf::Run& run) { run.mutable_provenance()->set_profile("long"); }},
    }),
    [](const testing::TestParamInfo<ApartCase>& test_case) { return test_case.param.name; });

class EarlierVersionTest : public testing::TestWithParam<int> {};

TEST_P(EarlierVersionTest, IsReadAndBroughtUpToDate) {
  const int version = GetParam();
  const std::string path = Path();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
  const std::string sql = absl::StrCat(
      "CREATE TABLE run (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, target TEXT NOT NULL, "
      "shard INTEGER NOT NULL, start_ns INTEGER NOT NULL, machine TEXT NOT NULL, "
      "load TEXT NOT NULL, git_commit TEXT NOT NULL, dirty INTEGER NOT NULL, ",
      version == 1 ? "" : "build TEXT NOT NULL DEFAULT '', ",
      "UNIQUE (run_id, target, shard, start_ns));"
      "CREATE TABLE measurement (run INTEGER NOT NULL REFERENCES run (id), name TEXT NOT NULL, "
      "title TEXT NOT NULL, unit TEXT NOT NULL, better INTEGER NOT NULL, median REAL NOT NULL, "
      "samples BLOB NOT NULL, PRIMARY KEY (name, run)) WITHOUT ROWID;"
      "INSERT INTO run VALUES (1, 'r', '//a', 0, 5, 'm', 'default', 'abc', 0",
      version == 1 ? "" : ", 'gcc 12'",
      ");"
      "INSERT INTO measurement VALUES (1, 'audio.vad.process_1s', 'VAD', 'ms', 1, 10, x'00000000');"
      "PRAGMA application_id = 0x50524C48; PRAGMA user_version = ",
      version, ";");
  ASSERT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(raw);
  sqlite3_close(raw);
  for (int times = 0; times < 2; ++times) {
    const auto history = History::Open(path);
    ASSERT_THAT(history, IsOk());
    const auto series = *(*history)->Series("");
    ASSERT_EQ(series.size(), 1u);
    ASSERT_EQ(series[0].points.size(), 1u);
    EXPECT_EQ(series[0].points[0].noise, std::nullopt) << "nobody knows it";
    EXPECT_THAT(HistoryList(series),
                HasSubstr(version == 1 ? "m, build not recorded\n" : "m, gcc 12\n"));
  }
  EXPECT_EQ(*(*History::Open(path))->Add({MakeRun(1, 10)}), 1);
}

INSTANTIATE_TEST_SUITE_P(All, EarlierVersionTest, testing::Values(1, 2));

TEST(History, KeepsWhyAMachineWasNoisy) {
  auto history = *History::Open(Path());
  perf::Run noisy = MakeRun(2, 10);
  noisy.mutable_health()->set_others_percent(60);
  ASSERT_THAT(history->Add({MakeRun(1, 10), noisy}), IsOk());
  const auto series = *history->Series("");
  EXPECT_EQ(series[0].points[0].noise, "");
  EXPECT_EQ(series[0].points[1].noise, "other processes used 60 % of the CPU time");
}

TEST(History, RefusesWhatIsNoFigure) {
  auto history = *History::Open(Path());
  perf::Run run = MakeRun(1, 10);
  run.mutable_measurements(0)->set_samples(0, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(history->Add({run}), Not(IsOk()));
  EXPECT_TRUE(history->Series("")->empty());
}

TEST(History, SamplesTakeFourBytes) {
  const std::string path = Path();
  auto history = *History::Open(path);
  perf::Run run = MakeRun(1, 10);
  for (int i = 0; i < 500'000; ++i) run.mutable_measurements(0)->add_samples(i * 0.37);
  const auto empty = std::filesystem::file_size(path);
  ASSERT_THAT(history->Add({run}), IsOk());
  const auto bytes = static_cast<double>(std::filesystem::file_size(path) - empty);
  EXPECT_LE(bytes / 500'003, 4.05);
}

TEST(History, AFullDiskLosesNothingThatWasThere) {
  const std::string path = Path();
  auto history = *History::Open(path);
  ASSERT_THAT(history->Add({MakeRun(1, 10)}), IsOk());
  // What fills the disk, as SQLite sees it: a file that may not grow.
  sqlite3* raw = history->database_for_test();
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA max_page_count = 1", nullptr, nullptr, nullptr), SQLITE_OK);
  perf::Run large = MakeRun(2, 10);
  for (int i = 0; i < 100'000; ++i) large.mutable_measurements(0)->add_samples(i);
  const auto full = history->Add({MakeRun(3, 10), large});
  ASSERT_THAT(full, Not(IsOk()));
  EXPECT_THAT(std::string(full.status().message()), HasSubstr("full"));
  // All or none.
  EXPECT_EQ((*history->Series(""))[0].points.size(), 1u);
}

TEST(History, RefusesWhatIsNoHistory) {
  const std::string text = Path();
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_THAT(History::Open(text), StatusIs(absl::StatusCode::kFailedPrecondition));
  const std::string other = Path() + ".other";
  sqlite3* raw = nullptr;
  sqlite3_open(other.c_str(), &raw);
  sqlite3_exec(raw, "CREATE TABLE birds (name)", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  const auto refused = History::Open(other);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("another application"));
  EXPECT_THAT(History::Open("/no/such/folder/history.db"), Not(IsOk()));
}

TEST(HistoryText, NamesTheCommitsBetweenWhichALevelChanged) {
  auto history = *History::Open(Path());
  std::vector<perf::Run> runs;
  for (int day = 10; day < 50; ++day) {
    // A spike on day 20, a step of 20 % on day 30.
    runs.push_back(MakeRun(day, (day < 30 ? 10 : 12) * (day == 20 ? 5 : 1) + day % 3 * 0.05));
  }
  ASSERT_THAT(history->Add(runs), IsOk());
  const auto series = *history->Series("vad");
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
  auto history = *History::Open(Path());
  ASSERT_THAT(history->Add({MakeRun(10, 10)}), IsOk());
  const auto series = *history->Series("");
  EXPECT_THAT(HistoryPlot(series[0], 60), HasSubstr("No change of level"));
  EXPECT_THAT(HistoryList(series), HasSubstr("1 run"));
  EXPECT_THAT(HistoryList({}), HasSubstr("nothing"));
}

}  // namespace
}  // namespace perf

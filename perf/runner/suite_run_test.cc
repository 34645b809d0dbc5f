#include "perf/runner/suite_run.h"

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history.h"
#include "perf/history/history_series.h"
#include "perf/history/open/open_history.h"
#include "perf/history/record_import.h"
#include "perf/mode/ab/ab_mode.h"
#include "perf/mode/counts/counts_mode.h"
#include "perf/mode/stored/imported_mode.h"
#include "perf/mode/stored/stored_mode.h"
#include "perf/mode/testing/fake_services.h"
#include "perf/mode/testing/sample_suite.h"
#include "perf/record/environment.h"
#include "perf/record/text_proto.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::NotNull;
using testing::SizeIs;

constexpr char kTest[] = "//a:t";
constexpr char kName[] = "a.time";

// A mode that finds what a test says, and allows what a test says.
class FakeMode : public Mode {
 public:
  bool MayLackCommit() const override { return may_lack_commit; }
  bool MayConfirm() const override { return may_confirm; }
  bool MayStore() const override { return may_store; }
  bool ComparesWithHistory() const override { return compares_with_history; }
  bool AddsToHistory() const override { return adds_to_history; }

  absl::StatusOr<Findings> Measure(const RunContext& /*context*/,
                                   absl::Span<const SuiteTest> /*tests*/) override {
    ++num_measured;
    absl::StatusOr<Findings> found = findings;
    if (num_measured > 1 && next_worker.has_value()) found->worker = next_worker;
    return found;
  }

  absl::StatusOr<Findings> findings = Findings{};
  // The worker that measures again.
  std::optional<Environment> next_worker;
  bool may_lack_commit = true;
  bool may_confirm = false;
  bool may_store = true;
  bool compares_with_history = true;
  bool adds_to_history = true;
  int num_measured = 0;
};

class SuiteRunTest : public testing::Test {
 protected:
  SuiteRunTest()
      : folder_(EmptyFolder(absl::StrCat(
            "suite_run_", testing::UnitTest::GetInstance()->current_test_info()->name()))),
        suite_(SampleSuite({kTest})) {
    options_.workspace = folder_;
    options_.output_dir = folder_ + "/output";
    options_.baseline_dir = folder_ + "/baselines";
    options_.history = folder_ + "/history.db";
    machine_ = MachineSlug(services_.environment());
    mode_.findings->runs = {RunOf(10)};
  }

  perf::Run RunOf(double median) {
    perf::Run run = SampleRun(kTest, SampleMeasurement(kName, median), services_.environment());
    run.set_run_id(absl::StrCat("run of ", median));
    // Each began a second after the one before it.
    run.mutable_start_time()->set_seconds(next_start_s_++);
    return run;
  }

  absl::StatusOr<int> Execute() {
    return RunSuite(suite_, AllTests(suite_), options_, mode_, services_);
  }

  // Stores 10 ms as the baseline.
  void StoreBaseline() {
    SuiteOptions options = options_;
    options.update_baselines = true;
    options.output_dir = folder_ + "/output of the baseline";
    options.history = "";
    FakeMode mode;
    mode.findings->runs = {RunOf(10)};
    ASSERT_THAT(RunSuite(suite_, AllTests(suite_), options, mode, services_), IsOkAndHolds(0));
  }

  // What was printed, without the ends of lines in notes.
  std::string PrintedInOneLine() const {
    return absl::StrReplaceAll(services_.printed(), {{"\n  ", " "}});
  }

  bool HasBaselines() const { return std::filesystem::exists(options_.baseline_dir); }

  std::vector<HistorySeries> Series() const {
    const absl::StatusOr<std::unique_ptr<History>> history = OpenHistoryIfThere(options_.history);
    EXPECT_THAT(history, IsOk());
    if (!history.ok() || *history == nullptr) return {};
    return *(*history)->Series("");
  }

  const std::string folder_;
  Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
  FakeMode mode_;
  std::string machine_;
  int64_t next_start_s_ = 1'800'000'000;
};

TEST_F(SuiteRunTest, PrintsEveryMeasurementIfAsked) {
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(services_.printed(), Not(HasSubstr("Count: ")));
  options_.verbose = true;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(services_.printed(), HasSubstr("Count: "));
}

TEST_F(SuiteRunTest, ReportsAndWritesWhatWasMeasured) {
  mode_.findings->notes = {"a note of the mode"};
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_EQ(mode_.num_measured, 1);
  EXPECT_THAT(services_.printed(), HasSubstr(": 1 measured, 0 red, "));
  EXPECT_THAT(services_.printed(), HasSubstr("a note of the mode"));
  EXPECT_THAT(services_.printed(), HasSubstr("there is no baseline of this machine, " + machine_));
  EXPECT_THAT(services_.said(),
              ElementsAre("the report is in " + options_.output_dir +
                          "/performance_report.txt, and with pictures in performance_report.html"));
  EXPECT_THAT(ReadFile(options_.output_dir + "/performance_report.json"),
              IsOkAndHolds(HasSubstr("c0ffee")));
}

TEST_F(SuiteRunTest, TheExitCodeSaysWhatWasFound) {
  StoreBaseline();
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  mode_.findings->runs = {RunOf(15)};
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  mode_.findings->runs = {RunOf(10)};
  mode_.findings->errors = {"//a:other: did not run"};
  EXPECT_THAT(Execute(), IsOkAndHolds(2));
}

TEST_F(SuiteRunTest, WhatTheModeCannotDoIsAnError) {
  mode_.findings = absl::InternalError("bazel ended with exit code 2 before it ran a test");
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(services_.printed(), IsEmpty());
}

TEST_F(SuiteRunTest, RecordsNameTheCommit) {
  services_.set_tree(WorkingTreeState{.commit = "decade", .dirty = true});
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  ASSERT_THAT(Series(), SizeIs(1));
  EXPECT_EQ(Series()[0].points[0].commit, "decade");
  EXPECT_TRUE(Series()[0].points[0].dirty);
}

TEST_F(SuiteRunTest, WithoutRepositoryItSaysThatRecordsNameNoCommit) {
  services_.set_tree(absl::NotFoundError("/x is not in a git repository"));
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(services_.said(),
              Contains("/x is not in a git repository; the records name no commit"));
}

TEST_F(SuiteRunTest, AModeThatNeedsTheRepositoryIsRefusedBeforeItMeasures) {
  services_.set_tree(absl::NotFoundError("/x is not in a git repository"));
  mode_.may_lack_commit = false;
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kNotFound, "/x is not in a git repository"));
  EXPECT_EQ(mode_.num_measured, 0);
}

// What becomes a baseline.

TEST_F(SuiteRunTest, BaselinesAreStoredOnlyIfAskedFor) {
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_FALSE(HasBaselines());
  options_.update_baselines = true;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(ReadFile(absl::StrCat(options_.baseline_dir, "/", machine_, "/a.textproto")),
              IsOkAndHolds(HasSubstr("commit: \"c0ffee\"")));
  EXPECT_THAT(services_.said(), Contains("the baselines are written; review and commit them"));
  EXPECT_THAT(services_.printed(), HasSubstr("a.time (default): new: "));
}

TEST_F(SuiteRunTest, WhatChangesInTheBaselinesIsWrittenForItsReview) {
  StoreBaseline();
  const std::string file = options_.output_dir + "/baseline_changes.md";
  mode_.findings->runs = {RunOf(12)};
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_FALSE(std::filesystem::exists(file));
  options_.update_baselines = true;
  options_.why = "it checks every frame";
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(ReadFile(file), IsOkAndHolds(AllOf(HasSubstr("Why: it checks every frame\n"),
                                                 HasSubstr("1.20 times ("), HasSubstr("-20.0%"))));
  EXPECT_THAT(services_.said(), Contains("what changes is in " + file + ", for the review"));
  EXPECT_THAT(ReadFile(absl::StrCat(options_.baseline_dir, "/", machine_, "/a.textproto")),
              IsOkAndHolds(HasSubstr("why: \"it checks every frame\"")));
}

TEST_F(SuiteRunTest, AFileThatIsNotOursIsFoundBeforeAnythingIsMeasured) {
  std::filesystem::create_directories(options_.output_dir);
  std::ofstream(options_.output_dir + "/baseline_changes.md", std::ios::binary)
      << std::string("RIFF\0\0\0\0WAVE", 12);
  options_.update_baselines = true;
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("is there already and is not")));
  EXPECT_EQ(mode_.num_measured, 0);
}

TEST_F(SuiteRunTest, ADirtyTreeIsRefusedBeforeAnythingIsMeasured) {
  options_.update_baselines = true;
  services_.set_tree(WorkingTreeState{.commit = "c0ffee", .dirty = true});
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("commit or stash them first")));
  services_.set_tree(absl::NotFoundError("/x is not in a git repository"));
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("/x is not in a git repository")));
  EXPECT_EQ(mode_.num_measured, 0);
  EXPECT_FALSE(HasBaselines());
}

TEST_F(SuiteRunTest, AModeThatMayNotStoreIsRefusedBeforeAnythingIsMeasured) {
  options_.update_baselines = true;
  mode_.may_store = false;
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("measure without --against")));
  EXPECT_EQ(mode_.num_measured, 0);
}

TEST_F(SuiteRunTest, WhatCouldNotBeMeasuredKeepsTheBaselinesAndTheReportIsWritten) {
  options_.update_baselines = true;
  mode_.findings->errors = {"//a:other: did not run"};
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("not everything could be measured")));
  EXPECT_FALSE(HasBaselines());
  EXPECT_THAT(services_.printed(), HasSubstr("//a:other: did not run"));
  EXPECT_TRUE(std::filesystem::exists(options_.output_dir + "/performance_report.txt"));
}

TEST_F(SuiteRunTest, WhatIsMissingLeavesTheBaselinesWithTheUpdate) {
  StoreBaseline();
  options_.update_baselines = true;
  mode_.findings->runs = {
      SampleRun(kTest, SampleMeasurement("a.renamed", 10), services_.environment())};
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(ReadFile(absl::StrCat(options_.baseline_dir, "/", machine_, "/a.textproto")),
              IsOkAndHolds(Not(HasSubstr("\"a.time\""))));
}

// What a filter asks for.

TEST_F(SuiteRunTest, ABenchmarkThatAFilterNamesIsMissingIfItIsNotMeasured) {
  suite_.manifest.mutable_tests(0)->set_benchmark(true);
  StoreBaseline();
  mode_.findings->runs = {
      SampleRun(kTest, SampleMeasurement("a.times", 10), services_.environment())};
  options_.filter = "a.time";
  options_.selection = "--filter a.time";
  EXPECT_THAT(Execute(), IsOkAndHolds(2));
  EXPECT_THAT(services_.printed(), HasSubstr("the baseline has it, and //a:t did not measure it"));
}

TEST_F(SuiteRunTest, WhatAFilterDoesNotNameIsNotMissing) {
  suite_.manifest.mutable_tests(0)->set_benchmark(true);
  StoreBaseline();
  mode_.findings->runs = {
      SampleRun(kTest, SampleMeasurement("a.times", 10), services_.environment())};
  for (const char* filter : {"a.times", "a.time$", "Suite.Test"}) {
    options_.filter = filter;
    options_.selection = absl::StrCat("--filter ", filter);
    EXPECT_THAT(Execute(), IsOkAndHolds(0)) << filter;
  }
}

TEST_F(SuiteRunTest, AFilterOfGoogleTestBodiesNamesNoMeasurement) {
  StoreBaseline();
  mode_.findings->runs = {
      SampleRun(kTest, SampleMeasurement("a.times", 10), services_.environment())};
  options_.filter = "a.time";
  options_.selection = "--filter a.time";
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
}

// What becomes a point of the history.

TEST_F(SuiteRunTest, EveryRunIsAddedToTheHistoryOnce) {
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  ASSERT_THAT(Series(), SizeIs(1));
  EXPECT_EQ(Series()[0].machine, machine_);
  EXPECT_THAT(Series()[0].points, SizeIs(1));
}

TEST_F(SuiteRunTest, AModeWhoseRunsAreNoPointsAddsNone) {
  mode_.adds_to_history = false;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(Series(), IsEmpty());
}

TEST_F(SuiteRunTest, WithoutHistoryNothingIsAdded) {
  options_.history = "";
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/history.db"));
}

TEST_F(SuiteRunTest, ARunThatMeasuredNothingIsNoPoint) {
  mode_.findings->runs.clear();
  EXPECT_THAT(Execute(), IsOkAndHolds(2));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/history.db"));
}

TEST_F(SuiteRunTest, RedRunsAreAddedToo) {
  StoreBaseline();
  mode_.findings->runs = {RunOf(15)};
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  EXPECT_THAT(Series(), SizeIs(1));
}

TEST_F(SuiteRunTest, WithoutBaselineTheHistoryIsOneUnlessTheModeWantsNone) {
  for (const double median : {10.0, 10.1, 9.9}) {
    mode_.findings->runs = {RunOf(median)};
    EXPECT_THAT(Execute(), IsOkAndHolds(0));
  }
  mode_.findings->runs = {RunOf(15)};
  mode_.compares_with_history = false;
  mode_.adds_to_history = false;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  mode_.compares_with_history = true;
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
}

TEST_F(SuiteRunTest, ARunThatStoresABaselineIsNotJudgedByTheHistory) {
  for (const double median : {10.0, 10.1, 9.9}) {
    mode_.findings->runs = {RunOf(median)};
    EXPECT_THAT(Execute(), IsOkAndHolds(0));
  }
  mode_.findings->runs = {RunOf(15)};
  options_.update_baselines = true;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
}

// The clock stands at 2027-01-15.
TEST_F(SuiteRunTest, WhatIsAcceptedIsJudgedByTheClock) {
  StoreBaseline();
  mode_.findings->runs = {RunOf(12.5)};
  AcceptedSlowdown& accepted = *suite_.requirements["a"].add_accepted();
  accepted.set_measurement(kName);
  accepted.set_at_most_percent(30);
  accepted.set_why("it is safer");
  accepted.set_until("2027-01-15");
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(services_.printed(), HasSubstr("accepted until 2027-01-15, which is today"));
  accepted.set_until("2027-01-14");
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  EXPECT_THAT(services_.printed(), HasSubstr("no longer accepted"));
}

// A regression would be green then, and would seem to be judged.
TEST_F(SuiteRunTest, TheReportSaysThatAHistoryCouldNotBeRead) {
  mode_.adds_to_history = false;
  options_.history = "postgresql://ann:secret@127.0.0.1:1/perf";
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(PrintedInOneLine(),
              AllOf(HasSubstr("not compared with earlier runs: history "
                              "postgresql://ann@127.0.0.1:1/perf: cannot connect"),
                    Not(HasSubstr("secret"))));
}

TEST_F(SuiteRunTest, TheReportSaysThatSeriesCouldNotBeRead) {
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(PrintedInOneLine(), Not(HasSubstr("not compared with earlier runs")));
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(options_.history.c_str(), &raw), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(raw, "DROP TABLE measurement", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  mode_.adds_to_history = false;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(PrintedInOneLine(), HasSubstr("not compared with earlier runs: history " +
                                            options_.history + ": cannot read: "));
  mode_.compares_with_history = false;
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(PrintedInOneLine(), HasSubstr("earlier runs are not shown: history "));
}

TEST_F(SuiteRunTest, AServerThatIsNotThereLosesNoReport) {
  // Nobody listens on that port.
  options_.history = "postgresql://ann:secret@127.0.0.1:1/perf";
  EXPECT_THAT(Execute(), StatusIs(absl::StatusCode::kUnavailable,
                                  AllOf(HasSubstr("history postgresql://ann@127.0.0.1:1/perf: "
                                                  "cannot connect to the PostgreSQL server: "),
                                        HasSubstr("; add the run later with history --import " +
                                                  options_.output_dir + "/records"),
                                        Not(HasSubstr("secret")), Not(HasSubstr("\n")))));
  EXPECT_THAT(services_.printed(), HasSubstr(": 1 measured, 0 red, "));
  int num_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.output_dir)) {
    if (!entry.is_regular_file()) continue;
    ++num_files;
    EXPECT_THAT(ReadFile(entry.path()), IsOkAndHolds(Not(HasSubstr("secret")))) << entry.path();
  }
  // Six of the report, and the record.
  EXPECT_GE(num_files, 6);
  const auto records = ReadRecords(options_.output_dir + "/records");
  ASSERT_THAT(records, IsOk());
  ASSERT_THAT(records->runs, SizeIs(1));
  EXPECT_EQ(records->runs[0].provenance().commit(), "c0ffee");
}

// The page.

TEST_F(SuiteRunTest, ThePageShowsEarlierRunsAndThisOne) {
  for (const double median : {10.0, 10.1, 9.9}) {
    mode_.findings->runs = {RunOf(median)};
    EXPECT_THAT(Execute(), IsOkAndHolds(0));
  }
  EXPECT_THAT(ReadFile(options_.output_dir + "/performance_report.html"),
              IsOkAndHolds(HasSubstr(R"("trend":{"runs":[0,1,2],"medians":[10,10.1,9.9]})")));
}

TEST_F(SuiteRunTest, AHistoryThatCannotBeReadLeavesThePageWithoutTrends) {
  std::ofstream(options_.history) << "no database, but long enough to be taken for one: "
                                  << std::string(2000, 'x');
  EXPECT_THAT(Execute(), Not(IsOk()));
  EXPECT_THAT(ReadFile(options_.output_dir + "/performance_report.html"),
              IsOkAndHolds(AllOf(HasSubstr("a.time"), Not(HasSubstr("\"trend\"")))));
}

// Confirmation.

TEST_F(SuiteRunTest, ARedIsConfirmedWhereTheModeAllowsIt) {
  StoreBaseline();
  mode_.findings->runs = {RunOf(15)};
  mode_.may_confirm = true;
  options_.confirmations = 2;
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  EXPECT_EQ(mode_.num_measured, 3);
}

TEST_F(SuiteRunTest, ARedIsNotConfirmedWhereTheModeDoesNotAllowIt) {
  StoreBaseline();
  mode_.findings->runs = {RunOf(15)};
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  EXPECT_EQ(mode_.num_measured, 1);
}

// Pools of machines.

TEST_F(SuiteRunTest, APoolTakesTheMachinesPlace) {
  options_.machine = "pool";
  StoreBaseline();
  EXPECT_TRUE(std::filesystem::exists(options_.baseline_dir + "/pool/a.textproto"));
  services_.environment().set_memory_bytes(int64_t{1} << 40);
  mode_.findings->runs = {RunOf(15)};
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  EXPECT_THAT(services_.printed(), HasSubstr("Machine: pool"));
  ASSERT_THAT(Series(), SizeIs(1));
  EXPECT_EQ(Series()[0].machine, "pool");
}

TEST_F(SuiteRunTest, TheReportIsOfTheWorkerThatMeasured) {
  options_.machine = "pool";
  mode_.findings->worker = services_.environment();
  mode_.findings->worker->set_cpu_model("Fast CPU");
  EXPECT_THAT(Execute(), IsOkAndHolds(0));
  EXPECT_THAT(services_.printed(), HasSubstr("Machine: pool (Fast CPU"));
}

TEST_F(SuiteRunTest, OnlyAnEqualWorkerConfirms) {
  options_.machine = "pool";
  StoreBaseline();
  mode_.findings->runs = {RunOf(15)};
  mode_.may_confirm = true;
  options_.confirmations = 1;
  mode_.findings->worker = services_.environment();
  mode_.findings->worker->set_cpu_model("Fast CPU");
  mode_.next_worker = services_.environment();
  EXPECT_THAT(Execute(), IsOkAndHolds(1));
  EXPECT_EQ(mode_.num_measured, 2);
  EXPECT_THAT(services_.printed(),
              HasSubstr("the remote workers of pool are not the same kind of"));
  EXPECT_THAT(services_.printed(), HasSubstr("median 15.0 ms"));
}

TEST(MakeModeTest, TheOptionsNameTheMode) {
  SuiteOptions options;
  EXPECT_THAT(dynamic_cast<StoredMode*>(MakeMode(options).get()), NotNull());
  EXPECT_TRUE(MakeMode(options)->MayConfirm());
  options.update_baselines = true;
  EXPECT_FALSE(MakeMode(options)->MayConfirm());
  options = {};
  options.counts = true;
  EXPECT_THAT(dynamic_cast<CountsMode*>(MakeMode(options).get()), NotNull());
  options = {};
  options.against = "HEAD";
  EXPECT_THAT(dynamic_cast<AbMode*>(MakeMode(options).get()), NotNull());
  options = {};
  options.build_event_file = "/events.json";
  EXPECT_THAT(dynamic_cast<ImportedMode*>(MakeMode(options).get()), NotNull());
}

}  // namespace
}  // namespace perf

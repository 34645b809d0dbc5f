#include "perf/mode/stored/stored_mode.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
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
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kTest[] = "//a:t";

// Has a Bazel that writes the events that a test asks for.
class StoredModeTest : public testing::Test {
 protected:
  StoredModeTest()
      : folder_(EmptyFolder(absl::StrCat(
            "stored_mode_", testing::UnitTest::GetInstance()->current_test_info()->name()))),
        suite_(SampleSuite({kTest})) {
    options_.output_dir = folder_;
    services_.programs().set_answer([this](const SubprocessOptions& bazel) {
      if (writes_events_) {
        for (absl::string_view word : bazel.arguments) {
          if (absl::ConsumePrefix(&word, "--build_event_json_file=")) {
            std::ofstream(std::string(word)) << events_;
          }
        }
      }
      return SubprocessResult{.exit_code = bazel_exit_code_, .output = "", .errors = ""};
    });
  }

  // A record of the invocation that Measure is about to start.
  perf::Run Record() {
    perf::Run run = SampleRun(kTest, SampleMeasurement("a.time", 10), services_.environment());
    run.set_run_id("run-1");
    return run;
  }

  absl::StatusOr<Findings> Measure() {
    StoredMode mode(/*confirms=*/true);
    const std::vector<SuiteTest> tests = AllTests(suite_);
    const RunContext context{.suite = suite_,
                             .tests = tests,
                             .options = options_,
                             .services = services_,
                             .environment = services_.environment(),
                             .machine = MachineSlug(services_.environment())};
    return mode.Measure(context, tests);
  }

  const std::string folder_;
  const Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
  bool writes_events_ = true;
  std::string events_ = "{\"id\":{\"started\":{}}}\n";
  int bazel_exit_code_ = 0;
};

TEST_F(StoredModeTest, RunsTheTestsThroughBazelAndCollectsTheirRecords) {
  options_.bazel = {.program = {"bazel", "--batch"}, .flags = {"--config=ci"}};
  options_.load_overrides = "iterations=3";
  options_.filter = "time";
  events_ = LeaveRecord(folder_, Record());
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
  ASSERT_EQ(findings->runs.size(), 1u);
  EXPECT_EQ(findings->runs[0].measurements(0).name(), "a.time");

  ASSERT_EQ(services_.programs().calls().size(), 1u);
  const SubprocessOptions& bazel = services_.programs().calls()[0];
  EXPECT_THAT(bazel.arguments,
              ElementsAre("bazel", "--batch", "test", "--keep_going", "--runs_per_test=1",
                          "--flaky_test_attempts=1", "--test_summary=none",
                          "--nobuild_event_json_file_path_conversion",
                          HasSubstr("--build_event_json_file="), "--config=ci", "--", kTest));
  EXPECT_EQ(bazel.variables.at("PERF_RUN_ID"), "run-1");
  EXPECT_EQ(bazel.variables.at("PERF_PROFILE"), "default");
  EXPECT_EQ(bazel.variables.at("PERF_OVERRIDES"), "iterations=3");
  EXPECT_EQ(bazel.variables.at("PERF_FILTER"), "time");
  EXPECT_THAT(services_.said(), ElementsAre("running 1 test with default loads, one at a time"));
  // What Bazel wrote is kept beside the report.
  EXPECT_THAT(ReadFile(folder_ + "/build_events.json"), IsOkAndHolds(events_));
}

TEST_F(StoredModeTest, VerboseShowsTheTestsOwnOutput) {
  ASSERT_THAT(Measure(), IsOk());
  options_.verbose = true;
  ASSERT_THAT(Measure(), IsOk());
  EXPECT_THAT(services_.programs().calls()[0].arguments, Not(Contains("--test_output=all")));
  EXPECT_THAT(services_.programs().calls()[1].arguments, Contains("--test_output=all"));
}

TEST_F(StoredModeTest, ATestThatIsNotToldWhatToRunSaysWhatIsMissingInBazelrc) {
  perf::Run run = Record();
  run.clear_run_id();
  events_ = LeaveRecord(folder_, run);
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre(HasSubstr("build --test_env=PERF_RUN_ID")));
}

TEST_F(StoredModeTest, ARecordOfAnotherInvocationOrMachineIsAnError) {
  perf::Run run = Record();
  run.set_run_id("earlier");
  events_ = LeaveRecord(folder_, run);
  absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre(HasSubstr("belongs to another invocation")));
  EXPECT_THAT(findings->failed, ElementsAre(kTest));

  run = Record();
  run.set_run_id("run-2");
  run.mutable_environment()->set_cpu_model("Another CPU");
  events_ = LeaveRecord(folder_, run);
  findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre(HasSubstr("was measured on another machine")));
}

TEST_F(StoredModeTest, ATestThatDidNotRunIsAnError) {
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre("//a:t: did not run"));
  EXPECT_THAT(findings->failed, ElementsAre(kTest));
}

TEST_F(StoredModeTest, AnExitCodeOfBazelIsAnErrorThatNothingElseExplains) {
  events_ = LeaveRecord(folder_, Record());
  bazel_exit_code_ = 3;
  absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre("bazel: ended with exit code 3"));

  perf::Run second = Record();
  second.set_run_id("run-2");
  events_ = LeaveRecord(folder_, second);
  bazel_exit_code_ = 8;
  findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre("bazel: was interrupted"));
}

TEST_F(StoredModeTest, SaysThatBazelFailedBeforeATestRan) {
  bazel_exit_code_ = 34;
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(
      findings->errors,
      ElementsAre("bazel: ended with exit code 34 before a test ran; what it printed says why",
                  "//a:t: did not run"));
}

TEST_F(StoredModeTest, SaysThatBazelEndedBeforeATestRan) {
  writes_events_ = false;
  bazel_exit_code_ = 2;
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kInternal,
                                  "bazel ended with exit code 2 before it ran a test"));
}

TEST_F(StoredModeTest, ASuccessWithoutEventsIsAnErrorToo) {
  writes_events_ = false;
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(StoredModeTest, PassesOnThatThereIsNoBazel) {
  services_.programs().set_answer([](const SubprocessOptions&) -> absl::StatusOr<SubprocessResult> {
    return absl::NotFoundError("cannot run bazel: No such file or directory");
  });
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot run bazel")));
}

TEST_F(StoredModeTest, MalformedEventsNameTheirFile) {
  events_ = "no json\nnone at all\n";
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr(folder_ + "/build_events.json: build events, line 1")));
}

TEST_F(StoredModeTest, ACutLineIsANote) {
  events_ = absl::StrCat(LeaveRecord(folder_, Record()), "{\"id\":");
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->notes, ElementsAre(HasSubstr("build_events.json is cut in line 2")));
}

// Bazel's events where it could not build the test, with these options.
std::string NotBuilt(absl::string_view option) {
  return absl::StrCat(R"({"id":{"optionsParsed":{}},"optionsParsed":{"cmdLine":[")", option,
                      R"("]}})", "\n", R"({"id":{"targetCompleted":{"label":")", kTest,
                      R"("}},"completed":{}})", "\n");
}

TEST_F(StoredModeTest, ABuildThatFailsWithARemoteCacheIsTriedWithoutWhatItHolds) {
  const std::string built = LeaveRecord(folder_, Record());
  services_.programs().set_answer([&](const SubprocessOptions& bazel) {
    const bool first = !absl::c_linear_search(bazel.arguments, "--noremote_accept_cached");
    for (absl::string_view word : bazel.arguments) {
      if (absl::ConsumePrefix(&word, "--build_event_json_file=")) {
        std::ofstream(std::string(word)) << (first ? NotBuilt("--remote_cache=http://c") : built);
      }
    }
    return SubprocessResult{.exit_code = first ? 1 : 0, .output = "", .errors = ""};
  });
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
  EXPECT_EQ(findings->runs.size(), 1u);
  EXPECT_THAT(
      findings->notes,
      ElementsAre("1 test could be built only without what the remote cache holds; it is damaged"));
  EXPECT_THAT(services_.said(), Contains(HasSubstr("1 test could not be built; building again")));
  ASSERT_EQ(services_.programs().calls().size(), 2u);
  EXPECT_THAT(services_.programs().calls()[1].variables,
              Contains(testing::Pair("PERF_RUN_ID", "run-1")));
  // Both calls are in the file that is kept.
  EXPECT_THAT(ReadFile(folder_ + "/build_events.json"),
              IsOkAndHolds(NotBuilt("--remote_cache=http://c") + built));
}

TEST_F(StoredModeTest, ABuildThatFailsInAnyCaseFails) {
  events_ = NotBuilt("--remote_cache=http://c");
  bazel_exit_code_ = 1;
  absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre("//a:t: could not be built"));
  EXPECT_THAT(findings->notes, IsEmpty());
  EXPECT_EQ(services_.programs().calls().size(), 2u);

  // Without a remote cache, and after an interruption, there is nothing to try.
  events_ = NotBuilt("--remote_cache=");
  ASSERT_THAT(Measure(), IsOk());
  EXPECT_EQ(services_.programs().calls().size(), 3u);
  events_ = NotBuilt("--remote_cache=http://c");
  bazel_exit_code_ = 8;
  ASSERT_THAT(Measure(), IsOk());
  EXPECT_EQ(services_.programs().calls().size(), 4u);
}

TEST_F(StoredModeTest, WhatWasWrongWithTheRemoteCacheIsANote) {
  events_ = absl::StrCat(
      LeaveRecord(folder_, Record()), R"({"id":{"progress":{}},"progress":{"stderr":")",
      R"(WARNING: Writing to Remote Cache:\n4 errors during bulk transfer\n)",
      R"(WARNING: Reading from Remote Cache:\nConnection refused: c/1.2.3.4:80\n"}})", "\n");
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->notes,
              ElementsAre("the remote cache failed (Connection refused: c/1.2.3.4:80); what it did "
                          "not supply was built here, and the figures do not depend on it"));
}

TEST(StoredModeChoicesTest, IsConfirmedUnlessItBecomesTheBaseline) {
  EXPECT_TRUE(StoredMode(/*confirms=*/true).MayConfirm());
  EXPECT_FALSE(StoredMode(/*confirms=*/false).MayConfirm());
  const StoredMode mode(/*confirms=*/true);
  EXPECT_TRUE(mode.MayStore());
  EXPECT_TRUE(mode.AddsToHistory());
  EXPECT_TRUE(mode.MayLackCommit());
  EXPECT_THAT(mode.FilesOfMeasure(), ElementsAre("build_events.json"));
}

}  // namespace
}  // namespace perf

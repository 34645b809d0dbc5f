#include "perf/mode/stored/imported_mode.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/mode/testing/fake_services.h"
#include "perf/mode/testing/sample_suite.h"
#include "perf/record/environment.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kTest[] = "//a:t";

class ImportedModeTest : public testing::Test {
 protected:
  ImportedModeTest()
      : folder_(EmptyFolder(absl::StrCat(
            "imported_", testing::UnitTest::GetInstance()->current_test_info()->name()))),
        suite_(SampleSuite({kTest})) {
    options_.build_event_file = folder_ + "/events.json";
  }

  perf::Run Record() {
    perf::Run run = SampleRun(kTest, SampleMeasurement("a.time", 10), services_.environment());
    run.set_run_id("of somebody's invocation");
    return run;
  }

  void WriteEvents(const std::string& events) {
    std::ofstream(options_.build_event_file) << events;
  }

  absl::StatusOr<Findings> Measure() {
    ImportedMode mode;
    const std::vector<SuiteTest> tests = AllTests(suite_);
    const RunContext context{.suite = suite_,
                             .tests = tests,
                             .options = options_,
                             .services = services_,
                             .environment = services_.environment(),
                             .machine = mode.BaselineKey(options_, services_.environment())};
    return mode.Measure(context, tests);
  }

  const std::string folder_;
  const Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
};

TEST_F(ImportedModeTest, TakesTheRecordsOfAnyInvocationAndRunsNothing) {
  WriteEvents(LeaveRecord(folder_, Record()));
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
  EXPECT_EQ(findings->runs.size(), 1u);
  EXPECT_THAT(services_.programs().calls(), IsEmpty());
}

TEST_F(ImportedModeTest, TakesEventsOfStandardInput) {
  WriteEvents(LeaveRecord(folder_, Record()));
  const int saved = dup(STDIN_FILENO);
  const int file = open(options_.build_event_file.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(dup2(file, STDIN_FILENO), STDIN_FILENO);
  options_.build_event_file = "-";
  const absl::StatusOr<Findings> findings = Measure();
  // It has been read to its end.
  const absl::StatusOr<Findings> none = Measure();
  dup2(saved, STDIN_FILENO);
  close(saved);
  close(file);
  ASSERT_THAT(findings, IsOk());
  EXPECT_EQ(findings->runs.size(), 1u);
  EXPECT_THAT(none, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("standard input")));
}

TEST_F(ImportedModeTest, RefusesEventsWithoutAnEnd) {
  options_.build_event_file = "/dev/zero";
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("it is a device")));
}

TEST_F(ImportedModeTest, RefusesRecordsOfAnotherMachineUnlessAPoolIsDeclared) {
  perf::Run run = Record();
  run.mutable_environment()->set_cpu_model("Another CPU");
  WriteEvents(LeaveRecord(folder_, run));
  absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre(HasSubstr("was measured on another machine")));
  options_.machine = "pool";
  findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
}

TEST_F(ImportedModeTest, RefusesAnUnoptimisedBuildUnlessAskedFor) {
  perf::Run run = Record();
  run.mutable_environment()->set_compilation_mode("dbg");
  WriteEvents(LeaveRecord(folder_, run));
  absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre(HasSubstr("a build of mode 'dbg'")));
  options_.allow_any_mode = true;
  findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, IsEmpty());
}

TEST_F(ImportedModeTest, NeedsTheEventFile) {
  EXPECT_THAT(Measure(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(options_.build_event_file)));
}

TEST_F(ImportedModeTest, RefusesWhatIsNoEventFile) {
  WriteEvents("no json\nnone at all\n");
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr(options_.build_event_file + ": build events, line 1")));
  WriteEvents("");
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is empty")));
}

TEST(ImportedModeChoicesTest, IsNotMeasuredAgain) {
  const ImportedMode mode;
  EXPECT_FALSE(mode.MayConfirm());
  EXPECT_TRUE(mode.MayStore());
  EXPECT_TRUE(mode.AddsToHistory());
  EXPECT_THAT(mode.FilesOfMeasure(), IsEmpty());
}

}  // namespace
}  // namespace perf

#include "perf/runner/report_files.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/mode/testing/sample_suite.h"
#include "perf/record/text_proto.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::HasSubstr;

class ReportFilesTest : public testing::Test {
 protected:
  ReportFilesTest()
      : directory_(absl::StrCat(
            EmptyFolder(absl::StrCat(
                "files_", testing::UnitTest::GetInstance()->current_test_info()->name())),
            "/results")) {
    perf::Run run = SampleRun("//a/b:t", SampleMeasurement("a.time", 10), {});
    run.set_run_id("first");
    inputs_.runs.push_back(run);
    inputs_.requirements = SampleSuite({"//a/b:t"}).requirements;
  }

  absl::Status Write(const std::vector<Form>& forms = {}) {
    absl::StatusOr<ReportFiles> files = ReportFiles::Create(directory_, {}, {}, forms);
    if (!files.ok()) return files.status();
    const Report report = BuildReport(inputs_);
    if (absl::Status written = files->Write(report, inputs_, /*verbose=*/false); !written.ok()) {
      return written;
    }
    return files->WritePage(report, inputs_, {});
  }

  bool Exists(const std::string& name) const {
    return std::filesystem::exists(directory_ + "/" + name);
  }

  const std::string directory_;
  ReportInputs inputs_;
};

TEST_F(ReportFilesTest, WritesEveryFormOfTheReportAndTheRecords) {
  ASSERT_THAT(Write(), IsOk());
  for (const char* name :
       {"performance_report.txt", "performance_report.html", "performance_report.json"}) {
    EXPECT_THAT(ReadFile(directory_ + "/" + name), IsOkAndHolds(HasSubstr("a.time"))) << name;
  }
  EXPECT_THAT(ReadFile(directory_ + "/performance_report.md"),
              IsOkAndHolds(HasSubstr("nothing to compare with, 1 measured")));
  EXPECT_TRUE(Exists("performance_baseline.txt"));
  EXPECT_TRUE(Exists("records/a/b/t/shard_1_of_1/perf_run.pb"));
}

// A page has pictures within, and is no SVG file for all that.
TEST_F(ReportFilesTest, ReplacesThePageOfAnEarlierRunAndNoOtherFile) {
  ASSERT_THAT(Write(), IsOk());
  ASSERT_THAT(Write(), IsOk());
  std::ofstream(directory_ + "/performance_report.html") << "notes of somebody";
  EXPECT_THAT(Write(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("an HTML page")));
}

TEST_F(ReportFilesTest, WritesFurtherFormsThatWereAskedFor) {
  ASSERT_THAT(Write(*FindForms({"junit", "gbench", "json"})), IsOk());
  EXPECT_THAT(ReadFile(directory_ + "/performance_report.xml"), IsOkAndHolds(HasSubstr("a.time")));
  // With the samples of the run.
  EXPECT_THAT(ReadFile(directory_ + "/performance_report.gbench.json"),
              IsOkAndHolds(HasSubstr("\"repetition_index\": 29")));
  EXPECT_THAT(ReadFile(directory_ + "/performance_report.json"), IsOkAndHolds(HasSubstr("a.time")));
  EXPECT_FALSE(Exists("performance_report.csv"));
}

TEST_F(ReportFilesTest, AFurtherFormIsNotWrittenOverSomebodyElsesFile) {
  std::filesystem::create_directories(directory_);
  std::ofstream(directory_ + "/performance_report.xml", std::ios::binary)
      << "RIFF" << '\0' << "WAVE";
  EXPECT_THAT(Write(), IsOk());
  EXPECT_THAT(Write(*FindForms({"junit"})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is there already")));
}

TEST_F(ReportFilesTest, RecordsOfAnEarlierRunGo) {
  ASSERT_THAT(Write(), IsOk());
  inputs_.runs[0].mutable_provenance()->set_target("//a:other");
  ASSERT_THAT(Write(), IsOk());
  EXPECT_FALSE(Exists("records/a/b/t"));
  EXPECT_TRUE(Exists("records/a/other/shard_1_of_1/perf_run.pb"));
}

TEST_F(ReportFilesTest, ASecondRunOfATestIsAnotherAttempt) {
  inputs_.runs.push_back(inputs_.runs[0]);
  inputs_.runs[1].set_run_id("second");
  inputs_.runs[1].mutable_measurements(0)->set_name("a.other");
  ASSERT_THAT(Write(), IsOk());
  EXPECT_TRUE(Exists("records/a/b/t/shard_1_of_1/perf_run.pb"));
  EXPECT_TRUE(Exists("records/a/b/t/shard_1_of_1_attempt_2/perf_run.pb"));
}

TEST_F(ReportFilesTest, ARunOfWhichBetterOnesTookEverythingIsNotKept) {
  inputs_.runs.push_back(inputs_.runs[0]);
  inputs_.runs[0].clear_measurements();
  inputs_.runs[0].set_num_measurements(0);
  inputs_.attempts["a.time"] = 2;
  ASSERT_THAT(Write(), IsOk());
  EXPECT_FALSE(Exists("records/a/b/t/shard_1_of_1_attempt_2"));
}

TEST_F(ReportFilesTest, RefusesToWriteOverWhatTheRunReads) {
  EXPECT_THAT(
      ReportFiles::Create(directory_, {}, {directory_ + "/performance_baseline.txt"}).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("performance_baseline.txt")));
}

TEST_F(ReportFilesTest, RefusesSomebodyElsesFilesBeforeAnythingRuns) {
  std::filesystem::create_directories(directory_ + "/records");
  std::ofstream(directory_ + "/records/notes") << "precious";
  EXPECT_THAT(
      ReportFiles::Create(directory_, {}, {}).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("records was not made by perf")));
  std::filesystem::remove_all(directory_ + "/records");
  std::ofstream(directory_ + "/build_events.json", std::ios::binary) << "RIFF" << '\0' << "WAVE";
  EXPECT_THAT(ReportFiles::Create(directory_, {}, {}).status(), IsOk());
  EXPECT_THAT(ReportFiles::Create(directory_, {"build_events.json"}, {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is there already")));
}

}  // namespace
}  // namespace perf

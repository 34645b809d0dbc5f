#include "perf/history/record_import.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/record_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Folder(const std::string& name) {
  std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

void Write(const std::string& directory, const std::string& target) {
  std::filesystem::create_directories(directory);
  perf::Run run;
  run.mutable_provenance()->set_target(target);
  run.set_num_measurements(0);
  ASSERT_THAT(WriteRunFile(run, directory), IsOk());
}

TEST(RecordImportTest, FindsRecordsInFoldersBelow) {
  const std::string folder = Folder("below");
  Write(absl::StrCat(folder, "/b/shard_1_of_1"), "//b");
  Write(absl::StrCat(folder, "/a"), "//a");
  std::ofstream(absl::StrCat(folder, "/a/notes.txt")) << "no record";
  const auto records = ReadRecords(folder);
  ASSERT_THAT(records, IsOk());
  EXPECT_THAT(records->failures, IsEmpty());
  ASSERT_EQ(records->runs.size(), 2);
  EXPECT_EQ(records->runs[0].provenance().target(), "//a");
  EXPECT_EQ(records->runs[1].provenance().target(), "//b");
}

TEST(RecordImportTest, ReadsTheOthersBesideWhatIsDamaged) {
  const std::string folder = Folder("damaged");
  EXPECT_THAT(ReadRecords(folder), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadRecords(absl::StrCat(folder, "/none")), StatusIs(absl::StatusCode::kNotFound));
  Write(absl::StrCat(folder, "/a"), "//a");
  std::filesystem::create_directories(absl::StrCat(folder, "/b"));
  std::ofstream(absl::StrCat(folder, "/b/perf_run.pb")) << "half a rec";
  std::filesystem::create_directories(absl::StrCat(folder, "/c/perf_run.pb"));
  Write(absl::StrCat(folder, "/d"), "//d");
  const auto records = ReadRecords(folder);
  ASSERT_THAT(records, IsOk());
  EXPECT_THAT(
      records->failures,
      ElementsAre(StatusIs(absl::StatusCode::kDataLoss, HasSubstr("/b/perf_run.pb: ")),
                  StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/c/perf_run.pb: "))));
  ASSERT_EQ(records->runs.size(), 2);
  EXPECT_EQ(records->runs[0].provenance().target(), "//a");
  EXPECT_EQ(records->runs[1].provenance().target(), "//d");
}

TEST(RecordImportTest, NamesFileAndMeasurementOfANan) {
  const std::string folder = Folder("nan");
  perf::Run run;
  Measurement& measurement = *run.add_measurements();
  measurement.set_name("audio.vad");
  measurement.set_title("VAD");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.add_samples(std::numeric_limits<double>::quiet_NaN());
  run.set_num_measurements(1);
  ASSERT_THAT(WriteRunFile(run, folder), IsOk());
  const auto records = ReadRecords(folder);
  ASSERT_THAT(records, IsOk());
  EXPECT_THAT(records->runs, IsEmpty());
  EXPECT_THAT(records->failures,
              ElementsAre(StatusIs(
                  absl::StatusCode::kDataLoss,
                  HasSubstr("/perf_run.pb: measurement 'audio.vad' has a sample that is not"))));
}

}  // namespace
}  // namespace perf

#include "perf/history/record_import.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "perf/record/record_file.h"

namespace perf {
namespace {

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
  ASSERT_TRUE(WriteRunFile(run, directory).ok());
}

TEST(RecordImportTest, FindsRecordsInFoldersBelow) {
  const std::string folder = Folder("below");
  Write(absl::StrCat(folder, "/b/shard_1_of_1"), "//b");
  Write(absl::StrCat(folder, "/a"), "//a");
  std::ofstream(absl::StrCat(folder, "/a/notes.txt")) << "no record";
  const auto runs = ReadRecords(folder);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 2);
  EXPECT_EQ((*runs)[0].provenance().target(), "//a");
  EXPECT_EQ((*runs)[1].provenance().target(), "//b");
}

TEST(RecordImportTest, NamesWhatIsMissingOrDamaged) {
  const std::string folder = Folder("damaged");
  EXPECT_TRUE(absl::IsNotFound(ReadRecords(folder).status()));
  EXPECT_TRUE(absl::IsNotFound(ReadRecords(absl::StrCat(folder, "/none")).status()));
  Write(absl::StrCat(folder, "/a"), "//a");
  std::filesystem::create_directories(absl::StrCat(folder, "/b"));
  std::ofstream(absl::StrCat(folder, "/b/perf_run.pb")) << "half a rec";
  const auto runs = ReadRecords(folder);
  EXPECT_TRUE(absl::IsDataLoss(runs.status())) << runs.status();
  EXPECT_TRUE(absl::StrContains(runs.status().message(), "/b/perf_run.pb: ")) << runs.status();
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
  ASSERT_TRUE(WriteRunFile(run, folder).ok());
  const auto runs = ReadRecords(folder);
  EXPECT_TRUE(absl::IsDataLoss(runs.status())) << runs.status();
  EXPECT_TRUE(absl::StrContains(runs.status().message(),
                                "/perf_run.pb: measurement 'audio.vad' has a sample that is not"))
      << runs.status();
}

}  // namespace
}  // namespace perf

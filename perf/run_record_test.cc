#include "perf/run_record.h"

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;

Measurement Good() {
  Measurement measurement;
  measurement.set_name("audio.vad");
  measurement.set_title("VAD");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.add_samples(1);
  return measurement;
}

TEST(RunRecordTest, RefusesMalformedMeasurements) {
  RunRecord record{perf::Run()};
  const auto refused = [&](auto change, const char* message) {
    Measurement measurement = Good();
    change(measurement);
    const absl::Status added = record.Add(measurement);
    EXPECT_THAT(added, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message))) << message;
  };
  refused([](Measurement& m) { m.set_name("vad"); }, "dotted name");
  refused([](Measurement& m) { m.set_component("tools"); }, "begins with its component, tools");
  refused([](Measurement& m) { m.clear_title(); }, "title and a unit");
  refused([](Measurement& m) { m.clear_unit(); }, "title and a unit");
  refused([](Measurement& m) { m.clear_better(); }, "direction");
  refused([](Measurement& m) { m.clear_samples(); }, "no sample");
  refused([](Measurement& m) { m.add_samples(std::numeric_limits<double>::quiet_NaN()); },
          "not finite");
  refused([](Measurement& m) { m.add_work(1), m.add_work(2); }, "one for each sample");
  refused(
      [](Measurement& m) {
        m.set_work_unit("call");
        m.add_samples(1);
        m.add_work(2);
        m.add_work(2);
      },
      "increasing");
  EXPECT_THAT(record.Add(Good()), IsOk());
  refused([](Measurement&) {}, "recorded before");
  EXPECT_EQ(record.Snapshot().num_measurements(), 1);
}

TEST(RunRecordTest, WritesWhatCanBeRead) {
  const std::string directory = testing::TempDir();
  RunRecord record{perf::Run()};
  ASSERT_THAT(record.Add(Good()), IsOk());
  ASSERT_THAT(record.WriteTo(directory), IsOk());
  const auto bytes = ReadFile(absl::StrCat(directory, "/", kRunFileName));
  ASSERT_THAT(bytes, IsOk());
  const auto run = ParseRun(*bytes);
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->measurements(0).name(), "audio.vad");
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(directory, "/", kRunFileName, ".tmp")));
}

TEST(RunRecordTest, SamplesTakeFourBytesEach) {
  const std::string directory = testing::TempDir();
  const auto size_with = [&](int num_samples) {
    RunRecord record{perf::Run()};
    Measurement measurement = Good();
    for (int i = 1; i < num_samples; ++i) measurement.add_samples(1 + i * 1e-3);
    EXPECT_THAT(record.Add(measurement), IsOk());
    EXPECT_THAT(record.WriteTo(directory), IsOk());
    return std::filesystem::file_size(absl::StrCat(directory, "/", kRunFileName));
  };
  const auto small = size_with(1000);
  // What else is in a record takes some bytes more or less from run to run.
  EXPECT_LE(size_with(11000) - small, 40100u);
  const auto run = ParseRun(*ReadFile(absl::StrCat(directory, "/", kRunFileName)));
  ASSERT_THAT(run, IsOk());
  ASSERT_EQ(run->measurements(0).samples_size(), 11000);
  EXPECT_EQ(run->measurements(0).stored_samples_size(), 0);
  EXPECT_NEAR(run->measurements(0).samples(10999), 11.999, 1e-6);
}

TEST(RunRecordTest, WhatDoesNotFitFourBytesIsNotCutShort) {
  const std::string directory = testing::TempDir();
  RunRecord record{perf::Run()};
  Measurement measurement = Good();
  measurement.add_samples(1e300);
  measurement.add_samples(-1e-300);
  ASSERT_THAT(record.Add(measurement), IsOk());
  ASSERT_THAT(record.WriteTo(directory), IsOk());
  const auto run = ParseRun(*ReadFile(absl::StrCat(directory, "/", kRunFileName)));
  ASSERT_THAT(run, IsOk());
  ASSERT_EQ(run->measurements(0).samples_size(), 3);
  EXPECT_EQ(run->measurements(0).samples(1), 1e300);
  EXPECT_EQ(run->measurements(0).samples(2), -1e-300);
}

TEST(RunRecordTest, CountsStayExact) {
  const std::string directory = testing::TempDir();
  RunRecord record{perf::Run()};
  Measurement measurement = Good();
  measurement.set_counted("instructions");
  measurement.set_samples(0, 123456789);
  ASSERT_THAT(record.Add(measurement), IsOk());
  ASSERT_THAT(record.WriteTo(directory), IsOk());
  const auto run = ParseRun(*ReadFile(absl::StrCat(directory, "/", kRunFileName)));
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->measurements(0).samples(0), 123456789);
}

TEST(RunRecordTest, AnEmptyRecordIsAnErrorUnlessNarrowed) {
  const std::string directory = testing::TempDir();
  EXPECT_THAT(RunRecord(perf::Run()).WriteTo(directory),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  perf::Run narrowed;
  narrowed.mutable_provenance()->set_filter("Speed");
  narrowed.set_num_measurements(0);
  EXPECT_THAT(RunRecord(narrowed).WriteTo(directory), IsOk());
}

TEST(RunRecordTest, AFullDiskLeavesNoRecord) {
  const std::string directory = absl::StrCat(testing::TempDir(), "/full");
  std::filesystem::create_directories(directory);
  std::filesystem::create_symlink("/dev/full", absl::StrCat(directory, "/", kRunFileName, ".tmp"));
  RunRecord record{perf::Run()};
  ASSERT_THAT(record.Add(Good()), IsOk());
  const absl::Status written = record.WriteTo(directory);
  EXPECT_THAT(written, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(directory, "/", kRunFileName)));
}

TEST(RunRecordTest, SaysWhereItCannotWrite) {
  RunRecord record{perf::Run()};
  ASSERT_THAT(record.Add(Good()), IsOk());
  const absl::Status written = record.WriteTo("/no/such/folder");
  EXPECT_THAT(written, StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/folder")));
}

}  // namespace
}  // namespace perf

// What it costs to read many records, and to make a report of them.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/process/memory.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"
#include "perf/recorder.h"
#include "perf/report/report_builder.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;

// As files have them: `measurements` in each of so many records, of `samples` each.
std::vector<std::string> Records(int64_t num_records, int measurements, int samples) {
  std::vector<std::string> files;
  for (int64_t record = 0; record < num_records; ++record) {
    perf::Run run;
    run.mutable_provenance()->set_target(absl::StrCat("//component:test_", record));
    run.mutable_provenance()->set_total_shards(1);
    for (int i = 0; i < measurements; ++i) {
      Measurement& measurement = *run.add_measurements();
      measurement.set_component("component");
      measurement.set_name(absl::StrCat("component.test_", record, ".measurement_", i));
      measurement.set_title(absl::StrCat("Measurement ", i));
      measurement.set_unit("ms");
      measurement.set_better(LOWER);
      for (int j = 0; j < samples; ++j)
        measurement.add_samples(static_cast<double>(1 + (record + i * 7 + j) % 100));
    }
    run.set_num_measurements(measurements);
    EXPECT_THAT(WriteRunFile(run, testing::TempDir()), IsOk());
    files.push_back(*ReadFile(absl::StrCat(testing::TempDir(), "/", kRunFileName)));
  }
  return files;
}

// The numbers say nothing of reading the files from a disk.
void Aggregate(const std::string& name, const std::string& title, int64_t num_records,
               int measurements, int samples) {
  const std::vector<std::string> files = Records(num_records, measurements, samples);
  Recorder time(
      {.name = absl::StrCat(name, ".time"), .title = title, .unit = "ms", .better = LOWER});
  Recorder memory({.name = absl::StrCat(name, ".memory"),
                   .title = absl::StrCat(title, ", Memory"),
                   .unit = "MB",
                   .better = LOWER});
  for (int64_t i = 0; i < Load("aggregations"); ++i) {
    const int64_t before = LiveHeapBytes();
    ReportInputs inputs;
    const Report report = time.Time([&] {
      for (const std::string& file : files) {
        absl::StatusOr<perf::Run> run = ParseRun(file);
        EXPECT_THAT(run, IsOk());
        if (run.ok()) inputs.runs.push_back(*std::move(run));
      }
      return BuildReport(inputs);
    });
    memory.Add(static_cast<double>(LiveHeapBytes() - before) / 1e6);
    ASSERT_EQ(report.measurements_size(), num_records * measurements);
    ASSERT_EQ(report.measurements(0).count(), samples);
  }
}

// What records occupy once they are read, before anything is made of them.
TEST(PerfPerformance, ReadingRecords) {
  constexpr int kMeasurements = 100;
  const int64_t num_measurements = Load("measurements_read");
  const std::vector<std::string> files =
      Records(num_measurements / kMeasurements, kMeasurements, /*samples=*/1);
  const std::string title = absl::StrCat("Reading Records of ", num_measurements, " Measurements");
  Recorder time(
      {.name = "perf.record.reading.time", .title = title, .unit = "ms", .better = LOWER});
  Recorder memory({.name = "perf.record.reading.memory",
                   .title = absl::StrCat(title, ", Memory"),
                   .unit = "MB",
                   .better = LOWER});
  for (int64_t i = 0; i < Load("aggregations"); ++i) {
    const int64_t before = LiveHeapBytes();
    const std::vector<perf::Run> runs = time.Time([&] {
      std::vector<perf::Run> read;
      for (const std::string& file : files) {
        absl::StatusOr<perf::Run> run = ParseRun(file);
        EXPECT_THAT(run, IsOk());
        if (run.ok()) read.push_back(*std::move(run));
      }
      return read;
    });
    memory.Add(static_cast<double>(LiveHeapBytes() - before) / 1e6);
    ASSERT_EQ(runs.size(), files.size());
  }
}

TEST(PerfPerformance, AggregatingSamples) {
  const int64_t num_records = Load("records");
  constexpr int kMeasurements = 20;
  constexpr int kSamples = 50;
  Aggregate("perf.report.samples",
            absl::StrCat("Report of ", num_records * kMeasurements * kSamples, " Samples"),
            num_records, kMeasurements, kSamples);
}

TEST(PerfPerformance, AggregatingMeasurements) {
  const int64_t num_records = Load("records");
  const auto each = static_cast<int>(Load("measurements_per_record"));
  Aggregate("perf.report.measurements",
            absl::StrCat("Report of ", num_records, " Records with ", each, " Measurements"),
            num_records, each, 1);
}

}  // namespace
}  // namespace perf

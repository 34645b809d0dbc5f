// The greatest part of what a run costs after its tests have ended: making sense of a record's
// bytes, reading the series of its measurements from a history in a file, and making the report in
// every form. Reading and writing files, adding to the history and confirming are not measured.
#include <malloc.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/history/history.h"
#include "perf/history/history_baseline.h"
#include "perf/history/history_series.h"
#include "perf/history/runs_in_history.h"
#include "perf/history/sqlite/sqlite_history.h"
#include "perf/load.h"
#include "perf/process/memory.h"
#include "perf/record/record_file.h"
#include "perf/record/result.pb.h"
#include "perf/record/text_proto.h"
#include "perf/recorder.h"
#include "perf/report/forms/form.h"
#include "perf/report/html/html_report.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_builder.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;

// The `number`-th run, a day after the one before it.
Run MakeRun(int64_t number, int64_t num_measurements, int64_t num_samples) {
  perf::Run run;
  run.set_run_id(absl::StrCat("run ", number));
  run.mutable_start_time()->set_seconds(1'780'000'000 + number * 86400);
  run.mutable_environment()->set_cpu_model("A CPU");
  run.mutable_provenance()->set_target("//component:test");
  run.mutable_provenance()->set_total_shards(1);
  run.mutable_provenance()->set_profile("default");
  run.mutable_provenance()->set_commit(absl::StrCat(1'000'000 + number, std::string(33, '0')));
  for (int64_t i = 0; i < num_measurements; ++i) {
    Measurement& measurement = *run.add_measurements();
    measurement.set_component("component");
    measurement.set_name(absl::StrCat("component.test.measurement_", i));
    measurement.set_title(absl::StrCat("Measurement ", i));
    measurement.set_unit("ms");
    measurement.set_better(LOWER);
    for (int64_t j = 0; j < num_samples; ++j) {
      measurement.add_samples(1 + static_cast<double>((number * 13 + i * 7 + j) % 100) / 1000);
    }
  }
  run.set_num_measurements(static_cast<int32_t>(num_measurements));
  return run;
}

// What RunSuite does with the records of its tests where no baseline is stored, in memory but for
// what it reads of the history.
void MakeReport(const std::string& record, History& history) {
  ReportInputs inputs;
  absl::StatusOr<perf::Run> run = ParseRun(record);
  ASSERT_THAT(run, IsOk());
  inputs.runs.push_back(*std::move(run));
  auto series = ReadSeriesOf(inputs.runs, kMaxTrendPoints, history);
  ASSERT_THAT(series, IsOk());
  inputs.history = HistoryBaselines(*series, inputs.runs);
  const Report report = BuildReport(inputs);
  ASSERT_EQ(report.measurements_size(), inputs.runs[0].measurements_size());
  ASSERT_GT(report.measurements(0).history_runs(), 0);
  for (const Form& form : AllForms()) {
    const auto content = form.render(report, {.runs = inputs.runs, .verbose = true});
    ASSERT_THAT(content, IsOk());
    ASSERT_FALSE(content->empty()) << form.name;
  }
  AddPoints(inputs.runs, kMaxTrendPoints, *series);
  const std::string page =
      HtmlReport(report, {.records = inputs, .history = ByName(*std::move(series))});
  ASSERT_NE(page.find("\"trend\""), std::string::npos);
}

TEST(PerfPerformance, ReportInAllForms) {
  const int64_t num_measurements = Load("measurements_reported");
  const int64_t num_runs = Load("runs_in_history");
  constexpr int64_t kSamples = 1000;
  // Reports show medians of earlier runs, which the history keeps beside the samples. With as many
  // samples, making them would take longer than what is measured.
  constexpr int64_t kEarlierSamples = 100;
  const std::string path = absl::StrCat(testing::TempDir(), "/report_forms.db");
  std::filesystem::remove(path);
  const auto history = SqliteHistory::Open(path);
  ASSERT_THAT(history, IsOk());
  for (int64_t i = 0; i < num_runs; ++i) {
    ASSERT_THAT((*history)->Add({MakeRun(i, num_measurements, kEarlierSamples)}), IsOk());
  }
  ASSERT_THAT(WriteRunFile(MakeRun(num_runs, num_measurements, kSamples), testing::TempDir()),
              IsOk());
  const std::string record = *ReadFile(absl::StrCat(testing::TempDir(), "/", kRunFileName));
  const std::string title = absl::StrCat("Report in All Forms, ", num_measurements,
                                         " Measurements and ", num_runs, " Earlier Runs");
  Recorder time({.name = "perf.report.forms.time", .title = title, .unit = "ms", .better = LOWER});
  // Where the kernel does not let the peak begin anew, such as in a container without
  // /proc/self/clear_refs, memory is not measured.
  std::optional<Recorder> memory;
  if (ResetPeakResidentBytes()) {
    memory.emplace(Recorder::Options{.name = "perf.report.forms.memory",
                                     .title = absl::StrCat(title, ", Memory"),
                                     .unit = "MB",
                                     .better = LOWER});
  }
  for (int64_t i = 0; i < Load("aggregations"); ++i) {
    // What an earlier turn freed would be used again, and not be seen.
    malloc_trim(0);
    ResetPeakResidentBytes();
    const int64_t before = ResidentBytes();
    time.Time([&] { MakeReport(record, **history); });
    if (memory.has_value()) {
      memory->Add(static_cast<double>(PeakResidentBytes() - before) / 1e6);
    }
  }
}

}  // namespace
}  // namespace perf

#include "perf/mode/testing/sample_suite.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/record_file.h"
#include "third_party/status_matchers.h"

namespace perf {

Suite SampleSuite(const std::vector<std::string>& labels) {
  const std::string component = "a";
  Suite suite;
  suite.manifest.set_suite("//:suite");
  suite.manifest.set_baseline_directory("baselines");
  suite.manifest.set_workspace_name("w");
  suite.requirements[component].set_component(component);
  for (const std::string& label : labels) {
    SuiteTest& test = *suite.manifest.add_tests();
    test.set_label(label);
    test.set_shard_count(1);
    suite.component_of[label] = component;
  }
  return suite;
}

std::vector<SuiteTest> AllTests(const Suite& suite) {
  return {suite.manifest.tests().begin(), suite.manifest.tests().end()};
}

Measurement SampleMeasurement(const std::string& name, double median) {
  Measurement measurement;
  measurement.set_name(name);
  measurement.set_title(name);
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.set_component("a");
  for (int i = 0; i < 30; ++i) measurement.add_samples(median * (1 + (i - 14.5) * 1e-4));
  return measurement;
}

Run SampleRun(const std::string& label, const Measurement& measurement,
              const Environment& environment) {
  Run run;
  *run.mutable_environment() = environment;
  run.mutable_provenance()->set_target(label);
  run.mutable_provenance()->set_total_shards(1);
  run.mutable_provenance()->set_profile("default");
  run.mutable_start_time()->set_seconds(1'800'000'000);
  *run.add_measurements() = measurement;
  run.set_num_measurements(1);
  return run;
}

void MakeNoisy(Run& run) { run.mutable_health()->set_others_percent(60); }

std::string EmptyFolder(const std::string& name) {
  std::string folder = absl::StrCat(testing::TempDir(), "/", name);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  std::filesystem::create_directories(folder, error);
  EXPECT_FALSE(error) << folder << ": " << error.message();
  return folder;
}

std::string LeaveRecord(const std::string& folder, const Run& run) {
  const std::string& label = run.provenance().target();
  const std::string place = absl::StrCat(
      folder, "/", absl::StrReplaceAll(label, {{"//", ""}, {":", "/"}}), "/", run.run_id());
  std::error_code error;
  std::filesystem::create_directories(place + "/test.outputs", error);
  const absl::Status written = WriteRunFile(run, place + "/test.outputs");
  EXPECT_THAT(written, absl_testing::IsOk());
  return absl::StrCat(R"({"id":{"testResult":{"label":")", label,
                      R"(","run":1,"shard":1,"attempt":1}},"testResult":{"testActionOutput":)",
                      R"([{"name":"test.log","uri":"file://)", place,
                      R"(/test.log"}],"status":"PASSED"}})", "\n");
}

}  // namespace perf

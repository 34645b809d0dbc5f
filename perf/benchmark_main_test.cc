// What the main of Google Benchmark bodies records, of a real program.
#include <filesystem>
#include <set>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/subprocess.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::testing::HasSubstr;

struct Outcome {
  int exit_code = 0;
  std::string output;
  // Names of measurements; empty if there is no record.
  std::set<std::string> measured;
};

// Runs the benchmarks of a program that `filter` selects; both paths are of the runfiles.
Outcome RunBenchmarks(const std::string& program, const std::string& requirements,
                      const std::string& filter) {
  const std::string outputs = absl::StrCat(testing::TempDir(), "/outputs");
  std::filesystem::remove_all(outputs);
  std::filesystem::create_directories(outputs);
  std::error_code error;
  const std::string runfiles = absl::StrCat(std::filesystem::current_path(error).string(), "/");
  const auto result =
      RunProgram({.arguments = {"/bin/sh", "-c", absl::StrCat("exec ", runfiles, program, " 2>&1")},
                  .variables = {{"PERF_FILTER", filter},
                                {"PERF_PROFILE", "quick"},
                                {"PERF_REQUIREMENTS", absl::StrCat(runfiles, requirements)},
                                {"TEST_UNDECLARED_OUTPUTS_DIR", outputs}}},
                 SubprocessOutput::kCapture);
  EXPECT_THAT(result, IsOk());
  Outcome outcome;
  if (!result.ok()) return outcome;
  outcome.exit_code = result->exit_code;
  outcome.output = result->output;
  const auto bytes = ReadFile(absl::StrCat(outputs, "/", kRunFileName));
  if (!bytes.ok()) return outcome;
  const auto run = ParseRun(*bytes);
  EXPECT_THAT(run, IsOk());
  if (!run.ok()) return outcome;
  for (const Measurement& measurement : run->measurements()) {
    outcome.measured.insert(measurement.name());
  }
  return outcome;
}

Outcome RunSamples(const std::string& filter) {
  return RunBenchmarks("perf/gbench/testing/sample_benchmarks",
                       "perf/gbench/testing/sample_loads.textproto", filter);
}

TEST(BenchmarkMainTest, OneThreadAndTwoAreTwoMeasurements) {
  const Outcome outcome = RunSamples("^sample\\.(threads|timed|count_timed)");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(outcome.measured,
            (std::set<std::string>{"sample.threads/threads:1", "sample.threads/threads:2",
                                   "sample.timed", "sample.count_timed/5"}))
      << outcome.output;
}

TEST(BenchmarkMainTest, OneThatReportsAggregatesOnlyIsAnError) {
  const Outcome outcome = RunSamples("^sample\\.(aggregates|count$)");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("sample.aggregates was not measured"));
  EXPECT_TRUE(outcome.measured.empty());
}

// Its source has a BENCHMARK_MAIN(), its package no requirements, and its name no component.
TEST(BenchmarkMainTest, APlainBenchmarkIsMeasuredInTheComponentOfItsFolder) {
  for (const char* filter : {"", "^plain\\.", "BM_Count"}) {
    const Outcome outcome = RunBenchmarks("perf/testing/plain/plain_benchmark",
                                          "perf/testing/plain/requirements.textproto", filter);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_EQ(outcome.measured, (std::set<std::string>{"plain.BM_Count/8"})) << filter;
  }
}

}  // namespace
}  // namespace perf

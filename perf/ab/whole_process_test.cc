#include "perf/ab/whole_process.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/bazel/test_program.h"
#include "perf/record/record_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using testing::HasSubstr;

std::string Folder(const std::string& name) {
  std::string folder =
      absl::StrCat(testing::TempDir(), "/",
                   testing::UnitTest::GetInstance()->current_test_info()->name(), "/", name);
  std::filesystem::create_directories(folder);
  return folder;
}

Measurement Made(const std::string& name, double value, Better better) {
  Measurement measurement;
  measurement.set_name(name);
  measurement.set_title(name);
  measurement.set_unit("ms");
  measurement.set_better(better);
  measurement.set_component("a");
  measurement.add_samples(value);
  return measurement;
}

// A program that leaves `measurements` as its record, or runs `instead`.
TestProgram Program(const std::string& name, const std::vector<Measurement>& measurements,
                    const std::string& instead = "") {
  const std::string folder = Folder(name);
  Run run;
  for (const Measurement& measurement : measurements) *run.add_measurements() = measurement;
  run.set_num_measurements(run.measurements_size());
  EXPECT_THAT(WriteRunFile(run, folder), IsOk());
  TestProgram program{.label = "//a:" + name,
                      .executable = folder + "/program",
                      .directory = folder,
                      .variables = {{"FROM", folder}}};
  std::filesystem::create_directories(program.executable + ".runfiles");
  std::ofstream(program.executable)
      << "#!/bin/bash\n"
      << (instead.empty() ? "cp \"$FROM/perf_run.pb\" \"$TEST_UNDECLARED_OUTPUTS_DIR\"" : instead)
      << "\n";
  std::filesystem::permissions(program.executable, std::filesystem::perms::owner_all);
  return program;
}

TEST(WholeProcess, ComparesTheMediansOfEachRun) {
  ComponentRequirements requirements;
  MinEffect& min_effect = *requirements.add_min_effect();
  min_effect.set_measurement("a.small");
  min_effect.set_below(0.5);
  std::vector<std::string> notes;
  auto source = WholeProcessSource::Create(
      {.baseline = Program("old", {Made("a.time", 10, LOWER), Made("a.small", 0.1, LOWER),
                                   Made("a.zero", 0, LOWER), Made("a.gone", 1, LOWER)}),
       .current = Program("new", {Made("a.time", 12, LOWER), Made("a.small", 0.4, LOWER),
                                  Made("a.zero", 3, LOWER), Made("a.new", 1, LOWER)}),
       .requirements = requirements,
       .scratch = Folder("scratch")},
      &notes);
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ(notes, std::vector<std::string>{"a.new is new"});
  ASSERT_EQ((*source)->gone().size(), 1u);
  EXPECT_EQ((*source)->gone()[0].name, "a.gone");
  EXPECT_EQ((*source)->gone()[0].target, "//a:new");
  std::mt19937_64 random(1);
  for (int i = 0; i < 2; ++i) (*source)->RunRound({0, 1, 2}, random);
  const std::vector<Compared>& compared = (*source)->compared();
  ASSERT_EQ(compared.size(), 3u);
  for (const Compared& one : compared) {
    ASSERT_THAT(one.status, IsOk());
    ASSERT_EQ(one.log_ratios.size(), 2u);
  }
  EXPECT_DOUBLE_EQ(compared[0].log_ratios[0], std::log(1.2));
  // Less than the min_effect.
  EXPECT_EQ(compared[1].log_ratios[0], 0);
  // From nothing to something is a lot.
  EXPECT_GT(compared[2].log_ratios[0], 1);
}

TEST(WholeProcess, WhatIsDeterministicIsSettledByTheFirstRuns) {
  const auto deterministic = [](double value) {
    Measurement measurement = Made("a.accuracy", value, HIGHER);
    measurement.set_deterministic(true);
    return measurement;
  };
  std::vector<std::string> notes;
  auto source = WholeProcessSource::Create({.baseline = Program("old", {deterministic(0.9)}),
                                            .current = Program("new", {deterministic(0.6)}),
                                            .requirements = {},
                                            .scratch = Folder("scratch")},
                                           &notes);
  ASSERT_THAT(source, IsOk());
  const Compared& compared = (*source)->compared().at(0);
  EXPECT_TRUE(compared.Done());
  EXPECT_EQ(compared.effect.verdict, RED);
  EXPECT_THAT(compared.current_samples, testing::ElementsAre(testing::DoubleNear(0.6, 1e-6)));
  // A figure that one build alone declares deterministic needs rounds.
  source =
      WholeProcessSource::Create({.baseline = Program("older", {Made("a.accuracy", 1, HIGHER)}),
                                  .current = Program("newer", {deterministic(1)}),
                                  .requirements = {},
                                  .scratch = Folder("scratch")},
                                 &notes);
  ASSERT_THAT(source, IsOk());
  EXPECT_FALSE((*source)->compared().at(0).Done());
}

TEST(WholeProcess, ATestThatFailsOrLeavesNoRecordIsAnError) {
  const struct {
    const char* what;
    const char* script;
    const char* message;
  } cases[] = {
      {"fails", "echo the reason; exit 3", "exit code 3: the reason"},
      {"is killed", "kill -9 $$", "signal 9"},
      {"leaves no record", "true", "left no record"},
      {"leaves half a record",
       "head -c 5 \"$FROM/perf_run.pb\" > $TEST_UNDECLARED_OUTPUTS_DIR/perf_run.pb", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto run =
        RunTestProgram(Program("bad", {Made("a.time", 1, LOWER)}, c.script), Folder("scratch"));
    EXPECT_FALSE(run.ok());
    EXPECT_THAT(std::string(run.status().message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace perf

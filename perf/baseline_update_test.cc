#include "perf/baseline_update.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "perf/baseline_file.h"
#include "perf/requirements_file.h"

namespace perf {
namespace {

Run RunWith(const std::vector<std::pair<std::string, double>>& measured) {
  Run run;
  run.mutable_provenance()->set_profile("default");
  run.mutable_environment()->set_compiler("gcc 12");
  for (const auto& [name, value] : measured) {
    Measurement& measurement = *run.add_measurements();
    measurement.set_component("audio");
    measurement.set_name(name);
    measurement.set_unit("ms");
    measurement.set_better(LOWER);
    measurement.add_samples(value);
  }
  return run;
}

std::map<std::string, ComponentBaseline> Stored(
    const std::vector<std::pair<std::string, double>>& measured) {
  return UpdateBaselines(std::vector<perf::Run>{RunWith(measured)}, {}, "here", true, "2026-01-01")
      .baselines;
}

TEST(BaselineUpdateTest, WhatIsExactIsStoredForAnyMachine) {
  perf::Run run = RunWith({{"audio.time", 9}, {"audio.accuracy", 0.9}});
  run.mutable_environment()->set_cpu_model("one of many");
  run.mutable_measurements(1)->set_exact(true);
  const std::vector<perf::Run> runs = {run};
  const BaselineUpdate here = UpdateBaselines(runs, {}, "here", true, "2026-11-26");
  ASSERT_EQ(here.baselines.at("audio").measurements_size(), 1);
  EXPECT_EQ(here.baselines.at("audio").measurements(0).name(), "audio.time");
  const BaselineUpdate any = UpdateBaselines(runs, {}, kAnyMachine, true, "2026-11-26");
  ASSERT_EQ(any.baselines.at("audio").measurements_size(), 1);
  EXPECT_EQ(any.baselines.at("audio").measurements(0).name(), "audio.accuracy");
  EXPECT_EQ(any.baselines.at("audio").environment().cpu_model(), "");
}

TEST(BaselineUpdateTest, ShowsWhatChanges) {
  const BaselineUpdate update =
      UpdateBaselines(std::vector<perf::Run>{RunWith({{"audio.a", 9}, {"audio.new", 1}})},
                      Stored({{"audio.a", 10}, {"audio.gone", 5}}), "here", true, "2026-11-24");
  EXPECT_EQ(update.description,
            "  audio.a (default): 10.0 ms -> 9.00 ms (+10.0%)\n"
            "  audio.new (default): new: 1.00 ms\n"
            "  audio.gone (default): goes, no test measures it any more\n");
  EXPECT_EQ(update.baselines.at("audio").measurements_size(), 2);
}

TEST(BaselineUpdateTest, ANarrowedRunKeepsTheRest) {
  const BaselineUpdate update =
      UpdateBaselines({RunWith({{"audio.a", 9}})}, Stored({{"audio.a", 10}, {"audio.b", 5}}),
                      "here", false, "2026-11-24");
  EXPECT_EQ(update.baselines.at("audio").measurements_size(), 2);
}

TEST(BaselineUpdateTest, FiguresOfAnotherCompilerGo) {
  perf::Run run = RunWith({{"audio.a", 9}});
  run.mutable_environment()->set_compiler("clang 14");
  const BaselineUpdate update =
      UpdateBaselines(std::vector<perf::Run>{run}, Stored({{"audio.a", 10}, {"audio.b", 5}}),
                      "here", false, "2026-11-24");
  EXPECT_EQ(update.baselines.at("audio").measurements_size(), 1);
  EXPECT_TRUE(absl::StrContains(update.description, "all figures of gcc 12 go"))
      << update.description;
}

TEST(BaselineUpdateTest, CountsAreOfNoMachine) {
  perf::Run run = RunWith({{"audio.a.instructions", 9}});
  run.mutable_measurements(0)->set_counted("instructions");
  run.mutable_environment()->set_cpu_model("A CPU");
  const BaselineUpdate update =
      UpdateBaselines(std::vector<perf::Run>{run}, {}, "counts-x86_64", true, "2026-11-24");
  const ComponentBaseline& baseline = update.baselines.at("audio");
  EXPECT_EQ(baseline.machine(), "counts-x86_64");
  EXPECT_EQ(baseline.environment().cpu_model(), "");
  EXPECT_EQ(baseline.environment().compiler(), "gcc 12");
}

TEST(BaselineUpdateTest, OneLineFormKeepsWhatWasNotMeasured) {
  const auto requirements = ParseRequirements(
      "component: 'audio' baseline_lines { key: 'A_BASELINE' measurement: 'audio.a' statistic: "
      "MEDIAN suffix: ' ms' }",
      "test");
  const auto lines = UpdateBaselineLines(
      std::vector<perf::Run>{RunWith({{"audio.a", 9}})}, {{"audio", *requirements}},
      "A_BASELINE: 10.0 ms\nTOOL_BASELINE: 150.0 exec/sec\n", "f");
  ASSERT_TRUE(lines.ok()) << lines.status();
  EXPECT_EQ(*lines, "A_BASELINE: 9.0 ms\nTOOL_BASELINE: 150.0 exec/sec\n");
  EXPECT_FALSE(UpdateBaselineLines({}, {}, "rubbish", "f").ok());
}

}  // namespace
}  // namespace perf

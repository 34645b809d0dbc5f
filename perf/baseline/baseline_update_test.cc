#include "perf/baseline/baseline_update.h"

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/baseline/baseline_file.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

Run RunWith(const std::vector<std::pair<std::string, double>>& measured) {
  Run run;
  run.mutable_provenance()->set_profile("default");
  run.mutable_provenance()->set_commit("0123456789abcdef");
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

TEST(BaselineUpdateTest, WhatIsDeterministicIsStoredForAnyMachine) {
  perf::Run run = RunWith({{"audio.time", 9}, {"audio.accuracy", 0.9}});
  run.mutable_environment()->set_cpu_model("one of many");
  run.mutable_measurements(1)->set_deterministic(true);
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
  EXPECT_EQ(
      UpdateText(update),
      "  audio.a (default): 10.0 ms -> 9.00 ms (+10.0%), 0.9 times\n"
      "  audio.new (default): new: 1.00 ms\n"
      "  dropped: audio.gone (was 5.00 ms at 0123456789ab, profile default): no test measures it "
      "any more\n");
  EXPECT_EQ(update.baselines.at("audio").measurements_size(), 2);
}

TEST(BaselineUpdateTest, FiguresThatAreAsStoredAreOneLine) {
  const BaselineUpdate update = UpdateBaselines(
      {RunWith({{"audio.a", 9}, {"audio.b", 5}, {"audio.c", 6}})},
      Stored({{"audio.a", 10}, {"audio.b", 5}, {"audio.c", 6}}), "here", true, "2026-11-24");
  EXPECT_EQ(UpdateText(update),
            "  audio.a (default): 10.0 ms -> 9.00 ms (+10.0%), 0.9 times\n"
            "  2 figures are as stored\n");
}

TEST(BaselineUpdateTest, TheReasonIsStoredWithWhatChangesAlone) {
  std::map<std::string, ComponentBaseline> stored = Stored({{"audio.a", 10}, {"audio.b", 5}});
  for (BaselineMeasurement& measurement : *stored.at("audio").mutable_measurements()) {
    measurement.set_why("what was said before");
  }
  const std::vector<perf::Run> runs = {RunWith({{"audio.a", 9}, {"audio.b", 5}, {"audio.new", 1}})};
  const auto whys = [&](absl::string_view why) {
    std::vector<std::string> found;
    const BaselineUpdate update = UpdateBaselines(runs, stored, "here", true, "2026-11-24", why);
    for (const BaselineMeasurement& measurement : update.baselines.at("audio").measurements()) {
      found.push_back(measurement.why());
    }
    return found;
  };
  EXPECT_THAT(whys("a faster codec"),
              ElementsAre("a faster codec", "what was said before", "a faster codec"));
  // What was said of another figure is not said of this one.
  EXPECT_THAT(whys(""), ElementsAre("", "what was said before", ""));
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
  EXPECT_THAT(UpdateText(update), HasSubstr("all figures of gcc 12 go"));
  EXPECT_THAT(UpdateText(update), HasSubstr("  dropped: audio.b (was 5.00 ms at 0123456789ab, "
                                            "profile default): built by gcc 12\n"));
  EXPECT_THAT(UpdateText(update), HasSubstr("  audio.a (default): 10.0 ms -> 9.00 ms (+10.0%)"));
  EXPECT_THAT(UpdateText(update), Not(HasSubstr("dropped: audio.a")));
}

// Other flags make other code, as another compiler does.
TEST(BaselineUpdateTest, FiguresOfOtherFlagsGo) {
  perf::Run before = RunWith({{"audio.a", 10}, {"audio.b", 5}});
  before.mutable_environment()->set_build_flags("optimize");
  const auto stored = UpdateBaselines({before}, {}, "here", true, "2026-01-01").baselines;
  perf::Run now = RunWith({{"audio.a", 9}});
  now.mutable_environment()->set_build_flags("optimize, avx2");
  const BaselineUpdate update = UpdateBaselines({now}, stored, "here", false, "2026-11-24");
  EXPECT_EQ(update.baselines.at("audio").measurements_size(), 1);
  EXPECT_EQ(update.baselines.at("audio").environment().build_flags(), "optimize, avx2");
  EXPECT_THAT(UpdateText(update), HasSubstr("audio: all figures of gcc 12 (optimize) go; this is "
                                            "gcc 12 (optimize, avx2)"));
  EXPECT_THAT(UpdateText(update), HasSubstr("built by gcc 12 (optimize)\n"));
  // A file that does not say its flags is of the flags at hand.
  perf::Run again = RunWith({{"audio.a", 9}});
  again.mutable_environment()->set_build_flags("optimize");
  EXPECT_EQ(UpdateBaselines({again}, Stored({{"audio.b", 5}}), "here", false, "2026-11-24")
                .baselines.at("audio")
                .measurements_size(),
            2);
}

// A baseline of a busy machine would hide what becomes slower later.
TEST(BaselineUpdateTest, WhatANoisyMachineMeasuredIsNotStored) {
  perf::Run noisy = RunWith({{"audio.a", 90}, {"audio.new", 1}, {"audio.counts", 7}});
  noisy.mutable_health()->set_others_percent(40);
  noisy.mutable_measurements(2)->set_counted("instructions");
  const BaselineUpdate update =
      UpdateBaselines({noisy, RunWith({{"audio.b", 4}})}, Stored({{"audio.a", 10}, {"audio.b", 5}}),
                      "here", true, "2026-11-24");
  std::map<std::string, double> medians;
  for (const BaselineMeasurement& each : update.baselines.at("audio").measurements()) {
    medians[each.name()] = each.median();
  }
  EXPECT_EQ(medians["audio.a"], 10);
  EXPECT_EQ(medians["audio.b"], 4);
  EXPECT_EQ(medians["audio.counts"], 7);
  EXPECT_EQ(medians.count("audio.new"), 0u);
  EXPECT_THAT(UpdateText(update),
              HasSubstr("audio: 2 figures stay as stored, or not stored, because the machine was "
                        "noisy meanwhile ("));
}

TEST(BaselineUpdateTest, AFigureWithOtherQuantilesOrAnotherDirectionIsNotAsStored) {
  std::map<std::string, ComponentBaseline> stored = Stored({{"audio.a", 10}, {"audio.b", 5}});
  ComponentBaseline& baseline = stored.at("audio");
  baseline.mutable_measurements(0)->set_better(HIGHER);
  baseline.mutable_measurements(1)->set_mean(5.5);
  const BaselineUpdate update = UpdateBaselines({RunWith({{"audio.a", 10}, {"audio.b", 5}})},
                                                stored, "here", true, "2026-11-24");
  EXPECT_EQ(update.unchanged, 0);
  EXPECT_EQ(update.changes.size(), 2u);
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
  ASSERT_THAT(lines, IsOk());
  EXPECT_EQ(*lines, "A_BASELINE: 9.0 ms\nTOOL_BASELINE: 150.0 exec/sec\n");
  EXPECT_THAT(UpdateBaselineLines({}, {}, "rubbish", "f"), Not(IsOk()));
}

ComponentRequirements WithLine() {
  return *ParseRequirements(
      "component: 'audio' baseline_lines { key: 'A_BASELINE' measurement: 'audio.a' statistic: "
      "MEDIAN suffix: 'x' }",
      "test");
}

TEST(BaselineUpdateTest, AllThatIsWrittenIsReadAgain) {
  const std::map<std::string, ComponentRequirements> requirements = {{"audio", WithLine()}};
  const std::vector<perf::Run> runs = {RunWith({{"audio.a", 0.348}})};
  const auto prepared = PrepareUpdate({.runs = runs,
                                       .requirements = requirements,
                                       .baselines = {},
                                       .deterministic_baselines = {},
                                       .directory = "/baselines",
                                       .machine = "here",
                                       .complete = true,
                                       .date = "2026-11-28",
                                       .previous_lines = "B_BASELINE: 0.00012x\n"});
  ASSERT_THAT(prepared, IsOk());
  ASSERT_EQ(prepared->files.size(), 2u);
  EXPECT_THAT(prepared->files, Contains(Key("/baselines/here/audio.textproto")));
  EXPECT_EQ(prepared->files.at("/baselines/here/performance_baseline.txt"),
            "A_BASELINE: 0.348x\nB_BASELINE: 0.00012x\n");
}

// Beside a median of zero, nothing could be stored at all.
TEST(BaselineUpdateTest, ALineThatCannotBeStatedIsLeftOutAndSaysSo) {
  const std::map<std::string, ComponentRequirements> requirements = {{"audio", WithLine()}};
  for (const auto& [value, previous] :
       {std::pair(0.0, ""), std::pair(-1.0, ""), std::pair(0.0, "A_BASELINE: 2.0x\n")}) {
    const std::vector<perf::Run> runs = {RunWith({{"audio.a", value}})};
    const auto prepared =
        PrepareUpdate({.runs = runs,
                       .requirements = requirements,
                       .baselines = {},
                       .deterministic_baselines = {},
                       .directory = "/baselines",
                       .machine = "here",
                       .date = "2026-11-28",
                       .previous_lines = absl::StrCat(previous, "B_BASELINE: 3.0x\n")});
    ASSERT_THAT(prepared, IsOk());
    const std::string remark =
        absl::StrCat("A_BASELINE is left out: it would be ", value == 0 ? "0.0" : "-1.0",
                     "x, and a line has to be positive\n");
    EXPECT_EQ(prepared->files.at("/baselines/here/performance_baseline.txt"),
              absl::StrCat("# ", remark, "B_BASELINE: 3.0x\n"));
    EXPECT_THAT(prepared->description, HasSubstr(remark));
    EXPECT_THAT(prepared->files, Contains(Key("/baselines/here/audio.textproto")));
  }
}

// Once the textprotos were written, and then the line was refused.
TEST(BaselineUpdateTest, AMalformedLineIsRefusedBeforeAnythingIsWritten) {
  const std::map<std::string, ComponentRequirements> requirements = {{"audio", WithLine()}};
  const std::vector<perf::Run> runs = {RunWith({{"audio.a", 1.0}})};
  EXPECT_THAT(PrepareUpdate({.runs = runs,
                             .requirements = requirements,
                             .baselines = {},
                             .deterministic_baselines = {},
                             .directory = "/baselines",
                             .machine = "here",
                             .date = "2026-11-28",
                             .previous_lines = "A_BASELINE: fast\n"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("A_BASELINE")));
}

// It stayed in the stored file for ever: nothing else deterministic was measured.
TEST(BaselineUpdateTest, TheLastDeterministicMeasurementOfAComponentIsDropped) {
  perf::Run run = RunWith({{"audio.accuracy", 0.9}});
  run.mutable_measurements(0)->set_deterministic(true);
  const std::map<std::string, ComponentBaseline> stored =
      UpdateBaselines({run}, {}, kAnyMachine, true, "2026-11-26").baselines;
  ASSERT_EQ(stored.at("audio").measurements_size(), 1);
  const std::vector<perf::Run> runs = {RunWith({{"audio.a", 9}})};
  const BaselineUpdate update = UpdateBaselines(runs, stored, kAnyMachine, true, "2026-11-28");
  EXPECT_EQ(update.baselines.at("audio").measurements_size(), 0);
  EXPECT_THAT(UpdateText(update), HasSubstr("dropped: audio.accuracy (was 0.9 ms at"));
  // A narrowed run knows nothing of it, and neither does one that measured nothing at all.
  EXPECT_TRUE(UpdateBaselines(runs, stored, kAnyMachine, false, "2026-11-28").baselines.empty());
  EXPECT_TRUE(UpdateBaselines({}, stored, kAnyMachine, true, "2026-11-28").baselines.empty());
}

TEST(BaselineUpdateTest, AComponentOfWhichNothingIsMeasuredAnyMoreIsEmptied) {
  auto stored = Stored({{"audio.a", 10}});
  stored["tools"] = stored["audio"];
  stored["tools"].set_component("tools");
  const std::vector<perf::Run> runs = {RunWith({{"audio.a", 9}})};
  const BaselineUpdate update = UpdateBaselines(runs, stored, "here", true, "2026-11-28");
  EXPECT_EQ(update.baselines.at("tools").measurements_size(), 0);
  // A narrowed run knows nothing of it.
  EXPECT_FALSE(
      UpdateBaselines(runs, stored, "here", false, "2026-11-28").baselines.contains("tools"));
}

}  // namespace
}  // namespace perf

// What the records of a run become: judged by report_builder, read by people through report_text.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/owners/code_owners.h"
#include "perf/owners/target_owners.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_text.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ReportTest, HasTheAgreedShape) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  AddBaseline(VadRun(1.02), inputs);
  const std::string text = TextReport(BuildReport(inputs), {});
  EXPECT_THAT(text, StartsWith("Performance Test Report\n"
                               "=======================\n"
                               "\n"
                               "VAD Processing:\n"
                               "  Count: 5\n"
                               "  Average: 26.1 ms\n"
                               "  Min: 20.1 ms\n"
                               "  Max: 35.2 ms\n"
                               "  ✓ Stable: +2.0% vs baseline\n"));
  EXPECT_THAT(text, HasSubstr("✓ VAD Processing: average 26.1 ms, required at most 50.0 ms\n"));
  EXPECT_THAT(text, HasSubstr("audio       ✓ stable   1/1"));
  EXPECT_THAT(text, HasSubstr("Result: Stable\n"));
}

TEST(ReportTest, AComponentsHeadlineComesFirst) {
  perf::Run run = RunWith("audio.a", "ms", LOWER, {1});
  for (const char* name : {"audio.b", "audio.vad.process_1s", "audio.c"}) {
    *run.add_measurements() = run.measurements(0);
    run.mutable_measurements()->rbegin()->set_name(name);
  }
  const Report report =
      BuildReport(Inputs(run,
                         "baseline_lines { key: 'VAD_BASELINE' measurement: 'audio.vad.process_1s' "
                         "statistic: MEAN suffix: ' ms' }"));
  std::vector<std::string> names;
  for (const MeasurementResult& result : report.measurements()) names.push_back(result.name());
  EXPECT_THAT(names, ElementsAre("audio.vad.process_1s", "audio.a", "audio.b", "audio.c"));
}

TEST(ReportTest, ARegressionIsRedAndExits1) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {13, 13, 13}), "");
  AddBaseline(RunWith("audio.vad.process_1s", "ms", LOWER, {10, 10, 10}), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 1);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("✗ Red: -30.0% vs baseline"));
  EXPECT_THAT(text, HasSubstr("Result: Red: 1 red\n"));
}

// An accuracy is the same on a busy machine, and on one without a baseline.
TEST(ReportTest, WhatIsDeterministicIsComparedOnAnyMachineAndNeverNoisy) {
  perf::Run run = RunWith("audio.accuracy", "x", LOWER, {1.3});
  run.mutable_measurements(0)->set_deterministic(true);
  run.mutable_health()->set_steal_percent(40);
  ReportInputs inputs = Inputs(run, "");
  const Report without = BuildReport(inputs);
  EXPECT_EQ(without.measurements(0).verdict(), NO_BASELINE);
  EXPECT_EQ(without.measurements(0).noise(), "");
  // The machine's own are not looked at.
  AddBaseline(RunWith("audio.accuracy", "x", LOWER, {1.3}), inputs);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NO_BASELINE);
  inputs.baselines.clear();
  AddBaseline(RunWith("audio.accuracy", "x", LOWER, {1.0}), inputs);
  inputs.deterministic_baselines.swap(inputs.baselines);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), RED);
  EXPECT_EQ(BuildReport(inputs).exit_code(), 1);
}

// As audio.accuracy.neural_30ms.usual.bridged is stored.
TEST(ReportTest, WorseThanABaselineOfExactlyZeroIsRed) {
  const auto report = [](double now, const std::string& requirements) {
    perf::Run run = RunWith("audio.accuracy.bridged", "%", LOWER, {now});
    run.mutable_measurements(0)->set_deterministic(true);
    ReportInputs inputs = Inputs(run, requirements);
    AddBaseline(RunWith("audio.accuracy.bridged", "%", LOWER, {0}), inputs);
    inputs.deterministic_baselines.swap(inputs.baselines);
    return BuildReport(inputs);
  };
  const Report worse = report(3, "");
  EXPECT_EQ(worse.exit_code(), 1);
  const std::string text = TextReport(worse, {});
  EXPECT_THAT(text, HasSubstr("  ✗ Red: the baseline is zero\n"
                              "    median 3.00 %, baseline 0.0 % ("));
  const std::string least =
      "min_effect { measurement: 'audio.accuracy.bridged' below: 0.5 why: 'x' }";
  EXPECT_EQ(report(0.5, least).exit_code(), 1);
  const Report little = report(0.4, least);
  EXPECT_EQ(little.exit_code(), 0);
  EXPECT_THAT(
      TextReport(little, {}),
      HasSubstr("✓ Stable: the baseline is zero, and less than 0.5 % does not matter here\n"));
  EXPECT_THAT(TextReport(report(0, ""), {}), HasSubstr("✓ Stable: +0.0% vs baseline\n"));
}

TEST(ReportTest, YellowExits0) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.speed", "x", HIGHER, {85, 85}), "");
  AddBaseline(RunWith("audio.vad.speed", "x", HIGHER, {100, 100}), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("⚠ Yellow: -15.0% vs baseline"));
  EXPECT_THAT(text, HasSubstr("Result: Yellow: 1 yellow\n"));
}

TEST(ReportTest, ImprovementsReadAlikeInBothDirections) {
  for (const auto& [better, now] : {std::pair(LOWER, 9.0), std::pair(HIGHER, 11.0)}) {
    ReportInputs inputs = Inputs(RunWith("audio.a", "things", better, {now}), "");
    AddBaseline(RunWith("audio.a", "things", better, {10}), inputs);
    const std::string text = TextReport(BuildReport(inputs), {});
    EXPECT_THAT(text, HasSubstr("✅ Improved: +10.0% vs baseline"));
  }
}

TEST(ReportTest, StableBeyondALineSaysWhy) {
  const auto text = [](double now, const std::string& requirements) {
    ReportInputs inputs =
        Inputs(RunWith("audio.a", "ms", LOWER, {now - 5, now, now + 5}), requirements);
    AddBaseline(RunWith("audio.a", "ms", LOWER, {9, 10, 11}), inputs);
    return TextReport(BuildReport(inputs), {});
  };
  const std::string spread = text(11.5, "");
  EXPECT_THAT(spread,
              HasSubstr("✓ Stable: -15.0% vs baseline; within the spread of the samples\n"));
  const std::string small = text(13, "min_effect { measurement: 'audio.a' below: 4 why: 'x' }");
  EXPECT_THAT(
      small,
      HasSubstr("✓ Stable: -30.0% vs baseline; less than 4 ms, which does not matter here\n"));
}

TEST(ReportTest, NoChangeHasNoMinus) {
  ReportInputs inputs = Inputs(RunWith("audio.a", "things", HIGHER, {9999}), "");
  AddBaseline(RunWith("audio.a", "things", HIGHER, {10000}), inputs);
  const std::string text = TextReport(BuildReport(inputs), {});
  EXPECT_THAT(text, HasSubstr("✓ Stable: +0.0% vs baseline"));
}

TEST(ReportTest, AMissedRequirementExits1) {
  const Report report = BuildReport(Inputs(VadRun(2), kVadUnder50Ms));
  EXPECT_EQ(report.exit_code(), 1);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("✗ VAD Processing: average 52.1 ms, required at most 50.0 ms"));
  EXPECT_THAT(text, HasSubstr("Result: Red: 1 requirement missed\n"));
}

TEST(ReportTest, ErrorsExit2AndAreNamed) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  inputs.errors = {"//audio:x (shard 2 of 2): wrote no record"};
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 2);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("✗ //audio:x (shard 2 of 2): wrote no record\n"));
}

TEST(ReportTest, ARegressionStaysRedWhateverElseIsMissing) {
  ReportInputs inputs = Inputs(VadRun(2), kVadUnder50Ms);
  inputs.errors = {"//audio:x: did not run"};
  EXPECT_EQ(BuildReport(inputs).exit_code(), 1);
}

TEST(ReportTest, NothingMeasuredIsNotGreen) {
  ReportInputs inputs = Inputs(VadRun(1), "");
  inputs.runs.clear();
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
}

TEST(ReportTest, ARequirementThatNothingMeasuresIsAnError) {
  ReportInputs inputs = Inputs(RunWith("audio.other", "ms", LOWER, {1}), kVadUnder50Ms);
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
  // A narrowed run measures a part only.
  inputs.header.set_selection("--type stress");
  EXPECT_EQ(BuildReport(inputs).exit_code(), 0);
}

TEST(ReportTest, ARequirementInAnotherUnitIsAnError) {
  const Report report =
      BuildReport(Inputs(RunWith("audio.vad.process_1s", "us", LOWER, {1}), kVadUnder50Ms));
  EXPECT_EQ(report.exit_code(), 2);
  ASSERT_EQ(report.errors_size(), 1);
  EXPECT_THAT(report.errors(0), HasSubstr("measured in us"));
}

TEST(ReportTest, DoesNotCompareAcrossLoadsCompilersOrUnits) {
  ReportInputs inputs = Inputs(VadRun(1), "");
  AddBaseline(VadRun(1), inputs);
  inputs.runs[0].mutable_provenance()->set_profile("quick");
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NO_BASELINE);
  inputs.runs[0] = VadRun(1);
  inputs.runs[0].mutable_environment()->set_compiler("clang 14");
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NOT_COMPARABLE);
  inputs.runs[0] = VadRun(1);
  inputs.runs[0].mutable_measurements(0)->set_unit("us");
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NOT_COMPARABLE);
}

TEST(ReportTest, SaysThatThereIsNoBaseline) {
  const std::string text = TextReport(BuildReport(Inputs(VadRun(1), "")), {});
  EXPECT_THAT(text, HasSubstr("- No baseline: this machine has no baseline"));
}

struct StatusCase {
  std::string name;
  // The figures now, beside 10 ms each; negative without a baseline.
  std::vector<double> now;
  Status status;
  std::string result;
};

class StatusTest : public testing::TestWithParam<StatusCase> {};

TEST_P(StatusTest, IsTheGravestVerdict) {
  ReportInputs inputs = Inputs(perf::Run(), "");
  inputs.runs.clear();
  for (size_t i = 0; i < GetParam().now.size(); ++i) {
    const double now = GetParam().now[i];
    const std::string name = absl::StrCat("audio.m", i);
    inputs.runs.push_back(RunWith(name, "ms", LOWER, {std::abs(now)}));
    if (now > 0) AddBaseline(RunWith(name, "ms", LOWER, {10}), inputs);
  }
  const Report report = BuildReport(inputs);
  EXPECT_EQ(Status_Name(report.components(0).status()), Status_Name(GetParam().status));
  EXPECT_THAT(TextReport(report, {}), HasSubstr(absl::StrCat("Result: ", GetParam().result, "\n")));
}

INSTANTIATE_TEST_SUITE_P(All, StatusTest,
                         testing::ValuesIn(std::vector<StatusCase>{
                             {"Stable", {10, -10}, STATUS_STABLE, "Stable"},
                             {"Improved", {10, 8}, STATUS_IMPROVED, "Improved: 1 improved"},
                             {"Yellow", {11.5, 8}, STATUS_YELLOW, "Yellow: 1 yellow, 1 improved"},
                             {"Red", {11.5, 13}, STATUS_RED, "Red: 1 red, 1 yellow"},
                             {"NoBaseline", {-10, -10}, STATUS_NO_BASELINE, "No baseline"},
                         }),
                         [](const testing::TestParamInfo<StatusCase>& test_case) {
                           return test_case.param.name;
                         });

TEST(ReportTest, ComponentWithoutABaselineSaysThatItsRequirementsAreMet) {
  const Report report = BuildReport(Inputs(VadRun(1), kVadUnder50Ms));
  EXPECT_EQ(report.components(0).status(), STATUS_NO_BASELINE);
  EXPECT_THAT(TextReport(report, {}), HasSubstr("Result: No baseline: 1 requirement met\n"));
}

struct BuildCase {
  std::string name;
  std::function<void(Environment&)> then;
  std::function<void(Environment&)> now;
  // Empty if they are compared.
  std::string note;
};

class OtherBuildTest : public testing::TestWithParam<BuildCase> {};

TEST_P(OtherBuildTest, IsNotComparable) {
  ReportInputs inputs = Inputs(VadRun(2), "");
  AddBaseline(VadRun(1), inputs);
  GetParam().then(*inputs.baselines["audio"].mutable_environment());
  GetParam().now(*inputs.runs[0].mutable_environment());
  const MeasurementResult result = BuildReport(inputs).measurements(0);
  EXPECT_EQ(result.verdict(), GetParam().note.empty() ? RED : NOT_COMPARABLE);
  EXPECT_EQ(result.note(), GetParam().note);
}

void AsIs(Environment&) {}

INSTANTIATE_TEST_SUITE_P(
    All, OtherBuildTest,
    testing::ValuesIn(std::vector<BuildCase>{
        {"TheSame", AsIs, AsIs, ""},
        {"AModeThatWasNotKept", AsIs, [](Environment& now) { now.set_compilation_mode("opt"); },
         ""},
        {"TheSameMode", [](Environment& then) { then.set_compilation_mode("opt"); },
         [](Environment& now) { now.set_compilation_mode("opt"); }, ""},
        {"AnotherMode", [](Environment& then) { then.set_compilation_mode("opt"); },
         [](Environment& now) { now.set_compilation_mode("dbg"); },
         "the baseline was built in mode 'opt', this in mode 'dbg'"},
        {"ASanitizer", AsIs, [](Environment& now) { now.set_sanitizer("address"); },
         "the baseline was built without a sanitizer, this with the address sanitizer"},
        {"NoSanitizer", [](Environment& then) { then.set_sanitizer("thread"); }, AsIs,
         "the baseline was built with the thread sanitizer, this without a sanitizer"},
    }),
    [](const testing::TestParamInfo<BuildCase>& test_case) { return test_case.param.name; });

TEST(ReportTest, ComparesWithOneLineBaselines) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.speed", "x", HIGHER, {1.9, 2, 2.1}), kVadLine);
  inputs.baseline_lines = {{"VAD_BASELINE", {.value = 2.5, .suffix = "x"}}};
  inputs.baseline_lines_source = "performance_baseline.txt";
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), YELLOW);
  inputs.baseline_lines["VAD_BASELINE"].value = 2.6;
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), RED);
  inputs.baseline_lines["VAD_BASELINE"].suffix = " exec/sec";
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NOT_COMPARABLE);
  inputs.baseline_lines.clear();
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NO_BASELINE);
}

TEST(ReportTest, MeasurementsNameTheOwnersOfTheirTests) {
  ReportInputs inputs = Inputs(
      RunWith("audio.vad.process_1s", "ms", LOWER, {13, 13, 13}),
      "requirements { measurement: 'audio.vad.process_1s' statistic: MEAN at_most: 5 unit: 'ms' }");
  AddBaseline(RunWith("audio.vad.process_1s", "ms", LOWER, {10, 10, 10}), inputs);
  perf::Run gone = RunWith("audio.gone", "ms", LOWER, {10, 10, 10});
  gone.mutable_provenance()->set_target("//audio:gone_test");
  AddBaseline(gone, inputs);
  inputs.owners =
      TargetOwners(CodeOwners::Parse("/audio/ @parlance/audio @one\n"), "CODEOWNERS", "");
  const Report report = BuildReport(inputs);
  ASSERT_EQ(report.measurements_size(), 2);
  for (const MeasurementResult& result : report.measurements()) {
    EXPECT_THAT(result.owners(), ElementsAre("@parlance/audio", "@one"));
  }
  EXPECT_THAT(report.requirements(0).owners(), ElementsAre("@parlance/audio", "@one"));
  EXPECT_THAT(report.components(0).owners(), ElementsAre("@one", "@parlance/audio"));
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("    ask @parlance/audio, @one\n"));
  EXPECT_THAT(text, HasSubstr("      ask @parlance/audio, @one\n"));
  EXPECT_THAT(text, HasSubstr("of 2026-11-24); ask @parlance/audio, @one\n"));
  EXPECT_THAT(text, HasSubstr("   Owners\n"));
  // A mention would tell them at each run.
  EXPECT_THAT(MarkdownReport(report), Not(HasSubstr("@parlance")));
  EXPECT_THAT(MarkdownReport(report), HasSubstr("ask @<!-- -->parlance/audio"));
}

TEST(ReportTest, CountsAreATable) {
  ReportInputs inputs = Inputs(CountRun("instructions", 1000), "");
  inputs.runs.push_back(CountRun("allocations", 0));
  AddBaseline(CountRun("instructions", 1010), inputs);
  AddBaseline(CountRun("allocations", 0), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("  Benchmark   instructions    allocations\n"
                              "  VAD Frame   1000 (+0.99%)   0\n"));
  EXPECT_THAT(text, Not(HasSubstr("Average")));
}

TEST(ReportTest, ACountThatGrewIsRed) {
  ReportInputs inputs = Inputs(CountRun("instructions", 1300), "");
  AddBaseline(CountRun("instructions", 1000), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 1);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("1300 ✗ (-30.00%)"));
  EXPECT_THAT(text, HasSubstr("VAD Frame, instructions:\n"));
}

TEST(ReportTest, AnAllocationWhereThereWasNoneIsRed) {
  ReportInputs inputs = Inputs(CountRun("allocations", 1), "");
  AddBaseline(CountRun("allocations", 0), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 1);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("✗ Red: the baseline has none"));
  EXPECT_THAT(text, HasSubstr("1 ✗ (none before)"));
}

TEST(ReportTest, IsTheSameInWhateverOrderTheRunsCome) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  AddBaseline(VadRun(1.02), inputs);
  for (int i = 0; i < 8; ++i) {
    perf::Run run = RunWith(absl::StrCat("audio.other_", i), "ms", LOWER, {1.0 + i, 2, 3});
    run.mutable_provenance()->set_target(absl::StrCat("//audio:other_", i / 4));
    run.mutable_provenance()->set_shard_index(i % 4);
    inputs.runs.push_back(run);
  }
  // The same test, measured again.
  perf::Run again = RunWith("audio.again", "ms", LOWER, {5, 6, 7});
  again.mutable_start_time()->set_seconds(100);
  inputs.runs.push_back(again);
  const Report report = BuildReport(inputs);
  const std::string text = TextReport(report, {.verbose = true});
  std::mt19937 random(20240607);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(inputs.runs.begin(), inputs.runs.end(), random);
    const Report shuffled = BuildReport(inputs);
    EXPECT_EQ(shuffled.SerializeAsString(), report.SerializeAsString());
    EXPECT_EQ(TextReport(shuffled, {.verbose = true}), text);
    EXPECT_EQ(MarkdownReport(shuffled), MarkdownReport(report));
  }
}

// 100 MB, and `bytes` more with every turn.
Run MemoryRun(double bytes) {
  perf::Run run = RunWith("audio.vad.live_heap", "MB", LOWER, {});
  Measurement& measurement = *run.mutable_measurements(0);
  measurement.set_title("VAD Live Heap");
  measurement.set_work_unit("turn");
  for (int i = 1; i <= 200; ++i) {
    measurement.add_work(i * 100);
    measurement.add_samples(100 + bytes * i * 100 / 1e6 + (i % 3) * 0.01);
  }
  return run;
}

TEST(ReportTest, MemoryThatGrowsIsRedWithoutAnyBaseline) {
  const Report report = BuildReport(Inputs(MemoryRun(112), ""));
  EXPECT_EQ(report.exit_code(), 1);
  ASSERT_EQ(report.measurements(0).verdict(), RED);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("✗ Red: it grows with every turn\n"));
  EXPECT_THAT(text, HasSubstr("Growth: 1.11 MB, 112.0 bytes a turn (between 112.0 and 112.0)"));
  // What does not grow is as green as any, and so is what grows by less than matters.
  EXPECT_EQ(BuildReport(Inputs(MemoryRun(0), "")).measurements(0).verdict(), NO_BASELINE);
  EXPECT_EQ(BuildReport(Inputs(MemoryRun(112),
                               "min_effect { measurement: 'audio.vad.live_heap' below: 2 }"))
                .measurements(0)
                .verdict(),
            NO_BASELINE);
  // It is red beside a baseline that grew as much.
  ReportInputs inputs = Inputs(MemoryRun(112), "");
  AddBaseline(MemoryRun(112), inputs);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), RED);
}

TEST(ReportTest, GrowthCanBeLimited) {
  constexpr char kAtMost1Mb[] =
      "requirements { measurement: 'audio.vad.live_heap' statistic: GROWTH at_most: 1 unit: 'MB' }";
  const Report report = BuildReport(Inputs(MemoryRun(112), kAtMost1Mb));
  EXPECT_FALSE(report.requirements(0).met());
  EXPECT_NEAR(report.requirements(0).value(), 1.11, 0.02);
  EXPECT_TRUE(BuildReport(Inputs(MemoryRun(10), kAtMost1Mb)).requirements(0).met());
  const Report of_times = BuildReport(Inputs(
      VadRun(1),
      "requirements { measurement: 'audio.vad.process_1s' statistic: GROWTH at_most: 1 unit: 'ms' "
      "}"));
  ASSERT_EQ(of_times.errors_size(), 1);
  EXPECT_THAT(of_times.errors(0),
              HasSubstr("was recorded without its work, so its growth requirement"));
}

TEST(ReportTest, TwoMeasurementsOfOneNameAreAnError) {
  ReportInputs inputs = Inputs(VadRun(1), "");
  inputs.runs.push_back(VadRun(2));
  inputs.runs[1].mutable_provenance()->set_target("//audio:other");
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 2);
  EXPECT_EQ(report.measurements_size(), 1);
  ASSERT_EQ(report.errors_size(), 1);
  EXPECT_THAT(report.errors(0), HasSubstr("was measured already by"));
}

// Whatever made the run, a measurement that no component's status counts is no silent pass.
TEST(ReportTest, AMeasurementOfAnUnknownComponentIsAnError) {
  ReportInputs inputs = Inputs(VadRun(1), "");
  inputs.runs.push_back(RunWith("tools.call", "ms", LOWER, {1}));
  inputs.runs[1].mutable_measurements(0)->set_component("tools");
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
  inputs.runs[1].mutable_measurements(0)->clear_component();
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
}

TEST(ReportTest, ANanThatNoReaderSawIsAnError) {
  ReportInputs inputs = Inputs(VadRun(std::numeric_limits<double>::quiet_NaN()), "");
  AddBaseline(VadRun(1), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 2);
  EXPECT_THAT(TextReport(report, {}), Not(HasSubstr("nan")));
  inputs.runs = {RunWith("audio.vad.process_1s", "ms", LOWER, {})};
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
}

TEST(ReportTest, WhatCannotBeComparedIsSaidInTheResult) {
  ReportInputs inputs = Inputs(VadRun(1), "");
  AddBaseline(VadRun(1), inputs);
  inputs.baselines["audio"].mutable_environment()->set_compiler("gcc 11");
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(TextReport(report, {}), HasSubstr("Result: Unresolved: 1 not comparable\n"));
}

}  // namespace
}  // namespace perf

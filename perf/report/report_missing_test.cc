// What the baseline has and the run has not.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/ab/paired_effect.h"
#include "perf/baseline/baseline_file.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_text.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The measured VAD, and a baseline that has it and another, which nobody measures.
ReportInputs WithOneMissing() {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  AddBaseline(VadRun(1), inputs);
  AddBaseline(RunWith("audio.vad.renamed", "ms", LOWER, {24, 25, 26}), inputs);
  inputs.whole_tests = {"//audio:vad_perf_test"};
  inputs.header.set_profile("default");
  return inputs;
}

int NumMissing(const Report& report) {
  return static_cast<int>(
      std::count_if(report.measurements().begin(), report.measurements().end(),
                    [](const MeasurementResult& result) { return result.verdict() == MISSING; }));
}

TEST(MissingTest, AMeasurementThatVanishedIsListedAndExits2) {
  const Report report = BuildReport(WithOneMissing());
  EXPECT_EQ(report.exit_code(), 2);
  ASSERT_EQ(NumMissing(report), 1);
  EXPECT_EQ(report.components(0).num_missing(), 1);
  EXPECT_EQ(report.components(0).num_measurements(), 1);
  EXPECT_EQ(report.components(0).status(), STATUS_MISSING);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("Missing\n-------\n"
                              "  ✗ audio.vad.renamed: the baseline has it, and "
                              "//audio:vad_perf_test did not measure it "
                              "(25.0 ms,  of 2026-11-24)\n"
                              "  Bring them back; or, if they were renamed or removed on purpose, "
                              "store the baselines anew "
                              "(--update_baselines).\n"));
  EXPECT_THAT(text, HasSubstr("audio       ✗ missing"));
  EXPECT_THAT(text, HasSubstr("Result: Missing: 1 missing\n"));
  const std::string markdown = MarkdownReport(report);
  EXPECT_THAT(markdown, StartsWith("**✗ Missing: 1 missing**: 1 measured"));
  EXPECT_THAT(markdown, HasSubstr("## Missing\n\n- audio.vad.renamed: "));
  EXPECT_THAT(markdown, Not(HasSubstr("| audio.vad.renamed")));
}

TEST(MissingTest, WhatIsRedIsSaidFirst) {
  ReportInputs inputs = WithOneMissing();
  inputs.runs = {VadRun(2)};
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 1);
  EXPECT_THAT(TextReport(report, {}), HasSubstr("Result: Red: 1 red, 1 requirement missed, "
                                                "1 missing\n"));
}

struct MissingCase {
  std::string name;
  std::function<void(ReportInputs&)> change;
  int missing;
};

class MissingCaseTest : public testing::TestWithParam<MissingCase> {};

TEST_P(MissingCaseTest, IsMissingUnlessItWasNotToBeMeasured) {
  ReportInputs inputs = WithOneMissing();
  GetParam().change(inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(NumMissing(report), GetParam().missing) << TextReport(report, {});
  const bool complete = inputs.errors.empty() && GetParam().missing == 0;
  EXPECT_EQ(report.exit_code(), complete ? 0 : 2);
}

BaselineMeasurement& Stored(ReportInputs& inputs, const std::string& name) {
  for (BaselineMeasurement& stored : *inputs.baselines["audio"].mutable_measurements()) {
    if (stored.name() == name) return stored;
  }
  ADD_FAILURE() << name;
  return *inputs.baselines["audio"].mutable_measurements(0);
}

void ForgetTarget(ReportInputs& inputs) { Stored(inputs, "audio.vad.renamed").clear_target(); }

INSTANTIATE_TEST_SUITE_P(
    All, MissingCaseTest,
    testing::ValuesIn(std::vector<MissingCase>{
        {"OfADeterministicBaseline",
         [](ReportInputs& inputs) {
           inputs.deterministic_baselines["audio"] = inputs.baselines["audio"];
           inputs.baselines.clear();
         },
         1},
        {"OfABaselineThatNamesNoTest", ForgetTarget, 1},
        {"OfATestThatIsNoMemberAnyMore",
         [](ReportInputs& inputs) {
           Stored(inputs, "audio.vad.renamed").set_target("//audio:removed_test");
         },
         1},
        {"OfAnotherCompiler",
         [](ReportInputs& inputs) {
           Stored(inputs, "audio.vad.process_1s").set_name("audio.vad.renamed_too");
           inputs.baselines["audio"].mutable_environment()->set_compiler("gcc 11");
         },
         2},
        // Named the same, it is another quantity now.
        {"AnotherUnit",
         [](ReportInputs& inputs) { Stored(inputs, "audio.vad.process_1s").set_unit("us"); }, 2},
        {"AnotherDirection",
         [](ReportInputs& inputs) { Stored(inputs, "audio.vad.process_1s").set_better(HIGHER); },
         2},
        {"MovedToAnotherTest",
         [](ReportInputs& inputs) {
           inputs.runs.push_back(RunWith("audio.vad.renamed", "ms", LOWER, {24, 25, 26}));
           inputs.runs[1].mutable_provenance()->set_target("//audio:other_test");
         },
         0},
        {"AnotherComponentWasAskedFor",
         [](ReportInputs& inputs) { inputs.baselines["tools"] = inputs.baselines["audio"]; }, 1},
        {"OfAnotherProfile",
         [](ReportInputs& inputs) { Stored(inputs, "audio.vad.renamed").set_profile("long"); }, 0},
        {"OfOtherLoads",
         [](ReportInputs& inputs) {
           (*Stored(inputs, "audio.vad.renamed").mutable_load_overrides())["iterations"] = 5;
         },
         0},
        // --build_event_file of `bazel test`, judged without --quick.
        {"RecordsOfAnotherProfile",
         [](ReportInputs& inputs) { inputs.runs[0].mutable_provenance()->set_profile("quick"); },
         0},
        {"ItsTestFailed",
         [](ReportInputs& inputs) {
           inputs.errors = {"//audio:vad_perf_test (shard 2 of 2): the test ended as FAILED"};
           inputs.failed = {{"//audio:vad_perf_test", "audio"}};
         },
         0},
        {"AnotherTestFailed",
         [](ReportInputs& inputs) {
           inputs.errors = {"//audio:other: the test ended as FAILED"};
           inputs.failed = {{"//audio:other", "audio"}};
         },
         1},
        {"ATestFailedAndNobodyKnowsWhose",
         [](ReportInputs& inputs) {
           ForgetTarget(inputs);
           inputs.errors = {"//audio:other: the test ended as FAILED"};
           inputs.failed = {{"//audio:other", "audio"}};
         },
         0},
        // --type or --noslow; its test is among those selected.
        {"NarrowedWithItsTest",
         [](ReportInputs& inputs) { inputs.header.set_selection("--noslow"); }, 1},
        {"NarrowedWithoutItsTest",
         [](ReportInputs& inputs) {
           inputs.header.set_selection("--type stress");
           Stored(inputs, "audio.vad.renamed").set_target("//audio:slow_test");
         },
         0},
        {"NarrowedAndNobodyKnowsWhose",
         [](ReportInputs& inputs) {
           inputs.header.set_selection("--noslow");
           ForgetTarget(inputs);
         },
         0},
        {"AFilterTookAPartOfItsTest",
         [](ReportInputs& inputs) {
           inputs.header.set_selection("--filter process_1s");
           inputs.whole_tests.clear();
         },
         0},
        {"NothingOfItsTestWasMeasured",
         [](ReportInputs& inputs) {
           inputs.runs[0].mutable_provenance()->set_target("//audio:other");
         },
         1},
    }),
    [](const testing::TestParamInfo<MissingCase>& test_case) { return test_case.param.name; });

TEST(MissingTest, OfAOneLineBaseline) {
  ReportInputs inputs = Inputs(VadRun(1), kVadLine);
  inputs.baseline_lines = {{"VAD_BASELINE", {.value = 2.5, .suffix = "x"}},
                           {"OLD_BASELINE", {.value = 1, .suffix = "x"}}};
  inputs.baseline_lines_source = "performance_baseline.txt";
  Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 2);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("  ✗ audio.vad.speed: VAD_BASELINE is stated, and no test measured "
                              "it (2.50x, performance_baseline.txt)\n"));
  // A line that no component states is of something that went altogether.
  inputs.unknown_baseline_lines = {"OLD_BASELINE"};
  EXPECT_EQ(NumMissing(BuildReport(inputs)), 2);
  inputs.unknown_baseline_lines.clear();
  inputs.header.set_selection("--type stress");
  EXPECT_EQ(BuildReport(inputs).exit_code(), 0);
  // Stored baselines are not looked at.
  inputs = WithOneMissing();
  inputs.baseline_lines_source = "performance_baseline.txt";
  EXPECT_EQ(BuildReport(inputs).exit_code(), 0);
  // Under another suffix it is another quantity.
  inputs = Inputs(RunWith("audio.vad.speed", "x", HIGHER, {2.5}), kVadLine);
  inputs.baseline_lines = {{"VAD_BASELINE", {.value = 2.5, .suffix = " exec/sec"}}};
  inputs.baseline_lines_source = "performance_baseline.txt";
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
}

TEST(MissingTest, BesideARevision) {
  ReportInputs inputs = WithOneMissing();
  inputs.ab_revision = "0123456789ab";
  inputs.ab["audio.vad.process_1s"] = {.effect = {.verdict = STABLE}};
  // Stored baselines have no say.
  EXPECT_EQ(BuildReport(inputs).exit_code(), 0);
  inputs.gone = {{.component = "audio", .target = "//audio:a", .name = "audio.a"}};
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 2);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(
      text,
      HasSubstr(
          "  ✗ audio.a: 0123456789ab has it, and this build has not\n  Bring them back; or, if"));
}

TEST(MissingTest, OfCounts) {
  ReportInputs inputs = Inputs(CountRun("instructions", 1000), "");
  AddBaseline(CountRun("instructions", 1000), inputs);
  AddBaseline(CountRun("allocations", 2), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 2);
  EXPECT_THAT(TextReport(report, {}), HasSubstr("✗ audio.vad.frame.allocations: "));
}

}  // namespace
}  // namespace perf

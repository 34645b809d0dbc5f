// What is judged of a run on a busy machine, or on one that has changed.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_summary.h"
#include "perf/report/report_text.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::HasSubstr;

TEST(ReportTest, ANoisyRunIsNeitherRedNorGreen) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {13, 13, 13}), "");
  inputs.runs[0].mutable_health()->set_others_percent(60);
  AddBaseline(RunWith("audio.vad.process_1s", "ms", LOWER, {10, 10, 10}), inputs);
  Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.components(0).status(), STATUS_UNRESOLVED);
  std::string text = TextReport(report, {});
  EXPECT_THAT(
      text,
      HasSubstr(
          "? Unresolved: -30.0% vs baseline; noisy: other processes used 60 % of the CPU time"));
  EXPECT_THAT(text, HasSubstr("Result: Unresolved: 1 unresolved, 1 noisy"));

  // Nor is what looks stable passed in silence.
  inputs.runs[0] = RunWith("audio.vad.process_1s", "ms", LOWER, {10, 10, 10});
  inputs.runs[0].mutable_health()->set_steal_percent(40);
  report = BuildReport(inputs);
  text = TextReport(report, {});
  EXPECT_EQ(report.components(0).status(), STATUS_UNRESOLVED);
  EXPECT_THAT(text, HasSubstr("noisy: the hypervisor took 40 % of the CPU time"));
}

TEST(ReportTest, ARequirementThatIsNotMetInNoiseIsUnresolved) {
  ReportInputs inputs =
      Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {52, 52, 52}), kVadUnder50Ms);
  Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 1);
  EXPECT_EQ(report.components(0).status(), STATUS_RED);

  inputs.runs[0].mutable_health()->set_others_percent(60);
  report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.components(0).status(), STATUS_UNRESOLVED);
  EXPECT_EQ(report.components(0).num_requirements_unresolved(), 1);
  EXPECT_EQ(report.requirements(0).noise(), "other processes used 60 % of the CPU time");
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("  ? VAD Processing: average 52.0 ms, required at most 50.0 ms; "
                              "noisy: other processes used 60 % of the CPU time\n"));
  EXPECT_THAT(text, HasSubstr("Result: Unresolved: 1 requirement unresolved, 1 noisy"));
  const std::string summary = SummaryReport(report);
  EXPECT_THAT(
      summary,
      HasSubstr("  ? Requirement unresolved: VAD Processing: average 52.0 ms, required at "));
  EXPECT_THAT(summary, HasSubstr("0 of 1 requirements met"));
  EXPECT_THAT(MarkdownReport(report),
              HasSubstr("## Requirements unresolved\n\n- VAD Processing: "));
}

TEST(ReportTest, ARequirementOfWhatIsDeterministicIsMissedInNoise) {
  perf::Run run = RunWith("audio.vad.process_1s", "ms", LOWER, {52, 52, 52});
  run.mutable_measurements(0)->set_deterministic(true);
  run.mutable_health()->set_others_percent(60);
  EXPECT_EQ(BuildReport(Inputs(run, kVadUnder50Ms)).exit_code(), 1);
}

TEST(ReportTest, ARequirementOfWhatDoesNotDependOnSpeedIsMissedInNoise) {
  perf::Run run = RunWith("audio.vad.process_1s", "MB", LOWER, {52, 52, 52});
  run.mutable_health()->set_others_percent(60);
  EXPECT_EQ(BuildReport(Inputs(run,
                               "requirements { measurement: 'audio.vad.process_1s' statistic: MEAN "
                               "at_most: 50 unit: 'MB' }"))
                .exit_code(),
            1);
}

TEST(ReportTest, ARequirementThatIsMetInNoiseIsMet) {
  perf::Run run = RunWith("audio.vad.process_1s", "ms", LOWER, {12, 12, 12});
  run.mutable_health()->set_others_percent(60);
  const Report report = BuildReport(Inputs(run, kVadUnder50Ms));
  EXPECT_TRUE(report.requirements(0).met());
  EXPECT_EQ(report.requirements(0).noise(), "");
  EXPECT_EQ(report.components(0).num_requirements_unresolved(), 0);
}

TEST(ReportTest, SaysWhatChangedOnTheMachineSinceTheBaseline) {
  ReportInputs inputs = Inputs(VadRun(1), "");
  AddBaseline(VadRun(1), inputs);
  inputs.baselines["audio"].mutable_environment()->set_kernel("6.1");
  inputs.runs[0].mutable_environment()->set_kernel("6.2");
  const std::string text = TextReport(BuildReport(inputs), {});
  EXPECT_THAT(
      text,
      HasSubstr(
          "Note: the baseline of audio was measured with kernel 6.1, now 6.2: its times may"));
}

TEST(ReportTest, ABaselineOfOtherFlagsIsNotCompared) {
  ReportInputs inputs = Inputs(VadRun(2), "");
  AddBaseline(VadRun(1), inputs);
  inputs.baselines["audio"].mutable_environment()->set_build_flags("optimize, avx2");
  inputs.runs[0].mutable_environment()->set_build_flags("optimize");
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), NOT_COMPARABLE);
  EXPECT_EQ(report.measurements(0).note(),
            "the baseline was built with optimize, avx2, this with optimize");
}

}  // namespace
}  // namespace perf

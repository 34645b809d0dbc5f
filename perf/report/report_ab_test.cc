// How an A/B comparison is reported.
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/ab/paired_effect.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_text.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ReportTest, AbVerdictsComeFromTheComparison) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  // Stored baselines have no say.
  AddBaseline(VadRun(0.1), inputs);
  inputs.ab_revision = "0123456789ab";
  inputs.ab["audio.vad.process_1s"] = {
      .effect = {.change_percent = -14, .change_percent_interval = {-16, -12}, .verdict = YELLOW},
      .baseline_median = 20,
      .rounds = 32};
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), YELLOW);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("-14.0% vs baseline"));
  EXPECT_THAT(text, HasSubstr("0123456789ab beside it, 32 rounds"));
  EXPECT_THAT(text, HasSubstr("between -16.0% and -12.0%"));
}

TEST(ReportTest, AnExplanationIsShownBesideItsVerdict) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  inputs.ab_revision = "0123456789ab";
  inputs.ab["audio.vad.process_1s"] = {
      .effect = {.change_percent = -34, .change_percent_interval = {-36, -32}, .verdict = RED},
      .baseline_median = 20,
      .rounds = 32};
  Explanation& explanation = inputs.explanations["audio.vad.process_1s"];
  explanation.set_cause(CAUSE_FUNCTION);
  explanation.set_line("+410 instructions an iteration, of which 380 in a::Push<int>");
  FunctionChange& change = *explanation.add_functions();
  change.set_function("a::Push<int>(int)");
  change.set_self_before(120);
  change.set_self_after(500);
  explanation.add_notes("Look next at cache misses.");
  for (int i = 0; i < 1000; ++i) explanation.add_notes(std::string(100'000, 'x'));
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).explanation().cause(), CAUSE_FUNCTION);
  EXPECT_THAT(TextReport(report, {}), HasSubstr("\n    why: +410 instructions an iteration, of "
                                                "which 380 in a::Push<int>\n"));
  EXPECT_THAT(TextReport(report, {}), HasSubstr("\n      Look next at cache misses.\n"));
  EXPECT_LT(TextReport(report, {}).size(), 10'000u);
  EXPECT_THAT(TextReport(report, {}), Not(HasSubstr("120 to 500")));
  EXPECT_THAT(TextReport(report, {.verbose = true}), HasSubstr("+380 (120 to 500)"));
  EXPECT_THAT(MarkdownReport(report), HasSubstr("why: +410 instructions an iteration, of which 380 "
                                                "in a::Push&lt;int&gt;"));
  // What nobody could look into says so, and is no reason.
  explanation.set_cause(CAUSE_NOT_EXPLAINED);
  explanation.set_line("not explained: there is no valgrind");
  EXPECT_THAT(TextReport(BuildReport(inputs), {}),
              HasSubstr("\n    not explained: there is no valgrind\n"));
}

TEST(ReportTest, WhatIsNewSinceARevisionIsNotMissing) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.other", "ms", LOWER, {1, 2, 3}), kVadUnder50Ms);
  EXPECT_EQ(BuildReport(inputs).exit_code(), 2);
  inputs.ab_revision = "0123456789ab";
  inputs.ab["audio.vad.other"] = {.effect = {.verdict = STABLE}};
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0) << TextReport(report, {});
  EXPECT_FALSE(report.requirements(0).measured());
}

TEST(ReportTest, LimitsAreNotForTheLoadsOfAnAbComparison) {
  ReportInputs inputs =
      Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {80, 80, 80}), kVadUnder50Ms);
  EXPECT_EQ(BuildReport(inputs).exit_code(), 1);
  inputs.header.set_profile("ab");
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0) << TextReport(report, {});
  EXPECT_FALSE(report.requirements(0).measured());
}

TEST(ReportTest, UnchangedCodeIsStableWithoutRunning) {
  ReportInputs inputs = Inputs(perf::Run(), kVadUnder50Ms);
  inputs.ab_revision = "0123456789ab";
  inputs.unchanged = {
      {.component = "audio", .label = "//audio:same_test", .difference = ""},
      {.component = "audio", .label = "//audio:lines_test", .difference = "debug information"},
      {.component = "audio",
       .label = "//audio:harness_test",
       .difference = "the harness (perf) and debug information"}};
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.exit_code(), 0) << TextReport(report, {});
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("//audio:same_test:\n  ✓ Stable: unchanged code, the same program as "
                              "in 0123456789ab, so it was not run\n"));
  EXPECT_THAT(text, HasSubstr("unchanged code since 0123456789ab, only debug information differs, "
                              "so it was not run\n"));
  EXPECT_THAT(
      text, HasSubstr("//audio:harness_test:\n  ✓ Stable: unchanged code since 0123456789ab, only "
                      "the harness (perf) and debug information differ, so it was not run\n"));
  EXPECT_THAT(MarkdownReport(report), StartsWith("**✓ Stable**: nothing changed, "));
}

// An A/B comparison of one measurement that left it unresolved.
Report Unresolved(const UnresolvedResult& unresolved) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {13, 13, 13}), "");
  inputs.ab_revision = "0123456789ab";
  inputs.header.set_command("bazel run //a:suite");
  inputs.repeated_flags = {"--against 0123456789ab"};
  inputs.benchmarks = {inputs.runs[0].provenance().target()};
  AbResult& result = inputs.ab["audio.vad.process_1s"];
  result.effect.change_percent = -30;
  result.effect.change_percent_interval = {-std::numeric_limits<double>::infinity(), 100};
  result.baseline_median = 10;
  result.rounds = unresolved.rounds();
  result.unresolved = unresolved;
  return BuildReport(inputs);
}

TEST(ReportTest, AnUnresolvedMeasurementSaysWhatItProbablyIsAndHowToSettleIt) {
  UnresolvedResult unresolved;
  unresolved.set_reason(LOOKS_CHANGED);
  unresolved.set_likely(RED);
  unresolved.set_rounds(8);
  unresolved.set_seconds_to_settle(12.3);
  const Report report = Unresolved(unresolved);
  EXPECT_EQ(report.exit_code(), 0);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(
      text, HasSubstr("? Unresolved, probably red: -30.0% vs baseline; not proven after 8 rounds\n"
                      "    median 13.0 ms, baseline 10.0 ms (0123456789ab beside it, 8 rounds)\n"
                      "    To settle it, in about 13 s: bazel run //a:suite -- --against "
                      "0123456789ab --component audio --filter 'audio\\.vad\\.process_1s'\n"));
  EXPECT_THAT(MarkdownReport(report), HasSubstr("Unresolved, probably red"));
}

TEST(ReportTest, EachMeasurementHasTheCommandThatMeasuresItAgain) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {13, 13, 13}), "");
  const std::string target = inputs.runs[0].provenance().target();
  EXPECT_EQ(BuildReport(inputs).measurements(0).command(), "");
  inputs.header.set_command("bazel run //a:suite");
  inputs.repeated_flags = {"--profile long"};
  EXPECT_EQ(BuildReport(inputs).measurements(0).command(),
            absl::StrCat("bazel run //a:suite -- --profile long --component audio --filter '",
                         target, "'"))
      << "a GoogleTest body is selected by its target";
  inputs.benchmarks = {target};
  EXPECT_EQ(BuildReport(inputs).measurements(0).command(),
            "bazel run //a:suite -- --profile long --component audio --filter "
            "'audio\\.vad\\.process_1s'");
}

TEST(ReportTest, AnUnresolvedMeasurementSaysThatItIsNoisyOrWasNotReached) {
  UnresolvedResult unresolved;
  unresolved.set_reason(TOO_NOISY);
  unresolved.set_rounds(512);
  unresolved.set_spread_percent(34.5);
  std::string text = TextReport(Unresolved(unresolved), {});
  EXPECT_THAT(text, HasSubstr("? Unresolved, too noisy: -30.0% vs baseline; half of 512 rounds "
                              "differ from their median by more than 34 %\n"));
  EXPECT_THAT(text, HasSubstr("To settle it, on a quieter machine: bazel run //a:suite -- "));
  unresolved.set_reason(NOT_REACHED);
  unresolved.set_rounds(1);
  unresolved.set_seconds_to_settle(80);
  text = TextReport(Unresolved(unresolved), {});
  EXPECT_THAT(text, HasSubstr("? Unresolved, not reached: -30.0% vs baseline; the comparison ended "
                              "after 1 round\n"));
  EXPECT_THAT(text, HasSubstr("To settle it, in about 1 min 20 s: bazel run //a:suite -- "));
}

}  // namespace
}  // namespace perf

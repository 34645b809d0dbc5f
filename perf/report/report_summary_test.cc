#include "perf/report/report_summary.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/report/report.pb.h"

namespace perf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> Lines(const std::string& text) { return absl::StrSplit(text, '\n'); }

// A report on a component of which so many measurements are stable.
Report Stable(int measurements) {
  Report report;
  report.set_command("bazel run //a:suite");
  report.set_machine("here-2-cpus");
  report.mutable_environment()->set_cpu_model("AMD EPYC");
  report.mutable_environment()->set_num_cpus(2);
  report.mutable_environment()->set_compiler("gcc 12.2.0");
  report.set_commit("0123456789abcdef");
  report.set_profile("default");
  ComponentStatus& status = *report.add_components();
  status.set_component("audio");
  status.set_status(STATUS_STABLE);
  for (int i = 0; i < measurements; ++i) {
    MeasurementResult& result = *report.add_measurements();
    result.set_component("audio");
    result.set_name(absl::StrCat("audio.m", i));
    result.set_title(absl::StrCat("Measurement ", i));
    result.set_unit("ms");
    result.set_count(10);
    result.set_median(10);
    result.set_verdict(STABLE);
    result.set_baseline("0123456789ab of 2026-11-24");
    result.set_baseline_median(10);
    result.set_command(absl::StrCat("bazel run //a:suite -- --filter 'audio\\.m", i, "'"));
  }
  status.set_num_measurements(measurements);
  return report;
}

// Gives the report's next stable measurement another verdict, and returns it.
MeasurementResult& Change(Report& report, Verdict verdict, double percent) {
  ComponentStatus& status = *report.mutable_components(0);
  for (MeasurementResult& result : *report.mutable_measurements()) {
    if (result.verdict() != STABLE) continue;
    result.set_verdict(verdict);
    result.set_change_percent(percent);
    result.set_change_percent_low(percent - 2);
    result.set_change_percent_high(percent + 2);
    result.set_median(10 * (1 - percent / 100));
    status.set_num_red(status.num_red() + (verdict == RED));
    status.set_num_yellow(status.num_yellow() + (verdict == YELLOW));
    status.set_num_improved(status.num_improved() + (verdict == IMPROVED));
    status.set_num_unresolved(status.num_unresolved() + (verdict == UNRESOLVED));
    if (verdict == RED) report.set_exit_code(1);
    return result;
  }
  ADD_FAILURE() << "nothing is stable any more";
  return *report.mutable_measurements(0);
}

TEST(SummaryReport, SaysWhyWhereThatIsKnown) {
  Report report = Stable(3);
  Explanation& explanation = *Change(report, RED, -25).mutable_explanation();
  explanation.set_cause(CAUSE_FUNCTION);
  explanation.set_line("+410 instructions an iteration, of which 380 in a::Push");
  EXPECT_THAT(SummaryReport(report),
              HasSubstr("\n    why: +410 instructions an iteration, of which 380 in a::Push\n"));
}

TEST(SummaryReport, OfAStableSuiteIsShort) {
  const std::string text = SummaryReport(Stable(214));
  EXPECT_THAT(text, StartsWith("✓ Stable: 214 measured, 0 red, 0 yellow, 0 improved, 0 unresolved, "
                               "0 missing\n"));
  EXPECT_THAT(text, Not(HasSubstr("What needs you")));
  EXPECT_THAT(text, Not(HasSubstr("Improved")));
  EXPECT_LE(Lines(text).size(), 20u);
}

TEST(SummaryReport, ShowsWhatIsRedWithItsChangeItsFiguresAndACommand) {
  Report report = Stable(3);
  Change(report, YELLOW, -13).set_title("Half as bad");
  Change(report, RED, -25).set_title("Session Creation");
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, StartsWith("✗ Red: 3 measured, 1 red, 1 yellow, "));
  EXPECT_THAT(text, HasSubstr("\nWhat needs you\n--------------\n"
                              "  ✗ Red: Session Creation: -25.0% (between -27.0% and -23.0%)\n"
                              "    median 12.5 ms, baseline 10.0 ms (0123456789ab of 2026-11-24)\n"
                              "    bazel run //a:suite -- --filter 'audio\\.m1'\n"
                              "  ⚠ Yellow: Half as bad: -13.0%"));
  EXPECT_THAT(text, HasSubstr("Next: see whether it was the code, beside an earlier revision:\n"
                              "    bazel run //a:suite -- --against REVISION\n"));
}

TEST(SummaryReport, BesideARevisionNobodyIsSentToCompareWithOne) {
  Report report = Stable(1);
  Change(report, RED, -25);
  report.set_environment_match(ENVIRONMENT_BESIDE);
  EXPECT_THAT(SummaryReport(report), Not(HasSubstr("Next:")));
}

TEST(SummaryReport, ShowsMissedRequirementsErrorsAndMissingMeasurements) {
  Report report = Stable(2);
  report.set_exit_code(1);
  RequirementResult& requirement = *report.add_requirements();
  requirement.set_title("VAD Frame");
  requirement.set_measured(true);
  requirement.set_value(12);
  requirement.mutable_requirement()->set_statistic(P99);
  requirement.mutable_requirement()->set_unit("ms");
  requirement.mutable_requirement()->set_at_most(10);
  requirement.mutable_requirement()->set_why("a frame is due every 10 ms");
  report.mutable_components(0)->set_num_requirements(1);
  report.add_errors("//audio:vad_test: exited with 3");
  MeasurementResult& missing = *report.add_measurements();
  missing.set_name("audio.gone");
  missing.set_verdict(MISSING);
  missing.set_note("the baseline has it, and no test measured it");
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, HasSubstr("  ✗ Could not measure: //audio:vad_test: exited with 3\n"));
  EXPECT_THAT(text, HasSubstr("  ✗ Requirement missed: VAD Frame: 99th percentile 12.0 ms, "
                              "required at\n    most 10.0 ms\n"));
  EXPECT_THAT(text, HasSubstr("    a frame is due every 10 ms\n"));
  EXPECT_THAT(text, HasSubstr("  ✗ Missing: audio.gone: the baseline has it, and no test measured "
                              "it\n"));
  EXPECT_THAT(text, HasSubstr("Bring them back; or,"));
}

TEST(SummaryReport, SaysWhyItIsUnresolvedAndWhatSettlesIt) {
  Report report = Stable(1);
  MeasurementResult& result = Change(report, UNRESOLVED, -30);
  result.mutable_unresolved()->set_reason(LOOKS_CHANGED);
  result.mutable_unresolved()->set_likely(RED);
  result.mutable_unresolved()->set_rounds(7);
  result.mutable_unresolved()->set_seconds_to_settle(2.5);
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, StartsWith("? Unresolved: 1 measured"));
  EXPECT_THAT(text, HasSubstr("  ? Unresolved, probably red: Measurement 0: -30.0%"));
  EXPECT_THAT(text, HasSubstr("    not proven after 7 rounds\n    To settle it, in about 3 s:\n"
                              "    bazel run //a:suite"));
}

TEST(SummaryReport, WhatIsAcceptedNeedsNobodyUntilItEnds) {
  Report report = Stable(2);
  MeasurementResult& result = Change(report, ACCEPTED, -12.3);
  report.mutable_components(0)->set_num_accepted(1);
  Acceptance& acceptance = *result.mutable_acceptance();
  acceptance.mutable_stated()->set_at_most_percent(15);
  acceptance.mutable_stated()->set_why("It checks every frame.");
  acceptance.mutable_stated()->set_until("2027-01-31");
  acceptance.set_days_left(15);
  std::string text = SummaryReport(report);
  EXPECT_THAT(text, StartsWith("~ Accepted: 2 measured, 0 red, "));
  EXPECT_THAT(text, HasSubstr("\n  1 accepted\n"));
  EXPECT_THAT(text, HasSubstr("\nAccepted\n--------\n"
                              "  ~ Accepted: Measurement 0: -12.3% (between -14.3% and -10.3%)\n"
                              "    accepted until 2027-01-31: It checks every frame; it is 12.3 % "
                              "worse, and\n      at most 15 % is accepted\n"));
  EXPECT_THAT(text, Not(HasSubstr("What needs you")));
  acceptance.set_days_left(14);
  text = SummaryReport(report);
  EXPECT_THAT(text, HasSubstr("\nWhat needs you\n--------------\n"
                              "  ~ Acceptance: Measurement 0\n"
                              "    accepted until 2027-01-31, which is in 14 days: make it fast "
                              "again, or\n"));
  EXPECT_THAT(text, HasSubstr("\nAccepted\n--------\n"));
  // What may be within it says so, as long as it holds.
  result.set_verdict(UNRESOLVED);
  EXPECT_THAT(SummaryReport(report), HasSubstr("    at most 15 % worse is accepted until "
                                               "2027-01-31: It checks every frame\n"));
  acceptance.set_days_left(-1);
  EXPECT_THAT(SummaryReport(report), Not(HasSubstr("is accepted until")));
  // What is not needed any more is said from the same day on, and after it.
  result.set_verdict(STABLE);
  for (const int days_left : {14, 0, -1, -100}) {
    acceptance.set_days_left(days_left);
    EXPECT_THAT(SummaryReport(report), HasSubstr("  ~ Acceptance: Measurement 0\n")) << days_left;
  }
  acceptance.set_days_left(15);
  EXPECT_THAT(SummaryReport(report), Not(HasSubstr("Acceptance")));
}

TEST(SummaryReport, NamesWhomToAsk) {
  Report report = Stable(6);
  for (const Verdict verdict : {RED, YELLOW, UNRESOLVED, IMPROVED}) {
    Change(report, verdict, verdict == IMPROVED ? 30 : -30).add_owners("@parlance/audio");
  }
  EXPECT_THAT(SummaryReport(report), Not(HasSubstr("Owners")));
  report.mutable_components(0)->add_owners("@parlance/audio");
  report.mutable_components(0)->add_owners("@parlance/sound");
  MeasurementResult& missing = *report.add_measurements();
  missing.set_name("audio.gone");
  missing.set_verdict(MISSING);
  for (const char* owner : {"@a", "@b", "@c", "@d", "@e", "@f", "@g"}) missing.add_owners(owner);
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, HasSubstr("    median 13.0 ms, baseline 10.0 ms (0123456789ab of 2026-11-24)\n"
                              "    ask @parlance/audio\n"
                              "    bazel run //a:suite -- --filter 'audio\\.m0'\n"));
  int asks = 0;
  for (const std::string& line : Lines(text)) asks += absl::StrContains(line, "ask @parlance");
  EXPECT_EQ(asks, 3);
  EXPECT_THAT(text, HasSubstr("    ask @a, @b, @c, @d, @e, and 2 more\n"));
  EXPECT_THAT(text, HasSubstr("Requirements   Owners"));
  EXPECT_THAT(text, HasSubstr("@parlance/audio, @parlance/sound   1 red, "));
}

TEST(SummaryReport, NoiseIsSaidOncePerReason) {
  Report report = Stable(20);
  for (MeasurementResult& result : *report.mutable_measurements()) {
    result.set_noise("others used 40 % of the CPUs");
  }
  report.mutable_components(0)->set_num_noisy(20);
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, HasSubstr("  ? Noisy: 20 measurements: others used 40 % of the CPUs\n"));
  EXPECT_LE(Lines(text).size(), 30u);
}

TEST(SummaryReport, LongListsAreCutAndSayWhatIsLeftOut) {
  Report report = Stable(300);
  for (int i = 0; i < 100; ++i) {
    Change(report, RED, -30 - i);
    Change(report, IMPROVED, 30);
  }
  const std::string text = SummaryReport(report);
  // The greatest change is first.
  EXPECT_THAT(text, HasSubstr("What needs you\n--------------\n  ✗ Red: Measurement 198: -129.0%"));
  EXPECT_THAT(text, HasSubstr("  … and 92 more red, in the report's files\n"));
  EXPECT_THAT(text, HasSubstr("  … and 95 more improvements, in the report's files\n"));
  EXPECT_LE(Lines(text).size(), 60u);
}

TEST(SummaryReport, FitsIntoEightyColumnsButForCommands) {
  Report report = Stable(40);
  Change(report, RED, -1e6).set_title(std::string(3000, 'x'));
  Change(report, YELLOW, -12).set_note(std::string(200, 'n') + " and " + std::string(40, 'm'));
  Change(report, UNRESOLVED, -12).set_title("A title of many words that goes on and on and on");
  report.add_notes("a note of many words that is longer than a line of a terminal has columns for");
  report.add_errors("an error of many words that is longer than a line of a terminal has columns");
  for (const std::string& line : Lines(SummaryReport(report))) {
    const auto columns =
        std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    const bool one_word = absl::StartsWith(line, "    ") &&
                          !absl::StrContains(absl::StripLeadingAsciiWhitespace(line), ' ');
    const bool may_be_long = absl::StrContains(line, "bazel run") || one_word;
    EXPECT_LE(columns, may_be_long ? 500 : 80) << line;
  }
}

TEST(SummaryReport, TestsOfUnchangedCodeAreCountedApart) {
  Report report = Stable(5);
  for (int i = 0; i < 3; ++i) {
    report.mutable_measurements(i)->set_count(0);
    report.mutable_measurements(i)->clear_baseline();
  }
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, StartsWith("✓ Stable: 2 measured, "));
  EXPECT_THAT(text, HasSubstr("\n  3 tests have unchanged code and were not run\n"));
  EXPECT_THAT(text, HasSubstr("3 tests unchanged\n"));
}

TEST(SummaryReport, WhatHasNoIntervalShowsNone) {
  Report report = Stable(1);
  MeasurementResult& result = Change(report, UNRESOLVED, -30);
  result.set_change_percent_low(-std::numeric_limits<double>::infinity());
  result.set_change_percent_high(std::numeric_limits<double>::infinity());
  EXPECT_THAT(SummaryReport(report), HasSubstr("Measurement 0: -30.0%\n"));
}

TEST(SummaryReport, WithoutBaselinesItSaysHowToStoreThem) {
  Report report = Stable(2);
  for (MeasurementResult& result : *report.mutable_measurements()) {
    result.set_verdict(NO_BASELINE);
    result.clear_baseline();
  }
  report.mutable_components(0)->set_num_without_baseline(2);
  const std::string text = SummaryReport(report);
  EXPECT_THAT(text, StartsWith("- No baseline: 2 measured"));
  EXPECT_THAT(text, HasSubstr("  2 without baseline\n"));
  EXPECT_THAT(text, HasSubstr("bazel run //a:suite -- --update_baselines\n"));
}

TEST(SummaryReport, SaysWhetherTheEnvironmentIsTheBaselines) {
  Report report = Stable(1);
  report.set_environment_match(ENVIRONMENT_SAME);
  EXPECT_THAT(SummaryReport(report), HasSubstr("the environment of the\n  baseline is the same"));
  report.set_environment_match(ENVIRONMENT_DIFFERS);
  EXPECT_THAT(SummaryReport(report), HasSubstr("is another, see the notes"));
}

}  // namespace
}  // namespace perf

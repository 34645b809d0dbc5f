// What the records of a run become: judged by report_builder, read by people through report_text.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/ab/paired_effect.h"
#include "perf/baseline/baseline_file.h"
#include "perf/owners/code_owners.h"
#include "perf/owners/target_owners.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_summary.h"
#include "perf/report/report_text.h"
#include "perf/report/report_words.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Run RunWith(const std::string& name, const std::string& unit, Better better,
            const std::vector<double>& samples) {
  Run run;
  run.mutable_provenance()->set_target("//audio:vad_perf_test");
  run.mutable_provenance()->set_profile("default");
  run.mutable_environment()->set_compiler("gcc 12");
  Measurement& measurement = *run.add_measurements();
  measurement.set_component("audio");
  measurement.set_name(name);
  measurement.set_title("VAD Processing");
  measurement.set_unit(unit);
  measurement.set_better(better);
  for (const double sample : samples) measurement.add_samples(sample);
  return run;
}

Run VadRun(double factor) {
  return RunWith("audio.vad.process_1s", "ms", LOWER,
                 {20.1 * factor, 24 * factor, 25 * factor, 26 * factor, 35.2 * factor});
}

ReportInputs Inputs(const Run& run, const std::string& requirements) {
  ReportInputs inputs;
  inputs.runs = {run};
  auto parsed = ParseRequirements(absl::StrCat("component: 'audio' ", requirements), "test");
  EXPECT_THAT(parsed, IsOk());
  inputs.requirements["audio"] = *std::move(parsed);
  return inputs;
}

void AddBaseline(const Run& run, ReportInputs& inputs) {
  ComponentBaseline& baseline = inputs.baselines["audio"];
  baseline.set_component("audio");
  baseline.mutable_environment()->set_compiler("gcc 12");
  PutBaseline(ToBaseline(run.measurements(0), run, "2026-11-24"), baseline);
}

constexpr char kVadUnder50Ms[] =
    "requirements { measurement: 'audio.vad.process_1s' statistic: MEAN at_most: 50 unit: 'ms' }";

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

// The level of so many runs in the history, of 9 to 11 ms.
ReportInputs WithHistory(double now, int num_runs) {
  ReportInputs inputs = Inputs(RunWith("audio.vad.process_1s", "ms", LOWER, {now, now, now}), "");
  if (num_runs > 0) {
    inputs.history["audio.vad.process_1s"] = {.figure = {.median = 10, .interval = {9, 11}},
                                              .num_runs = num_runs};
  }
  return inputs;
}

struct HistoryCase {
  std::string name;
  double now;
  int num_runs;
  Verdict verdict;
  std::string text;
};

class HistoryTest : public testing::TestWithParam<HistoryCase> {};

TEST_P(HistoryTest, IsTheBaselineWhereNoneIsStored) {
  const Report report = BuildReport(WithHistory(GetParam().now, GetParam().num_runs));
  const MeasurementResult& result = report.measurements(0);
  EXPECT_EQ(Verdict_Name(result.verdict()), Verdict_Name(GetParam().verdict));
  EXPECT_EQ(result.history_runs(), GetParam().num_runs);
  EXPECT_EQ(report.exit_code(), GetParam().verdict == RED ? 1 : 0);
  EXPECT_THAT(TextReport(report, {}), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    All, HistoryTest,
    testing::ValuesIn(std::vector<HistoryCase>{
        {"NoRun", 10, 0, NO_BASELINE,
         "- No baseline: this machine has no baseline of the component"},
        {"OneRunJudgesNothing", 20, 1, NO_BASELINE,
         "- No baseline: -100.0% vs the last run on this machine, from the history; nothing is "
         "judged "
         "before 3 runs in the history\n"},
        {"TwoRunsJudgeNothing", 5, 2, NO_BASELINE,
         "- No baseline: +50.0% vs the median of the last 2 runs on this machine, from the "
         "history; "
         "nothing is judged before 3 runs in the history\n"},
        {"AsBefore", 10.1, 3, STABLE, "✓ Stable: -1.0% vs baseline\n"},
        {"WorseThanTheHistory", 14, 3, RED,
         "✗ Red: -40.0% vs baseline\n"
         "    median 14.0 ms, baseline 10.0 ms (the median of the last 3 runs on this machine, "
         "from "
         "the history); change between"},
        {"BetterThanTheHistory", 8, 10, IMPROVED, "✅ Improved: +20.0% vs baseline\n"},
        // Beyond the red line, but too near to the slowest of the runs.
        {"TheSpreadOfTheRunsCounts", 12.05, 3, YELLOW, "⚠ Yellow: -20.5% vs baseline\n"},
    }),
    [](const testing::TestParamInfo<HistoryCase>& test_case) { return test_case.param.name; });

TEST(HistoryReportTest, AStoredBaselineWins) {
  ReportInputs inputs = WithHistory(14, 10);
  AddBaseline(RunWith("audio.vad.process_1s", "ms", LOWER, {14}), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), STABLE);
  EXPECT_EQ(report.measurements(0).history_runs(), 0);
  EXPECT_THAT(TextReport(report, {}), Not(HasSubstr("from the history")));
  // So it does where it cannot be compared.
  inputs.baselines["audio"].mutable_environment()->set_compiler("gcc 11");
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), NOT_COMPARABLE);
  // A baseline of another measurement says nothing of this one.
  inputs = WithHistory(14, 10);
  AddBaseline(RunWith("audio.other", "ms", LOWER, {14}), inputs);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), RED);
}

TEST(HistoryReportTest, ANoisyRunIsNotRedBesideTheHistoryEither) {
  ReportInputs inputs = WithHistory(14, 10);
  inputs.runs[0].mutable_health()->set_others_percent(60);
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), UNRESOLVED);
}

TEST(HistoryReportTest, IsSaidOnce) {
  ReportInputs inputs = WithHistory(10, 10);
  inputs.runs.push_back(RunWith("audio.other", "ms", LOWER, {1}));
  inputs.history["audio.other"] = {.figure = {.median = 1, .interval = {1, 1}}, .num_runs = 1};
  const std::string text = TextReport(BuildReport(inputs), {});
  EXPECT_THAT(text, HasSubstr("Note: 1 measurement without a stored baseline: compared with the "
                              "median of the last runs on this machine, from the history\n"));
  EXPECT_THAT(text, HasSubstr("Note: 1 measurement without a stored baseline and with fewer than 3 "
                              "quiet runs"));
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

constexpr char kVadLine[] =
    "baseline_lines { key: 'VAD_BASELINE' measurement: 'audio.vad.speed' statistic: MEDIAN "
    "suffix: 'x' }";

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

// What is accepted.

constexpr char kAcceptedBy15[] =
    "accepted { measurement: 'audio.vad.process_1s' at_most_percent: 15 why: 'It is safer.' "
    "until: '2027-01-31' }";

// A run of that median, beside a baseline of 10 ms.
ReportInputs Accepting(double median, const std::string& day, const std::string& requirements,
                       Better better = LOWER) {
  const auto run = [&](double value) {
    return RunWith("audio.vad.process_1s", "ms", better, {value, value, value});
  };
  ReportInputs inputs = Inputs(run(median), requirements);
  AddBaseline(run(10), inputs);
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, day, &time, &error)) << error;
  inputs.header.mutable_generated()->set_seconds(absl::ToUnixSeconds(time));
  return inputs;
}

TEST(ReportTest, ASlowdownIsAcceptedUpToItsPercentAndItsDay) {
  struct Case {
    double median;
    std::string day;
    Verdict verdict;
    std::string text;
  };
  const std::string before = "2026-12-01T00:00:00Z";
  for (const Case& one : std::vector<Case>{
           {11.23, before, ACCEPTED,
            "~ Accepted: -12.3% vs baseline; accepted until 2027-01-31: It is safer; it is 12.3 % "
            "worse, and at most 15 % is accepted"},
           {11.5, before, ACCEPTED, "it is 15.0 % worse"},
           {11.51, before, YELLOW,
            "⚠ Yellow: -15.1% vs baseline; more than the 15 % that is accepted until 2027-01-31: "
            "It is safer"},
           {13, before, RED, "more than the 15 % that is accepted"},
           {10.5, before, STABLE, "✓ Stable: -5.0% vs baseline\n"},
           {8, before, IMPROVED, "✅ Improved: +20.0% vs baseline\n"},
           // Two weeks before the day, it says so.
           {11.23, "2027-01-16T23:59:59Z", ACCEPTED, "is accepted\n    median"},
           {11.23, "2027-01-17T00:00:00Z", ACCEPTED,
            "    accepted until 2027-01-31, which is in 14 days: make it fast again, or accept it "
            "for longer"},
           {11.23, "2027-01-30T12:00:00Z", ACCEPTED, "which is tomorrow: "},
           {11.23, "2027-01-31T23:59:59Z", ACCEPTED, "which is today: "},
           {11.23, "2027-02-01T00:00:00Z", YELLOW,
            "⚠ Yellow: -12.3% vs baseline; no longer accepted: at most 15 % was until 2027-01-31: "
            "It is safer"},
           {13, "2027-02-01T00:00:00Z", RED, "no longer accepted"},
           {10.5, "2027-02-01T00:00:00Z", STABLE, "which is over: it is not worse in this run"},
       }) {
    const Report report = BuildReport(Accepting(one.median, one.day, kAcceptedBy15));
    EXPECT_EQ(report.measurements(0).verdict(), one.verdict) << one.median << " at " << one.day;
    EXPECT_THAT(TextReport(report, {}), HasSubstr(one.text)) << one.median << " at " << one.day;
    EXPECT_EQ(report.exit_code(), one.verdict == RED ? 1 : 0);
  }
}

TEST(ReportTest, AnAcceptedComponentIsNotStable) {
  const Report report =
      BuildReport(Accepting(12.5, "2026-12-01T00:00:00Z",
                            "accepted { measurement: 'audio.vad.process_1s' at_most_percent: 30 "
                            "why: 'w' until: '2027-01-31' }"));
  EXPECT_EQ(report.measurements(0).acceptance().otherwise(), RED);
  EXPECT_EQ(report.components(0).status(), STATUS_ACCEPTED);
  EXPECT_EQ(report.components(0).num_accepted(), 1);
  const std::string text = TextReport(report, {});
  EXPECT_THAT(text, HasSubstr("audio       ~ accepted"));
  EXPECT_THAT(text, HasSubstr("Result: Accepted: 1 accepted\n"));
  EXPECT_THAT(MarkdownReport(report), HasSubstr("| \\~ Accepted |"));
}

TEST(ReportTest, AcceptedIsWhatIsWorseWhateverTheDirection) {
  EXPECT_EQ(BuildReport(Accepting(8.7, "2026-12-01T00:00:00Z", kAcceptedBy15, HIGHER))
                .measurements(0)
                .verdict(),
            ACCEPTED);
  EXPECT_EQ(BuildReport(Accepting(8.4, "2026-12-01T00:00:00Z", kAcceptedBy15, HIGHER))
                .measurements(0)
                .verdict(),
            YELLOW);
}

TEST(ReportTest, ARequirementIsMissedWhateverIsAccepted) {
  const Report report = BuildReport(Accepting(
      11.23, "2026-12-01T00:00:00Z",
      absl::StrCat(kAcceptedBy15,
                   " requirements { measurement: 'audio.vad.process_1s' statistic: MEAN at_most: "
                   "11 unit: 'ms' }")));
  EXPECT_EQ(report.measurements(0).verdict(), ACCEPTED);
  EXPECT_EQ(report.exit_code(), 1);
}

// A percentage of nothing cannot be accepted.
TEST(ReportTest, WhatIsWorseThanZeroIsNotAccepted) {
  ReportInputs inputs = Accepting(3, "2026-12-01T00:00:00Z", kAcceptedBy15);
  inputs.baselines.clear();
  AddBaseline(RunWith("audio.vad.process_1s", "ms", LOWER, {0, 0, 0}), inputs);
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), RED);
  EXPECT_THAT(AcceptanceText(report.measurements(0)),
              HasSubstr("of a baseline of zero there is no percentage"));
}

TEST(ReportTest, AGrowthIsNotAccepted) {
  ReportInputs inputs = Accepting(11.23, "2026-12-01T00:00:00Z", kAcceptedBy15);
  Measurement& memory = *inputs.runs[0].mutable_measurements(0);
  memory.clear_samples();
  memory.set_work_unit("session");
  for (int i = 0; i < 400; ++i) {
    memory.add_work(10 * (i + 1));
    memory.add_samples(10 + 0.006 * i);
  }
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), RED);
  EXPECT_THAT(TextReport(report, {}), Not(HasSubstr("accepted")));
}

// A change that both revisions have says nothing of a new one.
TEST(ReportTest, BesideARevisionThatAcceptsAsMuchNothingIsAccepted) {
  ReportInputs inputs = Accepting(11.23, "2026-12-01T00:00:00Z", kAcceptedBy15);
  inputs.ab_revision = "0123456789ab";
  AbResult& result = inputs.ab["audio.vad.process_1s"];
  result.effect = JudgeRounds(std::vector<double>(60, std::log(1.123)), 1, LOWER);
  result.baseline_median = 10;
  result.rounds = 60;
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), ACCEPTED);
  // It is accepted anew what is more than before.
  inputs.accepted_before["audio.vad.process_1s"] = 10;
  EXPECT_EQ(BuildReport(inputs).measurements(0).verdict(), ACCEPTED);
  inputs.accepted_before["audio.vad.process_1s"] = 15;
  const Report report = BuildReport(inputs);
  EXPECT_EQ(report.measurements(0).verdict(), YELLOW);
  EXPECT_THAT(TextReport(report, {}),
              HasSubstr("at most 15 % is accepted until 2027-01-31 of a change that both revisions "
                        "have, and this is another: It is safer"));
}

TEST(ReportTest, AcceptingASlowdownOfNothingIsAnError) {
  constexpr char kOfNothing[] =
      "accepted { measurement: 'audio.vad.renamed' at_most_percent: 15 why: 'w' until: "
      "'2027-01-31' }";
  ReportInputs inputs = Accepting(10, "2026-12-01T00:00:00Z", kOfNothing);
  const Report report = BuildReport(inputs);
  EXPECT_THAT(report.errors(),
              ElementsAre("audio: a slowdown of 'audio.vad.renamed' is accepted, and no test "
                          "measures it"));
  EXPECT_EQ(report.exit_code(), 2);
  // A narrowed run knows nothing of it.
  inputs.header.set_selection("--filter process");
  EXPECT_THAT(BuildReport(inputs).errors(), ElementsAre());
}

// Counts are measured by runs of their own.
TEST(ReportTest, ASlowdownOfACountMayBeAccepted) {
  constexpr char kOfACount[] =
      "accepted { measurement: 'audio.vad.process_1s.instructions' at_most_percent: 15 why: 'w' "
      "until: '2027-01-31' }";
  EXPECT_THAT(BuildReport(Accepting(10, "2026-12-01T00:00:00Z", kOfACount)).errors(),
              ElementsAre());
  ReportInputs counts = Accepting(10, "2026-12-01T00:00:00Z", kAcceptedBy15);
  counts.runs[0].mutable_measurements(0)->set_name("audio.frame.instructions");
  counts.runs[0].mutable_measurements(0)->set_counted("instructions");
  counts.baselines.clear();
  EXPECT_THAT(BuildReport(counts).errors(), ElementsAre());
}

TEST(ReportTest, MarkdownShowsOnlyWhatChangedTheWorstFirst) {
  ReportInputs inputs = Inputs(RunWith("audio.a", "ms", LOWER, {10}), "");
  inputs.runs.push_back(RunWith("audio.b", "ms", LOWER, {11.5}));
  inputs.runs[1].mutable_measurements(0)->set_title("Yellow One");
  inputs.runs.push_back(RunWith("audio.c", "ms", LOWER, {13}));
  inputs.runs[2].mutable_measurements(0)->set_title("a|b");
  inputs.header.set_command("bazel run //a:suite");
  for (const char* name : {"audio.a", "audio.b", "audio.c"}) {
    AddBaseline(RunWith(name, "ms", LOWER, {10}), inputs);
  }
  const std::string markdown = MarkdownReport(BuildReport(inputs));
  EXPECT_THAT(markdown, StartsWith("**✗ Red: 1 red, 1 yellow**: 3 measured. Machine "));
  const size_t red = markdown.find(
      "| ✗ Red | a\\|b | -30.0% (between -30.0% and -30.0%) | 13.0 ms | 10.0 ms ( of 2026-11-24) "
      "|");
  const size_t yellow = markdown.find("| ⚠ Yellow | Yellow One |");
  ASSERT_NE(red, std::string::npos) << markdown;
  ASSERT_NE(yellow, std::string::npos) << markdown;
  EXPECT_LT(red, yellow);
  EXPECT_THAT(markdown, Not(HasSubstr("VAD Processing")));
  EXPECT_THAT(markdown, HasSubstr("\n    bazel run //a:suite -- --component audio --filter "));
}

TEST(ReportTest, MarkdownOfAnUnchangedResultIsOneLine) {
  ReportInputs inputs = Inputs(VadRun(1), kVadUnder50Ms);
  inputs.header.add_notes("a note");
  EXPECT_EQ(MarkdownReport(BuildReport(inputs)),
            "**- No baseline: 1 requirement met**: nothing to compare with, 1 measured, 1 of 1 "
            "requirements met, 1 without baseline. Machine , unknown commit,  loads, 1970-01-01 "
            "00:00:00 UTC.\n");
  AddBaseline(VadRun(1.02), inputs);
  EXPECT_EQ(MarkdownReport(BuildReport(inputs)),
            "**✓ Stable**: nothing changed, 1 measured, 1 of 1 requirements met. Machine , unknown "
            "commit,  loads, 1970-01-01 00:00:00 UTC.\n");
}

TEST(ReportTest, MarkdownShowsTextsOfOthersAsTheyAre) {
  ReportInputs inputs = Inputs(RunWith("audio.a", "ms", LOWER, {13}), "");
  inputs.runs[0].mutable_measurements(0)->set_title("<b>&`*_[a](http://b)\\ @somebody ~$\n# x\x1b");
  inputs.errors = {"<script>\n- x"};
  AddBaseline(RunWith("audio.a", "ms", LOWER, {10}), inputs);
  const std::string markdown = MarkdownReport(BuildReport(inputs));
  EXPECT_THAT(markdown,
              HasSubstr("| &lt;b&gt;&amp;\\`\\*\\_\\[a\\](http://b)\\\\ @<!-- -->somebody "
                        "\\~\\$ #<!-- --> x\\\\x1b |"));
  EXPECT_THAT(markdown, HasSubstr("\n- &lt;script&gt; - x\n"));
}

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

perf::Run CountRun(const std::string& counted, double count) {
  perf::Run run =
      RunWith(absl::StrCat("audio.vad.frame.", counted), counted, LOWER, {count, count, count});
  run.mutable_measurements(0)->set_title(absl::StrCat("VAD Frame, ", counted));
  run.mutable_measurements(0)->set_counted(counted);
  return run;
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

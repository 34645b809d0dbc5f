// Slowdowns that requirements accept.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/ab/paired_effect.h"
#include "perf/report/report_builder.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_text.h"
#include "perf/report/report_words.h"
#include "perf/report/testing/report_inputs.h"

namespace perf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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

}  // namespace
}  // namespace perf

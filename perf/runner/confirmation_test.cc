#include "perf/runner/confirmation.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/baseline/baseline_file.h"
#include "perf/mode/testing/sample_suite.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr char kTest[] = "//a:t";
constexpr char kName[] = "a.time";

Environment Machine() {
  Environment environment;
  environment.set_cpu_model("Imaginary CPU");
  environment.set_compiler("gcc 12");
  environment.set_compilation_mode("opt");
  return environment;
}

Run RunOf(const std::string& run_id, double median, bool noisy = false,
          const std::string& name = kName, const std::string& label = kTest) {
  Run run = SampleRun(label, SampleMeasurement(name, median), Machine());
  run.set_run_id(run_id);
  if (noisy) MakeNoisy(run);
  return run;
}

// The run that the measurement is kept of.
std::string Winner(const std::vector<Run>& runs, const std::string& name = kName) {
  std::vector<std::string> winners;
  for (const Run& run : runs) {
    EXPECT_EQ(run.num_measurements(), run.measurements_size());
    for (const Measurement& measurement : run.measurements()) {
      if (measurement.name() == name) winners.push_back(run.run_id());
    }
  }
  EXPECT_EQ(winners.size(), 1u);
  return winners.empty() ? "" : winners.front();
}

TEST(TakeBetterRunTest, AQuietRunBeatsANoisyOneAndAmongEqualsTheBetterMedianCounts) {
  const struct {
    bool first_noisy;
    bool second_noisy;
    double second_median;
    const char* winner;
  } cases[] = {
      {false, false, 9, "second"}, {false, false, 11, "first"}, {false, false, 10, "first"},
      {true, true, 9, "second"},   {true, true, 11, "first"},   {true, true, 10, "first"},
      {true, false, 9, "second"},  {true, false, 11, "second"}, {true, false, 10, "second"},
      {false, true, 9, "first"},   {false, true, 11, "first"},  {false, true, 10, "first"},
  };
  for (const auto& one : cases) {
    ReportInputs inputs;
    inputs.runs = {RunOf("first", 10, one.first_noisy)};
    TakeBetterRun(kName, {RunOf("second", one.second_median, one.second_noisy)}, inputs);
    EXPECT_EQ(Winner(inputs.runs), one.winner)
        << one.first_noisy << " " << one.second_noisy << " " << one.second_median;
    EXPECT_THAT(inputs.attempts, ElementsAre(Pair(kName, 2)));
  }
}

TEST(TakeBetterRunTest, HigherIsBetterWhereTheMeasurementSaysSo) {
  for (const double median : {9, 11}) {
    perf::Run first = RunOf("first", 10);
    perf::Run second = RunOf("second", median);
    for (perf::Run* run : {&first, &second}) run->mutable_measurements(0)->set_better(HIGHER);
    ReportInputs inputs;
    inputs.runs = {first};
    TakeBetterRun(kName, {second}, inputs);
    EXPECT_EQ(Winner(inputs.runs), median > 10 ? "second" : "first");
  }
}

TEST(TakeBetterRunTest, WhatMeetsMoreRequirementsIsBetterWhateverItsMedian) {
  ReportInputs inputs;
  Requirement& requirement = *inputs.requirements["a"].add_requirements();
  requirement.set_measurement(kName);
  requirement.set_statistic(MAXIMUM);
  requirement.set_at_most(20);
  requirement.set_unit("ms");
  perf::Run late = RunOf("late", 10);
  late.mutable_measurements(0)->add_samples(60);
  const perf::Run punctual = RunOf("punctual", 11);
  inputs.runs = {late};
  TakeBetterRun(kName, {punctual}, inputs);
  EXPECT_EQ(Winner(inputs.runs), "punctual");
  TakeBetterRun(kName, {late}, inputs);
  EXPECT_EQ(Winner(inputs.runs), "punctual");
}

// Memory that grows is red whatever its level, and that it does not always grow clears it.
TEST(TakeBetterRunTest, WhatDoesNotGrowIsBetterWhateverItsMedian) {
  const auto run_of = [](const std::string& id, double level, double growth) {
    perf::Run run = RunOf(id, level);
    Measurement& measurement = *run.mutable_measurements(0);
    measurement.set_unit("MB");
    measurement.set_work_unit("turn");
    measurement.clear_samples();
    for (int i = 0; i < 40; ++i) {
      measurement.add_samples(static_cast<float>(level + growth * i));
      measurement.add_work(i + 1);
    }
    return run;
  };
  const struct {
    double first_growth;
    double second_growth;
    const char* winner;
  } cases[] = {{0.1, 0, "second"}, {0, 0.1, "first"}, {0.1, 0.1, "first"}};
  for (const auto& c : cases) {
    ReportInputs inputs;
    inputs.runs.push_back(run_of("first", 10, c.first_growth));
    // Without growth, it is a little higher.
    TakeBetterRun(kName, std::vector<perf::Run>{run_of("second", 12, c.second_growth)}, inputs);
    EXPECT_EQ(Winner(inputs.runs), c.winner) << c.first_growth << " " << c.second_growth;
  }
}

TEST(TakeBetterRunTest, ARunWithoutTheMeasurementChangesNothing) {
  ReportInputs inputs;
  inputs.runs = {RunOf("first", 10)};
  TakeBetterRun(kName, {RunOf("second", 1, false, "a.other")}, inputs);
  EXPECT_EQ(Winner(inputs.runs), "first");
  EXPECT_THAT(inputs.attempts, IsEmpty());
}

TEST(TakeBetterRunTest, TheOtherMeasurementsOfARunStay) {
  perf::Run first = RunOf("first", 10);
  *first.add_measurements() = SampleMeasurement("a.other", 1);
  first.set_num_measurements(2);
  perf::Run second = RunOf("second", 9);
  *second.add_measurements() = SampleMeasurement("a.other", 0.5);
  second.set_num_measurements(2);
  ReportInputs inputs;
  inputs.runs = {first};
  TakeBetterRun(kName, {second}, inputs);
  EXPECT_EQ(Winner(inputs.runs), "second");
  EXPECT_EQ(Winner(inputs.runs, "a.other"), "first");
  // Both are kept in one run, that they were measured in.
  TakeBetterRun("a.other", {second}, inputs);
  EXPECT_EQ(Winner(inputs.runs, "a.other"), "second");
  EXPECT_EQ(inputs.runs.size(), 2u);
  EXPECT_THAT(inputs.attempts, UnorderedElementsAre(Pair(kName, 2), Pair("a.other", 2)));
}

// A baseline of 10 ms, and a run that is to be confirmed.
class ConfirmDoubtfulTest : public testing::Test {
 protected:
  ConfirmDoubtfulTest() : suite_(SampleSuite({kTest, "//a:other"})) {
    inputs_.requirements = suite_.requirements;
    ComponentBaseline& baseline = inputs_.baselines["a"];
    baseline.set_component("a");
    baseline.set_machine("machine");
    *baseline.mutable_environment() = Machine();
    const perf::Run stored = RunOf("stored", 10);
    PutBaseline(ToBaseline(stored.measurements(0), stored, "2026-01-01"), baseline);
  }

  absl::Status Confirm(perf::Run first, int confirmations) {
    inputs_.runs = {std::move(first)};
    report_ = BuildReport(inputs_);
    const std::vector<SuiteTest> tests = AllTests(suite_);
    return ConfirmDoubtful({.tests = tests,
                            .confirmations = confirmations,
                            .measure =
                                [this](absl::Span<const SuiteTest> again) {
                                  for (const SuiteTest& test : again) {
                                    measured_.push_back(test.label());
                                  }
                                  return answer_;
                                },
                            .say = [this](absl::string_view line) { said_.emplace_back(line); }},
                           inputs_, report_);
  }

  const MeasurementResult& result() const { return report_.measurements(0); }

  Suite suite_;
  ReportInputs inputs_;
  Report report_;
  absl::StatusOr<Findings> answer_ = Findings{};
  std::vector<std::string> measured_;
  std::vector<std::string> said_;
};

TEST_F(ConfirmDoubtfulTest, WhatIsStableIsMeasuredOnce) {
  EXPECT_THAT(Confirm(RunOf("first", 10), 2), IsOk());
  EXPECT_THAT(measured_, IsEmpty());
  EXPECT_EQ(result().attempts(), 1);
}

TEST_F(ConfirmDoubtfulTest, ARedIsMeasuredAgainAsOftenAsAsked) {
  answer_->runs = {RunOf("again", 15)};
  EXPECT_THAT(Confirm(RunOf("first", 14), 2), IsOk());
  EXPECT_THAT(measured_, ElementsAre(kTest, kTest));
  EXPECT_EQ(result().verdict(), RED);
  EXPECT_EQ(result().attempts(), 3);
  EXPECT_EQ(Winner(inputs_.runs), "first");
  EXPECT_THAT(
      said_,
      ElementsAre("1 measurement is red, noisy or beyond a requirement; measuring again to be "
                  "sure (1 of 2)",
                  "1 measurement is red, noisy or beyond a requirement; measuring again to be "
                  "sure (2 of 2)"));
}

TEST_F(ConfirmDoubtfulTest, OnceItIsNoLongerRedItIsLeft) {
  answer_->runs = {RunOf("again", 10)};
  EXPECT_THAT(Confirm(RunOf("first", 14), 2), IsOk());
  EXPECT_THAT(measured_, ElementsAre(kTest));
  EXPECT_EQ(result().verdict(), STABLE);
  EXPECT_EQ(result().attempts(), 2);
}

TEST_F(ConfirmDoubtfulTest, ZeroConfirmationsTakeTheRedAsItIs) {
  EXPECT_THAT(Confirm(RunOf("first", 14), 0), IsOk());
  EXPECT_THAT(measured_, IsEmpty());
  EXPECT_EQ(result().verdict(), RED);
}

TEST_F(ConfirmDoubtfulTest, ANoisyRedIsMeasuredAgainAndStaysRedWhereItIsQuiet) {
  answer_->runs = {RunOf("again", 15)};
  EXPECT_THAT(Confirm(RunOf("first", 14, /*noisy=*/true), 1), IsOk());
  EXPECT_THAT(measured_, ElementsAre(kTest));
  EXPECT_EQ(result().verdict(), RED);
  EXPECT_EQ(Winner(inputs_.runs), "again");
}

// "a.time" may take 10.5 ms at most.
class ConfirmRequirementTest : public ConfirmDoubtfulTest {
 protected:
  ConfirmRequirementTest() {
    Requirement& requirement = *inputs_.requirements["a"].add_requirements();
    requirement.set_measurement(kName);
    requirement.set_statistic(MEAN);
    requirement.set_at_most(10.5);
    requirement.set_unit("ms");
  }
};

TEST_F(ConfirmRequirementTest, WhatDoesNotMeetItIsMeasuredAgain) {
  answer_->runs = {RunOf("again", 10.2)};
  EXPECT_THAT(Confirm(RunOf("first", 10.6), 2), IsOk());
  EXPECT_THAT(measured_, ElementsAre(kTest));
  EXPECT_TRUE(report_.requirements(0).met());
  EXPECT_EQ(report_.exit_code(), 0);
}

TEST(DoubtfulMeasurementsTest, AGrowthBeyondItsRequirementIsNoDoubt) {
  Report report;
  RequirementResult& result = *report.add_requirements();
  result.set_measured(true);
  result.mutable_requirement()->set_measurement(kName);
  result.mutable_requirement()->set_statistic(GROWTH);
  EXPECT_THAT(DoubtfulMeasurements(report), IsEmpty());
  result.mutable_requirement()->set_statistic(MEAN);
  EXPECT_THAT(DoubtfulMeasurements(report), ElementsAre(kName));
}

TEST_F(ConfirmRequirementTest, AQuietRunDecidesAfterANoisyOne) {
  answer_->runs = {RunOf("again", 10.7)};
  EXPECT_THAT(Confirm(RunOf("first", 10.6, /*noisy=*/true), 1), IsOk());
  EXPECT_THAT(measured_, ElementsAre(kTest));
  EXPECT_EQ(report_.requirements(0).noise(), "");
  EXPECT_EQ(report_.exit_code(), 1);
}

TEST_F(ConfirmDoubtfulTest, WhatIsOnlyNoisyIsMeasuredAgainTwiceAtMost) {
  answer_->runs = {RunOf("again", 15, /*noisy=*/true)};
  EXPECT_THAT(Confirm(RunOf("first", 14, /*noisy=*/true), 4), IsOk());
  EXPECT_THAT(measured_, ElementsAre(kTest, kTest));
  EXPECT_EQ(result().verdict(), UNRESOLVED);
}

TEST_F(ConfirmDoubtfulTest, ANoisyRunDoesNotClearARed) {
  answer_->runs = {RunOf("again", 10, /*noisy=*/true)};
  EXPECT_THAT(Confirm(RunOf("first", 14), 2), IsOk());
  EXPECT_EQ(measured_.size(), 2u);
  EXPECT_EQ(result().verdict(), RED);
  EXPECT_EQ(result().attempts(), 3);
}

TEST_F(ConfirmDoubtfulTest, ARunThatLacksTheMeasurementIsNoAttempt) {
  answer_->errors = {"//a:t: did not run"};
  answer_->notes = {"a note"};
  EXPECT_THAT(Confirm(RunOf("first", 14), 1), IsOk());
  EXPECT_EQ(result().verdict(), RED);
  EXPECT_EQ(result().attempts(), 1);
  EXPECT_THAT(report_.errors(), ElementsAre("//a:t: did not run (when measured again)"));
  EXPECT_THAT(report_.notes(), ElementsAre("a note"));
}

TEST_F(ConfirmDoubtfulTest, WhatCannotBeMeasuredAtAllIsAnError) {
  answer_ = absl::InternalError("no bazel");
  EXPECT_THAT(Confirm(RunOf("first", 14), 1), StatusIs(absl::StatusCode::kInternal, "no bazel"));
}

TEST(TestsThatMeasuredTest, AreFoundHoweverTheirLabelIsWritten) {
  Report report;
  MeasurementResult& result = *report.add_measurements();
  result.set_name(kName);
  result.set_target("@//a:t");
  const std::vector<SuiteTest> tests = AllTests(SampleSuite({"//a:other", kTest}));
  const std::vector<SuiteTest> found = TestsThatMeasured({kName}, report, tests);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label(), kTest);
}

}  // namespace
}  // namespace perf

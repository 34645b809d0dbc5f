#include "perf/baseline/baseline_file.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Directory(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

Run RunOf(const std::string& profile) {
  Run run;
  run.mutable_provenance()->set_profile(profile);
  run.mutable_provenance()->set_commit("abc");
  run.mutable_provenance()->set_dirty(true);
  return run;
}

Measurement Speed() {
  Measurement measurement;
  measurement.set_name("audio.vad.process_1s");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  for (int i = 1; i <= 101; ++i) measurement.add_samples(i / 3.0);
  return measurement;
}

ComponentBaseline Audio() {
  ComponentBaseline baseline;
  baseline.set_component("audio");
  baseline.set_machine("imaginary");
  PutBaseline(ToBaseline(Speed(), RunOf("default"), "2026-11-24"), baseline);
  return baseline;
}

constexpr char kHead[] = "component: 'audio' machine: 'm'";
constexpr char kMeasurement[] =
    "measurements { name: 'a.b' unit: 'ms' better: LOWER profile: 'quick' count: 3 median: 2 "
    "median_low: 1 median_high: 3 }";

std::string WithFigures(const std::string& figures) {
  return absl::StrCat(
      kHead, "measurements { name: 'a.b' unit: 'ms' better: LOWER profile: 'quick' ", figures, "}");
}

TEST(BaselineFileTest, KeepsEnoughOfTheDistribution) {
  const BaselineMeasurement stored = ToBaseline(Speed(), RunOf("quick"), "2026-11-24");
  EXPECT_EQ(stored.count(), 101);
  EXPECT_DOUBLE_EQ(stored.median(), 17);
  EXPECT_LT(stored.median_low(), 17);
  EXPECT_GT(stored.median_high(), 17);
  ASSERT_EQ(stored.quantiles_size(), 21);
  EXPECT_DOUBLE_EQ(stored.quantiles(0), 0.333333);
  EXPECT_DOUBLE_EQ(stored.quantiles(20), 33.6667);
  EXPECT_EQ(stored.commit(), "abc+");
}

TEST(BaselineFileTest, EqualSamplesAreOneFigure) {
  for (const double figure : {0.0, 1.5, -3.0}) {
    Measurement measurement = Speed();
    measurement.clear_samples();
    for (int i = 0; i < 3; ++i) measurement.add_samples(figure);
    ComponentBaseline baseline = Audio();
    baseline.clear_measurements();
    PutBaseline(ToBaseline(measurement, RunOf("quick"), "2026-11-24"), baseline);
    const std::string text = BaselineText(baseline);
    EXPECT_THAT(text, HasSubstr(absl::StrCat("  count: 3\n  median: ", figure, "\n}")));
    EXPECT_THAT(text, Not(HasSubstr("mean")));
    EXPECT_THAT(text, Not(HasSubstr("quantiles")));
    const auto read = ParseBaseline(text, "audio.textproto");
    ASSERT_THAT(read, IsOk());
    const Figure stored = StoredFigure(read->measurements(0));
    EXPECT_EQ(stored.median, figure);
    EXPECT_EQ(stored.interval.low, figure);
    EXPECT_EQ(stored.interval.high, figure);
  }
}

struct EarlierFormCase {
  std::string name;
  std::string figures;
  Figure figure;
};

class EarlierFormTest : public testing::TestWithParam<EarlierFormCase> {};

TEST_P(EarlierFormTest, IsReadAsItWasMeant) {
  const auto read = ParseBaseline(WithFigures(GetParam().figures), "audio.textproto");
  ASSERT_THAT(read, IsOk());
  const Figure figure = StoredFigure(read->measurements(0));
  EXPECT_EQ(figure.median, GetParam().figure.median);
  EXPECT_EQ(figure.interval.low, GetParam().figure.interval.low);
  EXPECT_EQ(figure.interval.high, GetParam().figure.interval.high);
}

// Figures that were zero were not written.
INSTANTIATE_TEST_SUITE_P(
    All, EarlierFormTest,
    testing::ValuesIn(std::vector<EarlierFormCase>{
        {"ADistribution", "count: 3 mean: 2 median: 2 median_low: 1 median_high: 3", {2, {1, 3}}},
        {"OneFigureInEveryField",
         "count: 1 mean: 2 median: 2 median_low: 2 median_high: 2 quantiles: [2, 2, 2]",
         {2, {2, 2}}},
        {"Zero", "count: 3 quantiles: [0, 0, 0]", {0, {0, 0}}},
        {"FromZeroUp", "count: 3 mean: 1 median: 1 median_high: 3", {1, {0, 3}}},
        {"UpToZero", "count: 3 mean: -1 median: -1 median_low: -3", {-1, {-3, 0}}},
        {"AroundZero", "count: 3 median_low: -3 median_high: 3", {0, {-3, 3}}},
    }),
    [](const testing::TestParamInfo<EarlierFormCase>& test_case) { return test_case.param.name; });

TEST(BaselineFileTest, TheSmallestFiguresAreNotRoundedToNan) {
  for (const double figure : {5e-324, 1e-310, 1e-304, 1e-300, 1e300, 1.7976931348623157e308}) {
    Measurement measurement = Speed();
    measurement.clear_samples();
    measurement.add_samples(figure);
    const BaselineMeasurement stored = ToBaseline(measurement, RunOf("quick"), "2026-11-24");
    EXPECT_NEAR(stored.median() / figure, 1, 1e-5) << figure;
  }
}

TEST(BaselineFileTest, WhatIsWrittenIsRead) {
  const std::string directory = Directory("written");
  ASSERT_THAT(WriteBaseline(Audio(), directory), IsOk());
  const auto read = ReadBaseline(directory, "imaginary", "audio");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->SerializeAsString(), Audio().SerializeAsString());
}

TEST(BaselineFileTest, SaysThatThereIsNone) {
  EXPECT_THAT(ReadBaseline(Directory("none"), "imaginary", "audio"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(BaselineFileTest, RefusesTheBaselineOfAnotherMachine) {
  const std::string directory = Directory("moved");
  ComponentBaseline other = Audio();
  ASSERT_THAT(WriteBaseline(other, directory), IsOk());
  other.set_machine("fast");
  ASSERT_THAT(WriteBaseline(other, directory), IsOk());
  ASSERT_EQ(std::rename(BaselinePath(directory, "fast", "audio").c_str(),
                        BaselinePath(directory, "imaginary", "audio").c_str()),
            0);
  const auto read = ReadBaseline(directory, "imaginary", "audio");
  ASSERT_THAT(read, Not(IsOk()));
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("audio on fast"));
}

TEST(BaselineFileTest, FindsOnlyEqualLoads) {
  ComponentBaseline baseline = Audio();
  perf::Run run = RunOf("default");
  (*run.mutable_provenance()->mutable_load_overrides())["iterations"] = 5;
  PutBaseline(ToBaseline(Speed(), run, "2026-11-24"), baseline);
  EXPECT_EQ(baseline.measurements_size(), 2);
  EXPECT_NE(FindBaseline(baseline, "audio.vad.process_1s", "default", {}), nullptr);
  EXPECT_NE(FindBaseline(baseline, "audio.vad.process_1s", "default", {{"iterations", 5}}),
            nullptr);
  EXPECT_EQ(FindBaseline(baseline, "audio.vad.process_1s", "default", {{"iterations", 6}}),
            nullptr);
  EXPECT_EQ(FindBaseline(baseline, "audio.vad.process_1s", "quick", {}), nullptr);
  EXPECT_EQ(FindBaseline(baseline, "audio.vad", "default", {}), nullptr);
}

TEST(BaselineFileTest, PutsInPlaceOfTheSame) {
  ComponentBaseline baseline = Audio();
  PutBaseline(ToBaseline(Speed(), RunOf("default"), "2027-01-01"), baseline);
  ASSERT_EQ(baseline.measurements_size(), 1);
  EXPECT_EQ(baseline.measurements(0).date(), "2027-01-01");
}

struct MalformedCase {
  std::string name;
  std::string text;
  std::string message;
};

class MalformedBaselineTest : public testing::TestWithParam<MalformedCase> {};

TEST_P(MalformedBaselineTest, IsRefused) {
  const auto parsed = ParseBaseline(GetParam().text, "audio.textproto");
  EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedBaselineTest,
    testing::ValuesIn(std::vector<MalformedCase>{
        {"Syntax", "component: 'audio'\nmachine 'x'", "audio.textproto:2:9"},
        {"UnknownField", "componen: 'audio'", "componen"},
        {"NoMachine", "component: 'audio'", "needs a component and a machine"},
        {"NoUnit",
         absl::StrCat(kHead,
                      "measurements { name: 'a.b' better: LOWER profile: 'quick' count: 3 }"),
         "'a.b' needs a name, unit"},
        {"MedianOutsideItsInterval",
         absl::StrCat(kHead,
                      "measurements { name: 'a.b' unit: 'ms' better: LOWER profile: 'quick' "
                      "count: 3 median: 4 median_low: 1 median_high: 3 }"),
         "figures out of order"},
        {"AMedianThatIsNan", WithFigures("count: 3 median: nan median_low: 1 median_high: 3"),
         "'a.b' has a figure that is not finite"},
        {"AMeanThatIsNan", WithFigures("count: 3 mean: nan median: 2 median_low: 1 median_high: 3"),
         "not finite"},
        {"AnInfiniteInterval", WithFigures("count: 3 median: 2 median_low: -inf median_high: 3"),
         "not finite"},
        {"AQuantileThatIsNan",
         WithFigures("count: 3 median: 2 median_low: 1 median_high: 3 quantiles: [1, nan, 3]"),
         "not finite"},
        {"ALoadThatIsNan",
         WithFigures("count: 3 median: 2 median_low: 1 median_high: 3 "
                     "load_overrides { key: 'n' value: nan }"),
         "the load n=nan"},
        {"ANegativeCount", WithFigures("count: -3 median: 2 median_low: 1 median_high: 3"),
         "count"},
        {"NoCount", WithFigures("median: 2 median_low: 1 median_high: 3"), "count"},
        {"Twice", absl::StrCat(kHead, kMeasurement, kMeasurement), "stored twice"},
    }),
    [](const testing::TestParamInfo<MalformedCase>& test_case) { return test_case.param.name; });

TEST(BaselineFileTest, SaysWhereItCannotWrite) {
  const std::string path = Directory("file");
  std::ofstream(path) << "not a folder";
  const absl::Status written = WriteBaseline(Audio(), path);
  ASSERT_THAT(written, Not(IsOk()));
  EXPECT_THAT(std::string(written.message()), HasSubstr(path));
}

}  // namespace
}  // namespace perf

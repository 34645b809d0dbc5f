#include "perf/suite/baseline_lines.h"

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::Not;
using ::testing::StartsWith;

BaselineLine Line(const std::string& key, const std::string& suffix) {
  BaselineLine line;
  line.set_key(key);
  line.set_suffix(suffix);
  return line;
}

TEST(BaselineLinesTest, FormatsAsTeamsKeepThem) {
  EXPECT_EQ(FormatBaselineLine(Line("VAD_BASELINE", "x"), 2.5), "VAD_BASELINE: 2.5x");
  EXPECT_EQ(FormatBaselineLine(Line("TOOL_BASELINE", " exec/sec"), 150),
            "TOOL_BASELINE: 150.0 exec/sec");
}

TEST(BaselineLinesTest, ReadsThem) {
  const auto lines = ParseBaselineLines(
      "# ours\nVAD_BASELINE: 2.5x\n\n  TOOL_BASELINE:150.0 exec/sec\r\nSESSION_BASELINE: 75\n",
      "f");
  ASSERT_THAT(lines, IsOk());
  ASSERT_EQ(lines->size(), 3u);
  EXPECT_DOUBLE_EQ(lines->at("VAD_BASELINE").value, 2.5);
  EXPECT_EQ(lines->at("VAD_BASELINE").suffix, "x");
  EXPECT_DOUBLE_EQ(lines->at("TOOL_BASELINE").value, 150);
  EXPECT_EQ(lines->at("TOOL_BASELINE").suffix, " exec/sec");
  EXPECT_EQ(lines->at("SESSION_BASELINE").suffix, "");
}

TEST(BaselineLinesTest, RefusesWhatIsNone) {
  for (const std::string text : {"VAD_BASELINE", "VAD_BASELINE: fast", "VAD_BASELINE: -1x", ": 3x",
                                 "VAD_BASELINE: 0x", "VAD_BASELINE: 1.2.3x", "A: 1x\nA: 2x"}) {
    const auto lines = ParseBaselineLines("# first\n" + text, "baseline.txt");
    EXPECT_THAT(lines,
                StatusIs(absl::StatusCode::kInvalidArgument,
                         StartsWith(text.find('\n') == std::string::npos ? "baseline.txt:2: "
                                                                         : "baseline.txt:3: ")))
        << text;
  }
}

struct RoundTripCase {
  std::string name;
  double value;
  std::string text;
};

class RoundTripTest : public testing::TestWithParam<RoundTripCase> {};

void ExpectReadAgain(double value, const std::string& suffix) {
  const std::string text = FormatBaselineLine(Line("A_BASELINE", suffix), value);
  const auto lines = ParseBaselineLines(text, "f");
  ASSERT_THAT(lines, IsOk());
  EXPECT_EQ(lines->at("A_BASELINE").value, value) << text;
  EXPECT_EQ(lines->at("A_BASELINE").suffix, suffix) << text;
}

TEST_P(RoundTripTest, WhatIsWrittenIsReadAgain) {
  EXPECT_EQ(FormatFigureExactly(GetParam().value), GetParam().text);
  ExpectReadAgain(GetParam().value, "x");
  ExpectReadAgain(GetParam().value, " exec/sec");
}

INSTANTIATE_TEST_SUITE_P(All, RoundTripTest,
                         testing::ValuesIn(std::vector<RoundTripCase>{
                             {"LessThanOne", 0.348, "0.348"},
                             {"WhatWasZero", 0.04, "0.04"},
                             {"Tiny", 1.25e-9, "1.25e-09"},
                             {"Smallest", 5e-324, "5e-324"},
                             {"Largest", 1.7976931348623157e308, "1.7976931348623157e+308"},
                             {"AThird", 1 / 3.0, "0.3333333333333333"},
                             {"Whole", 265000, "265000.0"},
                             {"Huge", 1e15, "1e+15"},
                         }),
                         [](const testing::TestParamInfo<RoundTripCase>& test_case) {
                           return test_case.param.name;
                         });

TEST(BaselineLinesTest, AnyDoubleIsReadAgain) {
  constexpr uint64_t kSeed = 20261128;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 100'000; ++i) {
    // Every exponent is as likely as any other.
    const double value = std::abs(std::bit_cast<double>(random()));
    if (!std::isfinite(value) || value == 0) continue;
    ExpectReadAgain(value, i % 2 == 0 ? "x" : " exec/sec");
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "seed " << kSeed << ", round " << i;
  }
}

TEST(BaselineLinesTest, ASuffixMayBeginLikeAnExponent) {
  ExpectReadAgain(2.5, "ex");
  ExpectReadAgain(2.5, "e-");
  ExpectReadAgain(2.5e-10, "e");
}

TEST(BaselineLinesTest, RefusesALineThatWouldBeReadDifferently) {
  EXPECT_THAT(CheckBaselineLine(Line("VAD_BASELINE", "x")), IsOk());
  EXPECT_THAT(CheckBaselineLine(Line("VAD_BASELINE", "")), IsOk());
  EXPECT_THAT(CheckBaselineLine(Line("VAD_BASELINE", " exec/sec")), IsOk());
  for (const char* suffix : {"0", ".5", "e5", "E-3", "x ", "x\n", "\t"}) {
    EXPECT_THAT(CheckBaselineLine(Line("A", suffix)), Not(IsOk())) << suffix;
  }
  for (const char* key : {"", "A:B", "# A", " A", "A ", "A\nB"}) {
    EXPECT_THAT(CheckBaselineLine(Line(key, "x")), Not(IsOk())) << key;
  }
}

}  // namespace
}  // namespace perf

#include "perf/suite/requirements_file.h"

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

TEST(RequirementsFileTest, AMinEffectMayHaveItsEarlierName) {
  const auto parsed = ParseRequirements(
      "component: 'a' min_effect { measurement: 'a.b' below: 2 } "
      "insignificant { measurement: 'a.c' below: 3 }",
      "requirements.textproto");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(MinEffectOf(*parsed, "a.b"), 2);
  EXPECT_EQ(MinEffectOf(*parsed, "a.c"), 3);
  EXPECT_EQ(MinEffectOf(*parsed, "a.d"), 0);
}

TEST(RequirementsFileTest, StatisticsMayHaveTheirEarlierNames) {
  for (const auto& [word, statistic] : {std::pair("MIN", MINIMUM), std::pair("MINIMUM", MINIMUM),
                                        std::pair("MAX", MAXIMUM), std::pair("MAXIMUM", MAXIMUM)}) {
    const auto parsed =
        ParseRequirements(absl::StrCat("component: 'a'\n"
                                       "requirements { measurement: 'a.b' statistic: ",
                                       word,
                                       " unit: 'ms' at_most: 1 }\n"
                                       "baseline_lines { key: 'A' measurement: 'a.b' statistic:",
                                       word, " }\n"),
                          "requirements.textproto");
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->requirements(0).statistic(), statistic) << word;
    EXPECT_EQ(parsed->baseline_lines(0).statistic(), statistic) << word;
  }
}

TEST(RequirementsFileTest, ASlowdownMayBeAccepted) {
  const auto parsed = ParseRequirements(
      "component: 'a'\n"
      "accepted { measurement: 'a.b' at_most_percent: 12.5 why: 'It is safer.' until: '2027-01-31' "
      "}",
      "requirements.textproto");
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->accepted_size(), 1);
  EXPECT_EQ(parsed->accepted(0).at_most_percent(), 12.5);
  EXPECT_EQ(parsed->accepted(0).until(), "2027-01-31");
}

struct MalformedCase {
  std::string name;
  std::string text;
  std::string message;
};

class MalformedRequirementsTest : public testing::TestWithParam<MalformedCase> {};

TEST_P(MalformedRequirementsTest, IsRefused) {
  const auto parsed = ParseRequirements(GetParam().text, "requirements.textproto");
  EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedRequirementsTest,
    testing::ValuesIn(std::vector<MalformedCase>{
        {"Syntax", "component: 'audio'\n}", "requirements.textproto:2:1"},
        {"UnknownField", "component: 'audio' require { }", "require"},
        {"NoComponent", "", "component is not set"},
        {"NoStatistic", "component: 'a' requirements { measurement: 'a.b' at_most: 1 unit: 'ms' }",
         "has no statistic"},
        {"NoUnit",
         "component: 'a' requirements { measurement: 'a.b' at_most: 1 statistic: MAXIMUM }",
         "has no unit"},
        {"NoLimit",
         "component: 'a' requirements { measurement: 'a.b' statistic: MAXIMUM unit: 'ms' }",
         "neither at_most nor at_least"},
        {"LimitThatIsNone",
         "component: 'a' requirements { measurement: 'a.b' statistic: MAXIMUM unit: 'ms' at_most: "
         "nan "
         "}",
         "not finite"},
        {"Twice",
         "component: 'a' "
         "requirements { measurement: 'a.b' statistic: MAXIMUM unit: 'ms' at_most: 1 } "
         "requirements { measurement: 'a.b' statistic: MAXIMUM unit: 'ms' at_most: 2 }",
         "stated twice"},
        {"AnInfiniteDifferenceThatDoesNotMatter",
         "component: 'a' min_effect { measurement: 'a.b' below: inf }", "positive, finite"},
        {"ADifferenceThatIsNan", "component: 'a' min_effect { measurement: 'a.b' below: nan }",
         "positive, finite"},
        {"AMinEffectTwice",
         "component: 'a' min_effect { measurement: 'a.b' below: 1 } "
         "insignificant { measurement: 'a.b' below: 2 }",
         "stated twice"},
        {"AnAcceptedSlowdownWithoutReason",
         "component: 'a'\n\naccepted { measurement: 'a.b' at_most_percent: 15 until: "
         "'2027-01-31' why: ' ' }",
         "requirements.textproto:3:1: the accepted slowdown of 'a.b' has no reason"},
        {"AnAcceptedSlowdownWithoutDate",
         "component: 'a' accepted { measurement: 'a.b' at_most_percent: 15 why: 'w' }",
         "requirements.textproto:1:16: the accepted slowdown of 'a.b' has no date"},
        {"AnAcceptedSlowdownToNoDay",
         "component: 'a'\naccepted { measurement: 'a.b' at_most_percent: 15 why: 'w' until: "
         "'2027-02-30' }",
         "requirements.textproto:2:1: the accepted slowdown of 'a.b' holds until '2027-02-30'"},
        {"AnAcceptedSlowdownOfNothing",
         "component: 'a'\naccepted { at_most_percent: 15 why: 'w' until: '2027-01-31' }",
         "requirements.textproto:2:1: an accepted slowdown names no measurement"},
        {"AnAcceptedSlowdownOfNoPercent",
         "component: 'a'\naccepted { measurement: 'a.b' why: 'w' until: '2027-01-31' }",
         "requirements.textproto:2:1: the accepted slowdown of 'a.b' needs an at_most_percent of "
         "more than 0 and at most 1000"},
        {"AnAcceptedSlowdownTwice",
         "component: 'a'\n"
         "accepted { measurement: 'a.b' at_most_percent: 15 why: 'w' until: '2027-01-31' }\n"
         "  accepted { measurement: 'a.b' at_most_percent: 20 why: 'w' until: '2027-01-31' }",
         "requirements.textproto:3:3: an accepted slowdown of 'a.b' is stated twice"},
        {"ABaselineLineOfGrowth",
         "component: 'a' baseline_lines { key: 'A' measurement: 'a.b' statistic: GROWTH }",
         "cannot state a growth"},
        {"ABaselineLineThatIsReadDifferently",
         "component: 'a' baseline_lines { key: 'A' measurement: 'a.b' statistic: MEDIAN suffix: "
         "'0x' }",
         "begins like the rest of a number"},
        {"ABaselineLineTwice",
         "component: 'a' "
         "baseline_lines { key: 'A' measurement: 'a.b' statistic: MEDIAN } "
         "baseline_lines { key: 'A' measurement: 'a.c' statistic: MEDIAN }",
         "stated twice"},
        {"AChainOfOneStage",
         "component: 'a' latency_chains { title: 'T' total: 'a.all' stages: 'a.one' }",
         "needs a title, a total and at least two stages"},
        {"AChainThatGoesInACircle",
         "component: 'a' latency_chains { title: 'T' total: 'a.all' stages: 'a.one' stages: "
         "'a.all' }",
         "latency chain 'T' has the stage 'a.all' without a name or twice"},
        {"ShrinkingLoad", "component: 'a' loads { name: 'n' quick: 9 default: 1 long: 2 }",
         "0 < quick <= default <= long"},
        {"ALoadOfNothing", "component: 'a' loads { name: 'n' quick: 1 default: 1 long: 2 ab: 0 }",
         "load 'n' needs an ab that is positive and finite"},
        {"AnEndlessLoad", "component: 'a' loads { name: 'n' quick: 1 default: 1 long: 2 ab: inf }",
         "load 'n' needs an ab that is positive and finite"},
    }),
    [](const testing::TestParamInfo<MalformedCase>& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace perf

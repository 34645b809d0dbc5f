#include "perf/load.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "perf/requirements_file.h"

namespace perf {
namespace {

ComponentRequirements Audio() {
  auto parsed = ParseRequirements(
      "component: 'audio' loads { name: 'iterations' quick: 20 default: 100 long: 1000 } "
      "loads { name: 'stress_duration_s' quick: 0.5 default: 5 long: 60 }",
      "test");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}

TEST(LoadTest, FollowsTheProfile) {
  for (const auto& [profile, expected] : std::vector<std::pair<std::string, double>>{
           {"", 100}, {"default", 100}, {"quick", 20}, {"long", 1000}}) {
    const auto table = LoadTable::Create(Audio(), profile, "");
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(*table->Get("iterations"), expected) << profile;
  }
}

TEST(LoadTest, OverridesReplaceSingleLoads) {
  const auto table =
      LoadTable::Create(Audio(), "quick", "tools.iterations=1, audio.iterations=7,large=3");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(*table->Get("iterations"), 7);
  EXPECT_EQ(*table->Get("stress_duration_s"), 0.5);
  EXPECT_EQ(table->overrides().size(), 1u);
}

TEST(LoadTest, RefusesWhatItCannotRead) {
  EXPECT_FALSE(LoadTable::Create(Audio(), "fast", "").ok());
  for (const char* overrides : {"iterations", "iterations=", "iterations=many", "iterations=-1",
                                "iterations=0", "iterations=inf", "=3"}) {
    EXPECT_EQ(LoadTable::Create(Audio(), "", overrides).status().code(),
              absl::StatusCode::kInvalidArgument)
        << overrides;
  }
}

TEST(LoadTest, NamesTheLoadsThereAre) {
  const auto value = LoadTable::Create(Audio(), "", "")->Get("messages");
  EXPECT_EQ(value.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(value.status().message(), "iterations, stress_duration_s"))
      << value.status();
}

struct MalformedCase {
  std::string name;
  std::string text;
  std::string message;
};

class MalformedRequirementsTest : public testing::TestWithParam<MalformedCase> {};

TEST_P(MalformedRequirementsTest, IsRefused) {
  const auto parsed = ParseRequirements(GetParam().text, "requirements.textproto");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(parsed.status().message(), GetParam().message)) << parsed.status();
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedRequirementsTest,
    testing::ValuesIn(std::vector<MalformedCase>{
        {"Syntax", "component: 'audio'\n}", "requirements.textproto:2:1"},
        {"UnknownField", "component: 'audio' require { }", "require"},
        {"NoComponent", "", "component is not set"},
        {"NoStatistic", "component: 'a' requirements { measurement: 'a.b' at_most: 1 unit: 'ms' }",
         "has no statistic"},
        {"NoUnit", "component: 'a' requirements { measurement: 'a.b' at_most: 1 statistic: MAX }",
         "has no unit"},
        {"NoLimit", "component: 'a' requirements { measurement: 'a.b' statistic: MAX unit: 'ms' }",
         "neither at_most nor at_least"},
        {"LimitThatIsNone",
         "component: 'a' requirements { measurement: 'a.b' statistic: MAX unit: 'ms' at_most: nan "
         "}",
         "not finite"},
        {"Twice",
         "component: 'a' "
         "requirements { measurement: 'a.b' statistic: MAX unit: 'ms' at_most: 1 } "
         "requirements { measurement: 'a.b' statistic: MAX unit: 'ms' at_most: 2 }",
         "stated twice"},
        {"AnInfiniteDifferenceThatDoesNotMatter",
         "component: 'a' insignificant { measurement: 'a.b' below: inf }", "positive, finite"},
        {"ADifferenceThatIsNan", "component: 'a' insignificant { measurement: 'a.b' below: nan }",
         "positive, finite"},
        {"ABaselineLineThatIsReadDifferently",
         "component: 'a' baseline_lines { key: 'A' measurement: 'a.b' statistic: MEDIAN suffix: "
         "'0x' }",
         "begins like the rest of a number"},
        {"ABaselineLineTwice",
         "component: 'a' "
         "baseline_lines { key: 'A' measurement: 'a.b' statistic: MEDIAN } "
         "baseline_lines { key: 'A' measurement: 'a.c' statistic: MEDIAN }",
         "stated twice"},
        {"ShrinkingLoad", "component: 'a' loads { name: 'n' quick: 9 default: 1 long: 2 }",
         "0 < quick <= default <= long"},
    }),
    [](const testing::TestParamInfo<MalformedCase>& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace perf

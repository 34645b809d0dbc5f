#include "perf/gbench/benchmark_names.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "re2/re2.h"

namespace perf {
namespace {

using testing::HasSubstr;

TEST(NamesPattern, MatchesTheNamesAndNothingElse) {
  const re2::RE2 pattern(NamesPattern({"audio.vad", "tools.call/5"}));
  EXPECT_TRUE(re2::RE2::PartialMatch("audio.vad", pattern));
  EXPECT_TRUE(re2::RE2::PartialMatch("tools.call/5", pattern));
  EXPECT_FALSE(re2::RE2::PartialMatch("audioxvad", pattern));
  EXPECT_FALSE(re2::RE2::PartialMatch("audio.vad_2", pattern));
}

TEST(FixedIterationsPattern, FindsTheBenchmarkUnderItsNewName) {
  const struct {
    const char* listed;
    const char* fixed;
  } cases[] = {
      {"a.b", "a.b/iterations:12"},
      {"a.b/5", "a.b/5/iterations:12"},
      {"a.b/real_time", "a.b/iterations:12/real_time"},
      {"a.b/5/real_time/threads:2", "a.b/5/iterations:12/real_time/threads:2"},
      {"a.b/iterations:7/real_time", "a.b/iterations:12/real_time"},
      {"a.b/min_time:0.500/threads:2", "a.b/min_time:0.500/iterations:12/threads:2"},
      {"a.b/repeats:2/process_time", "a.b/iterations:12/repeats:2/process_time"},
  };
  for (const auto& c : cases) {
    const re2::RE2 pattern(FixedIterationsPattern(c.listed));
    EXPECT_TRUE(re2::RE2::PartialMatch(c.fixed, pattern)) << pattern.pattern();
  }
  EXPECT_FALSE(re2::RE2::PartialMatch("a.b/5/iterations:12", FixedIterationsPattern("a.b")));
  EXPECT_FALSE(re2::RE2::PartialMatch("a.b/iterations:12", FixedIterationsPattern("a.b/5")));
}

struct NamesCase {
  std::string name;
  std::vector<std::string> listed;
  // The names of each, in order. Empty: the benchmarks are refused.
  std::vector<std::string> measurements;
};

class MeasurementNamesTest : public testing::TestWithParam<NamesCase> {};

TEST_P(MeasurementNamesTest, EachBenchmarkIsOneMeasurement) {
  const NamesCase& c = GetParam();
  const auto names = MeasurementNames::Create(c.listed);
  ASSERT_EQ(names.ok(), !c.measurements.empty()) << names.status();
  if (!names.ok()) {
    EXPECT_THAT(std::string(names.status().message()), HasSubstr(c.listed[0]));
    return;
  }
  for (size_t i = 0; i < c.listed.size(); ++i) {
    EXPECT_EQ(names->Of(c.listed[i]), c.measurements[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MeasurementNamesTest,
    testing::ValuesIn(std::vector<NamesCase>{
        // What stored baselines have.
        {"AloneWithoutHowItIsTimed",
         {"a.b", "a.c/real_time", "a.d/64/real_time", "a.e/iterations:3", "a.f/threads:8",
          "a.g/min_time:0.500/repeats:3/process_time"},
         {"a.b", "a.c", "a.d/64", "a.e", "a.f", "a.g"}},
        {"OneThreadAndTwo", {"a.b/threads:1", "a.b/threads:2"}, {"a.b/threads:1", "a.b/threads:2"}},
        {"OneThreadAndTwoOfTwoArguments",
         {"a.b/1/threads:1", "a.b/1/threads:2", "a.b/2/threads:1"},
         {"a.b/1/threads:1", "a.b/1/threads:2", "a.b/2"}},
        {"Arguments", {"a.b/1", "a.b/2", "a.b/n:3/m:4"}, {"a.b/1", "a.b/2", "a.b/n:3/m:4"}},
        {"TheWallAndTheCpu",
         {"a.b", "a.b/real_time", "a.b/process_time", "a.b/process_time/real_time",
          "a.b/manual_time"},
         {"a.b", "a.b/real_time", "a.b/process_time", "a.b/process_time/real_time",
          "a.b/manual_time"}},
        {"Lengths",
         {"a.b/min_time:1.000", "a.b/min_time:2.000"},
         {"a.b/min_time:1.000", "a.b/min_time:2.000"}},
        {"Repetitions", {"a.b/repeats:2", "a.b"}, {"a.b/repeats:2", "a.b"}},
        {"ListedAlike", {"a.b/5", "a.b/5"}, {}},
        {"FixedIterationsOnly", {"a.b/iterations:3", "a.b/iterations:5"}, {}},
        {"FixedIterationsAndThreads",
         {"a.b/iterations:3/threads:1", "a.b/iterations:3/threads:2"},
         {"a.b/threads:1", "a.b/threads:2"}},
    }),
    [](const testing::TestParamInfo<NamesCase>& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace perf

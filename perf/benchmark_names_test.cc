#include "perf/benchmark_names.h"

#include "gtest/gtest.h"
#include "re2/re2.h"

namespace perf {
namespace {

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
      {"a.b/repeats:2/process_time", "a.b/iterations:12/repeats:2/process_time"},
  };
  for (const auto& c : cases) {
    const re2::RE2 pattern(FixedIterationsPattern(c.listed));
    EXPECT_TRUE(re2::RE2::PartialMatch(c.fixed, pattern)) << pattern.pattern();
  }
  EXPECT_FALSE(re2::RE2::PartialMatch("a.b/5/iterations:12", FixedIterationsPattern("a.b")));
  EXPECT_FALSE(re2::RE2::PartialMatch("a.b/iterations:12", FixedIterationsPattern("a.b/5")));
}

}  // namespace
}  // namespace perf

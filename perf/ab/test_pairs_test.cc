#include "perf/ab/test_pairs.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<SuiteTest> Tests(const std::vector<std::string>& labels) {
  std::vector<SuiteTest> tests;
  for (const std::string& label : labels) tests.emplace_back().set_label(label);
  return tests;
}

// "//now < //then", a pair each.
std::vector<std::string> Text(const TestPairs& pairs) {
  std::vector<std::string> text;
  for (const TestPair& pair : pairs.pairs) {
    text.push_back(pair.current.label() + " < " + pair.baseline_label);
  }
  return text;
}

TEST(TestPairsTest, TheSameLabelIsTheSameTest) {
  const TestPairs pairs = PairTests(Tests({"//a:t"}), {"//a:t"}, {"//a:t"}, {"//a:t"});
  EXPECT_THAT(Text(pairs), ElementsAre("//a:t < //a:t"));
  EXPECT_THAT(pairs.added, IsEmpty());
  EXPECT_THAT(pairs.removed, IsEmpty());
}

TEST(TestPairsTest, AMovedTestIsFoundByItsName) {
  const TestPairs pairs = PairTests(Tests({"//audio/vad:vad_perf_test"}),
                                    {"//audio/vad:vad_perf_test"}, {}, {"//audio:vad_perf_test"});
  EXPECT_THAT(Text(pairs), ElementsAre("//audio/vad:vad_perf_test < //audio:vad_perf_test"));
  EXPECT_THAT(pairs.removed, IsEmpty());
}

TEST(TestPairsTest, AnotherNameIsAnotherTest) {
  const TestPairs pairs = PairTests(Tests({"//a:new"}), {"//a:new"}, {}, {"//a:old"});
  EXPECT_THAT(Text(pairs), IsEmpty());
  EXPECT_THAT(pairs.added, ElementsAre("//a:new"));
  EXPECT_THAT(pairs.removed, ElementsAre("//a:old"));
}

TEST(TestPairsTest, AMemberThatIsStillThereWasNotMoved) {
  const TestPairs pairs =
      PairTests(Tests({"//a:t", "//b:t"}), {"//a:t", "//b:t"}, {"//a:t"}, {"//a:t"});
  EXPECT_THAT(Text(pairs), ElementsAre("//a:t < //a:t"));
  EXPECT_THAT(pairs.added, ElementsAre("//b:t"));
}

TEST(TestPairsTest, OfTwoThatCouldBeMeantNoneIsTaken) {
  const TestPairs two_before = PairTests(Tests({"//c:t"}), {"//c:t"}, {}, {"//a:t", "//b:t"});
  EXPECT_THAT(Text(two_before), IsEmpty());
  EXPECT_THAT(two_before.added, ElementsAre("//c:t"));
  EXPECT_THAT(two_before.removed, ElementsAre("//a:t", "//b:t"));

  const TestPairs two_now = PairTests(Tests({"//b:t", "//c:t"}), {"//b:t", "//c:t"}, {}, {"//a:t"});
  EXPECT_THAT(Text(two_now), IsEmpty());
  EXPECT_THAT(two_now.removed, ElementsAre("//a:t"));
}

TEST(TestPairsTest, WhatIsNotSelectedCountsToo) {
  // //b:t, which is not selected, could be the earlier //a:t as well.
  EXPECT_THAT(Text(PairTests(Tests({"//c:t"}), {"//b:t", "//c:t"}, {}, {"//a:t"})), IsEmpty());
}

TEST(TestPairsTest, ATargetThatWasNoMemberIsTheSameTest) {
  const TestPairs pairs = PairTests(Tests({"//b:t"}), {"//b:t"}, {"//b:t"}, {"//a:t"});
  EXPECT_THAT(Text(pairs), ElementsAre("//b:t < //b:t"));
  EXPECT_THAT(pairs.removed, ElementsAre("//a:t"));
}

}  // namespace
}  // namespace perf

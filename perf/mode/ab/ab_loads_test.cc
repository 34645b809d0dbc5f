#include "perf/mode/ab/ab_loads.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/suite/load_table.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::testing::AllOf;
using ::testing::Field;

ComponentRequirements Stated(const std::string& loads) {
  auto parsed = ParseRequirements("component: 'a' " + loads, "test");
  EXPECT_THAT(parsed, IsOk());
  return *std::move(parsed);
}

auto Are(const std::string& profile, const std::string& overrides) {
  return AllOf(Field("profile", &LoadVariables::profile, profile),
               Field("overrides", &LoadVariables::overrides, overrides));
}

class AbLoadsTest : public testing::Test {
 protected:
  const ComponentRequirements current_ = Stated(
      "loads { name: 'turns' quick: 12 default: 60 long: 600 ab: 6.5 } "
      "loads { name: 'records' quick: 1000 default: 1000 long: 1000 ab: 50 } "
      "loads { name: 'sessions' quick: 5 default: 5 long: 8 }");
};

TEST_F(AbLoadsTest, OfEqualTreesAreTheSizesOfOneRun) {
  EXPECT_THAT(LoadsOfBoth("ab", "", current_, &current_),
              Are("quick", "records=50,sessions=5,turns=6.5"));
}

TEST_F(AbLoadsTest, WhatOneTreeAloneStatesIsQuick) {
  const ComponentRequirements earlier = Stated(
      "loads { name: 'turns' quick: 10 default: 60 long: 600 } "
      "loads { name: 'gone' quick: 1 default: 2 long: 3 }");
  const LoadVariables both = LoadsOfBoth("ab", "", current_, &earlier);
  EXPECT_THAT(both, Are("quick", "turns=6.5"));
  // As the two programs read them.
  for (const auto& [stated, other, size] :
       {std::tuple(&current_, "records", 1000), std::tuple(&earlier, "gone", 1)}) {
    const auto table = LoadTable::Create(*stated, both.profile, both.overrides);
    ASSERT_THAT(table, IsOk());
    EXPECT_THAT(table->Get("turns"), IsOkAndHolds(6.5));
    EXPECT_THAT(table->Get(other), IsOkAndHolds(size));
  }
}

TEST_F(AbLoadsTest, AnEarlierTreeThatCannotBeReadLeavesQuickLoads) {
  EXPECT_THAT(LoadsOfBoth("ab", "", current_, nullptr), Are("quick", ""));
  EXPECT_THAT(LoadsOfBoth("ab", "turns=3", current_, nullptr), Are("quick", "turns=3"));
}

TEST_F(AbLoadsTest, TheUsersLoadsComeLastAndCount) {
  const LoadVariables both = LoadsOfBoth("ab", "a.turns=3", current_, &current_);
  EXPECT_THAT(both, Are("quick", "records=50,sessions=5,turns=6.5,a.turns=3"));
  const auto table = LoadTable::Create(current_, both.profile, both.overrides);
  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(table->Get("turns"), IsOkAndHolds(3));
}

TEST_F(AbLoadsTest, AnotherProfileIsPassedAsItIs) {
  EXPECT_THAT(LoadsOfBoth("long", "turns=3", current_, &current_), Are("long", "turns=3"));
}

TEST_F(AbLoadsTest, ALargeSizeKeepsItsDigits) {
  const ComponentRequirements large =
      Stated("loads { name: 'n' quick: 1 default: 1 long: 1 ab: 12345678 }");
  EXPECT_THAT(LoadsOfBoth("ab", "", large, &large), Are("quick", "n=12345678"));
}

}  // namespace
}  // namespace perf

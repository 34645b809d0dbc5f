#include "perf/suite/load_table.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/suite/requirements_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;

ComponentRequirements Audio() {
  auto parsed = ParseRequirements(
      "component: 'audio' loads { name: 'iterations' quick: 20 default: 100 long: 1000 "
      "ab: 5 } loads { name: 'stress_duration_ms' quick: 0.5 default: 5 long: 60 }",
      "test");
  EXPECT_THAT(parsed, IsOk());
  return *std::move(parsed);
}

TEST(LoadTableTest, FollowsTheProfile) {
  for (const auto& [profile, expected] : std::vector<std::pair<std::string, double>>{
           {"default", 100}, {"quick", 20}, {"long", 1000}, {"ab", 5}}) {
    const auto table = LoadTable::Create(Audio(), profile, "");
    ASSERT_THAT(table, IsOk());
    EXPECT_EQ(*table->Get("iterations"), expected) << profile;
  }
}

TEST(LoadTableTest, AnABRunHasQuickLoadsWhereNoneIsStated) {
  const auto table = LoadTable::Create(Audio(), "ab", "");
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(*table->Get("stress_duration_ms"), 0.5);
  EXPECT_EQ(table->profile(), "ab");
}

TEST(LoadTableTest, WhatPerfsOwnMainsReadNeedNotBeStated) {
  const auto usual = LoadTable::Create(Audio(), "default", "benchmark_min_time_ms=3");
  ASSERT_THAT(usual, IsOk());
  EXPECT_EQ(*usual->Get("benchmark_repetitions"), 20);
  EXPECT_EQ(*usual->Get("benchmark_min_time_ms"), 3);
  ComponentRequirements requirements = Audio();
  LoadSize& load = *requirements.add_loads();
  load.set_name("benchmark_repetitions");
  load.set_default_(7);
  const auto stated = LoadTable::Create(requirements, "default", "");
  ASSERT_THAT(stated, IsOk());
  EXPECT_EQ(*stated->Get("benchmark_repetitions"), 7);
}

TEST(LoadTableTest, OverridesReplaceSingleLoads) {
  const auto table =
      LoadTable::Create(Audio(), "quick", "tools.iterations=1, audio.iterations=7,large=3");
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(*table->Get("iterations"), 7);
  EXPECT_EQ(*table->Get("stress_duration_ms"), 0.5);
  EXPECT_EQ(table->overrides().size(), 1u);
}

TEST(LoadTableTest, RefusesWhatItCannotRead) {
  EXPECT_THAT(LoadTable::Create(Audio(), "fast", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'fast' is not one of quick, default, long, ab")));
  EXPECT_THAT(LoadTable::Create(Audio(), "", ""), StatusIs(absl::StatusCode::kInvalidArgument));
  for (const char* overrides : {"iterations", "iterations=", "iterations=many", "iterations=-1",
                                "iterations=0", "iterations=inf", "=3"}) {
    EXPECT_THAT(LoadTable::Create(Audio(), "default", overrides),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << overrides;
  }
}

TEST(LoadTableTest, NamesTheLoadsThereAre) {
  const auto value = LoadTable::Create(Audio(), "default", "")->Get("messages");
  EXPECT_THAT(value,
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("iterations, stress_duration_ms")));
}

}  // namespace
}  // namespace perf

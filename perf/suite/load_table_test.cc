#include "perf/suite/load_table.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "perf/suite/requirements_file.h"

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

TEST(LoadTableTest, FollowsTheProfile) {
  for (const auto& [profile, expected] : std::vector<std::pair<std::string, double>>{
           {"", 100}, {"default", 100}, {"quick", 20}, {"long", 1000}}) {
    const auto table = LoadTable::Create(Audio(), profile, "");
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(*table->Get("iterations"), expected) << profile;
  }
}

TEST(LoadTableTest, OverridesReplaceSingleLoads) {
  const auto table =
      LoadTable::Create(Audio(), "quick", "tools.iterations=1, audio.iterations=7,large=3");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(*table->Get("iterations"), 7);
  EXPECT_EQ(*table->Get("stress_duration_s"), 0.5);
  EXPECT_EQ(table->overrides().size(), 1u);
}

TEST(LoadTableTest, RefusesWhatItCannotRead) {
  EXPECT_FALSE(LoadTable::Create(Audio(), "fast", "").ok());
  for (const char* overrides : {"iterations", "iterations=", "iterations=many", "iterations=-1",
                                "iterations=0", "iterations=inf", "=3"}) {
    EXPECT_EQ(LoadTable::Create(Audio(), "", overrides).status().code(),
              absl::StatusCode::kInvalidArgument)
        << overrides;
  }
}

TEST(LoadTableTest, NamesTheLoadsThereAre) {
  const auto value = LoadTable::Create(Audio(), "", "")->Get("messages");
  EXPECT_EQ(value.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(value.status().message(), "iterations, stress_duration_s"))
      << value.status();
}

}  // namespace
}  // namespace perf

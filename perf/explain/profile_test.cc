#include "perf/explain/profile.h"

#include <string>

#include "gtest/gtest.h"

namespace perf {
namespace {

void Add(Profile& profile, const std::string& name, double self, double inclusive, double calls) {
  FunctionCost& cost = profile.functions[name];
  cost.self = self;
  cost.inclusive = inclusive;
  cost.calls = calls;
  profile.instructions += self;
}

TEST(RenameFunctionTest, OneThatHasTheNameAlreadyIsAddedToAndNotTwice) {
  Profile profile;
  Add(profile, "loop", 100, 1000, 0);
  Add(profile, "Body", 500, 900, 2);
  Add(profile, "Work", 400, 400, 1);
  profile.calls[{"loop", "Body"}] = {.calls = 2, .instructions = 900};
  profile.calls[{"Body", "Work"}] = {.calls = 1, .instructions = 400};
  RenameFunction(profile, "loop", "Body");
  EXPECT_FALSE(profile.functions.contains("loop"));
  const FunctionCost& body = profile.functions.at("Body");
  EXPECT_EQ(body.self, 600);
  EXPECT_EQ(body.inclusive, 1000);
  // It was called by itself alone.
  EXPECT_EQ(body.calls, 0);
  EXPECT_EQ(profile.calls.size(), 1u);
  EXPECT_EQ(profile.calls.at({"Body", "Work"}).instructions, 400);
}

TEST(RenameFunctionTest, WithWhatItCallsItNeverExceedsTheWhole) {
  Profile profile;
  Add(profile, "loop", 100, 500, 0);
  Add(profile, "A", 400, 500, 9);
  // Calls cost more than there is where functions call one another.
  profile.calls[{"loop", "A"}] = {.calls = 1, .instructions = 9000};
  RenameFunction(profile, "loop", "Body");
  EXPECT_EQ(profile.functions.at("Body").inclusive, 500);
}

}  // namespace
}  // namespace perf

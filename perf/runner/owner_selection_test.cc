#include "perf/runner/owner_selection.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/owners/code_owners.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kRules[] =
    "* @parlance/all\n/audio/ @parlance/audio @Somebody\n/tools/ @parlance/tools\n/docs/ @writer\n";

TargetOwners Known() { return TargetOwners(CodeOwners::Parse(kRules), "CODEOWNERS", ""); }

// The labels that are left of three tests.
absl::StatusOr<std::vector<std::string>> Left(const std::vector<std::string>& names,
                                              const TargetOwners& owners = Known()) {
  std::vector<SuiteTest> tests;
  for (const char* label : {"//audio:a", "//tools:b", "//audio/vad:c"}) {
    tests.emplace_back().set_label(label);
  }
  const absl::StatusOr<std::vector<SuiteTest>> owned = SelectOwned(tests, owners, names);
  if (!owned.ok()) return owned.status();
  std::vector<std::string> labels;
  for (const SuiteTest& test : *owned) labels.push_back(test.label());
  return labels;
}

TEST(OwnerSelectionTest, LeavesTheTestsOfAnOwner) {
  EXPECT_THAT(*Left({"@parlance/audio"}), ElementsAre("//audio:a", "//audio/vad:c"));
  EXPECT_THAT(*Left({"parlance/TOOLS"}), ElementsAre("//tools:b"));
  EXPECT_THAT(*Left({"@somebody", "@parlance/tools"}),
              ElementsAre("//audio:a", "//tools:b", "//audio/vad:c"));
  EXPECT_THAT(*Left({}), ElementsAre("//audio:a", "//tools:b", "//audio/vad:c"));
  EXPECT_THAT(*Left({}, TargetOwners()), ElementsAre("//audio:a", "//tools:b", "//audio/vad:c"));
}

TEST(OwnerSelectionTest, SaysWhoIsMeantByANameThatThereIsNot) {
  EXPECT_THAT(
      Left({"@parlance/audoi"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "--owner: CODEOWNERS names no '@parlance/audoi'; is @parlance/audio meant?"));
  EXPECT_THAT(Left({"sombody"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "--owner: CODEOWNERS names no 'sombody'; is @Somebody meant?"));
  EXPECT_THAT(Left({"@x/nothing-like-it"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "--owner: CODEOWNERS names no '@x/nothing-like-it'"));
}

TEST(OwnerSelectionTest, SaysThatNothingIsLeft) {
  EXPECT_THAT(Left({"@writer"}), StatusIs(absl::StatusCode::kNotFound,
                                          HasSubstr("@writer owns none of the selected tests")));
  EXPECT_THAT(Left({"@parlance/audio"}, TargetOwners()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none of .github/CODEOWNERS")));
}

}  // namespace
}  // namespace perf

#include "perf/bisect/git_graph.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/bazel/testing/git_playground.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class GitGraphTest : public ::testing::Test {
 protected:
  // A main line of four commits, and a branch of three that is merged after the third.
  GitGraphTest() : playground_("graph") {
    playground_.Do("", R"(
        git init --quiet --initial-branch=main work && cd work
        commit() { git commit --quiet --allow-empty --message "$1" && git tag "$1"; }
        commit base
        git checkout --quiet -b side && commit side1 && commit side2 && commit side3
        git checkout --quiet main && commit main1 && commit main2
        git merge --quiet --no-ff --message merge side && git tag merge
        commit after)");
  }

  std::string Full(const std::string& name) const {
    std::string commit = playground_.Ask("work", "git rev-parse " + name);
    while (!commit.empty() && commit.back() == '\n') commit.pop_back();
    return commit;
  }

  absl::StatusOr<std::vector<std::string>> Suspects(const std::string& bad,
                                                    const std::vector<std::string>& good) {
    GitGraph graph(playground_.root() + "/work");
    return graph.Suspects(bad, good);
  }

  GitPlayground playground_;
};

TEST_F(GitGraphTest, BothSidesOfAMergeAreSuspected) {
  const auto suspects = Suspects(Full("after"), {Full("base")});
  ASSERT_THAT(suspects, IsOkAndHolds(AllOf(SizeIs(7), Contains(Full("side2")),
                                           Contains(Full("main2")), Not(Contains(Full("base"))))));
  EXPECT_EQ(suspects->back(), Full("after"));
}

TEST_F(GitGraphTest, WhatIsGoodTakesItsAncestorsAway) {
  EXPECT_THAT(Suspects(Full("after"), {Full("base"), Full("side3")}),
              IsOkAndHolds(AllOf(SizeIs(4), Not(Contains(Full("side1"))))));
  EXPECT_THAT(Suspects(Full("main1"), {Full("base"), Full("side3")}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(Suspects(Full("base"), {Full("after")}), IsOkAndHolds(IsEmpty()));
}

TEST_F(GitGraphTest, ACommitIsDescribedInALine) {
  const auto line = DescribeCommit(playground_.root() + "/work", Full("side2"));
  ASSERT_THAT(line, IsOk());
  EXPECT_THAT(*line, AllOf(HasSubstr(Full("side2").substr(0, 12)), HasSubstr(": side2")));
  EXPECT_THAT(DescribeCommit(playground_.root() + "/work", std::string(40, '0')),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace perf

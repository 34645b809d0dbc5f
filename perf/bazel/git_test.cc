#include "perf/bazel/git.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/bazel/testing/git_playground.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

class GitTest : public testing::Test {
 protected:
  GitTest()
      : play_(absl::StrCat("git_", testing::UnitTest::GetInstance()->current_test_info()->name())),
        workspace_(play_.root() + "/repository/inner") {
    play_.Write("repository/inner/file", "one");
    play_.Do("repository", "git init --quiet; git add .; git commit --quiet --message one");
  }
  ~GitTest() override {
    for (const char* name : {"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG_COUNT",
                             "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"}) {
      unsetenv(name);
    }
  }

  const GitPlayground play_;
  const std::string workspace_;
};

TEST_F(GitTest, FindsTheRepositoryOfAWorkspaceInAFolderOfIt) {
  const auto repository = FindRepository(workspace_);
  ASSERT_THAT(repository, IsOk());
  EXPECT_EQ(repository->root, play_.root() + "/repository");
  EXPECT_EQ(repository->prefix, "inner/");
  EXPECT_EQ(repository->git_dir, play_.root() + "/repository/.git");
  EXPECT_TRUE(std::filesystem::equivalent(repository->object_dir,
                                          play_.root() + "/repository/.git/objects"));
}

TEST_F(GitTest, SpacesAtTheEndOfAFoldersNameStay) {
  play_.Do("", "mv repository 'my repository '");
  const auto repository = FindRepository(play_.root() + "/my repository /inner");
  ASSERT_THAT(repository, IsOk());
  EXPECT_EQ(repository->root, play_.root() + "/my repository ");
}

TEST_F(GitTest, AnotherRepositoryInTheEnvironmentIsNotLookedAt) {
  play_.Write("other/file", "other");
  play_.Do("other", "git init --quiet; git add .; git commit --quiet --message other");
  setenv("GIT_DIR", (play_.root() + "/other/.git").c_str(), 1);
  setenv("GIT_WORK_TREE", (play_.root() + "/other").c_str(), 1);
  setenv("GIT_INDEX_FILE", (play_.root() + "/none").c_str(), 1);
  EXPECT_EQ(FindRepository(workspace_)->root, play_.root() + "/repository");
  const auto state = StateOfWorkingTree(workspace_);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->commit, play_.Ask("repository", "git rev-parse HEAD"));
  EXPECT_FALSE(state->dirty);
}

TEST_F(GitTest, AFolderWithoutRepositoryIsSaidInOneLine) {
  play_.Do("", "mkdir nothing");
  setenv("GIT_CEILING_DIRECTORIES", play_.root().c_str(), 1);
  const absl::Status found = FindRepository(play_.root() + "/nothing").status();
  unsetenv("GIT_CEILING_DIRECTORIES");
  EXPECT_THAT(found, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(found.message(), play_.root() + "/nothing is not in a git repository");
}

TEST_F(GitTest, AMachineWithoutGitIsSaid) {
  const std::string path = getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  const absl::Status found = FindRepository(workspace_).status();
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(found, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(found.message()), HasSubstr("there is no git program"));
}

TEST_F(GitTest, DubiousOwnershipIsReportedWithGitsRemedy) {
  setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1", 1);
  const absl::Status found = FindRepository(workspace_).status();
  EXPECT_THAT(found, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(found.message()), HasSubstr("dubious ownership"));
  EXPECT_THAT(std::string(found.message()), HasSubstr("git config --global --add safe.directory"));
  EXPECT_THAT(std::string(found.message()), Not(HasSubstr("fatal:")));
  EXPECT_EQ(StateOfWorkingTree(workspace_).status(), found);
  // An image for CI says so in the environment.
  setenv("GIT_CONFIG_COUNT", "1", 1);
  setenv("GIT_CONFIG_KEY_0", "safe.directory", 1);
  setenv("GIT_CONFIG_VALUE_0", "*", 1);
  EXPECT_THAT(FindRepository(workspace_), IsOk());
  unsetenv("GIT_TEST_ASSUME_DIFFERENT_OWNER");
}

TEST_F(GitTest, ABrokenRepositoryIsReportedInGitsWords) {
  play_.Write("repository/.git/config", "[core");
  const absl::Status found = FindRepository(workspace_).status();
  EXPECT_THAT(found, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(found.message()), HasSubstr("bad config line"));
}

TEST_F(GitTest, KnowsWhatIsDirtyWhateverTheUsersSettings) {
  EXPECT_FALSE(StateOfWorkingTree(workspace_)->dirty);
  play_.Do("repository", "git config status.showUntrackedFiles no; git config status.branch true");
  EXPECT_FALSE(StateOfWorkingTree(workspace_)->dirty);
  play_.Write("repository/new", "");
  EXPECT_TRUE(StateOfWorkingTree(workspace_)->dirty);
  play_.Do("repository", "rm new; echo two > inner/file");
  EXPECT_TRUE(StateOfWorkingTree(workspace_)->dirty);
}

TEST_F(GitTest, AChangedSubmoduleIsDirtyWhateverIsToBeIgnored) {
  play_.Do("",
           "git init --quiet other; cd other; echo one > file; git add .; git commit --quiet "
           "--message one");
  play_.Do("repository",
           "git -c protocol.file.allow=always submodule --quiet add ../other inner/sub; "
           "git config --file .gitmodules submodule.inner/sub.ignore all; git add .; "
           "git commit --quiet --message submodule; git config diff.ignoreSubmodules all");
  EXPECT_FALSE(StateOfWorkingTree(workspace_)->dirty);
  play_.Write("repository/inner/sub/file", "two");
  EXPECT_TRUE(StateOfWorkingTree(workspace_)->dirty);
  play_.Do("repository/inner/sub", "git commit --quiet --all --message two");
  EXPECT_TRUE(StateOfWorkingTree(workspace_)->dirty);
}

TEST_F(GitTest, ARepositoryWithoutCommitsHasNone) {
  play_.Do("", "git init --quiet unborn");
  const auto state = StateOfWorkingTree(play_.root() + "/unborn");
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state->commit, "");
}

// git would otherwise write the new stamp of the file into the index, while somebody else may have
// it open.
TEST_F(GitTest, LookingAtTheTreeLeavesTheIndexAsItIs) {
  play_.Do("repository", "touch -d 2020-01-01 inner/file");
  const std::string before = play_.Read("repository/.git/index");
  EXPECT_FALSE(StateOfWorkingTree(workspace_)->dirty);
  EXPECT_EQ(play_.Read("repository/.git/index"), before);
}

TEST_F(GitTest, NoHookAndNoMonitorRuns) {
  play_.Write("monitor", absl::StrCat("#!/bin/bash\ntouch '", play_.root(), "/ran'\nexit 1\n"));
  play_.Do("",
           "chmod +x monitor; cp monitor repository/.git/hooks/post-index-change; "
           "git -C repository config core.fsmonitor \"$PWD/monitor\"");
  play_.Do("repository", "touch -d 2020-01-01 inner/file");
  EXPECT_FALSE(StateOfWorkingTree(workspace_)->dirty);
  EXPECT_FALSE(std::filesystem::exists(play_.root() + "/ran"));
}

}  // namespace
}  // namespace perf

#include "perf/live/revision.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "perf/text_proto.h"

namespace perf {
namespace {

// A repository with two commits of one file in a folder, the first of them tagged.
class RevisionTest : public testing::Test {
 protected:
  RevisionTest()
      : root_(absl::StrCat(testing::TempDir(), "/",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/repository/inner");
    for (const char* who : {"AUTHOR", "COMMITTER"}) {
      setenv(absl::StrCat("GIT_", who, "_NAME").c_str(), "Somebody", 1);
      setenv(absl::StrCat("GIT_", who, "_EMAIL").c_str(), "nobody@example.com", 1);
    }
    setenv("HOME", root_.c_str(), 1);
    Git("init --quiet");
    Commit("one");
    Git("tag first");
    Commit("two");
  }

  void Git(const std::string& arguments) {
    ASSERT_EQ(std::system(absl::StrCat("git -C ", root_, "/repository ", arguments).c_str()), 0);
  }
  void Commit(const std::string& content) {
    std::ofstream(root_ + "/repository/inner/file") << content;
    Git("add .");
    Git(absl::StrCat("commit --quiet --message ", content));
  }

  const std::string root_;
  const std::string workspace_ = root_ + "/repository/inner";
};

TEST_F(RevisionTest, ResolvesTagsAndCommits) {
  const auto tag = ResolveRevision(workspace_, "first");
  ASSERT_TRUE(tag.ok()) << tag.status();
  EXPECT_EQ(tag->size(), 40u);
  EXPECT_EQ(*ResolveRevision(workspace_, tag->substr(0, 10)), *tag);
  EXPECT_EQ(*ResolveRevision(workspace_, "HEAD~1"), *tag);
  EXPECT_TRUE(absl::IsInvalidArgument(ResolveRevision(workspace_, "nonsense").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ResolveRevision(workspace_, "--help").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ResolveRevision("/", "HEAD").status()));
}

TEST_F(RevisionTest, ChecksOutBesideTheTreeAndAgain) {
  std::ofstream(workspace_ + "/file") << "uncommitted";
  for (const auto& [name, content] : {std::pair("first", "one"), std::pair("HEAD", "two")}) {
    const auto revision =
        CheckOut(workspace_, *ResolveRevision(workspace_, name), root_ + "/cache");
    ASSERT_TRUE(revision.ok()) << revision.status();
    EXPECT_EQ(*ReadFile(revision->directory + "/file"), content);
    // What is changed there does not stay.
    std::ofstream(revision->directory + "/file") << "mess";
    std::ofstream(revision->directory + "/more") << "mess";
  }
  EXPECT_EQ(*ReadFile(workspace_ + "/file"), "uncommitted");
}

TEST_F(RevisionTest, ARemovedWorktreeIsMadeAgain) {
  const std::string commit = *ResolveRevision(workspace_, "first");
  ASSERT_TRUE(CheckOut(workspace_, commit, root_ + "/cache").ok());
  std::filesystem::remove_all(root_ + "/cache");
  const auto revision = CheckOut(workspace_, commit, root_ + "/cache");
  ASSERT_TRUE(revision.ok()) << revision.status();
  EXPECT_EQ(*ReadFile(revision->directory + "/file"), "one");
}

TEST(CacheDirectory, FollowsTheEnvironment) {
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(*CacheDirectory(), "/home/somebody/.cache/parlance-perf");
  setenv("XDG_CACHE_HOME", "/elsewhere", 1);
  EXPECT_EQ(*CacheDirectory(), "/elsewhere/parlance-perf");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  EXPECT_TRUE(absl::IsFailedPrecondition(CacheDirectory().status()));
}

}  // namespace
}  // namespace perf

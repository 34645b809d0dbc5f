#include "perf/bazel/revision.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
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
using testing::StartsWith;

std::string TestName() {
  std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  for (char& c : name) {
    if (c == '/') c = '_';
  }
  return name;
}

void Unexpected(const std::string& holder) { ADD_FAILURE() << "waits for " << holder; }

// A repository with two commits of one file in a folder, the first of them tagged.
class RevisionTest : public testing::Test {
 protected:
  RevisionTest() : play_(absl::StrCat("revision_", TestName())) { MakeRepository("one", "two"); }

  void MakeRepository(const std::string& first, const std::string& second) {
    play_.Write("repository/inner/file", first);
    play_.Do("repository",
             absl::StrCat("git init --quiet ", init_, "; git add .; git commit --quiet --message ",
                          first, "; git tag first; echo -n ", second,
                          " >inner/file; git commit --quiet --all --message ", second));
  }

  absl::StatusOr<Checkout> CheckOut(const std::string& name) const {
    const auto commit = ResolveRevision(workspace_, name);
    if (!commit.ok()) return commit.status();
    return Checkout::Create(workspace_, *commit, cache_, Unexpected);
  }

  // The content of the one file in a revision.
  std::string FileIn(const std::string& name) const {
    const auto checkout = CheckOut(name);
    EXPECT_THAT(checkout, IsOk());
    return checkout.ok() ? Content(checkout->directory() + "/file") : "";
  }
  std::string Content(const std::string& path) const {
    return play_.Read(std::filesystem::path(path).lexically_relative(play_.root()).string());
  }

  const std::string init_ = absl::StrContains(TestName(), "Sha256") ? "--object-format=sha256" : "";
  GitPlayground play_;
  std::string workspace_ = play_.root() + "/repository/inner";
  const std::string cache_ = play_.root() + "/a cache";
};

TEST_F(RevisionTest, ResolvesTagsAndCommits) {
  const auto tag = ResolveRevision(workspace_, "first");
  ASSERT_THAT(tag, IsOk());
  EXPECT_EQ(tag->size(), 40u);
  EXPECT_EQ(*ResolveRevision(workspace_, tag->substr(0, 10)), *tag);
  EXPECT_EQ(*ResolveRevision(workspace_, "HEAD~1"), *tag);
}

// Releases are tagged with a message, and such a tag is an object of its own, which names a commit.
TEST_F(RevisionTest, ResolvesAnnotatedTagsToTheirCommit) {
  play_.Do("repository",
           "git tag --annotate --message release v1.2 first; git tag --annotate --message again "
           "v1.2-again v1.2; git checkout --quiet --detach");
  const std::string commit = play_.Ask("repository", "git rev-parse first");
  ASSERT_NE(play_.Ask("repository", "git rev-parse v1.2"), commit);
  for (const char* name : {"v1.2", "refs/tags/v1.2", "tags/v1.2", "v1.2-again", "v1.2^{}"}) {
    const auto resolved = ResolveRevision(workspace_, name);
    ASSERT_THAT(resolved, IsOk()) << name;
    EXPECT_EQ(*resolved, commit) << name;
  }
  EXPECT_EQ(FileIn("v1.2"), "one");
  // A tag of something else than a commit is none.
  play_.Do("repository", "git tag --annotate --message text file HEAD:inner/file");
  EXPECT_THAT(ResolveRevision(workspace_, "file"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'file' is not a commit, tag or branch of ")));
}

TEST_F(RevisionTest, WhatIsNoRevisionIsSaid) {
  for (const std::string name : {"nonsense", "--help", "", " ", "HEAD~9", "HEAD:inner/file",
                                 "1111111111111111111111111111111111111111", "a\nb", "-"}) {
    const absl::Status resolved = ResolveRevision(workspace_, name).status();
    EXPECT_THAT(resolved, StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(std::string(resolved.message()), Not(HasSubstr("shallow")));
  }
  play_.Do("", "mkdir nothing");
  setenv("GIT_CEILING_DIRECTORIES", play_.root().c_str(), 1);
  EXPECT_THAT(ResolveRevision(play_.root() + "/nothing", "HEAD"),
              StatusIs(absl::StatusCode::kNotFound));
  unsetenv("GIT_CEILING_DIRECTORIES");
}

TEST_F(RevisionTest, ChecksOutBesideTheTreeAndAgain) {
  play_.Write("repository/inner/file", "uncommitted");
  play_.Write("repository/.gitignore", "ignored\n");
  for (const auto& [name, content] :
       {std::pair("first", "one"), std::pair("HEAD", "two"), std::pair("first", "one")}) {
    const auto checkout = CheckOut(name);
    ASSERT_THAT(checkout, IsOk());
    EXPECT_EQ(Content(checkout->directory() + "/file"), content);
    // What is changed there does not stay.
    std::filesystem::path folder = checkout->directory();
    EXPECT_FALSE(std::filesystem::exists(folder / "more"));
    EXPECT_FALSE(std::filesystem::exists(folder / "nested"));
    for (const char* file : {"file", "more", "ignored"}) {
      play_.Write((folder.lexically_relative(play_.root()) / file).string(), "mess");
    }
    play_.Do(folder.lexically_relative(play_.root()).string(), "git init --quiet nested");
  }
  EXPECT_EQ(play_.Read("repository/inner/file"), "uncommitted");
}

// Flags of this machine are in no commit, and both revisions are built with them.
TEST_F(RevisionTest, SettingsOfTheUserHoldThereToo) {
  play_.Write("repository/.gitignore", "user.bazelrc\n");
  play_.Write("repository/inner/.bazelrc",
              "try-import %workspace%/user.bazelrc\nimport %workspace%/ours.bazelrc\n");
  play_.Write("repository/inner/ours.bazelrc", "build --copt=-O2\n");
  play_.Do("repository", "git add .; git commit --quiet --message settings");
  play_.Write("repository/inner/user.bazelrc", "build --copt=-march=native\n");
  play_.Write("repository/inner/ours.bazelrc", "build --copt=-O3\n");
  const auto checkout = CheckOut("HEAD");
  ASSERT_THAT(checkout, IsOk());
  EXPECT_EQ(Content(checkout->directory() + "/user.bazelrc"), "build --copt=-march=native\n");
  // What a commit has is the commit's.
  EXPECT_EQ(Content(checkout->directory() + "/ours.bazelrc"), "build --copt=-O2\n");
}

TEST_F(RevisionTest, SettingsThatTheUserTookAwayAreGone) {
  play_.Write("repository/inner/.bazelrc", "try-import %workspace%/user.bazelrc\n");
  play_.Write("repository/inner/user.bazelrc", "build --copt=-march=native\n");
  EXPECT_THAT(CheckOut("first"), IsOk());
  std::filesystem::remove(play_.root() + "/repository/inner/user.bazelrc");
  const auto checkout = CheckOut("first");
  ASSERT_THAT(checkout, IsOk());
  EXPECT_FALSE(std::filesystem::exists(checkout->directory() + "/user.bazelrc"));
}

TEST_F(RevisionTest, ARemovedCacheIsMadeAgain) {
  EXPECT_EQ(FileIn("first"), "one");
  std::filesystem::remove_all(cache_);
  EXPECT_EQ(FileIn("first"), "one");
}

TEST_F(RevisionTest, AWorkspaceThatWasDeletedAndClonedAgainAtTheSamePath) {
  EXPECT_EQ(FileIn("first"), "one");
  play_.Do("",
           "git clone --quiet repository elsewhere; rm -rf repository; "
           "git clone --quiet elsewhere repository");
  EXPECT_EQ(FileIn("HEAD"), "two");
  EXPECT_EQ(FileIn("first"), "one");
}

TEST_F(RevisionTest, AnotherRepositoryAtTheSamePath) {
  EXPECT_EQ(FileIn("first"), "one");
  play_.Do("", "rm -rf repository");
  MakeRepository("three", "four");
  EXPECT_EQ(FileIn("first"), "three");
  play_.Do("", "rm -rf repository; git init --quiet --object-format=sha256 repository");
  MakeRepository("five", "six");
  EXPECT_EQ(FileIn("first"), "five");
}

TEST_F(RevisionTest, ACheckoutThatWasKilledOrBrokenIsMadeAnew) {
  EXPECT_EQ(FileIn("first"), "one");
  for (const char* breakage :
       {"touch .git/index.lock", "echo nonsense >.git/index", "rm -rf .git",
        "rm -rf inner .git/HEAD", "rm -rf inner; touch inner", "echo nonsense >.git/config",
        "rm .git/objects/info/alternates", "touch .git/HEAD.lock", "rm -rf .git; touch .git"}) {
    SCOPED_TRACE(breakage);
    play_.Do("", absl::StrCat("cd 'a cache'/checkout-*/tree; ", breakage));
    EXPECT_EQ(FileIn("HEAD"), "two");
    EXPECT_EQ(FileIn("first"), "one");
  }
}

TEST_F(RevisionTest, TwoComparisonsDoNotShareACheckout) {
  auto first = CheckOut("first");
  ASSERT_THAT(first, IsOk());
  const std::string directory = first->directory();
  std::optional<Checkout> held(*std::move(first));
  std::string waited_for;
  const auto second = Checkout::Create(workspace_, *ResolveRevision(workspace_, "HEAD"), cache_,
                                       [&](const std::string& holder) {
                                         waited_for = holder;
                                         EXPECT_EQ(Content(directory + "/file"), "one");
                                         held.reset();
                                       });
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(Content(second->directory() + "/file"), "two");
  EXPECT_THAT(waited_for, HasSubstr(absl::StrCat("process ", getpid(), ", which compares ")));
}

// Such as Bazel's workspace status, which asks in the tree that it builds.
TEST_F(RevisionTest, WhoeverAsksInTheCheckoutGetsItsCommit) {
  play_.Do("", "git init --quiet; touch x; git add x; git commit --quiet --message outer");
  const auto checkout = CheckOut("first");
  ASSERT_THAT(checkout, IsOk());
  const std::string folder =
      std::filesystem::path(checkout->directory()).lexically_relative(play_.root()).string();
  EXPECT_EQ(play_.Ask(folder, "git rev-parse HEAD"), checkout->commit());
  EXPECT_EQ(play_.Ask(folder, "git status --porcelain"), "");
  EXPECT_EQ(play_.Ask(folder, "git rev-list --count HEAD"), "1");
}

TEST_F(RevisionTest, AFolderThatTheRevisionLacksIsSaid) {
  play_.Write("repository/later/file", "later");
  workspace_ = play_.root() + "/repository/later";
  const absl::Status made = CheckOut("first").status();
  EXPECT_THAT(made, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(made.message()), HasSubstr("has no folder later/"));
}

TEST_F(RevisionTest, AShallowCloneHasWhatItHas) {
  play_.Do("", "git clone --quiet --depth 1 \"file://$PWD/repository\" shallow");
  workspace_ = play_.root() + "/shallow/inner";
  EXPECT_EQ(FileIn("HEAD"), "two");
  const auto checkout = CheckOut("HEAD");
  EXPECT_EQ(
      play_.Ask(
          std::filesystem::path(checkout->directory()).lexically_relative(play_.root()).string(),
          "git rev-list --count HEAD"),
      "1");
  const absl::Status resolved = ResolveRevision(workspace_, "HEAD~1").status();
  EXPECT_THAT(resolved, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(resolved.message()), HasSubstr("git fetch --unshallow"));
}

TEST_F(RevisionTest, APartialCloneFetchesWhatItLacks) {
  play_.Do("",
           "git -C repository config uploadpack.allowFilter true; "
           "git -C repository config uploadpack.allowAnySHA1InWant true; "
           "git clone --quiet --filter=blob:none \"file://$PWD/repository\" partial");
  workspace_ = play_.root() + "/partial/inner";
  EXPECT_EQ(FileIn("first"), "one");
}

TEST_F(RevisionTest, ASparseCheckoutIsComparedInFull) {
  play_.Write("repository/outside/file", "outside");
  play_.Do("repository",
           "git add .; git commit --quiet --message outside; "
           "git sparse-checkout set --cone inner");
  ASSERT_FALSE(std::filesystem::exists(play_.root() + "/repository/outside"));
  const auto before = play_.Snapshot("repository");
  const auto checkout = CheckOut("HEAD");
  ASSERT_THAT(checkout, IsOk());
  EXPECT_EQ(Content(checkout->directory() + "/../outside/file"), "outside");
  EXPECT_EQ(play_.Snapshot("repository"), before);
}

TEST_F(RevisionTest, Sha256Repositories) {
  EXPECT_EQ(ResolveRevision(workspace_, "first")->size(), 64u);
  EXPECT_EQ(FileIn("first"), "one");
  EXPECT_EQ(FileIn("HEAD"), "two");
}

TEST_F(RevisionTest, LineEndsAndFiltersAreThoseOfTheWorkspace) {
  play_.Do("repository",
           "git config core.autocrlf true; git config filter.shout.smudge 'tr a-z A-Z'; "
           "git config filter.shout.clean 'tr A-Z a-z'; git config filter.shout.required true; "
           "printf 'a\\nb\\n' >lines; echo quiet >loud; echo 'loud filter=shout' >.gitattributes; "
           "git add . 2>/dev/null; git commit --quiet --message filters; rm lines loud; git "
           "checkout -- lines loud");
  const auto checkout = CheckOut("HEAD");
  ASSERT_THAT(checkout, IsOk());
  EXPECT_EQ(Content(checkout->directory() + "/../lines"), "a\r\nb\r\n");
  EXPECT_EQ(Content(checkout->directory() + "/../loud"), play_.Read("repository/loud"));
  EXPECT_THAT(play_.Read("repository/loud"), StartsWith("QUIET"));
}

TEST_F(RevisionTest, SubmodulesAreCheckedOutAndNotMoved) {
  play_.Write("library/source", "old");
  play_.Do("library", "git init --quiet; git add .; git commit --quiet --message old");
  play_.Do("repository",
           "git submodule --quiet add \"$PWD/../library\" library; "
           "git submodule --quiet add \"$PWD/../library\" unused; "
           "git commit --quiet --message library; git tag with-old; "
           "git submodule --quiet deinit --force unused; "
           "cd library; echo -n new >source; git commit --quiet --all --message new; "
           "cd ..; git commit --quiet --all --message new; "
           "git config submodule.recurse true");
  const auto before = play_.Snapshot("repository");
  for (const auto& [name, content] : {std::pair("with-old", "old"), std::pair("HEAD", "new"),
                                      std::pair("first", ""), std::pair("with-old", "old")}) {
    SCOPED_TRACE(name);
    const auto checkout = CheckOut(name);
    ASSERT_THAT(checkout, IsOk());
    EXPECT_EQ(Content(checkout->directory() + "/../library/source"), content);
    EXPECT_EQ(std::filesystem::exists(checkout->directory() + "/../library"), *content != '\0');
    if (*content != '\0') {
      EXPECT_EQ(checkout->empty_submodules(), std::vector<std::string>{"unused"});
    }
  }
  EXPECT_EQ(play_.Snapshot("repository"), before);
  EXPECT_EQ(play_.Read("repository/library/source"), "new");
  // A commit that only somebody else has.
  play_.Do(
      "repository",
      "git update-index --cacheinfo 160000,1111111111111111111111111111111111111111,library; "
      "git commit --quiet --message foreign; git tag foreign; git reset --quiet --hard HEAD~1");
  const absl::Status made = CheckOut("foreign").status();
  EXPECT_THAT(made, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(made.message()), HasSubstr("the submodule library does not have commit"));
}

TEST_F(RevisionTest, AnUnwritableRepositoryIsEnough) {
  play_.Do("", "chmod -R a-w repository/.git");
  EXPECT_EQ(FileIn("first"), "one");
  play_.Do("", "chmod -R u+w repository/.git");
}

TEST_F(RevisionTest, NothingIsWrittenIntoTheRepositoryWhateverItsSettings) {
  play_.Do("repository",
           "git config core.splitIndex true; git config core.untrackedCache true; "
           "git config core.logAllRefUpdates always; git config gc.auto 1; "
           "git config core.worktree \"$PWD\"; git update-index --split-index");
  play_.Write("hook", absl::StrCat("#!/bin/bash\ntouch '", play_.root(), "/ran'\n"));
  play_.Do("",
           "chmod +x hook; for h in post-checkout post-index-change reference-transaction "
           "pre-auto-gc; do cp hook repository/.git/hooks/$h; done; "
           "cp -r repository/.git/hooks home/hooks; rm -f ran");
  const auto before = play_.Snapshot("repository");
  std::filesystem::remove(play_.root() + "/ran");
  play_.Do("", "git config --global core.hooksPath \"$PWD/home/hooks\"");
  EXPECT_EQ(FileIn("first"), "one");
  EXPECT_EQ(FileIn("HEAD"), "two");
  EXPECT_FALSE(std::filesystem::exists(play_.root() + "/ran"));
  EXPECT_EQ(play_.Snapshot("repository"), before);
}

// What a comparison in a hook leaves behind is what a hook that does nothing leaves. HEAD, index,
// files, references and settings of both worlds are the same; only objects may differ.
struct HookCase {
  std::string name;
  // Makes the working tree `tree` of the repository `origin`.
  std::string tree;
};

class RevisionInHookTest : public testing::TestWithParam<HookCase> {
 protected:
  // What is in the tree after `steps`, in which $HOOK compares, or, in the other world, does
  // nothing.
  std::map<std::string, std::string> After(const std::string& steps, bool compares) const {
    const GitPlayground play(absl::StrCat("hook_", TestName()));
    play.Write("origin/f", "1\n");
    play.Do("origin",
            "git init --quiet; git add .; git commit --quiet --message c1; git tag c1; "
            "for i in 2 3; do echo $i >f; git commit --quiet --all --message c$i; done");
    play.Do("", GetParam().tree);
    play.Do("", "git init --quiet --bare target; git -C tree remote add target \"$PWD/target\"");
    const std::string program = absl::StrCat(std::filesystem::current_path().string(),
                                             "/perf/bazel/testing/checkout_for_test");
    const std::string compare = absl::StrCat(program, " '", play.root(), "/tree' '", play.root(),
                                             "/cache' c1 >'", play.root(), "/compared'");
    play.Write("hook", absl::StrCat("#!/bin/bash\n", compares ? compare : "true", "\n"));
    play.Do("", "chmod +x hook");
    play.Do("tree", absl::StrCat("export HOOK='", play.root(),
                                 "/hook'; hooks=$(git rev-parse "
                                 "--git-common-dir)/hooks; mkdir -p \"$hooks\"; ",
                                 steps));
    if (compares) {
      EXPECT_NE(play.Read("compared"), "") << "the hook did not run";
      EXPECT_EQ(play.Ask("", "cat cache/checkout-*/tree/f"), "1");
    }
    return play.Snapshot("tree");
  }

  void Check(const std::string& steps) const {
    const auto undisturbed = After(steps, false);
    EXPECT_EQ(After(steps, true), undisturbed);
    EXPECT_GT(undisturbed.size(), 5u);
  }
};

TEST_P(RevisionInHookTest, PreCommit) {
  Check(
      "cp \"$HOOK\" \"$hooks/pre-commit\"; echo 4 >f; git commit --quiet --all --message c4; "
      "[[ $(git show HEAD:f) == 4 && $(<f) == 4 ]]");
}

TEST_P(RevisionInHookTest, PreCommitOfAPartOfTheChanges) {
  Check(
      "cp \"$HOOK\" \"$hooks/pre-commit\"; echo 4 >f; echo 5 >g; git add g; "
      "git commit --quiet --message c4 -- f; [[ $(git show HEAD:f) == 4 ]]");
}

TEST_P(RevisionInHookTest, PrePush) {
  Check(
      "cp \"$HOOK\" \"$hooks/pre-push\"; echo 4 >f; git push --quiet target "
      "HEAD:refs/heads/pushed");
}

TEST_P(RevisionInHookTest, RebaseExec) {
  Check(
      "echo 4 >f; git commit --quiet --all --message c4; "
      "git rebase --quiet --exec '[[ -e done ]] || { touch ../done; \"$HOOK\"; }' HEAD~1");
}

TEST_P(RevisionInHookTest, PostCheckoutAndPostCommit) {
  Check(
      "cp \"$HOOK\" \"$hooks/post-checkout\"; cp \"$HOOK\" \"$hooks/post-commit\"; echo 4 >f; "
      "git commit --quiet --all --message c4; rm f; git checkout --quiet -- f; git checkout "
      "--quiet "
      "-b other HEAD~1");
}

TEST_P(RevisionInHookTest, BisectRun) {
  Check(
      "echo 4 >f; git commit --quiet --all --message c4; git bisect start HEAD HEAD~1 >/dev/null; "
      "git bisect run bash -c '\"$HOOK\"; false'");
}

INSTANTIATE_TEST_SUITE_P(
    Trees, RevisionInHookTest,
    testing::Values(
        HookCase{"MainWorktree", "mv origin tree"},
        HookCase{"LinkedWorktree", "git -C origin worktree add --quiet -b linked \"$PWD/tree\""},
        HookCase{"LinkedWorktreeOfABareRepository",
                 "git clone --quiet --bare origin bare; "
                 "git -C bare worktree add --quiet -b linked \"$PWD/tree\""},
        HookCase{"SeparateGitDir", "git clone --quiet --separate-git-dir=apart origin tree"}),
    [](const testing::TestParamInfo<HookCase>& info) { return info.param.name; });

TEST(CacheDirectory, FollowsTheEnvironment) {
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(*CacheDirectory(), "/home/somebody/.cache/parlance-perf");
  setenv("XDG_CACHE_HOME", "/elsewhere", 1);
  EXPECT_EQ(*CacheDirectory(), "/elsewhere/parlance-perf");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  EXPECT_THAT(CacheDirectory(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace perf

#include "perf/process/subprocess.h"

#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

TEST(SubprocessTest, CapturesBothStreamsWhicheverIsLong) {
  const auto result =
      RunProgram({.arguments = {"bash", "-c", "head -c 300000 /dev/zero >&2; echo out; exit 3"}},
                 SubprocessOutput::kCaptureWithErrors);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors.size(), 300000u);
  EXPECT_EQ(result->exit_code, 3);
}

TEST(SubprocessTest, AMissingProgramIsNotFoundWhateverIsCaptured) {
  for (const auto output : {SubprocessOutput::kInherit, SubprocessOutput::kCapture,
                            SubprocessOutput::kCaptureWithErrors}) {
    EXPECT_THAT(RunProgram({.arguments = {"no-such-program"}}, output),
                StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST(SubprocessTest, AMissingFolderIsNotAMissingProgram) {
  EXPECT_THAT(
      RunProgram({.arguments = {"true"}, .directory = "/nonexistent"}, SubprocessOutput::kInherit),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("in /nonexistent, because there is no such folder")));
  EXPECT_THAT(
      RunProgram({.arguments = {"no-such-program"}, .directory = "/"}, SubprocessOutput::kInherit),
      StatusIs(absl::StatusCode::kNotFound));
}

TEST(SubprocessTest, WhatTakesTooLongIsEnded) {
  EXPECT_THAT(
      RunProgram({.arguments = {"sleep", "1000"}, .time_limit = absl::Milliseconds(10)},
                 SubprocessOutput::kCaptureWithErrors),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("sleep took longer than 10ms")));
  const auto in_time = RunProgram({.arguments = {"echo", "done"}, .time_limit = absl::Hours(1)},
                                  SubprocessOutput::kCapture);
  ASSERT_THAT(in_time, IsOk());
  EXPECT_EQ(in_time->output, "done\n");
}

// In a hook, every program that is started would otherwise work on the repository that is being
// changed: Bazel and what it starts as well as git.
TEST(SubprocessTest, NoProgramInheritsTheRepositoryOfAHook) {
  setenv("GIT_DIR", "/somewhere/.git", 1);
  setenv("GIT_INDEX_FILE", "/somewhere/.git/index.lock", 1);
  setenv("GIT_CONFIG_COUNT", "1", 1);
  setenv("GIT_CONFIG_KEY_0", "core.worktree", 1);
  setenv("GIT_CONFIG_VALUE_0", "/somewhere", 1);
  setenv("GIT_SSH_COMMAND", "ssh -x", 1);
  const auto result = RunProgram({.arguments = {"env"}, .variables = {{"GIT_INDEX_FILE", "/ours"}}},
                                 SubprocessOutput::kCapture);
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->output, Not(HasSubstr("/somewhere")));
  EXPECT_THAT(result->output, Not(HasSubstr("GIT_CONFIG_")));
  EXPECT_THAT(result->output, HasSubstr("GIT_INDEX_FILE=/ours\n"));
  EXPECT_THAT(result->output, HasSubstr("GIT_SSH_COMMAND=ssh -x\n"));
}

TEST(SubprocessTest, EveryVariableThatThisGitCallsLocalRedirectsIt) {
  const auto result = RunProgram({.arguments = {"git", "rev-parse", "--local-env-vars"}},
                                 SubprocessOutput::kCapture);
  ASSERT_THAT(result, IsOk());
  int count = 0;
  for (absl::string_view name : absl::StrSplit(result->output, '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(RedirectsGit(name)) << name << " is not in the list of subprocess.cc";
    ++count;
  }
  EXPECT_GE(count, 10);
  for (absl::string_view name : {"GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL",
                                 "GIT_CEILING_DIRECTORIES", "GIT_TRACE", "HOME"}) {
    EXPECT_FALSE(RedirectsGit(name)) << name;
  }
}

}  // namespace
}  // namespace perf

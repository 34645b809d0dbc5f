#include "perf/bazel/testing/git_playground.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "perf/process/subprocess.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

GitPlayground::GitPlayground(absl::string_view name)
    : root_(fs::path(absl::StrCat(testing::TempDir(), "/", name)).lexically_normal().string()) {
  std::error_code error;
  fs::remove_all(root_, error);
  fs::create_directories(root_ + "/home", error);
  // Git that this process runs gets them, too.
  setenv("HOME", (root_ + "/home").c_str(), 1);
  setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
  Write("home/.gitconfig",
        "[user]\n name = Somebody\n email = nobody@example.com\n[init]\n defaultBranch = main\n"
        "[protocol \"file\"]\n allow = always\n");
}

int GitPlayground::Try(absl::string_view folder, absl::string_view code) const {
  const std::string script = absl::StrCat(
      "set -eu; unset $(git rev-parse --local-env-vars); export "
      "GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' "
      "GIT_COMMITTER_DATE='2026-01-01T00:00:00Z';"
      " cd ",
      Quoted(absl::StrCat(root_, "/", folder)), "; ", code);
  const absl::StatusOr<SubprocessResult> bash =
      RunProgram({.arguments = {"bash", "-c", script}, .stdout_descriptor = STDERR_FILENO},
                 SubprocessOutput::kInherit);
  return bash.ok() ? bash->exit_code : -1;
}

void GitPlayground::Do(absl::string_view folder, absl::string_view code) const {
  EXPECT_EQ(Try(folder, code), 0) << folder << ": " << code;
}

std::string GitPlayground::Ask(absl::string_view folder, absl::string_view code) const {
  Do(folder, absl::StrCat("{ ", code, "; } >", Quoted(root_ + "/answer")));
  std::string answer = Content(root_ + "/answer");
  if (absl::EndsWith(answer, "\n")) answer.pop_back();
  return answer;
}

void GitPlayground::Write(absl::string_view path, absl::string_view content) const {
  const fs::path file = absl::StrCat(root_, "/", path);
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream(file, std::ios::binary) << content;
}

std::string GitPlayground::Read(absl::string_view path) const {
  return Content(absl::StrCat(root_, "/", path));
}

std::map<std::string, std::string> GitPlayground::Snapshot(absl::string_view folder) const {
  std::map<std::string, std::string> snapshot;
  std::string paths =
      Ask(folder,
          "find . \"$(git rev-parse --git-common-dir)\" -type f -not -path '*/objects/*' "
          "-not -path '*/hooks/*' -not -name index -not -path '*/lfs/*'");
  size_t begin = 0;
  while (begin < paths.size()) {
    const size_t end = std::min(paths.find('\n', begin), paths.size());
    const std::string path = paths.substr(begin, end - begin);
    snapshot[absl::StrReplaceAll(path, {{root_, ""}})] =
        Content(absl::StartsWith(path, "/") ? path : absl::StrCat(root_, "/", folder, "/", path));
    begin = end + 1;
  }
  snapshot["git: index"] = Ask(folder, "git ls-files --stage");
  snapshot["git: status"] = Ask(folder, "git --no-optional-locks status --porcelain");
  snapshot["git: HEAD"] =
      Ask(folder, "git symbolic-ref --quiet HEAD || echo detached; git rev-parse HEAD");
  snapshot["git: worktrees"] = absl::StrReplaceAll(Ask(folder, "git worktree list"), {{root_, ""}});
  return snapshot;
}

}  // namespace perf

#include "perf/bazel/git.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace perf {
namespace {

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// The repositories that the environment trusts, by GIT_CONFIG_COUNT and what belongs to it. Images
// for CI set them there. Nothing else of that list is passed on, because it could point git to
// another repository.
std::vector<std::string> TrustedDirectories() {
  std::vector<std::string> trusted;
  constexpr int kMaxEntries = 1000;
  int count = 0;
  if (!absl::SimpleAtoi(Variable("GIT_CONFIG_COUNT"), &count)) return trusted;
  for (int i = 0; i < count && i < kMaxEntries; ++i) {
    if (absl::EqualsIgnoreCase(Variable(absl::StrCat("GIT_CONFIG_KEY_", i)), "safe.directory")) {
      trusted.push_back(Variable(absl::StrCat("GIT_CONFIG_VALUE_", i)));
    }
  }
  return trusted;
}

std::string WithoutEndOfLine(std::string text) {
  if (absl::EndsWith(text, "\n")) text.pop_back();
  return text;
}

GitCommand InEnglish(const std::string& directory, std::vector<std::string> arguments) {
  return {.directory = directory,
          .arguments = std::move(arguments),
          .variables = {{"LC_ALL", "C"}, {"LANGUAGE", ""}}};
}

absl::StatusOr<std::string> PathIn(const std::string& workspace,
                                   std::vector<std::string> arguments) {
  absl::StatusOr<std::string> path = GitOutput({workspace, std::move(arguments)});
  // `--git-path` is relative to where git runs, if it can be.
  if (path.ok() && !absl::StartsWith(*path, "/")) return absl::StrCat(workspace, "/", *path);
  return path;
}

}  // namespace

absl::StatusOr<SubprocessResult> RunGit(const GitCommand& command) {
  std::vector<std::string> words = {"git", "--no-optional-locks", "-c", "core.hooksPath=/dev/null",
                                    "-c",  "core.fsmonitor=false"};
  for (const std::string& directory : TrustedDirectories()) {
    words.insert(words.end(), {"-c", absl::StrCat("safe.directory=", directory)});
  }
  words.insert(words.end(), {"-C", command.directory});
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  absl::StatusOr<SubprocessResult> result =
      RunProgram({.arguments = std::move(words), .variables = command.variables},
                 SubprocessOutput::kCaptureWithErrors);
  if (absl::IsNotFound(result.status())) {
    return absl::NotFoundError("there is no git program in PATH; install git");
  }
  return result;
}

std::string GitMessage(const SubprocessResult& result) {
  const std::string text(absl::StripAsciiWhitespace(
      absl::StrReplaceAll(absl::StrCat("\n", result.errors), {{"\nfatal: ", "\n"}})));
  return text.empty() ? absl::StrCat("it ended with ", DescribeExit(result.exit_code)) : text;
}

absl::StatusOr<std::string> GitOutput(const GitCommand& command) {
  absl::StatusOr<SubprocessResult> result = RunGit(command);
  if (!result.ok()) return result.status();
  if (result->exit_code != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("git fails in ", command.directory, ": ", GitMessage(*result)));
  }
  return WithoutEndOfLine(std::move(result->output));
}

absl::StatusOr<Repository> FindRepository(const std::string& workspace) {
  // Finding the repository is where git checks whose it is; naming it later is taken as trust.
  const absl::StatusOr<SubprocessResult> found =
      RunGit(InEnglish(workspace, {"rev-parse", "--show-toplevel"}));
  if (!found.ok()) return found.status();
  if (found->exit_code != 0) {
    if (absl::StrContains(found->errors, "not a git repository (or any")) {
      return absl::NotFoundError(absl::StrCat(workspace, " is not in a git repository"));
    }
    return absl::FailedPreconditionError(absl::StrCat("git refuses to read the repository of ",
                                                      workspace, ": ", GitMessage(*found)));
  }
  Repository repository;
  repository.root = WithoutEndOfLine(found->output);
  absl::StatusOr<std::string> prefix = GitOutput({workspace, {"rev-parse", "--show-prefix"}});
  if (!prefix.ok()) return prefix.status();
  repository.prefix = *std::move(prefix);
  for (const auto& [path, arguments] : {std::pair<std::string*, std::vector<std::string>>{
                                            &repository.git_dir, {"--absolute-git-dir"}},
                                        {&repository.object_dir, {"--git-path", "objects"}},
                                        {&repository.shallow_file, {"--git-path", "shallow"}}}) {
    std::vector<std::string> words = {"rev-parse"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    absl::StatusOr<std::string> answer = PathIn(workspace, std::move(words));
    if (!answer.ok()) return answer.status();
    *path = *std::move(answer);
  }
  return repository;
}

absl::StatusOr<WorkingTreeState> StateOfWorkingTree(const std::string& workspace) {
  if (absl::StatusOr<Repository> repository = FindRepository(workspace); !repository.ok()) {
    return repository.status();
  }
  WorkingTreeState state;
  absl::StatusOr<SubprocessResult> head =
      RunGit({workspace, {"rev-parse", "--verify", "--quiet", "HEAD^{commit}"}});
  if (!head.ok()) return head.status();
  if (head->exit_code == 0) state.commit = WithoutEndOfLine(std::move(head->output));
  // Some users turn off looking for new files, which is slow in large trees; but a new source file
  // is another program.
  absl::StatusOr<std::string> changed = GitOutput(
      {workspace,
       {"status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none"}});
  if (!changed.ok()) return changed.status();
  state.dirty = !changed->empty();
  return state;
}

}  // namespace perf

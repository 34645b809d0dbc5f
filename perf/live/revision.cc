#include "perf/live/revision.h"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "perf/subprocess.h"

namespace perf {
namespace {

// What git prints on stdout.
absl::StatusOr<std::string> Git(const std::string& directory,
                                const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"git", "-C", directory};
  command.insert(command.end(), arguments.begin(), arguments.end());
  absl::StatusOr<SubprocessResult> result =
      RunProgram({.arguments = command}, SubprocessOutput::kCapture);
  if (!result.ok()) return result.status();
  if (result->exit_code != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "git ", arguments[0], " in ", directory, " failed: ", DescribeExit(result->exit_code)));
  }
  return std::string(absl::StripAsciiWhitespace(result->output));
}

// FNV-1a: the same in every build.
uint64_t Fingerprint(const std::string& text) {
  uint64_t hash = 14695981039346656037U;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211U;
  return hash;
}

}  // namespace

absl::StatusOr<std::string> ResolveRevision(const std::string& workspace, const std::string& name) {
  if (absl::StatusOr<std::string> top = Git(workspace, {"rev-parse", "--show-toplevel"});
      !top.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(workspace, " is not in a git repository, so there is no earlier revision"));
  }
  absl::StatusOr<std::string> commit = Git(
      workspace,
      {"rev-parse", "--verify", "--quiet", "--end-of-options", absl::StrCat(name, "^{commit}")});
  if (!commit.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name, "' is no commit, tag or branch of ", workspace));
  }
  return commit;
}

absl::StatusOr<Revision> CheckOut(const std::string& workspace, const std::string& commit,
                                  const std::string& cache) {
  const absl::StatusOr<std::string> prefix = Git(workspace, {"rev-parse", "--show-prefix"});
  if (!prefix.ok()) return prefix.status();
  const std::string worktree = absl::StrFormat("%s/worktree-%016x", cache, Fingerprint(workspace));
  std::error_code error;
  std::filesystem::create_directories(cache, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", cache));
  // Forgets worktrees whose folders somebody removed.
  if (auto pruned = Git(workspace, {"worktree", "prune"}); !pruned.ok()) return pruned.status();
  if (!std::filesystem::exists(worktree + "/.git")) {
    std::filesystem::remove_all(worktree, error);
    if (auto added =
            Git(workspace, {"worktree", "add", "--quiet", "--force", "--detach", worktree, commit});
        !added.ok()) {
      return added.status();
    }
  } else {
    auto moved = Git(worktree, {"checkout", "--quiet", "--force", "--detach", commit});
    if (!moved.ok()) return moved.status();
    if (auto cleaned = Git(worktree, {"clean", "--quiet", "-d", "--force"}); !cleaned.ok()) {
      return cleaned.status();
    }
  }
  return Revision{.commit = commit,
                  .directory = prefix->empty() ? worktree : absl::StrCat(worktree, "/", *prefix)};
}

absl::StatusOr<std::string> CacheDirectory() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return absl::StrCat(cache, "/parlance-perf");
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return absl::StrCat(home, "/.cache/parlance-perf");
  }
  return absl::FailedPreconditionError("neither HOME nor XDG_CACHE_HOME says where to keep things");
}

}  // namespace perf

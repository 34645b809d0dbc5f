#include "perf/bazel/revision.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/file/output_folder.h"
#include "command/local_zone.h"
#include "perf/bazel/git.h"
#include "perf/bazel/imported_settings.h"
#include "perf/record/short_commit.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSha256Digits = 64;
// How deep submodules of submodules are followed: deeper than anybody has them, so that a loop
// ends.
constexpr int kMaxLevels = 10;

// The FNV-1a hash, which is the same in every build.
uint64_t Fingerprint(const std::string& text) {
  uint64_t hash = 14695981039346656037U;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211U;
  return hash;
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", path));
  return absl::OkStatus();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

absl::Status WriteLine(const std::string& path, const std::string& line) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!(file << line << "\n") || !file.flush()) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

absl::Status Run(const GitCommand& command) { return GitOutput(command).status(); }

struct Submodule {
  std::string path;
  std::string commit;
};

// Fills one folder with a commit's files.
class Filler {
 public:
  // `folder` is this process's alone; it holds the files in `tree` and an index for each
  // repository.
  explicit Filler(std::string folder) : folder_(std::move(folder)), tree_(folder_ + "/tree") {}

  absl::Status Fill(const Repository& repository, const std::string& commit) {
    empty_submodules_.clear();
    if (absl::Status made = MakeFolder(tree_); !made.ok()) return made;
    if (absl::Status made = MakeRepository(repository, commit); !made.ok()) return made;
    return FillTree(repository, commit, "", 0);
  }

  const std::string& tree() const { return tree_; }
  std::vector<std::string> TakeEmptySubmodules() { return std::move(empty_submodules_); }

 private:
  // A repository for those who ask in the tree which commit it is, such as Bazel's workspace
  // status. Without it they would find whatever repository the cache happens to lie in.
  absl::Status MakeRepository(const Repository& repository, const std::string& commit) {
    const std::string git_dir = tree_ + "/.git";
    std::vector<std::string> init = {"init", "--quiet", "--template="};
    if (commit.size() == kSha256Digits) init.emplace_back("--object-format=sha256");
    if (absl::Status made = Run({tree_, init}); !made.ok()) return made;
    if (absl::Status written =
            WriteLine(git_dir + "/objects/info/alternates", repository.object_dir);
        !written.ok()) {
      return written;
    }
    std::error_code error;
    fs::remove(git_dir + "/shallow", error);
    if (Exists(repository.shallow_file)) {
      fs::copy_file(repository.shallow_file, git_dir + "/shallow", error);
      if (error) {
        return absl::ErrnoToStatus(error.value(),
                                   absl::StrCat("cannot copy ", repository.shallow_file));
      }
    }
    return Run(
        {tree_, {"-c", "core.logAllRefUpdates=false", "update-ref", "--no-deref", "HEAD", commit}});
  }

  // `place` is the folder below the tree: "" or "submodule/".
  absl::Status FillTree(const Repository& repository, const std::string& commit,
                        const std::string& place, int level) {
    const std::string tree = place.empty() ? tree_ : absl::StrCat(tree_, "/", place);
    const std::string index = place.empty()
                                  ? tree_ + "/.git/index"
                                  : absl::StrFormat("%s/index-%016x", folder_, Fingerprint(place));
    const auto git = [&](std::vector<std::string> arguments) {
      // Settings that would write into the user's repository, or leave files out.
      std::vector<std::string> words = {absl::StrCat("--git-dir=", repository.git_dir),
                                        absl::StrCat("--work-tree=", tree),
                                        "-c",
                                        "core.splitIndex=false",
                                        "-c",
                                        "core.sparseCheckout=false",
                                        "-c",
                                        "submodule.recurse=false",
                                        "-c",
                                        "gc.auto=0",
                                        "-c",
                                        "maintenance.auto=false"};
      words.insert(words.end(), arguments.begin(), arguments.end());
      return GitCommand{tree, words, {{"GIT_INDEX_FILE", index}}};
    };
    // A lock was left by a process that was killed: this process has the folder's lock.
    std::error_code error;
    fs::remove(index + ".lock", error);
    if (absl::Status read = Run(git({"read-tree", "--reset", "-u", commit})); !read.ok()) {
      return read;
    }
    const absl::StatusOr<std::vector<Submodule>> submodules =
        SubmodulesIn(tree, git({"ls-files", "--stage", "-z"}));
    if (!submodules.ok()) return submodules.status();
    for (const Submodule& submodule : *submodules) {
      if (absl::Status filled = FillSubmodule(repository, submodule, place, level); !filled.ok()) {
        return filled;
      }
    }
    // This comes last, for what an earlier revision's submodules left. Ignored files go, too: they
    // may be sources of another revision.
    return Run(git({"clean", "--quiet", "-d", "-x", "--force", "--force"}));
  }

  static absl::StatusOr<std::vector<Submodule>> SubmodulesIn(const std::string& tree,
                                                             const GitCommand& list) {
    std::vector<Submodule> submodules;
    if (!Exists(tree + "/.gitmodules")) return submodules;
    const absl::StatusOr<std::string> files = GitOutput(list);
    if (!files.ok()) return files.status();
    // MODE OBJECT STAGE<tab>PATH
    for (absl::string_view file : absl::StrSplit(*files, '\0', absl::SkipEmpty())) {
      if (!absl::ConsumePrefix(&file, "160000 ")) continue;
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(file, absl::MaxSplits('\t', 1));
      submodules.push_back(
          {std::string(parts.second), std::string(parts.first.substr(0, parts.first.find(' ')))});
    }
    return submodules;
  }

  absl::Status FillSubmodule(const Repository& parent, const Submodule& submodule,
                             const std::string& place, int level) {
    const std::string shown = absl::StrCat(place, submodule.path);
    const std::string theirs = absl::StrCat(parent.root, "/", submodule.path);
    if (level == kMaxLevels || !Exists(theirs + "/.git")) {
      empty_submodules_.push_back(shown);
      return absl::OkStatus();
    }
    const absl::StatusOr<Repository> repository = FindRepository(theirs);
    if (!repository.ok()) return repository.status();
    absl::StatusOr<SubprocessResult> there =
        RunGit({theirs, {"cat-file", "-e", submodule.commit + "^{commit}"}});
    if (!there.ok()) return there.status();
    if (there->exit_code != 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the submodule ", shown, " does not have commit ", ShortCommit(submodule.commit),
          ", which the revision names; fetch it: git -C ", theirs, " fetch origin ",
          submodule.commit));
    }
    if (absl::Status made = MakeFolder(absl::StrCat(tree_, "/", shown)); !made.ok()) return made;
    return FillTree(*repository, submodule.commit, shown + "/", level + 1);
  }

  const std::string folder_;
  const std::string tree_;
  std::vector<std::string> empty_submodules_;
};

// Gives the checkout what the workspace's .bazelrc imports and no commit has, such as the flags of
// this machine in user.bazelrc: built with other flags, the revision would differ by them.
absl::Status CopyUserSettings(const std::string& workspace, const std::string& checkout) {
  for (const std::string& name : ImportedSettings(workspace)) {
    const std::string path = absl::StrCat(checkout, "/", name);
    if (Exists(path)) continue;
    if (absl::Status made = MakeFolder(fs::path(path).parent_path().string()); !made.ok()) {
      return made;
    }
    std::error_code error;
    fs::copy_file(absl::StrCat(workspace, "/", name), path, error);
    if (error) {
      return absl::ErrnoToStatus(error.value(),
                                 absl::StrCat("cannot copy ", workspace, "/", name, " to ", path));
    }
  }
  return absl::OkStatus();
}

std::string TimeOfDay() { return absl::FormatTime("%H:%M:%S", absl::Now(), command::LocalZone()); }

}  // namespace

absl::StatusOr<std::string> ResolveRevision(const std::string& workspace, const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError("the name of the revision is empty");
  const absl::StatusOr<Repository> repository = FindRepository(workspace);
  if (!repository.ok()) return repository.status();
  absl::StatusOr<SubprocessResult> commit = RunGit(
      {workspace,
       {"rev-parse", "--verify", "--quiet", "--end-of-options", absl::StrCat(name, "^{commit}")}});
  if (!commit.ok()) return commit.status();
  if (commit->exit_code == 0) {
    return std::string(absl::StripSuffix(commit->output, "\n"));
  }
  std::string message = absl::StrCat("'", name, "' is not a commit, tag or branch of ", workspace);
  if (!commit->errors.empty()) absl::StrAppend(&message, " (", GitMessage(*commit), ")");
  if (Exists(repository->shallow_file)) {
    absl::StrAppend(&message,
                    "; it is a shallow clone, which has a part of the history only: fetch the "
                    "revision, or all by git fetch --unshallow");
  }
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<Checkout> Checkout::Create(
    const std::string& workspace, const std::string& commit, const std::string& cache,
    absl::FunctionRef<void(const std::string& holder)> waiting, const std::string& place) {
  const absl::StatusOr<Repository> repository = FindRepository(workspace);
  if (!repository.ok()) return repository.status();
  if (absl::Status made = MakeFolder(cache); !made.ok()) return made;
  const std::string folder = absl::StrFormat("%s/checkout-%016x%s%s", cache, Fingerprint(workspace),
                                             place.empty() ? "" : "-", place);
  absl::StatusOr<FolderLock> lock =
      FolderLock::Acquire(folder + ".lock",
                          absl::StrCat("process ", getpid(), ", which compares ", workspace,
                                       " with ", ShortCommit(commit), " since ", TimeOfDay()),
                          waiting);
  if (!lock.ok()) return lock.status();
  Checkout checkout(*std::move(lock), commit);
  Filler filler(folder);
  // The folder may be of a repository that is no more, or broken in any way; then it is made anew.
  absl::Status filled = Exists(filler.tree() + "/.git") ? filler.Fill(*repository, commit)
                                                        : absl::NotFoundError("not made yet");
  if (!filled.ok()) {
    filled = command::PrepareOwnFolder(folder, "perf");
    if (filled.ok()) filled = filler.Fill(*repository, commit);
  }
  if (!filled.ok()) return filled;
  checkout.empty_submodules_ = filler.TakeEmptySubmodules();
  checkout.directory_ = filler.tree();
  if (!repository->prefix.empty()) absl::StrAppend(&checkout.directory_, "/", repository->prefix);
  std::error_code error;
  if (!fs::is_directory(checkout.directory_, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(ShortCommit(commit), " has no folder ", repository->prefix));
  }
  if (absl::Status copied = CopyUserSettings(workspace, checkout.directory_); !copied.ok()) {
    return copied;
  }
  return checkout;
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

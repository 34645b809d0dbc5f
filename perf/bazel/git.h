// The one place that starts git: in the user's repository, whatever the caller's environment says,
// and without changing it.
#ifndef PERF_BAZEL_GIT_H_
#define PERF_BAZEL_GIT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/process/subprocess.h"

namespace perf {

struct GitCommand {
  // The folder in which git runs, absolute.
  std::string directory;
  std::vector<std::string> arguments;
  // The variables that git is given besides, such as GIT_INDEX_FILE.
  std::map<std::string, std::string> variables = {};
};

// Runs git and captures what it prints. It finds its repository by the directory alone: what tells
// it otherwise is not passed on (see RedirectsGit), except which repositories of other users are
// trusted (safe.directory). It runs no hook and no file system monitor, and takes no lock that it
// could do without. NotFound if there is no git program; an exit code other than 0 is no error
// here.
absl::StatusOr<SubprocessResult> RunGit(const GitCommand& command);

// Returns what git printed, without the last end of line. FailedPrecondition with git's own message
// if the exit code is not 0.
absl::StatusOr<std::string> GitOutput(const GitCommand& command);

// Returns git's message of a failure, in one or more lines and without "fatal: "; the exit code if
// there is none.
std::string GitMessage(const SubprocessResult& result);

// The repository that a workspace is in. Paths are absolute.
struct Repository {
  // The working tree's root, and the workspace below it: "" or "inner/".
  std::string root;
  std::string prefix;
  // The repository of this working tree: of a linked one, not the whole repository's.
  std::string git_dir;
  std::string object_dir;
  // The file in which a shallow clone lists the commits that its history ends at. It need not
  // exist.
  std::string shallow_file;
};

// NotFound if there is no git program or `workspace` is in no repository; FailedPrecondition, with
// git's own message and remedy, if git refuses to read it, for example because it is another
// user's.
absl::StatusOr<Repository> FindRepository(const std::string& workspace);

struct WorkingTreeState {
  // The commit in full; empty in a repository without commits.
  std::string commit;
  // Whether files differ from the commit, or there are others that git does not ignore.
  bool dirty = false;
};

// Reads the state, and leaves the index as it is. Errors as FindRepository.
absl::StatusOr<WorkingTreeState> StateOfWorkingTree(const std::string& workspace);

}  // namespace perf

#endif  // PERF_BAZEL_GIT_H_

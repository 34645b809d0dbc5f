// A checkout of an earlier revision, beside the working tree.
#ifndef PERF_BAZEL_REVISION_H_
#define PERF_BAZEL_REVISION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "perf/bazel/folder_lock.h"

namespace perf {

// The commit that `name` stands for: a commit, tag, branch, or anything else git understands.
// InvalidArgument if there is none of that name, or the name is empty; FailedPrecondition if git
// cannot read `workspace`'s repository; NotFound if there is no repository, or no git.
absl::StatusOr<std::string> ResolveRevision(const std::string& workspace, const std::string& name);

// A commit's files in a folder of the cache, for this process alone while the object lives.
//
// The folder has an index and a repository of its own, which borrows the objects of the
// workspace's. Of that, nothing is written but objects that a partial clone fetches: no reference,
// index, configuration or file, and none of its hooks runs. Its settings for files (line ends,
// filters, attributes) hold. There is one folder for each workspace's path, which is used again, so
// that Bazel builds only what differs from the revision before; what anybody changed in it is
// thrown away, and what cannot be used again is made anew. Submodules that the workspace has
// checked out are, too, and so are files that the workspace's .bazelrc imports and the revision
// does not have, such as user.bazelrc. Tags are not there.
class Checkout {
 public:
  // Calls `waiting` as FolderLock does, while another process has the folder. `place`: one of
  // several folders of the workspace, of letters, for whoever needs several commits at once. Errors
  // as ResolveRevision.
  static absl::StatusOr<Checkout> Create(const std::string& workspace, const std::string& commit,
                                         const std::string& cache,
                                         absl::FunctionRef<void(const std::string& holder)> waiting,
                                         const std::string& place = "");

  // The commit's full name.
  const std::string& commit() const { return commit_; }
  // The folder in the checked-out revision that corresponds to the workspace.
  const std::string& directory() const { return directory_; }
  // The submodules without files, because the workspace has not checked them out.
  const std::vector<std::string>& empty_submodules() const { return empty_submodules_; }

 private:
  Checkout(FolderLock lock, std::string commit)
      : lock_(std::move(lock)), commit_(std::move(commit)) {}

  FolderLock lock_;
  std::string commit_;
  std::string directory_;
  std::vector<std::string> empty_submodules_;
};

// The folder for things that are kept from one run to the next: $XDG_CACHE_HOME/parlance-perf, or
// the same in ~/.cache. FailedPrecondition if neither variable is set.
absl::StatusOr<std::string> CacheDirectory();

}  // namespace perf

#endif  // PERF_BAZEL_REVISION_H_

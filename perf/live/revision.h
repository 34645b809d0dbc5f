// A checkout of an earlier revision, beside the working tree.
#ifndef PERF_LIVE_REVISION_H_
#define PERF_LIVE_REVISION_H_

#include <string>

#include "absl/status/statusor.h"

namespace perf {

struct Revision {
  // In full.
  std::string commit;
  // Where the workspace's counterpart is.
  std::string directory;
};

// The commit that `name` stands for: a commit, tag, branch, or anything else git understands.
// InvalidArgument if there is none of that name; FailedPrecondition if `workspace` is not in a git
// repository.
absl::StatusOr<std::string> ResolveRevision(const std::string& workspace, const std::string& name);

// Checks `commit` out into a git worktree under `cache`. There is one for each workspace, which is
// used again, so that Bazel builds only what differs from the revision before. What somebody
// changed in it is thrown away. Not for two processes at once.
absl::StatusOr<Revision> CheckOut(const std::string& workspace, const std::string& commit,
                                  const std::string& cache);

// Where things may be kept from one run to the next: $XDG_CACHE_HOME/parlance-perf, or the same in
// ~/.cache. FailedPrecondition if neither variable is set.
absl::StatusOr<std::string> CacheDirectory();

}  // namespace perf

#endif  // PERF_LIVE_REVISION_H_

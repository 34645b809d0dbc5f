// The history of a workspace's repository, for a search in it.
#ifndef PERF_BISECT_GIT_GRAPH_H_
#define PERF_BISECT_GIT_GRAPH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "perf/bisect/bisect.h"

namespace perf {

// Follows merges: both sides of one are divided, as git bisect does (git-rev-list(1),
// --bisect-all).
class GitGraph : public CommitGraph {
 public:
  explicit GitGraph(std::string workspace) : workspace_(std::move(workspace)) {}

  absl::StatusOr<std::vector<std::string>> Suspects(const std::string& bad,
                                                    absl::Span<const std::string> good) override;

 private:
  const std::string workspace_;
};

// "0123456789ab Jane Doe, 2026-11-24: audio/vad: reject short frames". Errors are git's.
absl::StatusOr<std::string> DescribeCommit(const std::string& workspace, const std::string& commit);

}  // namespace perf

#endif  // PERF_BISECT_GIT_GRAPH_H_

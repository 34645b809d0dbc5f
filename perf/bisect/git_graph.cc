#include "perf/bisect/git_graph.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "perf/bazel/git.h"

namespace perf {

absl::StatusOr<std::vector<std::string>> GitGraph::Suspects(const std::string& bad,
                                                            absl::Span<const std::string> good) {
  std::vector<std::string> arguments = {"rev-list", "--bisect-all", bad};
  for (const std::string& commit : good) arguments.push_back(absl::StrCat("^", commit));
  const absl::StatusOr<std::string> listed =
      GitOutput({.directory = workspace_, .arguments = arguments});
  if (!listed.ok()) return listed.status();
  std::vector<std::string> suspects;
  for (const absl::string_view line : absl::StrSplit(*listed, '\n', absl::SkipEmpty())) {
    // "0123… (dist=3)"
    suspects.emplace_back(line.substr(0, line.find(' ')));
  }
  return suspects;
}

absl::StatusOr<std::string> DescribeCommit(const std::string& workspace,
                                           const std::string& commit) {
  return GitOutput({.directory = workspace,
                    .arguments = {"show", "--no-patch", "--abbrev=12", "--date=short",
                                  "--format=%h %an, %ad: %s", commit}});
}

}  // namespace perf

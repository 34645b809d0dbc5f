// WORKSPACE CACHE REVISION: does what a comparison does with git, for tests of hooks, which need a
// program.
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "perf/bazel/git.h"
#include "perf/bazel/revision.h"

namespace perf {
namespace {

absl::Status Run(const std::string& workspace, const std::string& cache, const std::string& name) {
  const auto state = StateOfWorkingTree(workspace);
  if (!state.ok()) return state.status();
  const auto commit = ResolveRevision(workspace, name);
  if (!commit.ok()) return commit.status();
  const auto checkout = Checkout::Create(workspace, *commit, cache, [](const std::string& holder) {
    std::fprintf(stderr, "waiting for %s\n", holder.c_str());
  });
  if (!checkout.ok()) return checkout.status();
  std::printf("%s\n%s\n%s\n", checkout->commit().c_str(), checkout->directory().c_str(),
              state->commit.c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const absl::Status status = perf::Run(argv[1], argv[2], argv[3]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

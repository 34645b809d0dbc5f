// Proves on this machine that A/B comparisons may be believed: compares equal builds and builds
// with injected work, in quiet and beside a busy neighbour, and counts how often the verdict is
// right, for our rule and, on the very same samples, for those of other tools.
#ifndef PERF_AB_SELFCHECK_H_
#define PERF_AB_SELFCHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace perf {

struct SelfcheckOptions {
  // Absolute, of selfcheck_benchmarks.
  std::string program;
  absl::Duration length = absl::Minutes(20);
  uint64_t seed = 0;
};

// Prints progress to stderr and the table to stdout. Returns 0 if every promise held, 1 if not; or
// why the benchmarks could not be run.
absl::StatusOr<int> RunSelfcheck(const SelfcheckOptions& options);

}  // namespace perf

#endif  // PERF_AB_SELFCHECK_H_

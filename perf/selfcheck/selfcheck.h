// Proves on this machine that A/B comparisons may be believed: compares equal builds and builds
// with injected work, in quiet and beside a busy neighbour, and counts how often the verdict is
// right, for our rule and, on the very same samples, for those of other tools.
#ifndef PERF_SELFCHECK_SELFCHECK_H_
#define PERF_SELFCHECK_SELFCHECK_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace perf {

struct SelfcheckOptions {
  // The program selfcheck_benchmarks, by an absolute path.
  std::string program;
  // An existing folder, for copies of it.
  std::string scratch;
  absl::Duration length = absl::Minutes(20);
  uint64_t seed = 0;
  // Gets a line for the user now and then.
  std::function<void(absl::string_view)> progress = [](absl::string_view) {};
};

struct SelfcheckResult {
  // Whether every promise held.
  bool held = false;
  // The tables, and each promise with what was found, for a terminal.
  std::string text;
};

// Takes as long as the options say, and keeps all CPUs busy meanwhile. An error says why the
// benchmarks could not be run.
absl::StatusOr<SelfcheckResult> RunSelfcheck(const SelfcheckOptions& options);

}  // namespace perf

#endif  // PERF_SELFCHECK_SELFCHECK_H_

// Runs another program.
#ifndef PERF_SUBPROCESS_H_
#define PERF_SUBPROCESS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace perf {

struct SubprocessResult {
  // 128 plus the signal if one ended it.
  int exit_code = 0;
  // What it wrote to stdout, if that was captured.
  std::string output;
};

enum class SubprocessOutput { kInherit, kCapture };

// Runs `arguments` (the program first, found in PATH) with this process's environment and
// `variables` besides, and waits for it. An interrupt from the terminal goes to the program, which
// ends as it likes; this process goes on. NotFound if there is no such program; Internal if it
// cannot be started.
absl::StatusOr<SubprocessResult> RunProgram(const std::vector<std::string>& arguments,
                                            const std::map<std::string, std::string>& variables,
                                            SubprocessOutput output);

}  // namespace perf

#endif  // PERF_SUBPROCESS_H_

// `bazel run //perf -- history`: what the history has, as lists and plots.
#ifndef PERF_RUNNER_HISTORY_COMMAND_H_
#define PERF_RUNNER_HISTORY_COMMAND_H_

#include <string>

#include "absl/status/statusor.h"

namespace perf {

struct HistoryCommandOptions {
  // The database, absolute.
  std::string file;
  // A folder with records to add first, absolute; empty: none.
  std::string import;
  // What to plot: a measurement, or part of its name. Empty: a list of all.
  std::string name;
};

// Prints, and returns the exit code: command::kNo if there is nothing of that name. NotFound if
// there is no history.
absl::StatusOr<int> RunHistoryCommand(const HistoryCommandOptions& options);

}  // namespace perf

#endif  // PERF_RUNNER_HISTORY_COMMAND_H_

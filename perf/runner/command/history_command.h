// `bazel run //perf -- history`: what the history has, as lists, plots and JSON.
#ifndef PERF_RUNNER_COMMAND_HISTORY_COMMAND_H_
#define PERF_RUNNER_COMMAND_HISTORY_COMMAND_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "perf/history/history.h"
#include "perf/import/imported_results.h"

namespace perf {

struct HistoryCommandOptions {
  // The place of the history, as CheckHistoryLocation allows: an absolute path, or a URI of
  // PostgreSQL.
  std::string location;
  // The path of what is added first, absolute: a folder with records, or results of another tool,
  // for which "-" is standard input. If it is empty, nothing is added.
  std::string import;
  // The component and the machine that results of other tools are given.
  ImportOptions import_options;
  // The selection to show. With a name, measurements of just that name, or else those with it in
  // their names, are plotted; without one, all are listed.
  HistoryFilter filter;
  // Series as JSON instead: an array with an element a line, of the newest kMaxPointsShown points.
  bool json = false;
};

// The newest points of a series that are shown, and looked at for changes of level in the list. A
// plot has all.
inline constexpr size_t kMaxPointsShown = 10'000;

// Prints, and returns the exit code: command::kNo if there is nothing that was asked for. NotFound
// if there is no history. What cannot be imported is an error. Of a folder, the records or results
// that can be read are added nevertheless; what the others lack is said, and the exit code is
// command::kFailed.
absl::StatusOr<int> RunHistoryCommand(const HistoryCommandOptions& options);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_HISTORY_COMMAND_H_

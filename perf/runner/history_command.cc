#include "perf/runner/history_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/exit_code.h"
#include "command/printable.h"
#include "command/program.h"
#include "perf/history/history.h"
#include "perf/history/history_text.h"
#include "perf/history/record_import.h"

namespace perf {
namespace {

// How many columns of the terminal a plot has, without its axis.
int PlotWidth() {
  constexpr int kAxis = 18;
  constexpr int kOtherwise = 100;
  winsize size{};
  const bool terminal = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (terminal ? size.ws_col : kOtherwise) - kAxis;
}

absl::Status Import(const std::string& directory, History& history) {
  const absl::StatusOr<std::vector<Run>> runs = ReadRecords(directory);
  if (!runs.ok()) return runs.status();
  const absl::StatusOr<int> added = history.Add(*runs);
  if (!added.ok()) return added.status();
  command::Print(command::Printable(
      absl::StrCat(*added, " of ", runs->size(), " records in ", directory, " are new.\n\n")));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> RunHistoryCommand(const HistoryCommandOptions& options) {
  std::error_code error;
  if (options.import.empty() && !std::filesystem::exists(options.file, error)) {
    return absl::NotFoundError(absl::StrCat("there is no history in ", options.file,
                                            " yet; a run adds to it, or --import FOLDER"));
  }
  absl::StatusOr<std::unique_ptr<History>> history = History::Open(options.file);
  if (!history.ok()) return history.status();
  if (!options.import.empty()) {
    if (absl::Status imported = Import(options.import, **history); !imported.ok()) return imported;
  }
  absl::StatusOr<std::vector<HistorySeries>> all = (*history)->Series(options.name);
  if (!all.ok()) return all.status();
  if (options.name.empty()) {
    command::Print(command::Printable(HistoryList(*all)));
    return command::kDone;
  }
  const auto exact = [&](const HistorySeries& series) { return series.name == options.name; };
  if (absl::c_any_of(*all, exact)) {
    all->erase(std::stable_partition(all->begin(), all->end(), exact), all->end());
  }
  if (all->empty()) {
    command::Say(absl::StrCat("there is no '", options.name, "' in ", options.file,
                              "; without a name, all are listed"));
    return command::kNo;
  }
  bool first = true;
  for (const HistorySeries& series : *all) {
    command::Print(command::Printable(
        absl::StrCat(std::exchange(first, false) ? "" : "\n", HistoryPlot(series, PlotWidth()))));
  }
  return command::kDone;
}

}  // namespace perf

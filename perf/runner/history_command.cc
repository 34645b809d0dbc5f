#include "perf/runner/history_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/printable.h"
#include "command/program.h"
#include "perf/history/history.h"
#include "perf/history/history_json.h"
#include "perf/history/history_text.h"
#include "perf/history/open/open_history.h"
#include "perf/history/record_import.h"
#include "perf/import/imported_results.h"

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

// What is read from a path, and what its parts are called.
struct ToImport {
  std::vector<Run> runs;
  // Records know the invocation, test and start that tell them apart. The id of other results is
  // made of what is in them, and the time at which they began may be that of their file.
  bool are_records = false;
  std::string notes = {};
};

absl::StatusOr<ToImport> ReadRuns(const HistoryCommandOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(options.import, error)) {
    absl::StatusOr<std::vector<Run>> records = ReadRecords(options.import);
    if (records.ok()) return ToImport{.runs = *std::move(records), .are_records = true};
    if (!absl::IsNotFound(records.status())) return records.status();
  }
  absl::StatusOr<ImportedResults> imported = ImportResults(options.import, options.import_options);
  if (!imported.ok()) return imported.status();
  std::string notes;
  for (const std::string& note : imported->notes) absl::StrAppend(&notes, note, "\n");
  return ToImport{.runs = std::move(imported->runs), .notes = std::move(notes)};
}

absl::Status Import(const HistoryCommandOptions& options, History& history) {
  absl::StatusOr<ToImport> read = ReadRuns(options);
  if (!read.ok()) return read.status();
  std::vector<Run> runs;
  for (Run& run : read->runs) {
    const absl::StatusOr<bool> is_there =
        read->are_records ? absl::StatusOr<bool>(false) : history.HasInvocation(run.run_id());
    if (!is_there.ok()) return is_there.status();
    if (!*is_there) runs.push_back(std::move(run));
  }
  const absl::StatusOr<int> added = history.Add(runs);
  if (!added.ok()) return added.status();
  // Standard output may be JSON, which nothing else belongs into.
  const std::string message = absl::StrCat(read->notes, *added, " of ", read->runs.size(),
                                           read->are_records ? " records in " : " results in ",
                                           options.import, " are new.");
  if (options.json) {
    command::Say(message);
  } else {
    command::Print(command::Printable(absl::StrCat(message, "\n\n")));
  }
  return absl::OkStatus();
}

// Prints the series as they are read, and returns how many they are.
absl::StatusOr<int> PrintJson(const HistoryFilter& filter, History& history) {
  int num_series = 0;
  const absl::Status read =
      history.ForEachSeries(filter, kMaxJsonPoints, [&](const HistorySeries& series) {
        command::PrintData(absl::StrCat(num_series++ == 0 ? "[\n" : ",\n", SeriesJson(series)));
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return num_series;
}

absl::StatusOr<int> JsonMain(HistoryFilter filter, History& history) {
  filter.whole_name = !filter.name.empty();
  absl::StatusOr<int> num_series = PrintJson(filter, history);
  if (num_series.ok() && *num_series == 0 && filter.whole_name) {
    filter.whole_name = false;
    num_series = PrintJson(filter, history);
  }
  if (!num_series.ok()) return num_series.status();
  command::PrintData(*num_series == 0 ? "[]\n" : "\n]\n");
  return *num_series == 0 ? command::kNo : command::kDone;
}

bool Narrows(const HistoryFilter& filter) {
  return !filter.components.empty() || !filter.machine.empty() ||
         filter.since != absl::InfinitePast();
}

}  // namespace

absl::StatusOr<int> RunHistoryCommand(const HistoryCommandOptions& options) {
  const std::string location = HistoryName(options.location);
  absl::StatusOr<std::unique_ptr<History>> history =
      options.import.empty() ? OpenHistoryIfThere(options.location) : OpenHistory(options.location);
  if (!history.ok()) return history.status();
  if (*history == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no history in ", location,
                                            " yet; a run adds to it, or --import PATH"));
  }
  if (!options.import.empty()) {
    if (absl::Status imported = Import(options, **history); !imported.ok()) return imported;
  }
  if (options.json) return JsonMain(options.filter, **history);
  HistoryFilter filter = options.filter;
  filter.whole_name = !filter.name.empty();
  absl::StatusOr<std::vector<HistorySeries>> all = (*history)->Series(filter);
  if (all.ok() && all->empty() && filter.whole_name) {
    filter.whole_name = false;
    all = (*history)->Series(filter);
  }
  if (!all.ok()) return all.status();
  const std::string selected = Narrows(filter) ? " that the flags select" : "";
  if (all->empty() && !filter.name.empty()) {
    command::Say(absl::StrCat("there is no '", filter.name, "'", selected, " in ", location,
                              "; without a name, all are listed"));
    return command::kNo;
  }
  if (all->empty() && Narrows(filter)) {
    command::Say(absl::StrCat("there is nothing", selected, " in ", location));
    return command::kNo;
  }
  if (filter.name.empty()) {
    command::Print(command::Printable(HistoryList(*all)));
    return command::kDone;
  }
  bool first = true;
  for (const HistorySeries& series : *all) {
    command::Print(command::Printable(
        absl::StrCat(std::exchange(first, false) ? "" : "\n", HistoryPlot(series, PlotWidth()))));
  }
  return command::kDone;
}

}  // namespace perf

#include "perf/runner/command/history_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/file/input_file.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "perf/history/history.h"
#include "perf/history/history_json.h"
#include "perf/history/history_series.h"
#include "perf/history/history_text.h"
#include "perf/history/open/open_history.h"
#include "perf/history/record_import.h"
#include "perf/import/imported_results.h"
#include "perf/record/result.pb.h"

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
  // Why other parts cannot be read.
  std::vector<absl::Status> failures = {};
};

absl::StatusOr<ToImport> ReadRuns(const HistoryCommandOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(options.import, error)) {
    absl::StatusOr<RecordsInFolder> records = ReadRecords(options.import);
    if (records.ok()) {
      return ToImport{.runs = std::move(records->runs),
                      .are_records = true,
                      .failures = std::move(records->failures)};
    }
    if (!absl::IsNotFound(records.status())) return records.status();
  }
  absl::StatusOr<ImportedResults> imported = ImportResults(options.import, options.import_options);
  if (!imported.ok()) return imported.status();
  std::string notes;
  for (const std::string& note : imported->notes) absl::StrAppend(&notes, note, "\n");
  return ToImport{.runs = std::move(imported->runs),
                  .notes = std::move(notes),
                  .failures = std::move(imported->failures)};
}

// What is said of the parts that cannot be read, a line each.
std::string Why(const std::vector<absl::Status>& failures) {
  constexpr size_t kMaxLines = 20;
  std::vector<absl::string_view> lines;
  for (const absl::Status& failure : failures) lines.push_back(failure.message());
  const size_t num_more = lines.size() - std::min(lines.size(), kMaxLines);
  lines.resize(lines.size() - num_more);
  return absl::StrCat(absl::StrJoin(lines, "\n"),
                      num_more > 0 ? absl::StrCat("\nand ", num_more, " more") : "");
}

// Returns whether all was added.
absl::StatusOr<bool> Import(const HistoryCommandOptions& options, History& history) {
  absl::StatusOr<ToImport> read = ReadRuns(options);
  if (!read.ok()) return read.status();
  if (read->runs.empty() && !read->failures.empty()) {
    return absl::Status(read->failures.front().code(), Why(read->failures));
  }
  const std::string name = command::InputName(options.import);
  const absl::StatusOr<int> added =
      history.Add(read->runs, read->are_records ? KnownBy::kRun : KnownBy::kInvocation);
  if (!added.ok()) return added.status();
  // Standard output may be JSON, which nothing else belongs into.
  const std::string message =
      absl::StrCat(read->notes, *added, " of ", read->runs.size(),
                   read->are_records ? " records in " : " results in ", name, " are new.");
  if (options.json) {
    command::Say(message);
  } else {
    command::Print(command::Printable(absl::StrCat(message, "\n\n")));
  }
  if (read->failures.empty()) return true;
  command::Say(absl::StrCat("of what is in ", name, ", ", read->failures.size(),
                            " could not be read and was not added:\n", Why(read->failures)));
  return false;
}

// Prints the series as they are read, and returns how many they are.
absl::StatusOr<int> PrintJson(const HistoryFilter& filter, History& history) {
  int num_series = 0;
  const absl::Status read =
      history.ForEachSeries(filter, kMaxPointsShown, [&](const HistorySeries& series) {
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

// What is printed of the series that a filter selects, and how many they are.
struct Shown {
  std::string text;
  int num_series = 0;
};

// One series at a time is in memory, and nothing is printed while they are read, as whoever reads
// page by page would keep others from adding to the history.
absl::StatusOr<Shown> PlotsOf(const HistoryFilter& filter, History& history) {
  Shown shown;
  const absl::Status read = history.ForEachSeries(
      filter, std::numeric_limits<size_t>::max(), [&](const HistorySeries& series) {
        absl::StrAppend(&shown.text, shown.num_series++ == 0 ? "" : "\n",
                        HistoryPlot(series, PlotWidth()));
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return shown;
}

absl::StatusOr<Shown> ListOf(const HistoryFilter& filter, History& history) {
  HistoryLister lister;
  int num_series = 0;
  const absl::Status read =
      history.ForEachSeries(filter, kMaxPointsShown, [&](const HistorySeries& series) {
        ++num_series;
        lister.Add(series);
        return absl::OkStatus();
      });
  if (!read.ok()) return read;
  return Shown{.text = lister.Text(), .num_series = num_series};
}

bool Narrows(const HistoryFilter& filter) {
  return !filter.components.empty() || !filter.machine.empty() ||
         filter.since != absl::InfinitePast();
}

// Prints what was asked for, and returns the exit code.
absl::StatusOr<int> Show(const HistoryCommandOptions& options, History& history) {
  if (options.json) return JsonMain(options.filter, history);
  const std::string location = HistoryName(options.location);
  HistoryFilter filter = options.filter;
  filter.whole_name = !filter.name.empty();
  absl::StatusOr<Shown> shown =
      filter.name.empty() ? ListOf(filter, history) : PlotsOf(filter, history);
  if (shown.ok() && shown->num_series == 0 && filter.whole_name) {
    filter.whole_name = false;
    shown = PlotsOf(filter, history);
  }
  if (!shown.ok()) return shown.status();
  const std::string selected = Narrows(filter) ? " that the flags select" : "";
  if (shown->num_series == 0 && !filter.name.empty()) {
    command::Say(absl::StrCat("there is no '", filter.name, "'", selected, " in ", location,
                              "; without a name, all are listed"));
    return command::kNo;
  }
  if (shown->num_series == 0 && Narrows(filter)) {
    command::Say(absl::StrCat("there is nothing", selected, " in ", location));
    return command::kNo;
  }
  command::Print(command::Printable(shown->text));
  return command::kDone;
}

}  // namespace

absl::StatusOr<int> RunHistoryCommand(const HistoryCommandOptions& options) {
  if (!options.import.empty() && !IsOnServer(options.location)) {
    // The folder is one that the first run would make.
    const std::filesystem::path folder = std::filesystem::path(options.location).parent_path();
    std::error_code error;
    if (!folder.empty()) std::filesystem::create_directories(folder, error);
    if (error) {
      return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", folder.string()));
    }
  }
  absl::StatusOr<std::unique_ptr<History>> history =
      options.import.empty() ? OpenHistoryIfThere(options.location) : OpenHistory(options.location);
  if (!history.ok()) return history.status();
  if (*history == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no history in ",
                                            HistoryName(options.location),
                                            " yet; a run adds to it, or --import PATH"));
  }
  absl::StatusOr<bool> is_whole = true;
  if (!options.import.empty()) is_whole = Import(options, **history);
  if (!is_whole.ok()) return is_whole.status();
  absl::StatusOr<int> shown = Show(options, **history);
  if (shown.ok() && !*is_whole) return command::kFailed;
  return shown;
}

}  // namespace perf

#include "perf/runner/command/report_command.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/file/user_path.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "perf/history/record_import.h"
#include "perf/record/result.pb.h"
#include "perf/report/report.pb.h"
#include "perf/report/report_json.h"

namespace perf {
namespace {

absl::StatusOr<Report> ReadReport(const std::string& from) {
  const absl::StatusOr<std::string> text = command::ReadInput(from);
  if (!text.ok()) return text.status();
  absl::StatusOr<Report> report = ParseReportJson(*text);
  if (!report.ok()) {
    return absl::Status(report.status().code(),
                        absl::StrCat(command::InputName(from), " ", report.status().message()));
  }
  return report;
}

// The records that a run left beside its report; none if there are none. A damaged one is an error,
// as the report would show less than it says.
absl::StatusOr<std::vector<Run>> ReadRecordsBeside(const std::string& from) {
  if (from == "-") return std::vector<Run>();
  const std::filesystem::path folder =
      std::filesystem::path(command::UserPath(from)).parent_path() / "records";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return std::vector<Run>();
  absl::StatusOr<RecordsInFolder> records = ReadRecords(folder.string());
  // A run in which nothing could be measured leaves an empty folder.
  if (absl::IsNotFound(records.status())) return std::vector<Run>();
  if (!records.ok()) return records.status();
  if (!records->failures.empty()) return records->failures.front();
  return std::move(records->runs);
}

bool IsFolder(const ReportCommandOptions& options) {
  std::error_code error;
  return options.forms.size() > 1 || absl::EndsWith(options.output, "/") ||
         std::filesystem::is_directory(command::UserPath(options.output), error);
}

absl::Status WriteFiles(const ReportCommandOptions& options,
                        const std::vector<std::string>& texts) {
  const bool is_folder = options.output != "-" && IsFolder(options);
  if (is_folder) {
    std::error_code error;
    std::filesystem::create_directories(command::UserPath(options.output), error);
    if (error) {
      return absl::ErrnoToStatus(error.value(),
                                 absl::StrCat("cannot make the folder ", options.output));
    }
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const Form& form = options.forms[i];
    const std::string path =
        !is_folder ? options.output
                   : absl::StrCat(options.output, absl::EndsWith(options.output, "/") ? "" : "/",
                                  form.file_name);
    absl::Status written =
        command::WriteOutput(path, {.kind = *form.kind, .keep = {options.from}},
                             form.is_for_terminals ? command::Printable(texts[i]) : texts[i]);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunReportCommand(const ReportCommandOptions& options, Services& services) {
  const absl::StatusOr<Report> report = ReadReport(options.from);
  if (!report.ok()) return report.status();
  std::vector<Run> runs;
  if (absl::c_any_of(options.forms, [](const Form& form) { return form.shows_samples; })) {
    absl::StatusOr<std::vector<Run>> read = ReadRecordsBeside(options.from);
    if (!read.ok()) return read.status();
    runs = *std::move(read);
  }
  std::vector<std::string> texts;
  for (const Form& form : options.forms) {
    absl::StatusOr<std::string> text =
        form.render(*report, {.runs = runs, .verbose = options.verbose});
    if (!text.ok()) return text.status();
    texts.push_back(*std::move(text));
  }
  if (!options.output.empty()) return WriteFiles(options, texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    if (options.forms[i].is_for_terminals) {
      services.Print(texts[i]);
    } else if (options.forms[i].kind == &command::kJsonFile) {
      command::PrintData(texts[i]);
    } else {
      // All but JSON have shown what a terminal obeys as escapes.
      command::Print(texts[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace perf

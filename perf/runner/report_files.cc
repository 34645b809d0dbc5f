#include "perf/runner/report_files.h"

#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "command/file/file_kind.h"
#include "command/file/output_folder.h"
#include "perf/baseline/baseline_update.h"
#include "perf/record/record_file.h"
#include "perf/report/html/html_report.h"
#include "perf/report/report_json.h"
#include "perf/report/report_markdown.h"
#include "perf/report/report_text.h"
#include "perf/suite/label.h"

namespace perf {
namespace {

constexpr char kText[] = "performance_report.txt";
constexpr char kMarkdown[] = "performance_report.md";
constexpr char kPage[] = "performance_report.html";
constexpr char kJson[] = "performance_report.json";
constexpr char kLines[] = "performance_baseline.txt";
constexpr char kRecords[] = "records";
// Who the folder of records belongs to.
constexpr char kProgram[] = "perf";

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReportFiles> ReportFiles::Create(const std::string& directory,
                                                const std::vector<std::string>& others,
                                                const std::vector<std::string>& keep,
                                                const std::vector<Form>& forms) {
  if (absl::Status made = MakeFolder(directory); !made.ok()) return made;
  ReportFiles files(directory);
  std::vector<std::pair<std::string, command::FileKind>> kinds = {{kText, command::kTextFile},
                                                                  {kMarkdown, command::kTextFile},
                                                                  {kPage, command::kHtmlFile},
                                                                  {kJson, command::kJsonFile},
                                                                  {kLines, command::kTextFile}};
  for (const Form& form : forms) {
    const bool is_written_anyway =
        absl::c_any_of(kinds, [&](const auto& kind) { return kind.first == form.file_name; });
    if (is_written_anyway) continue;
    kinds.emplace_back(form.file_name, *form.kind);
    files.forms_.push_back(form);
  }
  for (const auto& [name, kind] : kinds) {
    absl::StatusOr<command::OutputFile> file = command::OutputFile::Create(
        absl::StrCat(directory, "/", name), {.kind = kind, .keep = keep});
    if (!file.ok()) return file.status();
    files.files_.emplace(name, *std::move(file));
  }
  for (const std::string& name : others) {
    const auto file = command::OutputFile::Create(absl::StrCat(directory, "/", name),
                                                  {.kind = command::kJsonFile, .keep = keep});
    if (!file.ok()) return file.status();
  }
  if (absl::Status own = command::CheckOwnFolder(absl::StrCat(directory, "/", kRecords), kProgram);
      !own.ok()) {
    return own;
  }
  return files;
}

absl::Status ReportFiles::WritePage(const Report& report, const ReportInputs& inputs,
                                    const std::map<std::string, HistorySeries>& history) {
  return WriteFile(kPage, HtmlReport(report, {.records = inputs, .history = history}));
}

std::string ReportFiles::ForPeople() const {
  return absl::StrCat(directory_, "/", kText, ", and with pictures in ", kPage);
}

absl::Status ReportFiles::Write(const Report& report, const ReportInputs& inputs, bool verbose) {
  const absl::StatusOr<std::string> json = ReportJson(report);
  if (!json.ok()) return json.status();
  const absl::StatusOr<std::string> lines =
      UpdateBaselineLines(inputs.runs, inputs.requirements, "", "");
  const std::pair<const char*, std::string> contents[] = {
      {kText, TextReport(report, {.verbose = verbose})},
      {kMarkdown, MarkdownReport(report)},
      {kJson, *json},
      // A figure that no line can state is no reason to lose the report.
      {kLines, lines.ok() ? *lines : absl::StrCat("# ", lines.status().message(), "\n")}};
  for (const auto& [name, content] : contents) {
    if (absl::Status written = WriteFile(name, content); !written.ok()) return written;
  }
  for (const Form& form : forms_) {
    const absl::StatusOr<std::string> content =
        form.render(report, {.runs = inputs.runs, .verbose = verbose});
    if (!content.ok()) return content.status();
    if (absl::Status written = WriteFile(form.file_name, *content); !written.ok()) return written;
  }
  return WriteRecords(inputs);
}

absl::Status ReportFiles::WriteFile(absl::string_view name, absl::string_view content) {
  command::OutputFile& file = files_.at(std::string(name));
  if (absl::Status written = file.Write(content); !written.ok()) return written;
  return file.Commit();
}

absl::Status ReportFiles::WriteRecords(const ReportInputs& inputs) const {
  const std::string folder = absl::StrCat(directory_, "/", kRecords);
  if (absl::Status cleared = command::PrepareOwnFolder(folder, kProgram); !cleared.ok()) {
    return cleared;
  }
  std::map<std::string, int> attempts;
  for (const Run& run : inputs.runs) {
    // Better runs took all that it had measured.
    if (run.measurements().empty() && !inputs.attempts.empty()) continue;
    const std::string target =
        absl::StrReplaceAll(CanonicalLabel(run.provenance().target()), {{"//", ""}, {":", "/"}});
    std::string place =
        absl::StrCat(folder, "/", target, "/shard_", run.provenance().shard_index() + 1, "_of_",
                     run.provenance().total_shards());
    if (const int attempt = ++attempts[place]; attempt > 1) {
      absl::StrAppend(&place, "_attempt_", attempt);
    }
    if (absl::Status made = MakeFolder(place); !made.ok()) return made;
    if (absl::Status written = WriteRunFile(run, place); !written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace perf

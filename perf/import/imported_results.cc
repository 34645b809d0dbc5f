#include "perf/import/imported_results.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "command/file/input_file.h"
#include "perf/import/criterion_results.h"
#include "perf/import/gbench_results.h"
#include "perf/import/hyperfine_results.h"
#include "perf/import/json_text.h"
#include "perf/import/pytest_results.h"
#include "rapidjson/document.h"

namespace perf {
namespace {

// What is known of the content of a file, beyond its text.
struct Content {
  absl::string_view text;
  absl::Time written;
};

bool IsOfCriterion(const rapidjson::Value& document) {
  const rapidjson::Value* median = Member(document, "median");
  return (Member(document, "iters") != nullptr && Member(document, "times") != nullptr) ||
         (median != nullptr && Member(*median, "point_estimate") != nullptr);
}

absl::Status UnknownKind(const rapidjson::Value& document) {
  if (Member(document, "measurements") != nullptr && Member(document, "components") != nullptr) {
    return absl::InvalidArgumentError(
        "a performance report, which has no samples; import the folder `records` beside it");
  }
  return absl::InvalidArgumentError(
      "not a result of a known tool, which are Google Benchmark, hyperfine, pytest-benchmark and "
      "criterion");
}

// The record of one document that is not criterion's.
absl::StatusOr<Run> RunOf(const rapidjson::Value& document, const Content& content,
                          const ImportOptions& options, std::vector<std::string>& notes) {
  GbenchFailures failures;
  const auto finish = [&](absl::string_view tool, auto add) -> absl::StatusOr<Run> {
    ImportedRun run(options, tool);
    if (absl::Status added = add(run); !added.ok()) return added;
    return std::move(run).Finish(content.text, content.written);
  };
  absl::StatusOr<Run> run = UnknownKind(document);
  if (AreGbenchResults(document)) {
    run = finish("Google Benchmark",
                 [&](ImportedRun& into) { return AddGbenchResults(document, into, failures); });
  } else if (ArePytestResults(document)) {
    run = finish("pytest-benchmark",
                 [&](ImportedRun& into) { return AddPytestResults(document, into); });
  } else if (AreHyperfineResults(document)) {
    run = finish("hyperfine",
                 [&](ImportedRun& into) { return AddHyperfineResults(document, into, notes); });
  }
  if (!run.ok()) return run;
  if (const std::string failed = failures.Text(); !failed.empty()) {
    notes.push_back(absl::StrCat(
        "left out: ", failed, " that ended with an error or ",
        failures.benchmarks + failures.repetitions == 1 ? "was skipped" : "were skipped"));
  }
  if (run->measurements().empty()) {
    notes.insert(notes.begin(), "no measurement is in it");
    return absl::InvalidArgumentError(absl::StrJoin(notes, "; "));
  }
  return run;
}

}  // namespace

absl::StatusOr<ImportedResults> ImportResults(const std::string& path,
                                              const ImportOptions& options) {
  ImportedResults results;
  const auto take_criterion = [&]() -> absl::StatusOr<ImportedResults> {
    absl::StatusOr<std::vector<Run>> runs = ReadCriterionResults(path, options, results.failures);
    if (!runs.ok()) return runs.status();
    results.runs = *std::move(runs);
    return results;
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    absl::StatusOr<ImportedResults> taken = take_criterion();
    if (!absl::IsNotFound(taken.status())) return taken;
    return absl::NotFoundError(
        absl::StrCat("there is neither a record (perf_run.pb) nor a result of "
                     "criterion (new/sample.json) in ",
                     path));
  }
  const absl::StatusOr<std::string> text = command::ReadInput(path);
  if (!text.ok()) return text.status();
  rapidjson::Document document;
  const auto with_path = [&](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat(command::InputName(path), ": ", status.message()));
  };
  if (absl::Status parsed = ParseJsonText(*text, document); !parsed.ok()) return with_path(parsed);
  if (IsOfCriterion(document)) {
    if (path != "-") return take_criterion();
    // What its benchmark is called, another file says.
    return with_path(absl::InvalidArgumentError(
        "a result of criterion, which is more than one file; name its folder instead"));
  }
  absl::StatusOr<Run> run =
      RunOf(document, {.text = *text, .written = WrittenAt(path)}, options, results.notes);
  if (!run.ok()) return with_path(run.status());
  results.runs.push_back(*std::move(run));
  return results;
}

}  // namespace perf

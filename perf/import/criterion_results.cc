#include "perf/import/criterion_results.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "command/file/input_file.h"
#include "perf/import/json_text.h"

namespace perf {
namespace {

constexpr char kSample[] = "sample.json";
constexpr char kEstimates[] = "estimates.json";
// What no project has so many benchmarks of.
constexpr size_t kMaxBenchmarks = 100'000;

bool IsFile(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

bool HasResult(const std::filesystem::path& folder) {
  return IsFile(folder / kSample) || IsFile(folder / kEstimates);
}

// The folders `new` with a result, in the order of their paths. Beside them are `base`, the result
// before, and `change` and `report`, which are no results.
absl::StatusOr<std::vector<std::filesystem::path>> ResultFolders(const std::string& path) {
  std::vector<std::filesystem::path> folders;
  if (IsFile(path)) return std::vector{std::filesystem::path(path).parent_path()};
  const std::filesystem::path root = std::filesystem::path(path);
  if (HasResult(root)) folders.push_back(root);
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(root, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename() == "new" && HasResult(entry->path())) {
      folders.push_back(entry->path());
    }
    if (folders.size() > kMaxBenchmarks) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " has more than ", kMaxBenchmarks, " benchmarks"));
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", path));
  std::sort(folders.begin(), folders.end());
  return folders;
}

// The document of a file, whose text is added to `content`.
absl::Status ReadJson(const std::filesystem::path& path, rapidjson::Document& document,
                      std::string& content) {
  const absl::StatusOr<std::string> text = command::ReadInput(path.string());
  if (!text.ok()) return text.status();
  if (absl::Status parsed = ParseJsonText(*text, document); !parsed.ok()) {
    return absl::Status(parsed.code(), absl::StrCat(path.string(), ": ", parsed.message()));
  }
  absl::StrAppend(&content, *text);
  return absl::OkStatus();
}

// The times of one iteration, of samples that each took so many.
absl::StatusOr<std::vector<double>> TimesPerIteration(const rapidjson::Value& sample,
                                                      int64_t& iterations) {
  const rapidjson::Value* counts = Member(sample, "iters");
  const rapidjson::Value* times = Member(sample, "times");
  if (counts == nullptr || times == nullptr || !counts->IsArray() || !times->IsArray() ||
      counts->Size() != times->Size()) {
    return absl::InvalidArgumentError("iters and times are not lists of the same length");
  }
  absl::StatusOr<std::vector<double>> samples = TimesOf(*times, "ns", "times");
  if (!samples.ok()) return samples.status();
  constexpr double kMaxIterations = 1e15;
  for (rapidjson::SizeType i = 0; i < counts->Size(); ++i) {
    const rapidjson::Value& count = (*counts)[i];
    if (!count.IsNumber() || !(count.GetDouble() >= 1) || count.GetDouble() > kMaxIterations) {
      return absl::InvalidArgumentError(
          absl::StrCat("iters[", i, "] is not a number of iterations"));
    }
    (*samples)[i] /= count.GetDouble();
    iterations += static_cast<int64_t>(count.GetDouble());
  }
  return samples;
}

absl::StatusOr<std::vector<double>> Estimate(const rapidjson::Value& estimates) {
  for (const char* figure : {"median", "mean"}) {
    const rapidjson::Value* estimate = Member(estimates, figure);
    if (estimate == nullptr) continue;
    const absl::StatusOr<double> time =
        TimeOf(Member(*estimate, "point_estimate"), "ns", absl::StrCat(figure, ".point_estimate"));
    if (!time.ok()) return time.status();
    return std::vector<double>{*time};
  }
  return absl::InvalidArgumentError("there is no median and no mean");
}

// What criterion calls the benchmark, or else the folder that it is in.
std::string NameOf(const std::filesystem::path& folder, const rapidjson::Value& benchmark) {
  std::string name = TextMember(benchmark, "full_id");
  return name.empty() ? folder.parent_path().filename().string() : name;
}

absl::StatusOr<Run> ReadBenchmark(const std::filesystem::path& folder,
                                  const ImportOptions& options) {
  std::string content;
  rapidjson::Document benchmark;
  if (IsFile(folder / "benchmark.json")) {
    if (absl::Status read = ReadJson(folder / "benchmark.json", benchmark, content); !read.ok()) {
      return read;
    }
  }
  const std::string name = NameOf(folder, benchmark);
  // Benchmarks without such a file may have the same times.
  absl::StrAppend(&content, name);
  const bool has_samples = IsFile(folder / kSample);
  const std::filesystem::path path = folder / (has_samples ? kSample : kEstimates);
  rapidjson::Document document;
  if (absl::Status read = ReadJson(path, document, content); !read.ok()) return read;
  int64_t iterations = 0;
  const absl::StatusOr<std::vector<double>> samples =
      has_samples ? TimesPerIteration(document, iterations) : Estimate(document);
  if (!samples.ok()) {
    return absl::Status(samples.status().code(),
                        absl::StrCat(path.string(), ": ", samples.status().message()));
  }
  ImportedRun run(options, "criterion");
  run.Add(name, "ns", *samples, iterations);
  return std::move(run).Finish(content, WrittenAt(path.string()));
}

}  // namespace

absl::StatusOr<std::vector<Run>> ReadCriterionResults(const std::string& path,
                                                      const ImportOptions& options,
                                                      std::vector<absl::Status>& failures) {
  const absl::StatusOr<std::vector<std::filesystem::path>> folders = ResultFolders(path);
  if (!folders.ok()) return folders.status();
  if (folders->empty()) {
    return absl::NotFoundError(absl::StrCat("there is no result of criterion in ", path));
  }
  std::vector<Run> runs;
  for (const std::filesystem::path& folder : *folders) {
    absl::StatusOr<Run> run = ReadBenchmark(folder, options);
    if (run.ok()) {
      runs.push_back(*std::move(run));
    } else {
      failures.push_back(run.status());
    }
  }
  return runs;
}

}  // namespace perf

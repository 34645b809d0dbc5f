#include "perf/history/record_import.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"

namespace perf {

absl::StatusOr<RecordsInFolder> ReadRecords(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename() == kRunFileName) paths.push_back(entry->path().string());
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", directory));
  if (paths.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no ", kRunFileName, " in ", directory));
  }
  std::sort(paths.begin(), paths.end());
  RecordsInFolder records;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> bytes = ReadFile(path);
    if (!bytes.ok()) {
      records.failures.push_back(bytes.status());
      continue;
    }
    absl::StatusOr<Run> run = ParseRun(*bytes);
    if (run.ok()) {
      records.runs.push_back(*std::move(run));
    } else {
      records.failures.emplace_back(run.status().code(),
                                    absl::StrCat(path, ": ", run.status().message()));
    }
  }
  return records;
}

}  // namespace perf

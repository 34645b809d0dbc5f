#include "perf/record_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace perf {

absl::Status WriteRunFile(const Run& run, const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/", kRunFileName);
  const std::string temporary = absl::StrCat(path, ".tmp");
  errno = 0;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  if (!run.SerializeToOstream(&file) || !file.flush()) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno, absl::StrCat("cannot write ", temporary));
  }
  file.close();
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<Run> ParseRun(const std::string& bytes) {
  if (bytes.empty()) return absl::DataLossError("the record is empty");
  Run run;
  if (!run.ParseFromString(bytes)) {
    return absl::DataLossError("the record is cut short or is not a perf.Run");
  }
  if (!run.has_num_measurements() || run.num_measurements() != run.measurements_size()) {
    return absl::DataLossError(absl::StrCat("the record is cut short: it has ",
                                            run.measurements_size(), " measurements and announces ",
                                            run.num_measurements()));
  }
  return run;
}

}  // namespace perf

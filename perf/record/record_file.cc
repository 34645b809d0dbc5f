#include "perf/record/record_file.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "perf/record/record_check.h"

namespace perf {

namespace {

// Whether single precision holds every sample: it keeps seven digits of a time, and counts need all
// of theirs.
bool FitsSingle(const Measurement& measurement) {
  if (!measurement.counted().empty()) return false;
  return absl::c_all_of(measurement.samples(), [](double sample) {
    const double size = std::abs(sample);
    return size == 0 ||
           (size >= std::numeric_limits<float>::min() && size <= std::numeric_limits<float>::max());
  });
}

// The run as files have it.
Run Stored(Run run) {
  for (Measurement& measurement : *run.mutable_measurements()) {
    if (!FitsSingle(measurement)) continue;
    measurement.mutable_stored_samples()->Add(measurement.samples().begin(),
                                              measurement.samples().end());
    measurement.clear_samples();
  }
  return run;
}

// Turns the run back into what memory has. DataLoss for a measurement that has samples of both
// kinds, of which one would be dropped.
absl::Status Restore(Run& run) {
  for (Measurement& measurement : *run.mutable_measurements()) {
    if (measurement.stored_samples().empty()) continue;
    if (!measurement.samples().empty()) {
      return absl::DataLossError(
          absl::StrCat("measurement '", measurement.name(), "' has its samples twice"));
    }
    measurement.mutable_samples()->Add(measurement.stored_samples().begin(),
                                       measurement.stored_samples().end());
    // Cleared, it would keep its memory, which is half as much again.
    google::protobuf::RepeatedField<float>().Swap(measurement.mutable_stored_samples());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteRunFile(const Run& run, const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/", kRunFileName);
  const std::string temporary = absl::StrCat(path, ".tmp");
  errno = 0;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  if (!Stored(run).SerializeToOstream(&file) || !file.flush()) {
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
  if (absl::Status restored = Restore(run); !restored.ok()) return restored;
  if (absl::Status checked = CheckRun(run); !checked.ok()) {
    return absl::DataLossError(checked.message());
  }
  return run;
}

}  // namespace perf

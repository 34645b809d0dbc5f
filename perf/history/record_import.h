// Records of other machines: those in a folder, wherever they came from.
#ifndef PERF_HISTORY_RECORD_IMPORT_H_
#define PERF_HISTORY_RECORD_IMPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/record/result.pb.h"

namespace perf {

struct RecordsInFolder {
  std::vector<Run> runs;
  // Why the others could not be read, with the path of each: DataLoss of one that is damaged. There
  // is one of both at least.
  std::vector<absl::Status> failures;
};

// Every perf_run.pb in the folder and the folders below, such as perf-results/records brought from
// another machine, by path. NotFound if there is no such folder or no record in it.
absl::StatusOr<RecordsInFolder> ReadRecords(const std::string& directory);

}  // namespace perf

#endif  // PERF_HISTORY_RECORD_IMPORT_H_

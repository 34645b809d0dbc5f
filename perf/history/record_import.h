// Records of other machines: those in a folder, wherever they came from.
#ifndef PERF_HISTORY_RECORD_IMPORT_H_
#define PERF_HISTORY_RECORD_IMPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/record/result.pb.h"

namespace perf {

// Every perf_run.pb in the folder and the folders below, such as perf-results/records brought from
// another machine, by path. NotFound if there is no such folder or no record in it; DataLoss, with
// the path, if one is damaged: then none is returned.
absl::StatusOr<std::vector<Run>> ReadRecords(const std::string& directory);

}  // namespace perf

#endif  // PERF_HISTORY_RECORD_IMPORT_H_

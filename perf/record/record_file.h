// The file that holds one perf.Run.
#ifndef PERF_RECORD_RECORD_FILE_H_
#define PERF_RECORD_RECORD_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/record/result.pb.h"

namespace perf {

// The file's name among a test's undeclared outputs.
inline constexpr char kRunFileName[] = "perf_run.pb";

// Writes `run`, with samples of 4 bytes each, into `directory` by way of a temporary file, so that
// a killed process leaves no half record. The operating system's error, with the path, if it cannot
// be written.
absl::Status WriteRunFile(const Run& run, const std::string& directory);

// Parses such a file's content. DataLoss if it is empty, cut short, not a record, or one that
// record_check.h forbids, whoever wrote it.
absl::StatusOr<Run> ParseRun(const std::string& bytes);

}  // namespace perf

#endif  // PERF_RECORD_RECORD_FILE_H_

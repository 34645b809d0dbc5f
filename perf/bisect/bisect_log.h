// The steps of a search so far, in a file, so that it can go on after an interrupt.
#ifndef PERF_BISECT_BISECT_LOG_H_
#define PERF_BISECT_BISECT_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "perf/bisect/bisect.h"
#include "perf/bisect/bisect_log.pb.h"

namespace perf {

// A text proto (bisect_log.proto), which people may read, and take steps away from.
class BisectLog {
 public:
  // Reads the file, or begins anew if there is none. `settings`: the loads, flags and machine that
  // the steps are measured with, in words. FailedPrecondition if it is of another search or of
  // other settings, whose figures are no figures of this one; InvalidArgument if it is no such
  // file; otherwise the system's errors.
  static absl::StatusOr<BisectLog> Open(const std::string& path, const std::string& measurement,
                                        const std::string& good, const std::string& bad,
                                        const std::string& settings);

  // The steps that the file has.
  std::vector<BisectStep> Steps() const;

  // Adds a step, and returns when it is on the disk.
  absl::Status Add(const BisectStep& step);

 private:
  BisectLog(std::string path, LoggedSearch search)
      : path_(std::move(path)), search_(std::move(search)) {}

  std::string path_;
  LoggedSearch search_;
};

}  // namespace perf

#endif  // PERF_BISECT_BISECT_LOG_H_

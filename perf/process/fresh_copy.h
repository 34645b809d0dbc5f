// A copy of a program, for one run.
#ifndef PERF_PROCESS_FRESH_COPY_H_
#define PERF_PROCESS_FRESH_COPY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace perf {

// A new file with the content of another, to be executed; it goes when this does.
//
// Where the pages of a program's file lie in the machine's memory is decided when they are read or
// written, and stays so for as long as the system keeps them, through all processes that run the
// program. It decides which of them share sets of a cache that is indexed by physical addresses,
// and may make the program a fifth slower. Two builds that are compared lie in two files, so each
// round runs copies, whose pages are drawn anew.
class FreshCopy {
 public:
  // Copies the file `program` into `folder`, which is there. Errors are the system's, with the
  // paths.
  static absl::StatusOr<FreshCopy> Create(const std::string& program, const std::string& folder);

  FreshCopy(FreshCopy&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  FreshCopy& operator=(FreshCopy&&) = delete;
  ~FreshCopy();

  const std::string& path() const { return path_; }

 private:
  explicit FreshCopy(std::string path) : path_(std::move(path)) {}

  // The path is empty once it was moved from.
  std::string path_;
};

}  // namespace perf

#endif  // PERF_PROCESS_FRESH_COPY_H_

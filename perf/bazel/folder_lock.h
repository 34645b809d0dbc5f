// Keeps a folder to one process at a time.
#ifndef PERF_BAZEL_FOLDER_LOCK_H_
#define PERF_BAZEL_FOLDER_LOCK_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace perf {

// The lock is on a file, and ends with the process however that ends, so that none is left over.
class FolderLock {
 public:
  // Waits until nobody else has the lock `path`, which is made if it is not there. `who` describes
  // this process to others who wait: "process 12, which …". While it waits, `waiting` gets what the
  // other says of itself, at once and then every half minute. Errors are the system's.
  static absl::StatusOr<FolderLock> Acquire(
      const std::string& path, const std::string& who,
      absl::FunctionRef<void(const std::string& holder)> waiting);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}

  // -1 once it was moved from.
  int descriptor_ = -1;
};

}  // namespace perf

#endif  // PERF_BAZEL_FOLDER_LOCK_H_

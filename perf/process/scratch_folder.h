// A folder for what a run needs only while it lasts.
#ifndef PERF_PROCESS_SCRATCH_FOLDER_H_
#define PERF_PROCESS_SCRATCH_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace perf {

// A new folder of a unique name, which goes with all that is in it when this does.
class ScratchFolder {
 public:
  // Makes one in a folder that is there, absolute. The path is `prefix` and six letters more, so it
  // always has the same length. Errors are the system's.
  static absl::StatusOr<ScratchFolder> Create(absl::string_view prefix);

  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  // The path is empty once it was moved from.
  std::string path_;
};

}  // namespace perf

#endif  // PERF_PROCESS_SCRATCH_FOLDER_H_

// A folder that is removed with what is in it.
#ifndef SESSION_SQLITE_TEMPORARY_FOLDER_H_
#define SESSION_SQLITE_TEMPORARY_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parlance::session {

class TemporaryFolder {
 public:
  // Makes a folder in `parent`, or if that is empty, in $TMPDIR or /tmp. Errors are the system's.
  static absl::StatusOr<std::unique_ptr<TemporaryFolder>> Make(const std::string& parent = "");
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

  // Copies a file into the folder, and nothing else. Returns the copy's path; it may be written,
  // whatever the original's mode.
  absl::StatusOr<std::string> CopyFile(const std::string& path) const;

  // Copies a database's file and, if there is one, its log (PATH-wal) into the folder. Returns the
  // copy's path; it may be written, whatever the original's mode.
  absl::StatusOr<std::string> CopyWithLog(const std::string& path);

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace parlance::session

#endif  // SESSION_SQLITE_TEMPORARY_FOLDER_H_

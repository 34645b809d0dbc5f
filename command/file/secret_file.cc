#include "command/file/secret_file.h"

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/file/input_file.h"
#include "command/file/user_path.h"

namespace command {

absl::StatusOr<std::string> ReadSecret(absl::string_view typed, size_t max_bytes) {
  struct stat properties = {};
  if (stat(UserPath(typed).c_str(), &properties) == 0) {
    // A device has no end. A pipe is what shells make of <(program that knows the secret).
    if (!S_ISREG(properties.st_mode) && !S_ISFIFO(properties.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat(
          typed, S_ISDIR(properties.st_mode) ? " is a folder" : " is not a regular file",
          "; name a file with the secret in it"));
    }
    if ((properties.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
      return absl::PermissionDeniedError(
          absl::StrCat(typed,
                       " can be read by everybody on this machine, or written by others than its "
                       "owner; run: chmod 600 ",
                       typed));
    }
  }
  return ReadInput(typed, max_bytes);
}

}  // namespace command

// Files with a key or a password, which their owner alone writes, and at most their group reads.
#ifndef COMMAND_FILE_SECRET_FILE_H_
#define COMMAND_FILE_SECRET_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace command {

// The content of the file that the user typed. InvalidArgument for a folder or a device;
// PermissionDenied, with what to do, for one that everybody can read or that others than its owner
// can write; otherwise as ReadInput. pipeline/door/socket/whole_file.h has the same rule of who
// may.
absl::StatusOr<std::string> ReadSecret(absl::string_view typed, size_t max_bytes);

}  // namespace command

#endif  // COMMAND_FILE_SECRET_FILE_H_

// Files with a key or a password, which nobody but their owner has to do with.
#ifndef COMMAND_FILE_SECRET_FILE_H_
#define COMMAND_FILE_SECRET_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace command {

// The content of the file that the user typed. PermissionDenied, with what to do, for one that
// others can read or that its group can write; otherwise as ReadInput.
absl::StatusOr<std::string> ReadSecret(absl::string_view typed, size_t max_bytes);

}  // namespace command

#endif  // COMMAND_FILE_SECRET_FILE_H_

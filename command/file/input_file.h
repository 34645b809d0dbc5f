// Files that a program reads whole.
#ifndef COMMAND_FILE_INPUT_FILE_H_
#define COMMAND_FILE_INPUT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace command {

// What a text that a program reads whole may have in bytes, unless the program says otherwise.
inline constexpr size_t kMaxInputBytes = size_t{64} << 20;

// What messages call the input that the user typed: "standard input" for "-", or else its path.
std::string InputName(absl::string_view typed);

// The content of the file that the user typed, or of standard input for "-". Errors name the path
// as typed: NotFound or PermissionDenied if it cannot be opened, InvalidArgument for a folder and
// for the file that standard output goes to, ResourceExhausted with the limit for one of more than
// `max_bytes`, whatever its size claimed to be (a device, a pipe, a file that grows).
absl::StatusOr<std::string> ReadInput(absl::string_view typed, size_t max_bytes = kMaxInputBytes);

}  // namespace command

#endif  // COMMAND_FILE_INPUT_FILE_H_

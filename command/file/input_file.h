// Files that a program reads, whole or in parts.
#ifndef COMMAND_FILE_INPUT_FILE_H_
#define COMMAND_FILE_INPUT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace command {

// What a text that a program reads whole may have in bytes, unless the program says otherwise.
inline constexpr size_t kMaxInputBytes = size_t{64} << 20;

// What messages call the input that the user typed: "standard input" for "-", or else its path.
std::string InputName(absl::string_view typed);

// A file that is read in parts. Errors name the path as typed. From one thread at a time.
class InputFile {
 public:
  // Opens the file that the user typed, or standard input for "-". NotFound or PermissionDenied if
  // it cannot be opened, InvalidArgument for a folder and for the file that standard output goes
  // to; an error of standard input that is closed.
  static absl::StatusOr<InputFile> Open(absl::string_view typed);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  // Reads what there is next, into a part of `buffer`, which is not empty, and returns how many
  // bytes that is: 0 at the end of the file and never before. A read that fails is an error, and no
  // end.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer);

 private:
  InputFile(std::string name, int fd);

  std::string name_;
  int fd_;
};

// The content of the file that the user typed, or of standard input for "-". Errors are
// InputFile's, and ResourceExhausted with the limit for a file of more than `max_bytes`, whatever
// its size claimed to be (a device, a pipe, a file that grows).
absl::StatusOr<std::string> ReadInput(absl::string_view typed, size_t max_bytes = kMaxInputBytes);

}  // namespace command

#endif  // COMMAND_FILE_INPUT_FILE_H_

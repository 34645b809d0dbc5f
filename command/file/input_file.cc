#include "command/file/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/file/user_path.h"

namespace command {

std::string InputName(absl::string_view typed) {
  return typed == "-" ? "standard input" : std::string(typed);
}

absl::StatusOr<std::string> ReadInput(absl::string_view typed, size_t max_bytes) {
  const bool is_stdin = typed == "-";
  const std::string name = InputName(typed);
  const int fd = is_stdin ? STDIN_FILENO : open(UserPath(typed).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
  const auto close_file = absl::MakeCleanup([&] {
    if (!is_stdin) close(fd);
  });
  struct stat status = {};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", name, ": it is a folder; name a file in it"));
  }
  // What is printed would become a part of what was read, as in `program FILE >>FILE`.
  struct stat output = {};
  if (S_ISREG(status.st_mode) && fstat(STDOUT_FILENO, &output) == 0 &&
      output.st_dev == status.st_dev && output.st_ino == status.st_ino) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot read ", name, ": it is standard output, too; send that to another file"));
  }
  std::string content;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
    if (count == 0) return content;
    if (content.size() + static_cast<size_t>(count) > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("cannot read ", name, ": it has more than ",
                                                       max_bytes, " bytes, which is the limit"));
    }
    content.append(buffer.data(), static_cast<size_t>(count));
  }
}

}  // namespace command

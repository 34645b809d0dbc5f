#include "command/file/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "command/file/user_path.h"

namespace command {

std::string InputName(absl::string_view typed) {
  return typed == "-" ? "standard input" : std::string(typed);
}

InputFile::InputFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}

InputFile::InputFile(InputFile&& other) noexcept
    : name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)) {}

InputFile::~InputFile() {
  // Standard input is not ours to close: its number would become another file's.
  if (fd_ > STDIN_FILENO) close(fd_);
}

absl::StatusOr<InputFile> InputFile::Open(absl::string_view typed) {
  InputFile file(InputName(typed),
                 typed == "-" ? STDIN_FILENO : open(UserPath(typed).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status = {};
  if (file.fd_ < 0 || fstat(file.fd_, &status) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", file.name_));
  }
  // Standard input may have been opened for writing alone, or be what stands for a closed one.
  if ((fcntl(file.fd_, F_GETFL) & O_ACCMODE) == O_WRONLY) {
    return absl::ErrnoToStatus(EBADF, absl::StrCat("cannot read ", file.name_));
  }
  if (S_ISDIR(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", file.name_, ": it is a folder; name a file in it"));
  }
  // What is printed would become a part of what was read, as in `program FILE >>FILE`.
  struct stat output = {};
  if (S_ISREG(status.st_mode) && fstat(STDOUT_FILENO, &output) == 0 &&
      output.st_dev == status.st_dev && output.st_ino == status.st_ino) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot read ", file.name_, ": it is standard output, too; send that to another file"));
  }
  return file;
}

absl::StatusOr<size_t> InputFile::Read(absl::Span<char> buffer) {
  for (;;) {
    const ssize_t count = read(fd_, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name_));
  }
}

absl::StatusOr<std::string> ReadInput(absl::string_view typed, size_t max_bytes) {
  absl::StatusOr<InputFile> file = InputFile::Open(typed);
  if (!file.ok()) return file.status();
  std::string content;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const absl::StatusOr<size_t> count = file->Read(absl::MakeSpan(buffer));
    if (!count.ok()) return count.status();
    if (*count == 0) return content;
    if (content.size() + *count > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("cannot read ", InputName(typed),
                                                       ": it has more than ", max_bytes,
                                                       " bytes, which is the limit"));
    }
    content.append(buffer.data(), *count);
  }
}

}  // namespace command

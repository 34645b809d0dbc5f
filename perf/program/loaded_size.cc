#include "perf/program/loaded_size.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace perf {

absl::StatusOr<ProgramSize> SizeOfProgram(const std::string& path) {
  const auto failed = [&] {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  };
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed();
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat status = {};
  if (fstat(file, &status) != 0) return failed();
  ProgramSize size = {.file_bytes = status.st_size, .loaded_bytes = status.st_size};
  Elf64_Ehdr header = {};
  const ssize_t read = pread(file, &header, sizeof(header), 0);
  if (read < 0) return failed();
  if (read < static_cast<ssize_t>(sizeof(header)) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr)) {
    return size;
  }
  size.loaded_bytes = 0;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment = {};
    const off_t place = static_cast<off_t>(header.e_phoff + i * sizeof(segment));
    if (pread(file, &segment, sizeof(segment), place) != static_cast<ssize_t>(sizeof(segment))) {
      return absl::DataLossError(absl::StrCat(path, " is cut short"));
    }
    if (segment.p_type == PT_LOAD) size.loaded_bytes += static_cast<int64_t>(segment.p_filesz);
  }
  if (size.loaded_bytes > size.file_bytes || size.loaded_bytes < 0) {
    return absl::DataLossError(absl::StrCat(path, " is cut short"));
  }
  return size;
}

}  // namespace perf

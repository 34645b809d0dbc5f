#include "command/output_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"

namespace command {
namespace {

absl::Status CannotClear(const std::string& path, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot prepare the folder ", path));
}

}  // namespace

absl::Status PrepareOwnFolder(const std::string& path, absl::string_view program) {
  std::error_code error;
  const std::filesystem::path folder(path);
  const std::filesystem::path marker = folder / absl::StrCat(".made-by-", program);
  const std::filesystem::file_status status = std::filesystem::symlink_status(folder, error);
  const auto refuse = [&](absl::string_view why) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " ", why, "; remove it, or name another folder"));
  };
  switch (status.type()) {
    case std::filesystem::file_type::not_found:
      std::filesystem::create_directories(folder, error);
      if (error) return CannotClear(path, error);
      break;
    case std::filesystem::file_type::directory:
      break;
    case std::filesystem::file_type::symlink:
      return refuse("is a symbolic link, and would be cleared");
    case std::filesystem::file_type::none:
      return CannotClear(path, error);
    default:
      return refuse("is there, and is no folder");
  }
  std::vector<std::filesystem::path> entries;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path() != marker) entries.push_back(entry->path());
  }
  if (error) return CannotClear(path, error);
  const bool is_own =
      std::filesystem::is_regular_file(std::filesystem::symlink_status(marker, error));
  if (!is_own && !entries.empty()) {
    return refuse(absl::StrCat("was not made by ", program, ", and would be cleared"));
  }
  if (!is_own) {
    const int fd = open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return CannotClear(path, std::error_code(errno, std::generic_category()));
    close(fd);
  }
  for (const std::filesystem::path& old : entries) {
    std::filesystem::remove_all(old, error);
    if (error) return CannotClear(path, error);
  }
  return absl::OkStatus();
}

}  // namespace command

#include "command/file/output_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace command {
namespace {

absl::Status CannotClear(const std::string& path, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot prepare the folder ", path));
}

std::filesystem::path Marker(const std::filesystem::path& folder, absl::string_view program) {
  return folder / absl::StrCat(".made-by-", program);
}

struct Contents {
  bool is_there = false;
  bool has_marker = false;
  // Without the marker.
  std::vector<std::filesystem::path> entries;
};

// What is in a folder that may be cleared, or the refusal.
absl::StatusOr<Contents> Look(const std::string& path, absl::string_view program) {
  std::error_code error;
  const std::filesystem::path folder(path);
  const std::filesystem::path marker = Marker(folder, program);
  const auto refuse = [&](absl::string_view why) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " ", why, "; remove it, or name another folder"));
  };
  Contents contents;
  switch (std::filesystem::symlink_status(folder, error).type()) {
    case std::filesystem::file_type::not_found:
      return contents;
    case std::filesystem::file_type::directory:
      break;
    case std::filesystem::file_type::symlink:
      return refuse("is a symbolic link, and would be cleared");
    case std::filesystem::file_type::none:
      return CannotClear(path, error);
    default:
      return refuse("exists, and is not a folder");
  }
  contents.is_there = true;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path() != marker) contents.entries.push_back(entry->path());
  }
  if (error) return CannotClear(path, error);
  contents.has_marker =
      std::filesystem::is_regular_file(std::filesystem::symlink_status(marker, error));
  if (!contents.has_marker && !contents.entries.empty()) {
    return refuse(absl::StrCat("was not made by ", program, ", and would be cleared"));
  }
  return contents;
}

}  // namespace

absl::Status CheckOwnFolder(const std::string& path, absl::string_view program) {
  return Look(path, program).status();
}

absl::Status PrepareOwnFolder(const std::string& path, absl::string_view program) {
  const absl::StatusOr<Contents> contents = Look(path, program);
  if (!contents.ok()) return contents.status();
  std::error_code error;
  if (!contents->is_there) {
    std::filesystem::create_directories(path, error);
    if (error) return CannotClear(path, error);
  }
  if (!contents->has_marker) {
    const int fd = open(Marker(path, program).c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return CannotClear(path, std::error_code(errno, std::generic_category()));
    close(fd);
  }
  for (const std::filesystem::path& old : contents->entries) {
    std::filesystem::remove_all(old, error);
    if (error) return CannotClear(path, error);
  }
  return absl::OkStatus();
}

}  // namespace command

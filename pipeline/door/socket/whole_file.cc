#include "pipeline/door/socket/whole_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

absl::StatusOr<std::string> Read(absl::string_view what, const std::string& path, size_t max_bytes,
                                 bool is_secret) {
  const auto unreadable = [&] {
    return absl::NotFoundError(
        absl::StrCat(what, " ", path, " cannot be read: ", std::strerror(errno)));
  };
  struct stat properties = {};
  if (stat(path.c_str(), &properties) != 0) return unreadable();
  // A pipe would be waited for, and a device has no end.
  if (!S_ISREG(properties.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " ", path, S_ISDIR(properties.st_mode) ? " is a folder" : " is not a regular file",
        "; name a file"));
  }
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr || fstat(fileno(file.get()), &properties) != 0) return unreadable();
  if (is_secret && (properties.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(what, " ", path,
                     " can be read by everybody on this machine, or written by others than its "
                     "owner; run: chmod 600 ",
                     path));
  }
  std::string text(max_bytes + 1, 0);
  text.resize(std::fread(&text[0], 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return unreadable();
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", path, " has more than ", max_bytes, " bytes"));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(absl::string_view what, const std::string& path,
                                          size_t max_bytes) {
  return Read(what, path, max_bytes, /*is_secret=*/false);
}

absl::StatusOr<std::string> ReadWholeSecretFile(absl::string_view what, const std::string& path,
                                                size_t max_bytes) {
  return Read(what, path, max_bytes, /*is_secret=*/true);
}

}  // namespace parlance::pipeline::door

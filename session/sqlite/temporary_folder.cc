#include "session/sqlite/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace parlance::session {

absl::StatusOr<std::unique_ptr<TemporaryFolder>> TemporaryFolder::Make(const std::string& parent) {
  const char* usual = std::getenv("TMPDIR");
  if (usual == nullptr || *usual == '\0') usual = "/tmp";
  std::string path = absl::StrCat(parent.empty() ? usual : parent, "/parlance_store_XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the folder ", path));
  }
  return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(path));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<std::string> TemporaryFolder::CopyFile(const std::string& path) const {
  namespace fs = std::filesystem;
  const std::string copy = absl::StrCat(path_, "/store.db");
  std::error_code error;
  fs::copy_file(path, copy, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(copy, fs::perms::owner_write, fs::perm_options::add, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot copy ", path));
  return copy;
}

absl::StatusOr<std::string> TemporaryFolder::CopyWithLog(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string copy = absl::StrCat(path_, "/store.db");
  for (const char* suffix : {"", "-wal"}) {
    const std::string from = absl::StrCat(path, suffix);
    const std::string to = absl::StrCat(copy, suffix);
    std::error_code error;
    fs::copy_file(from, to, error);
    if (error == std::errc::no_such_file_or_directory && *suffix != '\0') continue;
    if (!error) fs::permissions(to, fs::perms::owner_write, fs::perm_options::add, error);
    if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot copy ", from));
  }
  return copy;
}

}  // namespace parlance::session

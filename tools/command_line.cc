#include "tools/command_line.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::tools {

int Refuse(absl::string_view message) {
  std::fprintf(stderr, "tool: %s\n", std::string(message).c_str());
  return kRefused;
}

int WrongUse(absl::string_view message) { return Refuse(absl::StrCat(message, "; see --help")); }

std::string UserPath(const std::string& path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return std::filesystem::path(folder == nullptr ? "" : folder) / path;
}

std::ifstream OpenFile(const std::string& path) {
  std::ifstream file;
  std::error_code error;
  const std::string place = UserPath(path);
  if (!std::filesystem::is_directory(place, error)) file.open(place, std::ios::binary);
  return file;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file = OpenFile(path);
  if (!file.is_open()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace parlance::tools

#include "command/file/user_path.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace command {

std::string UserPath(absl::string_view typed) {
  const char* const folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (folder == nullptr || *folder == '\0' || typed.empty() || typed == "-" ||
      typed.front() == '/' || absl::StrContains(typed, "://")) {
    return std::string(typed);
  }
  return absl::StrCat(folder, "/", typed);
}

}  // namespace command

// Paths as the user typed them.
#ifndef COMMAND_FILE_USER_PATH_H_
#define COMMAND_FILE_USER_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace command {

// The path to open for one that the user typed. `bazel run` starts programs in a folder of its own
// and names the user's in BUILD_WORKING_DIRECTORY; a relative path means the latter. An absolute
// path, an empty one, "-" and a URI
// ("postgresql://…") stay as they are. Only the path to open changes: messages show what was typed.
std::string UserPath(absl::string_view typed);

}  // namespace command

#endif  // COMMAND_FILE_USER_PATH_H_

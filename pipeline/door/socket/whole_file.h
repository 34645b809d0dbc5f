// Files that are read as a whole when the program starts.
//
// `what` says in errors what the file is, such as "the key". Threads: any.
#ifndef PIPELINE_DOOR_SOCKET_WHOLE_FILE_H_
#define PIPELINE_DOOR_SOCKET_WHOLE_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

// NotFound, with why, for a file that cannot be read, and InvalidArgument for one of more than
// `max_bytes` and for what is not a regular file.
absl::StatusOr<std::string> ReadWholeFile(absl::string_view what, const std::string& path,
                                          size_t max_bytes);
// The same. Besides, PermissionDenied, with what to do, if everybody on this machine may read the
// file or others than its owner may write it: they would have what is to be kept from them. Its
// group may read it, as that of a service does. command/file/secret_file.h has the same rule.
absl::StatusOr<std::string> ReadWholeSecretFile(absl::string_view what, const std::string& path,
                                                size_t max_bytes);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SOCKET_WHOLE_FILE_H_

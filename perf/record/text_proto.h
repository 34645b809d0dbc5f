// Text protos with messages that name the file, the line and the column.
#ifndef PERF_RECORD_TEXT_PROTO_H_
#define PERF_RECORD_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace perf {

// Parses `text` into `message`. InvalidArgument with every error, each as "SOURCE:LINE:COLUMN:
// what".
absl::Status ParseTextProto(absl::string_view text, absl::string_view source,
                            google::protobuf::Message& message);

// Returns the whole file. NotFound, PermissionDenied, or Internal with the path and the reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace perf

#endif  // PERF_RECORD_TEXT_PROTO_H_

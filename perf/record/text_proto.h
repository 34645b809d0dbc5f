// Text protos with messages that name the file, the line and the column.
#ifndef PERF_RECORD_TEXT_PROTO_H_
#define PERF_RECORD_TEXT_PROTO_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace perf {

// Parses `text` into `message`. InvalidArgument with every error, each as "SOURCE:LINE:COLUMN:
// what". `places`, if there is one, gets where each field is, for PlaceOf.
absl::Status ParseTextProto(absl::string_view text, absl::string_view source,
                            google::protobuf::Message& message,
                            google::protobuf::TextFormat::ParseInfoTree* places = nullptr);

// "SOURCE:LINE:COLUMN", where the `index`-th value of the repeated field of that number begins;
// SOURCE alone if the text had no such value.
std::string PlaceOf(const google::protobuf::Message& message, int field_number, int index,
                    const google::protobuf::TextFormat::ParseInfoTree& places,
                    absl::string_view source);

// What a file that is read whole may have in bytes: more than the build events of any build.
inline constexpr size_t kMaxFileBytes = size_t{1} << 30;

// Returns the whole file, which may be a pipe. Errors name the path and the reason: NotFound and
// others as the system says; InvalidArgument for a device, which may have no end;
// ResourceExhausted, with the limit, for more than `max_bytes`, whatever its size claimed to be.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes = kMaxFileBytes);

}  // namespace perf

#endif  // PERF_RECORD_TEXT_PROTO_H_

// What releases of Protocol Buffers, 3.21 and those from 26 on, call differently.
#ifndef PERF_RECORD_PROTOBUF_RELEASE_H_
#define PERF_RECORD_PROTOBUF_RELEASE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/message.h"
#include "google/protobuf/stubs/common.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"

namespace perf {

// The text that JsonStringToMessage takes, which it does not keep.
#if GOOGLE_PROTOBUF_VERSION < 4022000
inline google::protobuf::StringPiece JsonText(absl::string_view text) {
  return {text.data(), text.size()};
}
#else
inline absl::string_view JsonText(absl::string_view text) { return text; }
#endif

// Also prints fields that are zero, empty or false, where they cannot be told from what is not set.
template <typename Options>
void PrintDefaults(Options& options) {
  if constexpr (requires { options.always_print_primitive_fields; }) {
    options.always_print_primitive_fields = true;
  } else {
    options.always_print_fields_with_no_presence = true;
  }
}

// Where a parser of text protos found the `index`-th value of a repeated field; its line is -1 if
// it did not. Lines and columns are counted from 0.
template <typename Places>
google::protobuf::TextFormat::ParseLocation LocationOf(
    const Places& places, const google::protobuf::FieldDescriptor* field, int index) {
  if constexpr (requires { places.GetFieldLocation(field, index); }) {
    const auto location = places.GetFieldLocation(field, index);
    return location.ok() ? location->full.start : google::protobuf::TextFormat::ParseLocation();
  } else {
    return places.GetLocation(field, index);
  }
}

// Gets the errors of a parser of text protos. Lines and columns are counted from 0.
class ProtobufErrors : public google::protobuf::io::ErrorCollector {
 public:
  virtual void Error(int line, int column, absl::string_view message) = 0;

#if GOOGLE_PROTOBUF_VERSION < 4022000
  void AddError(int line, int column, const std::string& message) final {
    Error(line, column, message);
  }
#else
  void RecordError(int line, int column, absl::string_view message) final {
    Error(line, column, message);
  }
#endif
};

}  // namespace perf

#endif  // PERF_RECORD_PROTOBUF_RELEASE_H_

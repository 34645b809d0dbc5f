#include "perf/record/text_proto.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "perf/record/protobuf_release.h"

namespace perf {
namespace {

class Errors : public ProtobufErrors {
 public:
  explicit Errors(absl::string_view source) : source_(source) {}

  // Editors count lines and columns from 1.
  void Error(int line, int column, absl::string_view message) override {
    errors_.push_back(absl::StrCat(source_, ":", line + 1, ":", column + 1, ": ", message));
  }

  std::string Joined() const { return absl::StrJoin(errors_, "\n"); }

 private:
  const std::string source_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::Status ParseTextProto(absl::string_view text, absl::string_view source,
                            google::protobuf::Message& message,
                            google::protobuf::TextFormat::ParseInfoTree* places) {
  google::protobuf::TextFormat::Parser parser;
  Errors errors(source);
  parser.RecordErrorsTo(&errors);
  if (places != nullptr) parser.WriteLocationsTo(places);
  if (!parser.ParseFromString(std::string(text), &message)) {
    return absl::InvalidArgumentError(errors.Joined());
  }
  return absl::OkStatus();
}

std::string PlaceOf(const google::protobuf::Message& message, int field_number, int index,
                    const google::protobuf::TextFormat::ParseInfoTree& places,
                    absl::string_view source) {
  const google::protobuf::FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByNumber(field_number);
  const google::protobuf::TextFormat::ParseLocation place = LocationOf(places, field, index);
  if (place.line < 0) return std::string(source);
  // As in errors: from 1.
  return absl::StrCat(source, ":", place.line + 1, ":", place.column + 1);
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  // An empty file sets failbit on `content`, a directory sets badbit on `file`.
  if (file && file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
  if (!file.is_open() || file.bad()) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno, absl::StrCat("cannot read ", path));
  }
  return content.str();
}

}  // namespace perf

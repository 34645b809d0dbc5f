#include "perf/record/text_proto.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
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

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  const auto failed = [&](int error) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot read ", path));
  };
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return failed(errno);
  const auto closer = absl::MakeCleanup([file] { close(file); });
  struct stat status = {};
  if (fstat(file, &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", path, ": it is a device; name a file"));
  }
  const auto too_large = [&] {
    return absl::ResourceExhaustedError(absl::StrCat("cannot read ", path, ": it has more than ",
                                                     max_bytes, " bytes, which is the limit"));
  };
  if (S_ISREG(status.st_mode) && static_cast<size_t>(status.st_size) > max_bytes) {
    return too_large();
  }
  std::string content;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    if (count == 0) return content;
    if (content.size() + static_cast<size_t>(count) > max_bytes) return too_large();
    content.append(buffer.data(), static_cast<size_t>(count));
  }
}

}  // namespace perf

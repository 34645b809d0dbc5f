#include "tools/validate_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "command/exit_code.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/file/user_path.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/json/json_text.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/json_schema.h"

ABSL_FLAG(std::string, schema, "", "validate: the file with the JSON Schema; - is standard input.");
ABSL_FLAG(std::string, instance, "", "validate: the file with the value; - is standard input.");
ABSL_FLAG(
    std::string, batch, "",
    "validate: a file of JSON Lines {\"schema\": ..., \"instance\": ...}; - is standard input.");

namespace parlance::tools {
namespace {

// A line of a batch is a schema and a value, each as deep as may be, and what is around them.
constexpr JsonLimits kLineLimits = {.max_bytes = command::kMaxInputBytes,
                                    .max_depth = 4 * JsonSchema::kMaxDepth};

int ValidateFile(const std::string& schema_path, const std::string& instance_path) {
  if (schema_path == "-" && instance_path == "-") {
    return command::WrongUse("only one of --schema and --instance can be standard input");
  }
  absl::StatusOr<std::string> schema_text = command::ReadInput(schema_path);
  if (!schema_text.ok()) return command::Fail(schema_text.status());
  absl::StatusOr<std::string> instance_text = command::ReadInput(instance_path);
  if (!instance_text.ok()) return command::Fail(instance_text.status());
  absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(*schema_text);
  if (!schema.ok())
    return command::Fail(absl::StrCat(schema_path, ": ", schema.status().message()));
  rapidjson::Document instance;
  bool is_beyond = false;
  if (const std::optional<std::string> malformed =
          ParseJson(*instance_text, instance, {}, &is_beyond)) {
    if (is_beyond) {
      return command::Fail(absl::StrCat(command::InputName(instance_path),
                                        ": the value is beyond what can be checked: ", *malformed));
    }
    command::Print(
        absl::StrCat("invalid: the value is not JSON: ", command::PrintableLine(*malformed), "\n"));
    return command::kNo;
  }
  if (const std::optional<SchemaError> error = schema->Validate(instance)) {
    command::Print(absl::StrCat("invalid: at '", command::PrintableLine(error->pointer),
                                "': ", error->keyword, error->keyword.empty() ? "" : ": ",
                                command::PrintableLine(error->message), "\n"));
    return command::kNo;
  }
  command::Print("valid\n");
  return command::kDone;
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void Put(Writer& writer, const char* name, absl::string_view text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// Writes the rest of the line's object. Returns the exit code that the line stands for.
int ValidateLine(absl::string_view line, Writer& writer) {
  const auto refuse = [&](absl::string_view reason) {
    Put(writer, "schema_error", reason);
    return command::kFailed;
  };
  rapidjson::Document document;
  if (const std::optional<std::string> malformed = ParseJson(line, document, kLineLimits)) {
    return refuse(absl::StrCat("the line is not JSON: ", *malformed));
  }
  if (!document.IsObject()) return refuse("the line is not an object");
  if (const std::optional<std::string> id = CompactJson(MemberText(line, "id"))) {
    writer.Key("id");
    writer.RawValue(id->data(), id->size(), rapidjson::kObjectType);
  }
  const auto instance = document.FindMember("instance");
  if (!document.HasMember("schema") || instance == document.MemberEnd()) {
    return refuse("the line lacks 'schema' or 'instance'");
  }
  absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(MemberText(line, "schema"));
  if (!schema.ok()) return refuse(schema.status().message());
  const std::optional<SchemaError> error = schema->Validate(instance->value);
  writer.Key("valid");
  writer.Bool(!error.has_value());
  if (!error.has_value()) return command::kDone;
  writer.Key("error");
  writer.StartObject();
  Put(writer, "instance", error->pointer);
  Put(writer, "keyword", error->keyword);
  Put(writer, "message", error->message);
  writer.EndObject();
  return command::kNo;
}

// Reads lines as they come; memory is bounded by the longest that may be.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}

  // Reads the next line, without its end. False at the end of the file, or if it cannot be read. A
  // line that is too long is kept up to a little more than kMaxInputBytes, so that it is seen to
  // be.
  bool Next(std::string& line) {
    line.clear();
    for (;;) {
      const absl::string_view rest(buffer_.data() + at_, size_ - at_);
      const size_t end = rest.find('\n');
      if (line.size() <= command::kMaxInputBytes) absl::StrAppend(&line, rest.substr(0, end));
      if (end != absl::string_view::npos) {
        at_ += end + 1;
        return true;
      }
      ssize_t count = 0;
      do {
        count = read(fd_, buffer_.data(), buffer_.size());
      } while (count < 0 && errno == EINTR);
      at_ = 0;
      size_ = count > 0 ? static_cast<size_t>(count) : 0;
      if (count < 0) error_ = errno;
      if (count <= 0) return !line.empty() && error_ == 0;
    }
  }

  // The error of reading, as errno; 0 if there is none.
  int error() const { return error_; }

 private:
  const int fd_;
  std::array<char, 1 << 16> buffer_;
  size_t at_ = 0;
  size_t size_ = 0;
  int error_ = 0;
};

int ValidateLines(const std::string& path, int fd) {
  int code = command::kDone;
  LineReader reader(fd);
  std::string line;
  for (int64_t number = 1; reader.Next(line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    writer.Key("line");
    writer.Int64(number);
    code = std::max(code, ValidateLine(line, writer));
    writer.EndObject();
    command::Print(
        absl::StrCat(command::PrintableJson({buffer.GetString(), buffer.GetSize()}), "\n"));
  }
  if (reader.error() == 0) return code;
  return command::Fail(absl::StrCat("cannot read ", path, ": ", std::strerror(reader.error())));
}

int ValidateBatch(const std::string& path) {
  if (absl::Status apart = command::CheckStandardOutput({path}); !apart.ok()) {
    return command::Fail(apart);
  }
  if (path == "-") return ValidateLines(command::InputName(path), STDIN_FILENO);
  const int fd = open(command::UserPath(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return command::Fail(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  const int code = ValidateLines(path, fd);
  close(fd);
  return code;
}

}  // namespace

int ValidateCommand(const std::vector<std::string>&) {
  const std::string schema = absl::GetFlag(FLAGS_schema);
  const std::string instance = absl::GetFlag(FLAGS_instance);
  const std::string batch = absl::GetFlag(FLAGS_batch);
  if (!batch.empty()) {
    if (!schema.empty() || !instance.empty()) {
      return command::WrongUse("--batch cannot be combined with --schema or --instance");
    }
    return ValidateBatch(batch);
  }
  if (schema.empty())
    return command::WrongUse("--schema is missing: the JSON Schema to check against");
  if (instance.empty()) return command::WrongUse("--instance is missing: the value to check");
  return ValidateFile(schema, instance);
}

}  // namespace parlance::tools

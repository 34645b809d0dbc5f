#include "tools/validate_command.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/command_line.h"
#include "tools/json_schema.h"
#include "tools/json_value.h"

ABSL_FLAG(std::string, schema, "", "validate: the JSON Schema, a file; - is standard input.");
ABSL_FLAG(std::string, instance, "", "validate: the value, a file; - is standard input.");
ABSL_FLAG(std::string, batch, "",
          "validate: JSON Lines of {\"schema\": ..., \"instance\": ...}; - is standard input.");

namespace parlance::tools {
namespace {

// Of a batch's lines: beyond, writing them out would take too much stack.
constexpr int kMaxLineDepth = 4 * JsonSchema::kMaxDepth;

int ValidateFile(const std::string& schema_path, const std::string& instance_path) {
  if (schema_path == "-" && instance_path == "-") {
    return WrongUse("only one of --schema and --instance can be standard input");
  }
  absl::StatusOr<std::string> schema_text = ReadFile(schema_path);
  if (!schema_text.ok()) return Refuse(schema_text.status().message());
  absl::StatusOr<std::string> instance_text = ReadFile(instance_path);
  if (!instance_text.ok()) return Refuse(instance_text.status().message());
  absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(*schema_text);
  if (!schema.ok()) return Refuse(absl::StrCat(schema_path, ": ", schema.status().message()));
  rapidjson::Document instance;
  if (const std::optional<std::string> malformed = ParseJson(*instance_text, instance)) {
    std::printf("invalid: the value is not JSON: %s\n", malformed->c_str());
    return kFailure;
  }
  if (const std::optional<SchemaError> error = schema->Validate(instance)) {
    std::printf("invalid: at '%s': %s%s%s\n", error->pointer.c_str(), error->keyword.c_str(),
                error->keyword.empty() ? "" : ": ", error->message.c_str());
    return kFailure;
  }
  std::printf("valid\n");
  return kSuccess;
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void Put(Writer& writer, const char* name, absl::string_view text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// Goes on with the line's object; the exit code that the line stands for.
int ValidateLine(const std::string& line, Writer& writer) {
  const auto refuse = [&](absl::string_view reason) {
    Put(writer, "schema_error", reason);
    return kRefused;
  };
  rapidjson::Document document;
  if (const std::optional<std::string> malformed = ParseJson(line, document)) {
    return refuse(absl::StrCat("the line is not JSON: ", *malformed));
  }
  if (!document.IsObject()) return refuse("the line is not an object");
  if (!NestedWithin(document, kMaxLineDepth)) return refuse("the line is nested too deeply");
  if (const auto id = document.FindMember("id"); id != document.MemberEnd()) {
    writer.Key("id");
    id->value.Accept(writer);
  }
  const auto schema_member = document.FindMember("schema");
  const auto instance = document.FindMember("instance");
  if (schema_member == document.MemberEnd() || instance == document.MemberEnd()) {
    return refuse("the line lacks 'schema' or 'instance'");
  }
  rapidjson::StringBuffer schema_text;
  Writer schema_writer(schema_text);
  schema_member->value.Accept(schema_writer);
  absl::StatusOr<JsonSchema> schema =
      JsonSchema::Compile({schema_text.GetString(), schema_text.GetSize()});
  if (!schema.ok()) return refuse(schema.status().message());
  const std::optional<SchemaError> error = schema->Validate(instance->value);
  writer.Key("valid");
  writer.Bool(!error.has_value());
  if (!error.has_value()) return kSuccess;
  writer.Key("error");
  writer.StartObject();
  Put(writer, "instance", error->pointer);
  Put(writer, "keyword", error->keyword);
  Put(writer, "message", error->message);
  writer.EndObject();
  return kFailure;
}

int ValidateBatch(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file = OpenFile(path);
    if (!file.is_open()) return Refuse(absl::StrCat("cannot read ", path));
  }
  std::istream& lines = path == "-" ? std::cin : file;
  int code = kSuccess;
  std::string line;
  for (int64_t number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    rapidjson::StringBuffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    writer.Key("line");
    writer.Int64(number);
    code = std::max(code, ValidateLine(line, writer));
    writer.EndObject();
    std::printf("%s\n", buffer.GetString());
  }
  return code;
}

}  // namespace

int ValidateCommand(const std::vector<std::string>&) {
  const std::string schema = absl::GetFlag(FLAGS_schema);
  const std::string instance = absl::GetFlag(FLAGS_instance);
  const std::string batch = absl::GetFlag(FLAGS_batch);
  if (!batch.empty()) {
    if (!schema.empty() || !instance.empty()) {
      return WrongUse("--batch goes without --schema and --instance");
    }
    return ValidateBatch(batch);
  }
  if (schema.empty()) return WrongUse("--schema is missing: what to check against");
  if (instance.empty()) return WrongUse("--instance is missing: what to check");
  return ValidateFile(schema, instance);
}

}  // namespace parlance::tools

// Looks at tools from the command line.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/json_schema.h"
#include "tools/json_value.h"

ABSL_FLAG(std::string, schema, "", "validate: the JSON Schema, a file; - is standard input.");
ABSL_FLAG(std::string, instance, "", "validate: the value, a file; - is standard input.");
ABSL_FLAG(std::string, batch, "",
          "validate: JSON Lines of {\"schema\": ..., \"instance\": ...}; - is standard input.");

namespace parlance::tools {
namespace {

constexpr char kUsage[] = R"(Looks at tools.

  tool COMMAND [FLAG...]

Commands:
  validate             check a value against a JSON Schema (2020-12)
                       --schema FILE --instance FILE, or --batch FILE

Flags:
  --schema FILE        the schema; - reads standard input
  --instance FILE      the value; - reads standard input
  --batch FILE         JSON Lines, each {"schema": ..., "instance": ..., "id": ...}, of which "id"
                       may be missing; prints a line of JSON for each. - reads standard input

Exit code: 0 if every value is valid; 1 if one is not, or is no JSON; 2 if a schema is refused, a line
of a batch malformed, a file unreadable, or the command line wrong.
)";

constexpr int kValid = 0;
constexpr int kInvalid = 1;
constexpr int kRefused = 2;

// Of a batch's lines: beyond, writing them out would take too much stack.
constexpr int kMaxLineDepth = 4 * JsonSchema::kMaxDepth;

int Fail(absl::string_view message) {
  std::fprintf(stderr, "tool: %s\n", std::string(message).c_str());
  return kRefused;
}

int WrongUse(absl::string_view message) { return Fail(absl::StrCat(message, "; see --help")); }

// Not open if it cannot be read; a folder could be opened. Below `bazel run`, a path is relative to
// where the user is.
std::ifstream OpenFile(const std::string& user_path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  const std::filesystem::path path =
      std::filesystem::path(folder == nullptr ? "" : folder) / user_path;
  std::ifstream file;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) file.open(path, std::ios::binary);
  return file;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  std::ifstream file = OpenFile(path);
  if (!file.is_open()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

int ValidateFile(const std::string& schema_path, const std::string& instance_path) {
  if (schema_path == "-" && instance_path == "-") {
    return WrongUse("only one of --schema and --instance can be standard input");
  }
  absl::StatusOr<std::string> schema_text = ReadFile(schema_path);
  if (!schema_text.ok()) return Fail(schema_text.status().message());
  absl::StatusOr<std::string> instance_text = ReadFile(instance_path);
  if (!instance_text.ok()) return Fail(instance_text.status().message());
  absl::StatusOr<JsonSchema> schema = JsonSchema::Compile(*schema_text);
  if (!schema.ok()) return Fail(absl::StrCat(schema_path, ": ", schema.status().message()));
  rapidjson::Document instance;
  if (const std::optional<std::string> malformed = ParseJson(*instance_text, instance)) {
    std::printf("invalid: the value is not JSON: %s\n", malformed->c_str());
    return kInvalid;
  }
  if (const std::optional<SchemaError> error = schema->Validate(instance)) {
    std::printf("invalid: at '%s': %s%s%s\n", error->pointer.c_str(), error->keyword.c_str(),
                error->keyword.empty() ? "" : ": ", error->message.c_str());
    return kInvalid;
  }
  std::printf("valid\n");
  return kValid;
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
  if (!error.has_value()) return kValid;
  writer.Key("error");
  writer.StartObject();
  Put(writer, "instance", error->pointer);
  Put(writer, "keyword", error->keyword);
  Put(writer, "message", error->message);
  writer.EndObject();
  return kInvalid;
}

int ValidateBatch(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file = OpenFile(path);
    if (!file.is_open()) return Fail(absl::StrCat("cannot read ", path));
  }
  std::istream& lines = path == "-" ? std::cin : file;
  int code = kValid;
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

int Validate(const std::vector<std::string>&) {
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

struct Command {
  const char* name;
  // Of arguments after the name.
  size_t fewest;
  size_t most;
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr Command kCommands[] = {
    {"validate", 0, 0, Validate},
};

// What Abseil would end the program for, with the exit code of an invalid value.
std::optional<std::string> WrongFlag(absl::string_view argument, bool is_last) {
  if (argument.size() < 2 || argument[0] != '-') return std::nullopt;
  argument.remove_prefix(argument[1] == '-' ? 2 : 1);
  const absl::string_view name = argument.substr(0, argument.find('='));
  const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  if (flag == nullptr) return absl::StrCat("there is no flag '", name, "'");
  if (is_last && name == argument) return absl::StrCat("--", name, " needs a value");
  return std::nullopt;
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "-help" || argument == "help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (const std::optional<std::string> wrong = WrongFlag(argument, i + 1 == argc)) {
      return WrongUse(*wrong);
    }
  }
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  if (words.size() < 2) return WrongUse("no command is given");
  const std::string name = words[1];
  const auto* const command =
      std::find_if(std::begin(kCommands), std::end(kCommands),
                   [&](const Command& candidate) { return name == candidate.name; });
  if (command == std::end(kCommands)) {
    return WrongUse(absl::StrCat("there is no command '", name, "'"));
  }
  const std::vector<std::string> arguments(words.begin() + 2, words.end());
  if (arguments.size() < command->fewest || arguments.size() > command->most) {
    return WrongUse(absl::StrCat(name, " takes ",
                                 command->most == 0   ? "no argument"
                                 : command->most == 1 ? "one argument"
                                                      : "an argument or more"));
  }
  return command->run(arguments);
}

}  // namespace
}  // namespace parlance::tools

int main(int argc, char** argv) { return parlance::tools::Main(argc, argv); }

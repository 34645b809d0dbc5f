#include "tools/json_schema.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rapidjson/error/en.h"
#include "rapidjson/pointer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "re2/re2.h"

namespace parlance::tools {
namespace {

using rapidjson::Value;

enum Type : unsigned {
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kNumber = 16,
  kInteger = 32,
  kString = 64,
};

constexpr std::pair<absl::string_view, Type> kTypeNames[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"object", kObject}, {"array", kArray},
    {"number", kNumber}, {"integer", kInteger}, {"string", kString}};

constexpr absl::string_view kAnnotations[] = {
    "$schema", "$id",    "$comment",   "$defs",    "definitions", "title",    "description",
    "default", "format", "deprecated", "examples", "readOnly",    "writeOnly"};

// JSON Schema counts 1.0 as an integer.
bool IsInteger(const Value& value) {
  return value.IsInt64() || value.IsUint64() ||
         (value.IsDouble() && std::floor(value.GetDouble()) == value.GetDouble());
}

unsigned TypesOf(const Value& value) {
  if (value.IsNull()) return kNull;
  if (value.IsBool()) return kBoolean;
  if (value.IsObject()) return kObject;
  if (value.IsArray()) return kArray;
  if (value.IsString()) return kString;
  return IsInteger(value) ? kNumber | kInteger : kNumber;
}

std::string TypeList(unsigned types) {
  std::string text;
  for (const auto& [name, type] : kTypeNames) {
    if ((types & type) != 0) absl::StrAppend(&text, text.empty() ? "" : " or ", name);
  }
  return text;
}

std::string ToJson(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

absl::string_view View(const Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

size_t CodePoints(absl::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (c & 0xC0) != 0x80;
  return count;
}

bool IsMultipleOf(double value, double factor) {
  const double quotient = value / factor;
  // Decimal fractions are not exact: 0.3 is a multiple of 0.1.
  return std::abs(quotient - std::round(quotient)) <= 1e-9 * std::max(1.0, std::abs(quotient));
}

std::string PointerToken(absl::string_view token) {
  return absl::StrReplaceAll(token, {{"~", "~0"}, {"/", "~1"}});
}

// The way from the root to a value, on the stack; becomes text only when something is wrong.
struct Path {
  const Path* parent = nullptr;
  absl::string_view key;
  size_t index = 0;
  bool is_index = false;
};

std::string PointerOf(const Path* path) {
  if (path == nullptr) return "";
  return absl::StrCat(PointerOf(path->parent), "/",
                      path->is_index ? absl::StrCat(path->index) : PointerToken(path->key));
}

}  // namespace

struct JsonSchema::Node {
  // False for the schema `false`.
  bool possible = true;
  unsigned types = 0;
  const Value* enumeration = nullptr;
  const Value* constant = nullptr;
  std::map<absl::string_view, const Node*> properties;
  std::vector<absl::string_view> required;
  const Node* additional = nullptr;
  std::optional<uint64_t> min_properties, max_properties;
  std::vector<const Node*> prefix_items;
  const Node* items = nullptr;
  std::optional<uint64_t> min_items, max_items;
  bool unique_items = false;
  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  std::optional<uint64_t> min_length, max_length;
  std::unique_ptr<re2::RE2> pattern;
  std::vector<const Node*> all_of, any_of, one_of;
  const Node* negated = nullptr;
  const Node* reference = nullptr;
};

struct JsonSchema::Program {
  // What nodes refer to.
  rapidjson::Document document;
  std::vector<std::unique_ptr<Node>> nodes;
  const Node* root = nullptr;
};

class JsonSchema::Compiler {
 public:
  explicit Compiler(Program& program) : program_(program) {}

  absl::StatusOr<const Node*> CompileNode(const Value& schema, const std::string& pointer,
                                          int depth) {
    if (depth > kMaxDepth) return Error(pointer, "is nested too deeply");
    // A schema that refers to itself, however indirectly, is compiled once.
    if (const auto done = compiled_.find(&schema); done != compiled_.end()) return done->second;
    program_.nodes.push_back(std::make_unique<Node>());
    Node& node = *program_.nodes.back();
    compiled_[&schema] = &node;
    if (schema.IsBool()) {
      node.possible = schema.GetBool();
      return &node;
    }
    if (!schema.IsObject()) return Error(pointer, "is neither an object nor a boolean");
    for (const auto& member : schema.GetObject()) {
      const absl::string_view keyword = View(member.name);
      if (absl::Status ok =
              CompileKeyword(node, keyword, member.value,
                             absl::StrCat(pointer, "/", PointerToken(keyword)), depth);
          !ok.ok()) {
        return ok;
      }
    }
    return &node;
  }

 private:
  static absl::Status Error(absl::string_view pointer, absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("schema '", pointer.empty() ? "/" : pointer, "' ", what));
  }

  absl::Status CompileKeyword(Node& node, absl::string_view keyword, const Value& value,
                              const std::string& pointer, int depth) {
    for (const absl::string_view annotation : kAnnotations) {
      if (keyword == annotation) return absl::OkStatus();
    }
    if (keyword == "type") return ReadTypes(value, pointer, node.types);
    if (keyword == "enum") {
      if (!value.IsArray() || value.Empty()) return Error(pointer, "is not an array of values");
      node.enumeration = &value;
      return absl::OkStatus();
    }
    if (keyword == "const") {
      node.constant = &value;
      return absl::OkStatus();
    }
    if (keyword == "properties") return ReadProperties(value, pointer, depth, node);
    if (keyword == "required") return ReadRequired(value, pointer, node);
    if (keyword == "additionalProperties") return ReadNode(value, pointer, depth, node.additional);
    if (keyword == "items") return ReadNode(value, pointer, depth, node.items);
    if (keyword == "prefixItems") return ReadNodes(value, pointer, depth, node.prefix_items);
    if (keyword == "allOf") return ReadNodes(value, pointer, depth, node.all_of);
    if (keyword == "anyOf") return ReadNodes(value, pointer, depth, node.any_of);
    if (keyword == "oneOf") return ReadNodes(value, pointer, depth, node.one_of);
    if (keyword == "not") return ReadNode(value, pointer, depth, node.negated);
    if (keyword == "uniqueItems") {
      if (!value.IsBool()) return Error(pointer, "is not a boolean");
      node.unique_items = value.GetBool();
      return absl::OkStatus();
    }
    if (keyword == "pattern") return ReadPattern(value, pointer, node);
    if (keyword == "$ref") return ReadReference(value, pointer, depth, node);
    const std::pair<absl::string_view, std::optional<uint64_t>*> counts[] = {
        {"minProperties", &node.min_properties}, {"maxProperties", &node.max_properties},
        {"minItems", &node.min_items},           {"maxItems", &node.max_items},
        {"minLength", &node.min_length},         {"maxLength", &node.max_length}};
    for (const auto& [name, count] : counts) {
      if (keyword != name) continue;
      if (!value.IsUint64()) return Error(pointer, "is not a non-negative integer");
      *count = value.GetUint64();
      return absl::OkStatus();
    }
    const std::pair<absl::string_view, std::optional<double>*> numbers[] = {
        {"minimum", &node.minimum},
        {"maximum", &node.maximum},
        {"exclusiveMinimum", &node.exclusive_minimum},
        {"exclusiveMaximum", &node.exclusive_maximum},
        {"multipleOf", &node.multiple_of}};
    for (const auto& [name, number] : numbers) {
      if (keyword != name) continue;
      if (!value.IsNumber()) return Error(pointer, "is not a number");
      *number = value.GetDouble();
      if (name == "multipleOf" && !(**number > 0)) return Error(pointer, "is not positive");
      return absl::OkStatus();
    }
    return Error(pointer, "is a keyword this validator does not know");
  }

  static absl::Status ReadTypes(const Value& value, const std::string& pointer, unsigned& types) {
    const auto add = [&](const Value& name) {
      if (!name.IsString()) return false;
      for (const auto& [known, type] : kTypeNames) {
        if (View(name) != known) continue;
        types |= type;
        return true;
      }
      return false;
    };
    if (value.IsString() && add(value)) return absl::OkStatus();
    if (!value.IsArray() || value.Empty())
      return Error(pointer, "is not a type or a list of types");
    for (const Value& name : value.GetArray()) {
      if (!add(name)) return Error(pointer, absl::StrCat("has no such type as ", ToJson(name)));
    }
    return absl::OkStatus();
  }

  absl::Status ReadNode(const Value& value, const std::string& pointer, int depth,
                        const Node*& node) {
    absl::StatusOr<const Node*> compiled = CompileNode(value, pointer, depth + 1);
    if (!compiled.ok()) return compiled.status();
    node = *compiled;
    return absl::OkStatus();
  }

  absl::Status ReadNodes(const Value& value, const std::string& pointer, int depth,
                         std::vector<const Node*>& nodes) {
    if (!value.IsArray() || value.Empty()) return Error(pointer, "is not an array of schemas");
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      nodes.push_back(nullptr);
      if (absl::Status ok = ReadNode(value[i], absl::StrCat(pointer, "/", i), depth, nodes.back());
          !ok.ok()) {
        return ok;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadProperties(const Value& value, const std::string& pointer, int depth,
                              Node& node) {
    if (!value.IsObject()) return Error(pointer, "is not an object");
    for (const auto& member : value.GetObject()) {
      const absl::string_view name = View(member.name);
      if (absl::Status ok = ReadNode(member.value, absl::StrCat(pointer, "/", PointerToken(name)),
                                     depth, node.properties[name]);
          !ok.ok()) {
        return ok;
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadRequired(const Value& value, const std::string& pointer, Node& node) {
    if (!value.IsArray()) return Error(pointer, "is not an array of names");
    for (const Value& name : value.GetArray()) {
      if (!name.IsString()) return Error(pointer, "is not an array of names");
      node.required.push_back(View(name));
    }
    return absl::OkStatus();
  }

  static absl::Status ReadPattern(const Value& value, const std::string& pointer, Node& node) {
    if (!value.IsString()) return Error(pointer, "is not a string");
    node.pattern = std::make_unique<re2::RE2>(std::string(View(value)), re2::RE2::Quiet);
    if (!node.pattern->ok()) {
      return Error(pointer, absl::StrCat("is no regular expression: ", node.pattern->error()));
    }
    return absl::OkStatus();
  }

  absl::Status ReadReference(const Value& value, const std::string& pointer, int depth,
                             Node& node) {
    if (!value.IsString() || value.GetStringLength() == 0 || value.GetString()[0] != '#') {
      return Error(pointer, "does not refer into this schema (#/…)");
    }
    // Without the #: a plain pointer, in which $ needs no percent-encoding.
    const rapidjson::Pointer target(value.GetString() + 1, value.GetStringLength() - 1);
    const Value* schema = target.IsValid() ? target.Get(program_.document) : nullptr;
    if (schema == nullptr) return Error(pointer, absl::StrCat("refers to nothing: ", View(value)));
    return ReadNode(*schema, std::string(View(value).substr(1)), depth, node.reference);
  }

  Program& program_;
  std::map<const Value*, const Node*> compiled_;
};

class JsonSchema::Validator {
 public:
  // Writes to `error`, unless it is null, what is wrong.
  static bool Check(const Node& node, const Value& value, const Path* path, int depth,
                    SchemaError* error) {
    if (depth > kMaxDepth) return Fail(error, path, [] { return "is nested too deeply"; });
    if (!node.possible) return Fail(error, path, [] { return "is not allowed"; });
    if (node.reference != nullptr && !Check(*node.reference, value, path, depth + 1, error))
      return false;
    if (node.types != 0 && (node.types & TypesOf(value)) == 0) {
      return Fail(error, path, [&] {
        return absl::StrCat("is ", TypeList(TypesOf(value) & ~kInteger), ", expected ",
                            TypeList(node.types));
      });
    }
    return CheckEqual(node, value, path, error) && CheckNumber(node, value, path, error) &&
           CheckString(node, value, path, error) && CheckArray(node, value, path, depth, error) &&
           CheckObject(node, value, path, depth, error) &&
           CheckCombined(node, value, path, depth, error);
  }

 private:
  template <typename Message>
  static bool Fail(SchemaError* error, const Path* path, const Message& message) {
    if (error != nullptr) *error = {.pointer = PointerOf(path), .message = std::string(message())};
    return false;
  }

  static bool CheckEqual(const Node& node, const Value& value, const Path* path,
                         SchemaError* error) {
    if (node.constant != nullptr && value != *node.constant) {
      return Fail(error, path, [&] { return absl::StrCat("is not ", ToJson(*node.constant)); });
    }
    if (node.enumeration == nullptr) return true;
    for (const Value& allowed : node.enumeration->GetArray()) {
      if (value == allowed) return true;
    }
    return Fail(error, path,
                [&] { return absl::StrCat("is none of ", ToJson(*node.enumeration)); });
  }

  static bool CheckNumber(const Node& node, const Value& value, const Path* path,
                          SchemaError* error) {
    if (!value.IsNumber()) return true;
    const double number = value.GetDouble();
    const auto limit = [&](bool ok, absl::string_view what, const std::optional<double>& bound) {
      return ok || Fail(error, path, [&] {
               return absl::StrCat("is ", ToJson(value), ", expected ", what, " ", *bound);
             });
    };
    return limit(!node.minimum || number >= *node.minimum, "at least", node.minimum) &&
           limit(!node.maximum || number <= *node.maximum, "at most", node.maximum) &&
           limit(!node.exclusive_minimum || number > *node.exclusive_minimum, "more than",
                 node.exclusive_minimum) &&
           limit(!node.exclusive_maximum || number < *node.exclusive_maximum, "less than",
                 node.exclusive_maximum) &&
           limit(!node.multiple_of || IsMultipleOf(number, *node.multiple_of), "a multiple of",
                 node.multiple_of);
  }

  static bool CheckCount(size_t count, absl::string_view of, const std::optional<uint64_t>& min,
                         const std::optional<uint64_t>& max, const Path* path, SchemaError* error) {
    if (min && count < *min) {
      return Fail(error, path, [&] {
        return absl::StrCat("has ", count, " ", of, ", expected at least ", *min);
      });
    }
    if (max && count > *max) {
      return Fail(error, path, [&] {
        return absl::StrCat("has ", count, " ", of, ", expected at most ", *max);
      });
    }
    return true;
  }

  static bool CheckString(const Node& node, const Value& value, const Path* path,
                          SchemaError* error) {
    if (!value.IsString()) return true;
    if ((node.min_length || node.max_length) &&
        !CheckCount(CodePoints(View(value)), "characters", node.min_length, node.max_length, path,
                    error)) {
      return false;
    }
    if (node.pattern != nullptr &&
        !re2::RE2::PartialMatch(re2::StringPiece(value.GetString(), value.GetStringLength()),
                                *node.pattern)) {
      return Fail(error, path,
                  [&] { return absl::StrCat("does not match '", node.pattern->pattern(), "'"); });
    }
    return true;
  }

  static bool CheckArray(const Node& node, const Value& value, const Path* path, int depth,
                         SchemaError* error) {
    if (!value.IsArray()) return true;
    if (!CheckCount(value.Size(), "items", node.min_items, node.max_items, path, error))
      return false;
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      const Node* item = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
      const Path here{.parent = path, .key = {}, .index = i, .is_index = true};
      if (item != nullptr && !Check(*item, value[i], &here, depth + 1, error)) return false;
    }
    if (!node.unique_items) return true;
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      for (rapidjson::SizeType j = 0; j < i; ++j) {
        if (value[i] == value[j]) {
          return Fail(error, path,
                      [&] { return absl::StrCat("has the same item twice, at ", j, " and ", i); });
        }
      }
    }
    return true;
  }

  static bool CheckObject(const Node& node, const Value& value, const Path* path, int depth,
                          SchemaError* error) {
    if (!value.IsObject()) return true;
    if (!CheckCount(value.MemberCount(), "properties", node.min_properties, node.max_properties,
                    path, error)) {
      return false;
    }
    for (const absl::string_view name : node.required) {
      if (value.FindMember(Value(rapidjson::StringRef(name.data(), name.size()))) ==
          value.MemberEnd()) {
        return Fail(error, path, [&] { return absl::StrCat("lacks the property '", name, "'"); });
      }
    }
    for (const auto& member : value.GetObject()) {
      const absl::string_view name = View(member.name);
      const Path here{.parent = path, .key = name, .index = 0, .is_index = false};
      const auto property = node.properties.find(name);
      const Node* schema = property == node.properties.end() ? node.additional : property->second;
      if (schema == nullptr) continue;
      if (!schema->possible && property == node.properties.end()) {
        return Fail(error, &here, [&] { return "is a property that is not expected here"; });
      }
      if (!Check(*schema, member.value, &here, depth + 1, error)) return false;
    }
    return true;
  }

  static bool CheckCombined(const Node& node, const Value& value, const Path* path, int depth,
                            SchemaError* error) {
    for (const Node* schema : node.all_of) {
      if (!Check(*schema, value, path, depth + 1, error)) return false;
    }
    const auto num_matching = [&](const std::vector<const Node*>& schemas) {
      size_t count = 0;
      for (const Node* schema : schemas) count += Check(*schema, value, path, depth + 1, nullptr);
      return count;
    };
    if (!node.any_of.empty() && num_matching(node.any_of) == 0) {
      return Fail(error, path, [] { return "matches none of the alternatives (anyOf)"; });
    }
    if (!node.one_of.empty()) {
      if (const size_t count = num_matching(node.one_of); count != 1) {
        return Fail(error, path, [&] {
          return absl::StrCat("matches ", count, " alternatives, expected one (oneOf)");
        });
      }
    }
    if (node.negated != nullptr && Check(*node.negated, value, path, depth + 1, nullptr)) {
      return Fail(error, path, [] { return "matches what it must not (not)"; });
    }
    return true;
  }
};

JsonSchema::JsonSchema(std::unique_ptr<Program> program) : program_(std::move(program)) {}
JsonSchema::~JsonSchema() = default;
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;

absl::StatusOr<JsonSchema> JsonSchema::Compile(absl::string_view schema_json) {
  auto program = std::make_unique<Program>();
  rapidjson::Document& document = program->document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      schema_json.data(), schema_json.size());
  if (document.HasParseError()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the schema is not JSON: at byte ", document.GetErrorOffset(), ": ",
                     rapidjson::GetParseError_En(document.GetParseError())));
  }
  absl::StatusOr<const Node*> root = Compiler(*program).CompileNode(document, "", 0);
  if (!root.ok()) return root.status();
  program->root = *root;
  return JsonSchema(std::move(program));
}

std::optional<SchemaError> JsonSchema::Validate(const rapidjson::Value& value) const {
  SchemaError error;
  if (Validator::Check(*program_->root, value, nullptr, 0, &error)) return std::nullopt;
  return error;
}

}  // namespace parlance::tools

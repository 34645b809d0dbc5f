#include "tools/json_schema/schema_compiler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tools/json_schema/ecma_pattern.h"
#include "tools/json_schema/uri_reference.h"

namespace parlance::tools {
namespace {

using rapidjson::Value;

// The most instructions of RE2 that all patterns of a schema may have together: some 20 MB.
constexpr int kMaxPatternInstructions = 1'000'000;

// Where a keyword holds schemas.
enum class Holds {
  // Its value is read by a rule of its own, or is an annotation, which says nothing of validity.
  kRule,
  kAnnotation,
  kSchema,
  kSchemaList,
  kSchemaMap,
};

struct Keyword {
  absl::string_view name;
  Holds holds;
};

constexpr Keyword kKeywords[] = {
    {"$anchor", Holds::kRule},
    {"$comment", Holds::kAnnotation},
    {"$defs", Holds::kSchemaMap},
    {"$dynamicAnchor", Holds::kRule},
    {"$dynamicRef", Holds::kRule},
    {"$id", Holds::kRule},
    {"$ref", Holds::kRule},
    {"$schema", Holds::kRule},
    // It is for metaschemas, and those of the vocabularies are known here. Elsewhere the
    // specification has it ignored (core, 8.1.2).
    {"$vocabulary", Holds::kAnnotation},
    {"additionalProperties", Holds::kSchema},
    {"allOf", Holds::kSchemaList},
    {"anyOf", Holds::kSchemaList},
    {"const", Holds::kRule},
    {"contains", Holds::kSchema},
    {"contentEncoding", Holds::kAnnotation},
    {"contentMediaType", Holds::kAnnotation},
    {"contentSchema", Holds::kAnnotation},
    {"default", Holds::kAnnotation},
    {"definitions", Holds::kSchemaMap},
    {"dependentRequired", Holds::kRule},
    {"dependentSchemas", Holds::kSchemaMap},
    {"deprecated", Holds::kAnnotation},
    {"description", Holds::kAnnotation},
    {"else", Holds::kSchema},
    {"enum", Holds::kRule},
    {"examples", Holds::kAnnotation},
    {"exclusiveMaximum", Holds::kRule},
    {"exclusiveMinimum", Holds::kRule},
    {"format", Holds::kAnnotation},
    {"if", Holds::kSchema},
    {"items", Holds::kSchema},
    {"maxContains", Holds::kRule},
    {"maxItems", Holds::kRule},
    {"maxLength", Holds::kRule},
    {"maxProperties", Holds::kRule},
    {"maximum", Holds::kRule},
    {"minContains", Holds::kRule},
    {"minItems", Holds::kRule},
    {"minLength", Holds::kRule},
    {"minProperties", Holds::kRule},
    {"minimum", Holds::kRule},
    {"multipleOf", Holds::kRule},
    {"not", Holds::kSchema},
    {"oneOf", Holds::kSchemaList},
    {"pattern", Holds::kRule},
    {"patternProperties", Holds::kSchemaMap},
    {"prefixItems", Holds::kSchemaList},
    {"properties", Holds::kSchemaMap},
    {"propertyNames", Holds::kSchema},
    {"readOnly", Holds::kAnnotation},
    {"required", Holds::kRule},
    {"then", Holds::kSchema},
    {"title", Holds::kAnnotation},
    {"type", Holds::kRule},
    {"unevaluatedItems", Holds::kSchema},
    {"unevaluatedProperties", Holds::kSchema},
    {"uniqueItems", Holds::kRule},
    {"writeOnly", Holds::kAnnotation},
};

const Keyword* FindKeyword(absl::string_view name) {
  const auto* found = std::lower_bound(
      std::begin(kKeywords), std::end(kKeywords), name,
      [](const Keyword& keyword, absl::string_view wanted) { return keyword.name < wanted; });
  return found != std::end(kKeywords) && found->name == name ? found : nullptr;
}

// A hint for keywords that other drafts and dialects have.
absl::string_view Instead(absl::string_view keyword) {
  constexpr std::pair<absl::string_view, absl::string_view> kInstead[] = {
      {"additionalItems", "; since 2020-12 it is prefixItems with items"},
      {"dependencies", "; since 2019-09 it is dependentRequired and dependentSchemas"},
      {"id", "; since draft-06 it is $id"},
      {"$recursiveRef", "; since 2020-12 it is $dynamicRef"},
      {"$recursiveAnchor", "; since 2020-12 it is $dynamicAnchor"},
      {"nullable", "; in JSON Schema, null is one of the types"},
  };
  for (const auto& [old, instead] : kInstead) {
    if (keyword == old) return instead;
  }
  return "";
}

absl::Status Error(absl::string_view pointer, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("schema '", pointer.empty() ? "/" : Shortened(pointer, 400), "' ", what));
}

std::string Below(absl::string_view pointer, absl::string_view name) {
  return absl::StrCat(pointer, "/", PointerToken(name));
}

// "1.0" counts too.
std::optional<uint64_t> ReadCount(const Value& value) {
  if (value.IsUint64()) return value.GetUint64();
  if (!value.IsDouble()) return std::nullopt;
  const double number = value.GetDouble();
  if (!(number >= 0) || std::floor(number) != number) return std::nullopt;
  return number < 1e19 ? static_cast<uint64_t>(number) : kNoLimit;
}

bool IsAnchor(absl::string_view name) {
  const auto is_letter = [](char c) {
    return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' ||
           c == '.';
  });
}

template <typename Rules>
Rules& Ensure(std::unique_ptr<Rules>& rules) {
  if (rules == nullptr) rules = std::make_unique<Rules>();
  return *rules;
}

class Compiler {
 public:
  Compiler(int max_depth, SchemaProgram& program) : max_depth_(max_depth), program_(program) {}

  absl::Status Compile() {
    const Value& document = program_.document;
    resources_.push_back({.uri = "", .root = &document, .anchors = {}});
    by_uri_[""] = 0;
    if (absl::Status ok = Index(document, "", 0, 0); !ok.ok()) return ok;
    absl::StatusOr<SchemaNode*> root = CompileNode({&document, "", 0}, "", 0);
    if (!root.ok()) return root.status();
    program_.root = *root;
    // Compiling a target may add further references.
    for (size_t i = 0; i < references_.size(); ++i) {
      const Reference reference = references_[i];
      absl::StatusOr<SchemaNode*> target = CompileNode(reference.target, "$ref", 0);
      if (!target.ok()) return target.status();
      SchemaInPlaceRules& rules = *reference.from->in_place;
      (reference.dynamic ? rules.dynamic_reference : rules.reference) = *target;
    }
    if (absl::Status ok = RefuseCycles(); !ok.ok()) return ok;
    FindDynamicAnchors();
    return absl::OkStatus();
  }

 private:
  struct Resource {
    // Absolute, if the document says so.
    std::string uri;
    const Value* root;
    std::map<std::string, const Value*, std::less<>> anchors;
  };

  // A schema in the document.
  struct Location {
    const Value* value;
    std::string pointer;
    int resource;
  };

  struct Reference {
    SchemaNode* from;
    Location target;
    bool dynamic;
  };

  absl::Status TooDeep(absl::string_view pointer) const {
    return Error(pointer,
                 absl::StrCat("is nested too deeply; the limit is ", max_depth_, " levels"));
  }

  // Finds the $id and anchors of all schemas, which references may be ahead of.
  absl::Status Index(const Value& schema, const std::string& pointer, int resource, int depth) {
    if (depth > max_depth_) return TooDeep(pointer);
    if (!schema.IsObject()) return absl::OkStatus();
    if (const auto id = schema.FindMember("$id"); id != schema.MemberEnd()) {
      if (absl::Status ok = AddResource(schema, id->value, Below(pointer, "$id"), resource);
          !ok.ok()) {
        return ok;
      }
    }
    resource_of_[&schema] = resource;
    for (const auto& member : schema.GetObject()) {
      const absl::string_view name = View(member.name);
      const std::string here = Below(pointer, name);
      if (name == "$anchor" || name == "$dynamicAnchor") {
        if (absl::Status ok = AddAnchor(schema, member.value, here, resource); !ok.ok()) return ok;
        if (name == "$dynamicAnchor") {
          dynamic_anchors_[{resource, std::string(View(member.value))}] = &schema;
        }
        continue;
      }
      const Keyword* keyword = FindKeyword(name);
      if (keyword == nullptr) continue;
      if (keyword->holds == Holds::kSchema) {
        if (absl::Status ok = Index(member.value, here, resource, depth + 1); !ok.ok()) return ok;
      } else if (keyword->holds == Holds::kSchemaList && member.value.IsArray()) {
        for (rapidjson::SizeType i = 0; i < member.value.Size(); ++i) {
          if (absl::Status ok =
                  Index(member.value[i], absl::StrCat(here, "/", i), resource, depth + 1);
              !ok.ok()) {
            return ok;
          }
        }
      } else if (keyword->holds == Holds::kSchemaMap && member.value.IsObject()) {
        for (const auto& entry : member.value.GetObject()) {
          if (absl::Status ok =
                  Index(entry.value, Below(here, View(entry.name)), resource, depth + 1);
              !ok.ok()) {
            return ok;
          }
        }
      }
    }
    return absl::OkStatus();
  }

  // Changes `resource` to that of the $id.
  absl::Status AddResource(const Value& schema, const Value& id, const std::string& pointer,
                           int& resource) {
    if (!id.IsString()) return Error(pointer, "is not a string");
    const SplitUri split = SplitFragment(View(id));
    if (!split.fragment.empty()) {
      return Error(pointer, "has a fragment; since 2019-09 that is $anchor");
    }
    std::string uri = ResolveUri(resources_[static_cast<size_t>(resource)].uri, split.absolute);
    if (&schema == resources_[0].root) {
      by_uri_[uri] = 0;
      resources_[0].uri = std::move(uri);
      return absl::OkStatus();
    }
    if (by_uri_.contains(uri)) return Error(pointer, absl::StrCat("is taken already: ", uri));
    resource = static_cast<int>(resources_.size());
    by_uri_[uri] = resource;
    resources_.push_back({.uri = std::move(uri), .root = &schema, .anchors = {}});
    return absl::OkStatus();
  }

  absl::Status AddAnchor(const Value& schema, const Value& name, const std::string& pointer,
                         int resource) {
    if (!name.IsString() || !IsAnchor(View(name))) {
      return Error(pointer, "is not a name of letters, digits, _, - and .");
    }
    const auto [anchor, inserted] = resources_[static_cast<size_t>(resource)].anchors.try_emplace(
        std::string(View(name)), &schema);
    if (!inserted && anchor->second != &schema) {
      return Error(pointer, absl::StrCat("is taken already: ", View(name)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SchemaNode*> CompileNode(const Location& location, absl::string_view applied_by,
                                          int depth) {
    const Value& schema = *location.value;
    if (depth > max_depth_) return TooDeep(location.pointer);
    // A schema that is referred to from several places is compiled once.
    if (const auto done = compiled_.find(&schema); done != compiled_.end()) return done->second;
    program_.nodes.push_back(std::make_unique<SchemaNode>());
    SchemaNode& node = *program_.nodes.back();
    compiled_[&schema] = &node;
    pointers_[&node] = location.pointer;
    node.resource = location.resource;
    if (const auto known = resource_of_.find(&schema); known != resource_of_.end()) {
      node.resource = known->second;
    }
    if (schema.IsBool()) {
      node.possible = schema.GetBool();
      node.applied_by = applied_by;
      node.has_rules = !node.possible;
      return &node;
    }
    if (!schema.IsObject()) return Error(location.pointer, "is neither an object nor a boolean");
    if (absl::Status ok = RefuseDuplicates(schema, location.pointer); !ok.ok()) return ok;
    // First, as the names are to be in their order.
    const auto properties = schema.FindMember("properties");
    if (properties != schema.MemberEnd()) {
      if (absl::Status ok = CompileKeyword(node, schema, "properties", properties->value,
                                           Below(location.pointer, "properties"), depth);
          !ok.ok()) {
        return ok;
      }
    }
    for (auto member = schema.MemberBegin(); member != schema.MemberEnd(); ++member) {
      if (member == properties) continue;
      const absl::string_view keyword = View(member->name);
      if (absl::Status ok = CompileKeyword(node, schema, keyword, member->value,
                                           Below(location.pointer, keyword), depth);
          !ok.ok()) {
        return ok;
      }
    }
    if (node.objects != nullptr) Finish(*node.objects);
    node.has_rules = node.types != 0 || node.constant != nullptr || node.choices != nullptr ||
                     node.numbers != nullptr || node.strings != nullptr || node.arrays != nullptr ||
                     node.objects != nullptr || node.in_place != nullptr ||
                     node.unevaluated_items != nullptr || node.unevaluated_properties != nullptr;
    return &node;
  }

  // Refuses a name that an object has twice: it is not defined which of the two would count.
  static absl::Status RefuseDuplicates(const Value& object, const std::string& pointer) {
    std::set<absl::string_view> names;
    for (const auto& member : object.GetObject()) {
      if (!names.insert(View(member.name)).second) {
        return Error(Below(pointer, View(member.name)), "is there twice");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CompileKeyword(SchemaNode& node, const Value& schema, absl::string_view keyword,
                              const Value& value, const std::string& pointer, int depth) {
    const Keyword* known = FindKeyword(keyword);
    if (known == nullptr) {
      if (absl::StartsWith(keyword, "x-")) return absl::OkStatus();
      return Error(pointer,
                   absl::StrCat("is a keyword this validator does not know", Instead(keyword)));
    }
    const Children below{
        .keyword = known->name, .pointer = pointer, .depth = depth + 1, .resource = node.resource};
    switch (known->holds) {
      case Holds::kAnnotation:
        return absl::OkStatus();
      case Holds::kSchema:
        return CompileSchemaKeyword(node, schema, value, below);
      case Holds::kSchemaList:
        return CompileSchemaList(node, value, below);
      case Holds::kSchemaMap:
        return CompileSchemaMap(node, value, below);
      case Holds::kRule:
        break;
    }
    if (absl::StartsWith(keyword, "$")) return CompileCoreKeyword(node, keyword, value, pointer);
    return CompileRule(node, keyword, value, pointer);
  }

  // What the schemas of a keyword are compiled with.
  struct Children {
    absl::string_view keyword;
    const std::string& pointer;
    int depth;
    int resource;
  };

  absl::Status CompileChild(const Value& value, std::string pointer, const Children& below,
                            const SchemaNode*& node) {
    absl::StatusOr<SchemaNode*> compiled =
        CompileNode({&value, std::move(pointer), below.resource}, below.keyword, below.depth);
    if (!compiled.ok()) return compiled.status();
    node = *compiled;
    return absl::OkStatus();
  }

  absl::Status CompileSchemaKeyword(SchemaNode& node, const Value& schema, const Value& value,
                                    const Children& below) {
    if (below.keyword == "items" && value.IsArray()) {
      return Error(below.pointer, "is an array; since 2020-12 that is prefixItems");
    }
    const SchemaNode* child = nullptr;
    if (absl::Status ok = CompileChild(value, below.pointer, below, child); !ok.ok()) return ok;
    const absl::string_view keyword = below.keyword;
    if (keyword == "items") {
      Ensure(node.arrays).items = child;
    } else if (keyword == "contains") {
      Ensure(node.arrays).contains = child;
    } else if (keyword == "additionalProperties") {
      Ensure(node.objects).additional = child;
    } else if (keyword == "propertyNames") {
      Ensure(node.objects).property_names = child;
    } else if (keyword == "unevaluatedItems") {
      node.unevaluated_items = child;
    } else if (keyword == "unevaluatedProperties") {
      node.unevaluated_properties = child;
    } else if (keyword == "not") {
      Ensure(node.in_place).negated = child;
    } else if (keyword == "if") {
      Ensure(node.in_place).condition = child;
    } else if (!schema.HasMember("if")) {
      // then and else alone say nothing.
    } else if (keyword == "then") {
      Ensure(node.in_place).consequence = child;
    } else {
      Ensure(node.in_place).alternative = child;
    }
    return absl::OkStatus();
  }

  absl::Status CompileSchemaList(SchemaNode& node, const Value& value, const Children& below) {
    if (!value.IsArray() || value.Empty()) {
      return Error(below.pointer, "is not an array of schemas");
    }
    std::vector<const SchemaNode*> children(value.Size());
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      if (absl::Status ok =
              CompileChild(value[i], absl::StrCat(below.pointer, "/", i), below, children[i]);
          !ok.ok()) {
        return ok;
      }
    }
    if (below.keyword == "prefixItems") {
      Ensure(node.arrays).prefix_items = std::move(children);
    } else if (below.keyword == "allOf") {
      Ensure(node.in_place).all_of = std::move(children);
    } else if (below.keyword == "anyOf") {
      Ensure(node.in_place).any_of = std::move(children);
    } else {
      Ensure(node.in_place).one_of = std::move(children);
    }
    return absl::OkStatus();
  }

  absl::Status CompileSchemaMap(SchemaNode& node, const Value& value, const Children& below) {
    if (!value.IsObject()) return Error(below.pointer, "is not an object of schemas");
    if (absl::Status ok = RefuseDuplicates(value, below.pointer); !ok.ok()) return ok;
    for (const auto& member : value.GetObject()) {
      const absl::string_view name = View(member.name);
      const std::string pointer = Below(below.pointer, name);
      const SchemaNode* child = nullptr;
      if (absl::Status ok = CompileChild(member.value, pointer, below, child); !ok.ok()) return ok;
      if (below.keyword == "properties") {
        SchemaObjectRules& rules = Ensure(node.objects);
        rules.names[NameIndex(rules, name)].schema = child;
      } else if (below.keyword == "patternProperties") {
        SchemaObjectRules::Pattern pattern{.expression = nullptr, .schema = child};
        if (absl::Status ok = CompilePattern(name, pointer, pattern.expression); !ok.ok())
          return ok;
        Ensure(node.objects).patterns.push_back(std::move(pattern));
      } else if (below.keyword == "dependentSchemas") {
        SchemaObjectRules& rules = Ensure(node.objects);
        rules.dependent_schemas.emplace_back(NameIndex(rules, name), child);
      }
    }
    return absl::OkStatus();
  }

  absl::Status CompileCoreKeyword(SchemaNode& node, absl::string_view keyword, const Value& value,
                                  const std::string& pointer) {
    if (keyword == "$schema") return CheckDialect(value, pointer);
    if (keyword != "$ref" && keyword != "$dynamicRef") return absl::OkStatus();
    if (!value.IsString()) return Error(pointer, "is not a string");
    std::string anchor;
    absl::StatusOr<Location> target = Resolve(View(value), pointer, node.resource, anchor);
    if (!target.ok()) return target.status();
    SchemaInPlaceRules& rules = Ensure(node.in_place);
    const bool dynamic = keyword == "$dynamicRef";
    if (dynamic && dynamic_anchors_.contains({target->resource, anchor})) {
      rules.dynamic_anchor = DynamicAnchorNumber(anchor);
      program_.has_dynamic_references = true;
    }
    references_.push_back({.from = &node, .target = *std::move(target), .dynamic = dynamic});
    return absl::OkStatus();
  }

  static absl::Status CheckDialect(const Value& value, const std::string& pointer) {
    constexpr absl::string_view kDialects[] = {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
    };
    if (!value.IsString()) return Error(pointer, "is not a string");
    const SplitUri split = SplitFragment(View(value));
    if (split.fragment.empty() && std::find(std::begin(kDialects), std::end(kDialects),
                                            split.absolute) != std::end(kDialects)) {
      return absl::OkStatus();
    }
    return Error(pointer, absl::StrCat("is a dialect this validator does not know: ",
                                       Shortened(View(value), 100)));
  }

  int DynamicAnchorNumber(const std::string& anchor) {
    return dynamic_numbers_.try_emplace(anchor, static_cast<int>(dynamic_numbers_.size()))
        .first->second;
  }

  // What a reference refers to; `anchor` is set if it does so by an anchor.
  absl::StatusOr<Location> Resolve(absl::string_view reference, const std::string& pointer,
                                   int resource, std::string& anchor) {
    const SplitUri split = SplitFragment(reference);
    const auto found =
        by_uri_.find(ResolveUri(resources_[static_cast<size_t>(resource)].uri, split.absolute));
    if (found == by_uri_.end()) {
      return Error(pointer, absl::StrCat("refers to another document, which is never fetched: ",
                                         Shortened(reference, 200)));
    }
    const Resource& target = resources_[static_cast<size_t>(found->second)];
    const auto nothing = [&] {
      return Error(pointer, absl::StrCat("refers to nothing: ", Shortened(reference, 200)));
    };
    const std::optional<std::string> fragment = PercentDecoded(split.fragment);
    if (!fragment.has_value()) return nothing();
    if (!fragment->empty() && (*fragment)[0] != '/') {
      const auto schema = target.anchors.find(*fragment);
      if (schema == target.anchors.end()) return nothing();
      anchor = *fragment;
      return Location{schema->second, absl::StrCat("#", *fragment), found->second};
    }
    Location location{target.root, *fragment, found->second};
    if (fragment->empty()) return location;
    for (const absl::string_view token : absl::StrSplit(fragment->substr(1), '/')) {
      location.value = Step(*location.value, token);
      if (location.value == nullptr) return nothing();
      if (const auto inner = resource_of_.find(location.value); inner != resource_of_.end()) {
        location.resource = inner->second;
      }
    }
    return location;
  }

  // One token of a JSON Pointer further; null if there is nothing.
  static const Value* Step(const Value& value, absl::string_view token) {
    if (value.IsArray()) {
      uint32_t index = 0;
      const bool is_index =
          !token.empty() && (token == "0" || token[0] != '0') &&
          std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
          absl::SimpleAtoi(token, &index);
      return is_index && index < value.Size() ? &value[index] : nullptr;
    }
    if (!value.IsObject()) return nullptr;
    const std::string name = absl::StrReplaceAll(token, {{"~1", "/"}, {"~0", "~"}});
    const auto member = value.FindMember(
        Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
    return member == value.MemberEnd() ? nullptr : &member->value;
  }

  absl::Status CompileRule(SchemaNode& node, absl::string_view keyword, const Value& value,
                           const std::string& pointer) {
    if (keyword == "type") return ReadTypes(value, pointer, node.types);
    if (keyword == "enum" || keyword == "const") {
      if (keyword == "enum" && !value.IsArray()) {
        return Error(pointer, "is not an array of values");
      }
      if (!NestedWithin(value, max_depth_)) return TooDeep(pointer);
      if (keyword == "enum") {
        ReadChoices(value, Ensure(node.choices));
      } else {
        node.constant = &value;
      }
      return absl::OkStatus();
    }
    if (keyword == "required") return ReadRequired(value, pointer, node);
    if (keyword == "dependentRequired") return ReadDependentRequired(value, pointer, node);
    if (keyword == "uniqueItems") {
      if (!value.IsBool()) return Error(pointer, "is not a boolean");
      Ensure(node.arrays).unique = value.GetBool();
      return absl::OkStatus();
    }
    if (keyword == "pattern") {
      if (!value.IsString()) return Error(pointer, "is not a string");
      SchemaStringRules& rules = Ensure(node.strings);
      rules.pattern_text = View(value);
      return CompilePattern(View(value), pointer, rules.pattern);
    }
    if (keyword == "minimum" || keyword == "maximum" || keyword == "exclusiveMinimum" ||
        keyword == "exclusiveMaximum" || keyword == "multipleOf") {
      return ReadBound(keyword, value, pointer, node);
    }
    return ReadCountRule(keyword, value, pointer, node);
  }

  static void ReadChoices(const Value& value, SchemaChoices& choices) {
    choices.values = &value;
    for (const Value& choice : value.GetArray()) {
      if (choice.IsString()) {
        choices.strings.push_back(View(choice));
      } else {
        choices.others.push_back(&choice);
      }
    }
    std::sort(choices.strings.begin(), choices.strings.end(), IsBefore);
  }

  static absl::Status ReadTypes(const Value& value, const std::string& pointer, unsigned& types) {
    const auto add = [&](const Value& name) {
      const unsigned type = name.IsString() ? TypeOfName(View(name)) : 0;
      types |= type;
      return type != 0;
    };
    if (value.IsString() && add(value)) return absl::OkStatus();
    if (!value.IsArray() || value.Empty()) {
      return Error(pointer, "is not a type or a list of types");
    }
    for (const Value& name : value.GetArray()) {
      // There are seven types, so that it looks at no more than eight.
      for (const Value* before = value.Begin(); before != &name; ++before) {
        if (*before == name) return IsThereTwice(name, pointer);
      }
      if (!add(name)) {
        if (!NestedWithin(name, 0)) return Error(pointer, "is not a list of types");
        return Error(pointer, absl::StrCat("has no such type as ", ShortJson(name, 100)));
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadBound(absl::string_view keyword, const Value& value,
                                const std::string& pointer, SchemaNode& node) {
    if (!value.IsNumber()) return Error(pointer, "is not a number");
    SchemaNumberRules& rules = Ensure(node.numbers);
    if (keyword == "minimum") {
      rules.minimum = &value;
    } else if (keyword == "maximum") {
      rules.maximum = &value;
    } else if (keyword == "exclusiveMinimum") {
      rules.exclusive_minimum = &value;
    } else if (keyword == "exclusiveMaximum") {
      rules.exclusive_maximum = &value;
    } else {
      rules.multiple_of = &value;
      rules.multiple_of_decimal = DecimalOf(value);
      if (rules.multiple_of_decimal.negative || rules.multiple_of_decimal.digits == 0) {
        return Error(pointer, "is not positive");
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadCountRule(absl::string_view keyword, const Value& value,
                                    const std::string& pointer, SchemaNode& node) {
    const std::optional<uint64_t> count = ReadCount(value);
    if (!count.has_value()) return Error(pointer, "is not a non-negative integer");
    SchemaRange* range = nullptr;
    if (absl::EndsWith(keyword, "Length")) {
      range = &Ensure(node.strings).length;
    } else if (absl::EndsWith(keyword, "Items")) {
      range = &Ensure(node.arrays).size;
    } else if (absl::EndsWith(keyword, "Contains")) {
      range = &Ensure(node.arrays).contains_count;
    } else {
      range = &Ensure(node.objects).size;
    }
    (absl::StartsWith(keyword, "min") ? range->least : range->most) = *count;
    return absl::OkStatus();
  }

  // The elements of "type", "required" and "dependentRequired" have to differ (Validation, sections
  // 6.1.1, 6.5.3 and 6.5.4).
  static absl::Status IsThereTwice(const Value& name, const std::string& pointer) {
    return Error(pointer, absl::StrCat("has ", ShortJson(name, 100), " twice"));
  }

  static bool IsListOfNames(const Value& value) {
    return value.IsArray() && std::all_of(value.Begin(), value.End(),
                                          [](const Value& name) { return name.IsString(); });
  }

  absl::Status ReadRequired(const Value& value, const std::string& pointer, SchemaNode& node) {
    if (!IsListOfNames(value)) return Error(pointer, "is not an array of names");
    SchemaObjectRules& rules = Ensure(node.objects);
    for (const Value& name : value.GetArray()) {
      bool& required = rules.names[NameIndex(rules, View(name))].required;
      if (required) return IsThereTwice(name, pointer);
      required = true;
    }
    return absl::OkStatus();
  }

  absl::Status ReadDependentRequired(const Value& value, const std::string& pointer,
                                     SchemaNode& node) {
    if (!value.IsObject()) return Error(pointer, "is not an object of arrays of names");
    if (absl::Status ok = RefuseDuplicates(value, pointer); !ok.ok()) return ok;
    SchemaObjectRules& rules = Ensure(node.objects);
    for (const auto& member : value.GetObject()) {
      if (!IsListOfNames(member.value)) {
        return Error(Below(pointer, View(member.name)), "is not an array of names");
      }
      const uint32_t trigger = NameIndex(rules, View(member.name));
      std::set<uint32_t> needed;
      for (const Value& name : member.value.GetArray()) {
        const uint32_t index = NameIndex(rules, View(name));
        if (!needed.insert(index).second) {
          return IsThereTwice(name, Below(pointer, View(member.name)));
        }
        rules.dependent_required.emplace_back(trigger, index);
      }
    }
    return absl::OkStatus();
  }

  // The place of a name, which is added if need be.
  uint32_t NameIndex(SchemaObjectRules& rules, absl::string_view name) {
    const auto [place, inserted] =
        names_.try_emplace({&rules, name}, static_cast<uint32_t>(rules.names.size()));
    if (inserted) rules.names.push_back({.text = name});
    return place->second;
  }

  static void Finish(SchemaObjectRules& rules) {
    rules.sorted_names.resize(rules.names.size());
    rules.required.resize((rules.names.size() + 63) / 64);
    for (uint32_t i = 0; i < rules.names.size(); ++i) {
      rules.sorted_names[i] = i;
      if (rules.names[i].required) rules.required[i / 64] |= uint64_t{1} << i % 64;
    }
    std::sort(rules.sorted_names.begin(), rules.sorted_names.end(), [&](uint32_t a, uint32_t b) {
      return IsBefore(rules.names[a].text, rules.names[b].text);
    });
  }

  absl::Status CompilePattern(absl::string_view pattern, const std::string& pointer,
                              std::unique_ptr<re2::RE2>& expression) {
    absl::StatusOr<std::string> translated = EcmaToRe2(pattern);
    if (!translated.ok()) {
      return Error(pointer, absl::StrCat("is not a regular expression this validator can run: ",
                                         translated.status().message()));
    }
    expression = std::make_unique<re2::RE2>(*translated, re2::RE2::Quiet);
    if (!expression->ok()) {
      return Error(pointer, absl::StrCat("is not a regular expression this validator can run: ",
                                         Shortened(expression->error(), 200)));
    }
    num_pattern_instructions_ += expression->ProgramSize();
    if (num_pattern_instructions_ > kMaxPatternInstructions) {
      return Error(pointer, "is a regular expression too many: together they are too large");
    }
    return absl::OkStatus();
  }

  static std::vector<const SchemaNode*> InPlace(const SchemaNode& node) {
    std::vector<const SchemaNode*> targets;
    const auto add = [&](const SchemaNode* target) {
      if (target != nullptr) targets.push_back(target);
    };
    if (node.objects != nullptr) {
      for (const auto& [trigger, schema] : node.objects->dependent_schemas) add(schema);
    }
    if (node.in_place == nullptr) return targets;
    const SchemaInPlaceRules& rules = *node.in_place;
    for (const SchemaNode* target : {rules.reference, rules.dynamic_reference, rules.negated,
                                     rules.condition, rules.consequence, rules.alternative}) {
      add(target);
    }
    for (const auto* list : {&rules.all_of, &rules.any_of, &rules.one_of}) {
      targets.insert(targets.end(), list->begin(), list->end());
    }
    return targets;
  }

  // A schema that is applied to a value by itself would never end.
  absl::Status RefuseCycles() const {
    enum class State { kOpen, kDone };
    absl::flat_hash_map<const SchemaNode*, State> states;
    struct Visit {
      const SchemaNode* node;
      std::vector<const SchemaNode*> targets;
    };
    for (const auto& start : program_.nodes) {
      if (states.contains(start.get())) continue;
      // Not recursive: a chain of references may be as long as the schema.
      std::vector<Visit> visits;
      visits.push_back({start.get(), InPlace(*start)});
      states[start.get()] = State::kOpen;
      while (!visits.empty()) {
        Visit& visit = visits.back();
        if (visit.targets.empty()) {
          states[visit.node] = State::kDone;
          visits.pop_back();
          continue;
        }
        const SchemaNode* const target = visit.targets.back();
        visit.targets.pop_back();
        const auto [state, is_new] = states.try_emplace(target, State::kOpen);
        if (is_new) {
          visits.push_back({target, InPlace(*target)});
        } else if (state->second == State::kOpen) {
          return Error(pointers_.at(target),
                       "leads back to itself without looking further into the value");
        }
      }
    }
    return absl::OkStatus();
  }

  void FindDynamicAnchors() {
    program_.dynamic_anchors.assign(
        resources_.size(), std::vector<const SchemaNode*>(dynamic_numbers_.size(), nullptr));
    for (const auto& [anchor, schema] : dynamic_anchors_) {
      const auto number = dynamic_numbers_.find(anchor.second);
      const auto node = compiled_.find(schema);
      if (number == dynamic_numbers_.end() || node == compiled_.end()) continue;
      program_
          .dynamic_anchors[static_cast<size_t>(anchor.first)][static_cast<size_t>(number->second)] =
          node->second;
    }
  }

  const int max_depth_;
  SchemaProgram& program_;
  std::vector<Resource> resources_;
  // Places in `resources_`.
  std::map<std::string, int, std::less<>> by_uri_;
  absl::flat_hash_map<const Value*, int> resource_of_;
  // The schemas with a $dynamicAnchor, by resource and name.
  std::map<std::pair<int, std::string>, const Value*> dynamic_anchors_;
  // The numbers of the dynamic anchors that a $dynamicRef names.
  std::map<std::string, int> dynamic_numbers_;
  absl::flat_hash_map<const Value*, SchemaNode*> compiled_;
  absl::flat_hash_map<const SchemaNode*, std::string> pointers_;
  absl::flat_hash_map<std::pair<const SchemaObjectRules*, absl::string_view>, uint32_t> names_;
  std::vector<Reference> references_;
  int num_pattern_instructions_ = 0;
};

}  // namespace

absl::Status CompileSchema(int max_depth, SchemaProgram& program) {
  return Compiler(max_depth, program).Compile();
}

}  // namespace parlance::tools

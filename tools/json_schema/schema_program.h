// What a JSON Schema is compiled to: a graph of nodes, one for each schema in the document.
// json_schema.h says what it means.
#ifndef TOOLS_JSON_SCHEMA_SCHEMA_PROGRAM_H_
#define TOOLS_JSON_SCHEMA_SCHEMA_PROGRAM_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "rapidjson/document.h"
#include "re2/re2.h"
#include "tools/json/json_value.h"

namespace parlance::tools {

struct SchemaNode;

// The order in which names are looked up: most differ in length already.
inline bool IsBefore(absl::string_view a, absl::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// The bounds of a count, such as minLength and maxLength.
struct SchemaRange {
  uint64_t least = 0;
  uint64_t most = kNoLimit;
};

// The values of `enum`.
struct SchemaChoices {
  const rapidjson::Value* values = nullptr;
  // The strings among them, sorted as IsBefore says, and the others.
  std::vector<absl::string_view> strings;
  std::vector<const rapidjson::Value*> others;
};

struct SchemaNumberRules {
  // Null where there is none.
  const rapidjson::Value* minimum = nullptr;
  const rapidjson::Value* maximum = nullptr;
  const rapidjson::Value* exclusive_minimum = nullptr;
  const rapidjson::Value* exclusive_maximum = nullptr;
  const rapidjson::Value* multiple_of = nullptr;
  Decimal multiple_of_decimal;
};

struct SchemaStringRules {
  SchemaRange length;
  std::unique_ptr<re2::RE2> pattern;
  // The text of the pattern as it was written.
  absl::string_view pattern_text;
};

struct SchemaArrayRules {
  std::vector<const SchemaNode*> prefix_items;
  const SchemaNode* items = nullptr;
  const SchemaNode* contains = nullptr;
  SchemaRange contains_count{.least = 1};
  SchemaRange size;
  bool unique = false;
};

struct SchemaObjectRules {
  // A name that some keyword of the node speaks of.
  struct Name {
    absl::string_view text;
    // The schema that `properties` has for the name, or null.
    const SchemaNode* schema = nullptr;
    bool required = false;
  };
  struct Pattern {
    std::unique_ptr<re2::RE2> expression;
    const SchemaNode* schema = nullptr;
  };

  // The names of `properties` come first, in the schema's order, which is mostly that of the
  // values.
  std::vector<Name> names;
  // Places in `names`, sorted as IsBefore says.
  std::vector<uint32_t> sorted_names;
  // A bit for each of `names`, 64 a word.
  std::vector<uint64_t> required;
  std::vector<Pattern> patterns;
  const SchemaNode* additional = nullptr;
  const SchemaNode* property_names = nullptr;
  // Places in `names`: where there is the first, there is to be the second.
  std::vector<std::pair<uint32_t, uint32_t>> dependent_required;
  std::vector<std::pair<uint32_t, const SchemaNode*>> dependent_schemas;
  SchemaRange size;
};

// Keywords that apply schemas to the same value.
struct SchemaInPlaceRules {
  const SchemaNode* reference = nullptr;
  // What $dynamicRef refers to if nothing else in its scope does, and the number of its
  // $dynamicAnchor, or -1 where that makes no difference.
  const SchemaNode* dynamic_reference = nullptr;
  int dynamic_anchor = -1;
  std::vector<const SchemaNode*> all_of;
  std::vector<const SchemaNode*> any_of;
  std::vector<const SchemaNode*> one_of;
  const SchemaNode* negated = nullptr;
  const SchemaNode* condition = nullptr;
  const SchemaNode* consequence = nullptr;
  const SchemaNode* alternative = nullptr;
};

struct SchemaNode {
  // False for the schema `false`, which then is applied by this keyword.
  bool possible = true;
  absl::string_view applied_by;
  // There are rules beyond `possible`.
  bool has_rules = false;
  // 0 if any will do.
  unsigned types = 0;
  const rapidjson::Value* constant = nullptr;
  // Null where there are none.
  std::unique_ptr<SchemaChoices> choices;
  std::unique_ptr<SchemaNumberRules> numbers;
  std::unique_ptr<SchemaStringRules> strings;
  std::unique_ptr<SchemaArrayRules> arrays;
  std::unique_ptr<SchemaObjectRules> objects;
  std::unique_ptr<SchemaInPlaceRules> in_place;
  const SchemaNode* unevaluated_items = nullptr;
  const SchemaNode* unevaluated_properties = nullptr;
  // The schema resource (an $id, or the whole document) it belongs to.
  int resource = 0;
};

struct SchemaProgram {
  // The document that nodes refer to.
  rapidjson::Document document;
  std::vector<std::unique_ptr<SchemaNode>> nodes;
  const SchemaNode* root = nullptr;
  bool has_dynamic_references = false;
  // By resource, then by number of the $dynamicAnchor; null where the resource has none.
  std::vector<std::vector<const SchemaNode*>> dynamic_anchors;
};

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_SCHEMA_PROGRAM_H_

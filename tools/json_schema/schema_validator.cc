#include "tools/json_schema/schema_validator.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/numeric/bits.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "re2/re2.h"
#include "tools/json/json_value.h"

namespace parlance::tools {
namespace {

using rapidjson::SizeType;
using rapidjson::Value;

// What messages quote, in bytes: enough to tell one thing from another.
constexpr size_t kQuoteBytes = 80;
// The most bytes of a list in a message, such as a list of names.
constexpr size_t kListBytes = 400;
// The most names and the most alternatives that a message lists.
constexpr size_t kMaxListed = 12;
constexpr size_t kMaxAlternatives = 4;
// The bounds for saying what is wrong with alternatives.
constexpr int64_t kExplanationWork = 100'000;
constexpr int kExplanationDepth = 8;

// The way from the root to a value, on the stack; becomes text only when something is wrong.
struct Place {
  const Place* parent = nullptr;
  // Null for an item.
  const Value* name = nullptr;
  SizeType index = 0;
  int depth = 0;
};

std::string PointerOf(const Place& place) {
  if (place.parent == nullptr) return "";
  return absl::StrCat(
      PointerOf(*place.parent), "/",
      place.name == nullptr ? absl::StrCat(place.index) : PointerToken(View(*place.name)));
}

std::string NameOfType(const Value& value) {
  return TypeList(TypesOf(value) & ~static_cast<unsigned>(kInteger));
}

// Does not allocate for up to 256.
class BitSet {
 public:
  explicit BitSet(size_t size) : size_(size) {
    if (NumWords() > few_.size()) {
      more_ = std::make_unique<uint64_t[]>(NumWords());
      words_ = more_.get();
    } else {
      words_ = few_.data();
      std::fill_n(words_, NumWords(), 0);
    }
  }
  BitSet(const BitSet&) = delete;
  BitSet& operator=(const BitSet&) = delete;

  size_t size() const { return size_; }
  uint64_t Word(size_t i) const { return words_[i]; }
  bool Has(size_t i) const { return (words_[i / 64] >> i % 64 & 1) != 0; }
  void Add(size_t i) { words_[i / 64] |= uint64_t{1} << i % 64; }
  void AddAll(const BitSet& other) {
    for (size_t i = 0; i < NumWords(); ++i) words_[i] |= other.words_[i];
  }
  void Fill() { std::fill_n(words_, NumWords(), ~uint64_t{0}); }

 private:
  size_t NumWords() const { return (size_ + 63) / 64; }

  size_t size_;
  uint64_t* words_ = nullptr;
  std::array<uint64_t, 4> few_;
  std::unique_ptr<uint64_t[]> more_;
};

// The members or items of a value that some keyword has looked at.
using Evaluated = BitSet;

class Validator {
 public:
  Validator(const SchemaProgram& program, const ValidationLimits& limits)
      : program_(program), limits_(limits), work_{.left = limits.max_work} {}

  std::optional<SchemaError> Run(const Value& value) {
    const bool valid = Check(*program_.root, value, Place{}, nullptr);
    // What was found after a limit was exceeded means nothing.
    if (stopped_) return std::move(stop_);
    if (valid) return std::nullopt;
    return std::move(error_);
  }

 private:
  // Schema resources that were entered, the last one first.
  struct Scope {
    const Scope* outer;
    int resource;
  };

  // Between its construction and its end, failures are not worded.
  class Silence {
   public:
    explicit Silence(int& count) : count_(++count) {}
    ~Silence() { --count_; }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

   private:
    int& count_;
  };

  template <typename Message>
  bool Fail(const Place& place, absl::string_view keyword, const Message& message) {
    if (silent_ == 0 && !stopped_) {
      error_ = {.pointer = PointerOf(place),
                .keyword = std::string(keyword),
                .message = std::string(message())};
    }
    return false;
  }

  bool Stop(const Place& place, absl::string_view message) {
    if (!stopped_) {
      stop_ = {.pointer = PointerOf(place), .keyword = "", .message = std::string(message)};
    }
    stopped_ = true;
    work_.left = -1;
    return false;
  }

  bool StopTooDeep(const Place& place) {
    return Stop(place,
                absl::StrCat("is nested too deeply; the limit is ", limits_.max_depth, " levels"));
  }

  bool StopForWork(const Place& place) {
    return Stop(place, "takes too much work to check against the schema");
  }

  // `evaluated`, unless it is null, gets what of the value's members or items was looked at.
  bool Check(const SchemaNode& node, const Value& value, const Place& place, Evaluated* evaluated) {
    if (!node.has_rules) return true;
    if (!work_.Spend(1)) return StopForWork(place);
    if (place.depth > limits_.max_depth) return StopTooDeep(place);
    if (num_schemas_ >= limits_.max_schemas) {
      return Stop(place, "is nested too deeply for the references of the schema");
    }
    ++num_schemas_;
    const Scope scope{scope_, node.resource};
    const bool enters =
        program_.has_dynamic_references && (scope_ == nullptr || scope_->resource != node.resource);
    if (enters) scope_ = &scope;
    const bool valid = CheckNode(node, value, place, evaluated);
    if (enters) scope_ = scope.outer;
    --num_schemas_;
    return valid;
  }

  bool CheckNode(const SchemaNode& node, const Value& value, const Place& place,
                 Evaluated* evaluated) {
    if (!node.possible) return Fail(place, node.applied_by, [] { return "is not allowed"; });
    const bool collects = (node.unevaluated_properties != nullptr && value.IsObject()) ||
                          (node.unevaluated_items != nullptr && value.IsArray());
    if (collects) return CheckUnevaluated(node, value, place, evaluated);
    return CheckRules(node, value, place, evaluated);
  }

  bool CheckRules(const SchemaNode& node, const Value& value, const Place& place,
                  Evaluated* evaluated) {
    if (node.types != 0 && !HasType(value, node.types)) {
      return Fail(place, "type", [&] {
        // A number can only be no integer.
        return absl::StrCat("is ",
                            value.IsNumber() && (node.types & kInteger) != 0
                                ? ShortJson(value, kQuoteBytes)
                                : NameOfType(value),
                            ", expected ", TypeList(node.types));
      });
    }
    if (!CheckEqual(node, value, place)) return false;
    switch (value.GetType()) {
      case rapidjson::kNumberType:
        if (node.numbers != nullptr && !CheckNumber(*node.numbers, value, place)) return false;
        break;
      case rapidjson::kStringType:
        if (node.strings != nullptr && !CheckString(*node.strings, value, place)) return false;
        break;
      case rapidjson::kArrayType:
        if (node.arrays != nullptr && !CheckArray(*node.arrays, value, place, evaluated)) {
          return false;
        }
        break;
      case rapidjson::kObjectType:
        if (node.objects != nullptr && !CheckObject(*node.objects, value, place, evaluated)) {
          return false;
        }
        break;
      default:
        break;
    }
    return node.in_place == nullptr || CheckInPlace(*node.in_place, value, place, evaluated);
  }

  bool CheckEqual(const SchemaNode& node, const Value& value, const Place& place) {
    if (node.constant != nullptr && !EqualValues(value, *node.constant, work_)) {
      if (work_.left < 0) return StopForWork(place);
      return Fail(place, "const",
                  [&] { return absl::StrCat("is not ", ShortJson(*node.constant, kListBytes)); });
    }
    if (node.choices == nullptr || IsAmong(*node.choices, value)) return true;
    if (work_.left < 0) return StopForWork(place);
    return Fail(place, "enum", [&]() -> std::string {
      if (node.choices->values->Empty()) return "is not allowed: the enum is empty";
      return absl::StrCat("is not one of ", ShortJson(*node.choices->values, kListBytes));
    });
  }

  bool IsAmong(const SchemaChoices& choices, const Value& value) {
    if (value.IsString()) {
      const absl::string_view text = View(value);
      if (choices.strings.size() <= 8) {
        return std::find(choices.strings.begin(), choices.strings.end(), text) !=
               choices.strings.end();
      }
      return std::binary_search(choices.strings.begin(), choices.strings.end(), text, IsBefore);
    }
    return std::any_of(choices.others.begin(), choices.others.end(),
                       [&](const Value* choice) { return EqualValues(value, *choice, work_); });
  }

  bool CheckNumber(const SchemaNumberRules& rules, const Value& value, const Place& place) {
    const auto fail = [&](absl::string_view keyword, absl::string_view what, const Value& bound) {
      return Fail(place, keyword, [&] {
        return absl::StrCat("is ", ShortJson(value, kQuoteBytes), ", expected ", what, " ",
                            ShortJson(bound, kQuoteBytes));
      });
    };
    if (rules.minimum != nullptr && CompareNumbers(value, *rules.minimum) < 0) {
      return fail("minimum", "at least", *rules.minimum);
    }
    if (rules.maximum != nullptr && CompareNumbers(value, *rules.maximum) > 0) {
      return fail("maximum", "at most", *rules.maximum);
    }
    if (rules.exclusive_minimum != nullptr &&
        CompareNumbers(value, *rules.exclusive_minimum) <= 0) {
      return fail("exclusiveMinimum", "more than", *rules.exclusive_minimum);
    }
    if (rules.exclusive_maximum != nullptr &&
        CompareNumbers(value, *rules.exclusive_maximum) >= 0) {
      return fail("exclusiveMaximum", "less than", *rules.exclusive_maximum);
    }
    if (rules.multiple_of != nullptr &&
        !IsMultipleOf(DecimalOf(value), rules.multiple_of_decimal)) {
      return fail("multipleOf", "a multiple of", *rules.multiple_of);
    }
    return true;
  }

  bool CheckCount(size_t count, const SchemaRange& range, absl::string_view least_keyword,
                  absl::string_view most_keyword, absl::string_view of, const Place& place) {
    if (count < range.least) {
      return Fail(place, least_keyword, [&] {
        return absl::StrCat("has ", count, " ", of, ", expected at least ", range.least);
      });
    }
    if (count > range.most) {
      return Fail(place, most_keyword, [&] {
        return absl::StrCat("has ", count, " ", of, ", expected at most ", range.most);
      });
    }
    return true;
  }

  bool CheckString(const SchemaStringRules& rules, const Value& value, const Place& place) {
    const absl::string_view text = View(value);
    if (!work_.Spend(static_cast<int64_t>(text.size() / 64))) return StopForWork(place);
    // A character has one byte to four: mostly that decides already.
    if (((text.size() + 3) / 4 < rules.length.least || text.size() > rules.length.most) &&
        !CheckCount(CodePoints(text), rules.length, "minLength", "maxLength", "characters",
                    place)) {
      return false;
    }
    if (rules.pattern != nullptr && !Matches(*rules.pattern, text)) {
      return Fail(place, "pattern", [&] {
        return absl::StrCat("does not match the regular expression '",
                            Shortened(rules.pattern_text, kListBytes), "'");
      });
    }
    return true;
  }

  static bool Matches(const re2::RE2& pattern, absl::string_view text) {
    return pattern.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, nullptr,
                         0);
  }

  bool CheckArray(const SchemaArrayRules& rules, const Value& value, const Place& place,
                  Evaluated* evaluated) {
    const SizeType size = value.Size();
    if (!CheckCount(size, rules.size, "minItems", "maxItems", "items", place)) return false;
    if (rules.items != nullptr || !rules.prefix_items.empty()) {
      for (SizeType i = 0; i < size; ++i) {
        const SchemaNode* schema =
            i < rules.prefix_items.size() ? rules.prefix_items[i] : rules.items;
        if (schema == nullptr) break;
        if (schema == rules.items && !schema->possible) {
          return Fail(place, "items", [&] {
            return absl::StrCat("has ", size, " items, expected at most ",
                                rules.prefix_items.size());
          });
        }
        const Place here{&place, nullptr, i, place.depth + 1};
        if (!Check(*schema, value[i], here, nullptr)) return false;
        if (evaluated != nullptr) evaluated->Add(i);
      }
    }
    if (rules.contains != nullptr && !CheckContains(rules, value, place, evaluated)) return false;
    return !rules.unique || CheckUnique(value, place);
  }

  bool CheckContains(const SchemaArrayRules& rules, const Value& value, const Place& place,
                     Evaluated* evaluated) {
    size_t count = 0;
    {
      const Silence silence(silent_);
      for (SizeType i = 0; i < value.Size(); ++i) {
        const Place here{&place, nullptr, i, place.depth + 1};
        if (!Check(*rules.contains, value[i], here, nullptr)) continue;
        ++count;
        if (evaluated != nullptr) evaluated->Add(i);
      }
    }
    const bool is_plain = rules.contains_count.least == 1 && count == 0;
    return CheckCount(count, rules.contains_count, is_plain ? "contains" : "minContains",
                      "maxContains", "items of the kind that `contains` describes", place);
  }

  bool CheckUnique(const Value& value, const Place& place) {
    // Comparing is recursive.
    if (!NestedWithin(value, limits_.max_depth - place.depth)) {
      return StopTooDeep(place);
    }
    const auto equal = FindEqualItems(value, work_);
    if (work_.left < 0) return StopForWork(place);
    if (!equal.has_value()) return true;
    return Fail(place, "uniqueItems", [&] {
      return absl::StrCat("has equal items at ", equal->first, " and ", equal->second,
                          ", expected all to differ");
    });
  }

  // The place of a name among those of the schema, or their number if it is not there. `expected`
  // is the one that is looked at first.
  static size_t FindName(const SchemaObjectRules& rules, absl::string_view name, size_t expected) {
    const size_t size = rules.names.size();
    if (expected < size && rules.names[expected].text == name) return expected;
    if (size <= 8) {
      size_t i = 0;
      while (i < size && rules.names[i].text != name) ++i;
      return i;
    }
    const auto found = std::lower_bound(rules.sorted_names.begin(), rules.sorted_names.end(), name,
                                        [&](uint32_t place, absl::string_view wanted) {
                                          return IsBefore(rules.names[place].text, wanted);
                                        });
    return found != rules.sorted_names.end() && rules.names[*found].text == name ? *found : size;
  }

  bool CheckObject(const SchemaObjectRules& rules, const Value& value, const Place& place,
                   Evaluated* evaluated) {
    if (!CheckCount(value.MemberCount(), rules.size, "minProperties", "maxProperties", "properties",
                    place)) {
      return false;
    }
    BitSet seen(rules.names.size());
    size_t expected = 0;
    SizeType index = 0;
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member, ++index) {
      const Place here{&place, &member->name, index, place.depth + 1};
      if (rules.property_names != nullptr && !CheckName(*rules.property_names, *member, here)) {
        return false;
      }
      bool known = false;
      const size_t found = FindName(rules, View(member->name), expected);
      if (found < rules.names.size()) {
        seen.Add(found);
        expected = found + 1;
        if (const SchemaNode* schema = rules.names[found].schema; schema != nullptr) {
          if (!Check(*schema, member->value, here, nullptr)) return false;
          known = true;
        }
      }
      for (const SchemaObjectRules::Pattern& pattern : rules.patterns) {
        const absl::string_view name = View(member->name);
        if (!work_.Spend(1 + static_cast<int64_t>(name.size() / 64))) return StopForWork(place);
        if (!Matches(*pattern.expression, name)) continue;
        if (!Check(*pattern.schema, member->value, here, nullptr)) return false;
        known = true;
      }
      if (!known && rules.additional != nullptr) {
        if (!rules.additional->possible) return FailUnexpected(rules, *member, here);
        if (!Check(*rules.additional, member->value, here, nullptr)) return false;
        known = true;
      }
      if (known && evaluated != nullptr) evaluated->Add(index);
    }
    return CheckRequired(rules, seen, place) &&
           CheckDependent(rules, seen, value, place, evaluated);
  }

  bool FailUnexpected(const SchemaObjectRules& rules, const Value::Member& member,
                      const Place& here) {
    return Fail(here, "additionalProperties", [&] {
      std::vector<std::string> names;
      for (const SchemaObjectRules::Name& name : rules.names) {
        if (name.schema != nullptr && name.schema->possible) {
          names.push_back(absl::StrCat("'", Shortened(name.text, kQuoteBytes), "'"));
        }
      }
      std::string unexpected = absl::StrCat("is an unexpected property '",
                                            Shortened(View(member.name), kQuoteBytes), "'");
      if (names.size() > kMaxListed || !rules.patterns.empty()) return unexpected;
      if (names.empty()) return absl::StrCat(unexpected, ", expected none");
      return absl::StrCat(unexpected, ", expected only ", absl::StrJoin(names, ", "));
    });
  }

  bool CheckName(const SchemaNode& schema, const Value::Member& member, const Place& here) {
    if (Check(schema, member.name, here, nullptr)) return true;
    if (silent_ == 0 && !stopped_) {
      error_.message = absl::StrCat("has a name that ", error_.message);
    }
    return false;
  }

  bool CheckRequired(const SchemaObjectRules& rules, const BitSet& seen, const Place& place) {
    for (size_t i = 0; i < rules.required.size(); ++i) {
      const uint64_t missing = rules.required[i] & ~seen.Word(i);
      if (missing == 0) continue;
      return Fail(place, "required", [&] {
        const size_t name = i * 64 + static_cast<size_t>(absl::countr_zero(missing));
        return absl::StrCat("lacks the property '", Shortened(rules.names[name].text, kQuoteBytes),
                            "'");
      });
    }
    return true;
  }

  bool CheckDependent(const SchemaObjectRules& rules, const BitSet& seen, const Value& value,
                      const Place& place, Evaluated* evaluated) {
    for (const auto& [trigger, needed] : rules.dependent_required) {
      if (!seen.Has(trigger) || seen.Has(needed)) continue;
      return Fail(place, "dependentRequired", [&, trigger = trigger, needed = needed] {
        return absl::StrCat("lacks the property '",
                            Shortened(rules.names[needed].text, kQuoteBytes),
                            "', required because there is '",
                            Shortened(rules.names[trigger].text, kQuoteBytes), "'");
      });
    }
    return std::all_of(
        rules.dependent_schemas.begin(), rules.dependent_schemas.end(), [&](const auto& dependent) {
          return !seen.Has(dependent.first) || Check(*dependent.second, value, place, evaluated);
        });
  }

  bool CheckInPlace(const SchemaInPlaceRules& rules, const Value& value, const Place& place,
                    Evaluated* evaluated) {
    if (rules.reference != nullptr && !Check(*rules.reference, value, place, evaluated)) {
      return false;
    }
    if (rules.dynamic_reference != nullptr &&
        !Check(DynamicTarget(rules), value, place, evaluated)) {
      return false;
    }
    for (const SchemaNode* schema : rules.all_of) {
      if (!Check(*schema, value, place, evaluated)) return false;
    }
    if (!rules.any_of.empty() && !CheckAnyOf(rules.any_of, value, place, evaluated)) return false;
    if (!rules.one_of.empty() && !CheckOneOf(rules.one_of, value, place, evaluated)) return false;
    if (rules.negated != nullptr) {
      bool matches = false;
      {
        const Silence silence(silent_);
        matches = Check(*rules.negated, value, place, nullptr);
      }
      if (matches) return FailNot(*rules.negated, value, place);
    }
    return rules.condition == nullptr || CheckCondition(rules, value, place, evaluated);
  }

  // The outermost schema resource that has the anchor decides.
  const SchemaNode& DynamicTarget(const SchemaInPlaceRules& rules) const {
    const SchemaNode* target = rules.dynamic_reference;
    if (rules.dynamic_anchor < 0) return *target;
    for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
      const SchemaNode* here = program_.dynamic_anchors[static_cast<size_t>(scope->resource)]
                                                       [static_cast<size_t>(rules.dynamic_anchor)];
      if (here != nullptr) target = here;
    }
    return *target;
  }

  // Silently; what a failing schema looked at does not count.
  bool Matches(const SchemaNode& schema, const Value& value, const Place& place,
               Evaluated* evaluated) {
    const Silence silence(silent_);
    if (evaluated == nullptr) return Check(schema, value, place, nullptr);
    Evaluated here(evaluated->size());
    if (!Check(schema, value, place, &here)) return false;
    evaluated->AddAll(here);
    return true;
  }

  using Schemas = std::vector<const SchemaNode*>;

  bool CheckAnyOf(const Schemas& schemas, const Value& value, const Place& place,
                  Evaluated* evaluated) {
    bool any = false;
    for (const SchemaNode* schema : schemas) {
      any |= Matches(*schema, value, place, evaluated);
      if (any && evaluated == nullptr) return true;
    }
    return any || FailAlternatives("anyOf", schemas, value, place);
  }

  bool CheckOneOf(const Schemas& schemas, const Value& value, const Place& place,
                  Evaluated* evaluated) {
    size_t first = schemas.size();
    for (size_t i = 0; i < schemas.size(); ++i) {
      if (!Matches(*schemas[i], value, place, evaluated)) continue;
      if (first < schemas.size()) {
        return Fail(place, "oneOf", [&] {
          return absl::StrCat("matches alternatives ", first + 1, " and ", i + 1,
                              " of oneOf, expected exactly one");
        });
      }
      first = i;
    }
    return first < schemas.size() || FailAlternatives("oneOf", schemas, value, place);
  }

  bool CheckCondition(const SchemaInPlaceRules& rules, const Value& value, const Place& place,
                      Evaluated* evaluated) {
    if (evaluated == nullptr && rules.consequence == nullptr && rules.alternative == nullptr) {
      return true;
    }
    const SchemaNode* next =
        Matches(*rules.condition, value, place, evaluated) ? rules.consequence : rules.alternative;
    return next == nullptr || Check(*next, value, place, evaluated);
  }

  bool CheckUnevaluated(const SchemaNode& node, const Value& value, const Place& place,
                        Evaluated* evaluated) {
    const SizeType size = value.IsObject() ? value.MemberCount() : value.Size();
    Evaluated own(size);
    if (!CheckRules(node, value, place, &own)) return false;
    for (SizeType i = 0; i < size; ++i) {
      if (own.Has(i)) continue;
      if (value.IsObject()) {
        const auto& member = value.MemberBegin()[static_cast<ptrdiff_t>(i)];
        const Place here{&place, &member.name, i, place.depth + 1};
        if (!Check(*node.unevaluated_properties, member.value, here, nullptr)) return false;
      } else {
        const Place here{&place, nullptr, i, place.depth + 1};
        if (!Check(*node.unevaluated_items, value[i], here, nullptr)) return false;
      }
    }
    if (evaluated != nullptr) evaluated->Fill();
    return true;
  }

  bool FailNot(const SchemaNode& negated, const Value& value, const Place& place) {
    return Fail(place, "not", [&]() -> std::string {
      if (negated.constant != nullptr) {
        return absl::StrCat("is ", ShortJson(*negated.constant, kListBytes),
                            ", which is not allowed");
      }
      if (negated.choices != nullptr) {
        return absl::StrCat("is one of ", ShortJson(*negated.choices->values, kListBytes),
                            ", which is not allowed");
      }
      if (negated.types != 0) {
        return absl::StrCat("is ", NameOfType(value), ", which is not allowed");
      }
      return "matches the schema of `not`, which is not allowed";
    });
  }

  // Whether the value is of a type that the schema is for, as far as that shows on its face, and
  // has the constants that tell alternatives apart.
  bool Fits(const SchemaNode& schema, const Value& value, bool by_constants, int depth) {
    if (depth == kExplanationDepth) return true;
    if (!schema.possible) return false;
    if (schema.types != 0 && (schema.types & TypesOf(value)) == 0) return false;
    if (schema.constant != nullptr && schema.constant->GetType() != value.GetType()) return false;
    if (by_constants && depth > 0 && schema.constant != nullptr &&
        !EqualValues(*schema.constant, value, work_)) {
      return false;
    }
    if (by_constants && schema.objects != nullptr && value.IsObject()) {
      for (const SchemaObjectRules::Name& name : schema.objects->names) {
        if (name.schema == nullptr ||
            (name.schema->constant == nullptr && name.schema->choices == nullptr)) {
          continue;
        }
        const auto member = value.FindMember(
            Value(rapidjson::StringRef(name.text.data(), static_cast<SizeType>(name.text.size()))));
        if (member == value.MemberEnd()) continue;
        if (name.schema->constant != nullptr &&
            !EqualValues(*name.schema->constant, member->value, work_)) {
          return false;
        }
        if (name.schema->choices != nullptr && !IsAmong(*name.schema->choices, member->value)) {
          return false;
        }
      }
    }
    if (schema.in_place == nullptr) return true;
    const SchemaInPlaceRules& rules = *schema.in_place;
    return (rules.reference == nullptr || Fits(*rules.reference, value, by_constants, depth + 1)) &&
           std::all_of(rules.all_of.begin(), rules.all_of.end(), [&](const SchemaNode* part) {
             return Fits(*part, value, by_constants, depth + 1);
           });
  }

  // What is wrong with the only alternative that the value may be meant for, or with several.
  bool FailAlternatives(absl::string_view keyword, const Schemas& schemas, const Value& value,
                        const Place& place) {
    if (silent_ != 0 || stopped_) return false;
    if (explaining_) {
      Explain(keyword, schemas, value, place);
      return false;
    }
    // To explain must not cost more than to check, with all that is explained below.
    explaining_ = true;
    const Work left = std::exchange(work_, Work{.left = kExplanationWork});
    Explain(keyword, schemas, value, place);
    if (stopped_) {
      stopped_ = false;
      Fail(place, keyword, [&] { return absl::StrCat("matches no alternative of ", keyword); });
    }
    work_ = left;
    explaining_ = false;
    return false;
  }

  void Explain(absl::string_view keyword, const Schemas& schemas, const Value& value,
               const Place& place) {
    Schemas fitting;
    for (const bool by_constants : {false, true}) {
      Schemas narrower;
      for (const SchemaNode* schema : schemas) {
        if (Fits(*schema, value, by_constants, 0)) narrower.push_back(schema);
      }
      if (!narrower.empty()) fitting = std::move(narrower);
    }
    if (fitting.size() == 1) {
      Check(*fitting[0], value, place, nullptr);
      return;
    }
    unsigned types = 0;
    for (const SchemaNode* schema : schemas) {
      // All bits, if one does not say.
      types |= schema->types != 0 ? schema->types : ~0U;
    }
    if (fitting.empty() && types != ~0U) {
      Fail(place, keyword,
           [&] { return absl::StrCat("is ", NameOfType(value), ", expected ", TypeList(types)); });
      return;
    }
    if (fitting.empty()) fitting = schemas;
    std::vector<std::string> reasons;
    for (const SchemaNode* schema : fitting) {
      if (reasons.size() == kMaxAlternatives) {
        reasons.emplace_back("…");
        break;
      }
      Check(*schema, value, place, nullptr);
      const std::string pointer = PointerOf(place);
      const absl::string_view below = absl::string_view(error_.pointer).substr(pointer.size());
      std::string reason = Shortened(error_.message, 2 * kQuoteBytes);
      if (!below.empty()) {
        reason = absl::StrCat("its ", Shortened(below, kQuoteBytes), " ", reason);
      }
      if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
        reasons.push_back(std::move(reason));
      }
    }
    Fail(place, keyword, [&] {
      return absl::StrCat("matches no alternative of ", keyword, ": ",
                          absl::StrJoin(reasons, "; or "));
    });
  }

  const SchemaProgram& program_;
  const ValidationLimits& limits_;
  Work work_;
  int num_schemas_ = 0;
  int silent_ = 0;
  bool explaining_ = false;
  const Scope* scope_ = nullptr;
  SchemaError error_;
  bool stopped_ = false;
  SchemaError stop_;
};

}  // namespace

std::optional<SchemaError> RunSchema(const SchemaProgram& program, const ValidationLimits& limits,
                                     const Value& value) {
  return Validator(program, limits).Run(value);
}

}  // namespace parlance::tools

// JSON values as JSON Schema sees them (json-schema.org/draft/2020-12/json-schema-core, 4.2): which
// types a value has, when two values are equal, how numbers compare.
//
// Numbers: what fits int64 or uint64 is exact; anything else is a double, taken for the shortest
// decimal that reads back as it. So 0.3 is a multiple of 0.1, and 2^53 + 1 is greater than 2^53.
// For that, text is to be parsed with ParseJson. What only passes a value on takes its text instead
// (json_text.h), which has all digits.
//
// Names: a name that an object has twice counts as two members.
//
// Threads: plain functions. Allocation: none, but where said.
#ifndef TOOLS_JSON_JSON_VALUE_H_
#define TOOLS_JSON_JSON_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::tools {

// The types are bits, because a schema may allow several.
enum JsonType : unsigned {
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kNumber = 16,
  kInteger = 32,
  kString = 64,
};

// An integer is a number too; 1.0 is an integer.
unsigned TypesOf(const rapidjson::Value& value);

// Whether TypesOf and `types` share a bit.
inline bool HasType(const rapidjson::Value& value, unsigned types) {
  // The types are in the order of rapidjson::Type.
  constexpr unsigned kTypes[] = {kNull, kBoolean, kBoolean, kObject, kArray, kString, kNumber};
  return (kTypes[value.GetType()] & types) != 0 ||
         ((types & kInteger) != 0 && (TypesOf(value) & kInteger) != 0);
}

// 0 if there is no such type.
unsigned TypeOfName(absl::string_view name);

// "integer or null", without "number" where "integer" is said.
std::string TypeList(unsigned types);

absl::string_view View(const rapidjson::Value& string);

// Whether it is UTF-8 (RFC 3629) throughout.
bool IsUtf8(absl::string_view text);

// How deep a value may be nested that is parsed here: far deeper than anything meant, and so
// shallow that whoever walks a value (writes, copies or compares it) may do so recursively.
inline constexpr int kMaxJsonDepth = 512;

// Bounds of a text.
struct JsonLimits {
  size_t max_bytes = size_t{64} << 20;
  // How many arrays and objects may be in one another, at most kMaxJsonDepth.
  int max_depth = kMaxJsonDepth;
};

// Parses JSON (RFC 8259). It is the only way into the room: nothing else calls RapidJSON's parsers,
// so that no text, whoever sent it, gives a value that is too deep to be walked (.ci/laws). Doubles
// are the nearest to what is written. What is not UTF-8 is an error, as is a number beyond the
// range of doubles, or one so small that it would be read as 0 and is not. A byte order mark is
// skipped. Returns nothing if it went well; otherwise where and why: "at byte 7 (line 1): Invalid
// value: NaN".
// `is_beyond`, if given, is set to whether a bound or the range of doubles is why: then the text
// may be JSON all the same.
std::optional<std::string> ParseJson(absl::string_view text, rapidjson::Document& document,
                                     const JsonLimits& limits = {}, bool* is_beyond = nullptr);

// The same in memory that is given, for a value that lives shortly: the document refers to `copy`,
// which holds the text and a NUL at its end, and is changed. `stack` is that of the document too.
using PooledDocument =
    rapidjson::GenericDocument<rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>,
                               rapidjson::MemoryPoolAllocator<>>;
std::optional<std::string> ParseJsonInsitu(absl::string_view text, char* copy,
                                           PooledDocument& document,
                                           rapidjson::MemoryPoolAllocator<>& stack);

// The same JSON without white space and byte order mark, its numbers as they are written, or
// nothing if ParseJson refuses it. In linear time.
std::optional<std::string> CompactJson(absl::string_view json);

// A value as JSON, on one line.
std::string ValueJson(const rapidjson::Value& value);

// The object's member, or null. `object` may be of any type.
const rapidjson::Value* FindMember(const rapidjson::Value& object, const char* name);
// The object's member if it is a string; otherwise nothing. `object` may be of any type.
std::optional<std::string> StringMember(const rapidjson::Value& object, const char* name);

// How many characters a text of valid UTF-8 has.
size_t CodePoints(absl::string_view text);

// Whether no value inside lies deeper than `levels`; a number or an empty array needs none.
bool NestedWithin(const rapidjson::Value& value, int levels);

// Negative, zero or positive. Both are numbers.
int CompareNumbers(const rapidjson::Value& a, const rapidjson::Value& b);

// A number as digits * 10^exponent.
struct Decimal {
  bool negative = false;
  uint64_t digits = 0;
  int exponent = 0;
};
Decimal DecimalOf(const rapidjson::Value& number);

// Whether an integer times `factor` is `value`; `factor` is not 0.
bool IsMultipleOf(const Decimal& value, const Decimal& factor);

// The budget that an operation still has, in values looked at. Once it is below 0, answers mean
// nothing.
struct Work {
  int64_t left = 0;
  bool Spend(int64_t steps) { return (left -= steps) >= 0; }
};

// Deep, without regard to the order of members. One of the two is nested no deeper than the stack
// allows. Allocates only for objects that have over 64 members in different orders.
bool EqualValues(const rapidjson::Value& a, const rapidjson::Value& b, Work& work);

// The first two equal items found, the lesser first; nothing if all differ. No item is nested
// deeper than the stack allows. Takes time in proportion to the array's size, but for sorting.
// Allocates only for more than 256 items.
std::optional<std::pair<rapidjson::SizeType, rapidjson::SizeType>> FindEqualItems(
    const rapidjson::Value& array, Work& work);

// Returns the value as JSON text of no more than about `max_bytes`; what does not fit is an
// ellipsis. The value is nested no deeper than the stack allows.
std::string ShortJson(const rapidjson::Value& value, size_t max_bytes);

// Cut to about `max_bytes`, between characters, with an ellipsis.
std::string Shortened(absl::string_view text, size_t max_bytes);

// A step of a JSON Pointer (RFC 6901).
std::string PointerToken(absl::string_view name);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_JSON_VALUE_H_

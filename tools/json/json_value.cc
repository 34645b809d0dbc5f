#include "tools/json/json_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/numeric/int128.h"
#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::tools {
namespace {

using rapidjson::SizeType;
using rapidjson::Value;

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

constexpr std::pair<absl::string_view, unsigned> kTypeNames[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"object", kObject}, {"array", kArray},
    {"number", kNumber}, {"integer", kInteger}, {"string", kString}};

template <typename T>
int Compare(T a, T b) {
  return a < b ? -1 : static_cast<int>(a > b);
}

int Compare(int64_t a, double b) {
  if (b >= kTwoTo63) return -1;
  if (!(b >= -kTwoTo63)) return 1;
  const auto whole = static_cast<int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return Compare(static_cast<double>(whole), b);
}

int Compare(uint64_t a, double b) {
  if (b >= kTwoTo64) return -1;
  if (!(b >= 0)) return 1;
  const auto whole = static_cast<uint64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return Compare(static_cast<double>(whole), b);
}

absl::uint128 PowerOfTenModulo(int exponent, uint64_t modulus) {
  absl::uint128 result = 1 % modulus;
  absl::uint128 square = 10 % modulus;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = result * square % modulus;
    square = square * square % modulus;
  }
  return result;
}

int64_t StringCost(SizeType length) { return 1 + length / 64; }

bool EqualStrings(const Value& a, const Value& b) { return View(a) == View(b); }

using Members = std::vector<const Value::Member*>;

Members SortedByName(Value::ConstMemberIterator begin, Value::ConstMemberIterator end) {
  Members members;
  for (; begin != end; ++begin) members.push_back(&*begin);
  std::stable_sort(
      members.begin(), members.end(),
      [](const Value::Member* a, const Value::Member* b) { return View(a->name) < View(b->name); });
  return members;
}

bool EqualObjects(const Value& a, const Value& b, Work& work) {
  if (a.MemberCount() != b.MemberCount()) return false;
  auto member = a.MemberBegin();
  auto other = b.MemberBegin();
  // Mostly the order is the same.
  for (; member != a.MemberEnd() && EqualStrings(member->name, other->name); ++member, ++other) {
    if (!EqualValues(member->value, other->value, work)) return false;
  }
  const auto rest = static_cast<size_t>(a.MemberEnd() - member);
  if (rest > 64) {
    const Members sorted = SortedByName(member, a.MemberEnd());
    const Members others = SortedByName(other, b.MemberEnd());
    for (size_t i = 0; i < rest; ++i) {
      if (!EqualStrings(sorted[i]->name, others[i]->name) ||
          !EqualValues(sorted[i]->value, others[i]->value, work)) {
        return false;
      }
    }
    return true;
  }
  uint64_t taken = 0;
  for (; member != a.MemberEnd(); ++member) {
    size_t i = 0;
    while (i < rest && ((taken >> i & 1) != 0 ||
                        !EqualStrings(member->name, (other + static_cast<ptrdiff_t>(i))->name))) {
      ++i;
    }
    if (i == rest ||
        !EqualValues(member->value, (other + static_cast<ptrdiff_t>(i))->value, work)) {
      return false;
    }
    taken |= uint64_t{1} << i;
  }
  return true;
}

// Equal values have equal hashes.
uint64_t HashOfValue(const Value& value, Work& work) {
  if (value.IsString()) {
    work.Spend(StringCost(value.GetStringLength()));
    return absl::HashOf(View(value));
  }
  work.Spend(1);
  switch (value.GetType()) {
    case rapidjson::kArrayType: {
      uint64_t hash = absl::HashOf(kArray, value.Size());
      for (const Value& item : value.GetArray()) {
        hash = absl::HashOf(hash, HashOfValue(item, work));
      }
      return hash;
    }
    case rapidjson::kObjectType: {
      uint64_t sum = absl::HashOf(kObject, value.MemberCount());
      for (const auto& member : value.GetObject()) {
        sum += absl::HashOf(HashOfValue(member.name, work), HashOfValue(member.value, work));
      }
      return sum;
    }
    case rapidjson::kNumberType: {
      if (value.IsUint64()) return absl::HashOf(kNumber, value.GetUint64());
      if (value.IsInt64()) return absl::HashOf(kInteger, value.GetInt64());
      const double number = value.GetDouble();
      if (std::floor(number) == number) {
        if (number >= 0 && number < kTwoTo64) {
          return absl::HashOf(kNumber, static_cast<uint64_t>(number));
        }
        if (number < 0 && number >= -kTwoTo63) {
          return absl::HashOf(kInteger, static_cast<int64_t>(number));
        }
      }
      return absl::HashOf(number);
    }
    default:
      return absl::HashOf(value.GetType());
  }
}

struct HashedItem {
  uint64_t hash;
  SizeType index;
};

std::optional<std::pair<SizeType, SizeType>> FindEqualHashed(const Value& array, HashedItem* items,
                                                             Work& work) {
  const SizeType size = array.Size();
  for (SizeType i = 0; i < size; ++i) items[i] = {HashOfValue(array[i], work), i};
  std::sort(items, items + size, [](const HashedItem& a, const HashedItem& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.index < b.index;
  });
  for (SizeType i = 0; i < size; ++i) {
    for (SizeType j = i + 1; j < size && items[i].hash == items[j].hash; ++j) {
      if (work.left < 0) return std::nullopt;
      if (EqualValues(array[items[i].index], array[items[j].index], work)) {
        return std::make_pair(items[i].index, items[j].index);
      }
    }
  }
  return std::nullopt;
}

// Refusals that are told from the others by their addresses.
constexpr char kTooDeep[] = "nested too deeply";
constexpr char kTooSmall[] = "Number too small to be stored in double.";
constexpr char kTooBig[] = "Number too big to be stored in double.";

// Whether a number that is well-formed JSON has no digit but 0 before its exponent.
bool IsZero(absl::string_view number) {
  return number.substr(0, number.find_first_of("eE")).find_first_of("123456789") ==
         absl::string_view::npos;
}

// Writes numbers as they were written.
class CompactWriter : public rapidjson::Writer<rapidjson::StringBuffer> {
 public:
  using rapidjson::Writer<rapidjson::StringBuffer>::Writer;
};

// Hands what a reader finds to a document, but converts numbers itself: what RapidJSON does by
// default is inexact, and its kParseFullPrecisionFlag has undefined behaviour for 0e308. Refuses
// the second half of a surrogate pair without the first, which RapidJSON makes malformed UTF-8 of.
template <typename Document>
class ExactValues {
 public:
  using SizeType = rapidjson::SizeType;

  // `has_escapes`: whether the text may have an escaped code unit. `refusal` is set to why, if
  // something is refused.
  ExactValues(Document& document, bool has_escapes, int max_depth, const char*& refusal)
      : document_(document),
        has_escapes_(has_escapes),
        levels_left_(max_depth),
        refusal_(refusal) {}

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(int64_t value) { return document_.Int64(value); }
  bool Uint64(uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool RawNumber(const char* text, SizeType length, bool) {
    const char* const end = text + length;
    const bool negative = *text == '-';
    uint64_t digits = 0;
    const auto whole = std::from_chars(text + (negative ? 1 : 0), end, digits);
    if (whole.ec == std::errc() && whole.ptr == end) {
      if (!negative) return Number(digits, {text, length});
      if (digits <= uint64_t{1} << 63) {
        return Number(static_cast<int64_t>(-digits), {text, length});
      }
    }
    double value = 0;
    if (absl::from_chars(text, end, value).ec != std::errc() && std::abs(value) >= 1) {
      refusal_ = kTooBig;
      return false;
    }
    if (value == 0 && !IsZero({text, length})) {
      refusal_ = kTooSmall;
      return false;
    }
    return Number(value, {text, length});
  }
  bool String(const char* text, SizeType length, bool copy) {
    return Check(text, length) && document_.String(text, length, copy);
  }
  bool StartObject() { return Enter() && document_.StartObject(); }
  bool Key(const char* text, SizeType length, bool copy) {
    return Check(text, length) && document_.Key(text, length, copy);
  }
  bool EndObject(SizeType count) {
    ++levels_left_;
    return document_.EndObject(count);
  }
  bool StartArray() { return Enter() && document_.StartArray(); }
  bool EndArray(SizeType count) {
    ++levels_left_;
    return document_.EndArray(count);
  }

 private:
  template <typename Value>
  bool Number(Value value, absl::string_view text) {
    if constexpr (std::is_same_v<Document, CompactWriter>) {
      return document_.RawValue(text.data(), text.size(), rapidjson::kNumberType);
    } else if constexpr (std::is_same_v<Value, uint64_t>) {
      return document_.Uint64(value);
    } else if constexpr (std::is_same_v<Value, int64_t>) {
      return document_.Int64(value);
    } else {
      return document_.Double(value);
    }
  }
  bool Check(const char* text, SizeType length) {
    return !has_escapes_ || IsUtf8({text, length}) ||
           Refuse(rapidjson::kParseErrorStringUnicodeSurrogateInvalid);
  }
  bool Enter() {
    if (--levels_left_ >= 0) return true;
    refusal_ = kTooDeep;
    return false;
  }
  bool Refuse(rapidjson::ParseErrorCode code) {
    refusal_ = rapidjson::GetParseError_En(code);
    return false;
  }

  Document& document_;
  const bool has_escapes_;
  int levels_left_;
  const char*& refusal_;
};

// A string buffer that stops at a size.
class LimitedOutput {
 public:
  using Ch = char;
  explicit LimitedOutput(size_t max_bytes) : max_bytes_(max_bytes) {}
  void Put(char c) {
    if (text_.size() <= max_bytes_) text_.push_back(c);
  }
  void Flush() {}
  const std::string& text() const { return text_; }

 private:
  size_t max_bytes_;
  std::string text_;
};

}  // namespace

unsigned TypesOf(const Value& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return kNull;
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return kBoolean;
    case rapidjson::kObjectType:
      return kObject;
    case rapidjson::kArrayType:
      return kArray;
    case rapidjson::kStringType:
      return kString;
    default:
      break;
  }
  if (!value.IsDouble() || std::floor(value.GetDouble()) == value.GetDouble()) {
    return kNumber | kInteger;
  }
  return kNumber;
}

unsigned TypeOfName(absl::string_view name) {
  for (const auto& [known, type] : kTypeNames) {
    if (name == known) return type;
  }
  return 0;
}

std::string TypeList(unsigned types) {
  if ((types & kInteger) != 0) types &= ~static_cast<unsigned>(kNumber);
  std::string text;
  for (const auto& [name, type] : kTypeNames) {
    if ((types & type) != 0) absl::StrAppend(&text, text.empty() ? "" : " or ", name);
  }
  return text;
}

absl::string_view View(const Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

bool IsUtf8(absl::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    // Most text is ASCII.
    for (uint64_t word = 0; end - at >= 8; at += 8) {
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080) != 0) break;
    }
    while (at != end && static_cast<signed char>(*at) >= 0) ++at;
    if (at == end) return true;
    const auto byte = [&](ptrdiff_t i) { return static_cast<unsigned char>(at[i]); };
    const unsigned char lead = byte(0);
    const ptrdiff_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || end - at < length) return false;
    // The bounds of the second byte. Beyond them lie characters that a shorter sequence encodes,
    // surrogates, and numbers that are too large.
    const int least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const int most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < least || byte(1) > most) return false;
    for (ptrdiff_t i = 2; i < length; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
    }
    at += length;
  }
}

namespace {

// `is_utf8`: whether the text is. Looking at all of it first is faster than at each character, and
// tells no place.
template <unsigned kMoreFlags, typename Reader, typename Stream, typename Handler>
rapidjson::ParseResult ReadWith(Reader& reader, absl::string_view text, bool is_utf8, int max_depth,
                                Stream& stream, Handler& handler, const char*& refusal) {
  constexpr unsigned kFlags =
      kMoreFlags | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  // RapidJSON's stream that does so skips a part of one, too.
  if (absl::StartsWith(text, "\xEF\xBB\xBF")) {
    for (int i = 0; i < 3; ++i) stream.Take();
  }
  ExactValues exact(handler, absl::StrContains(text, "\\u"), max_depth, refusal);
  rapidjson::ParseResult result =
      is_utf8
          ? reader.template Parse<kFlags>(stream, exact)
          : reader.template Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(stream, exact);
  // A reader takes a NUL for the end of the text.
  if (!result.IsError() && stream.Tell() != text.size()) {
    result.Set(rapidjson::kParseErrorDocumentRootNotSingular, stream.Tell());
  }
  return result;
}

template <unsigned kMoreFlags, typename Reader, typename Stream, typename Document>
rapidjson::ParseResult ParseWith(Reader& reader, absl::string_view text, bool is_utf8,
                                 int max_depth, Stream& stream, Document& document,
                                 const char*& refusal) {
  rapidjson::ParseResult result;
  auto fill = [&](Document& handler) {
    result = ReadWith<kMoreFlags>(reader, text, is_utf8, max_depth, stream, handler, refusal);
    return !result.IsError();
  };
  document.Populate(fill);
  return result;
}

// What stands at an error's place, where that says more than its name: a word such as NaN, or a
// byte that is not UTF-8.
std::string FoundAt(absl::string_view text, size_t offset, rapidjson::ParseErrorCode code) {
  if (offset >= text.size()) return "";
  if (code == rapidjson::kParseErrorStringInvalidEncoding) {
    const absl::string_view rest = text.substr(offset);
    const auto bad = std::find_if(rest.begin(), rest.end(),
                                  [](char c) { return static_cast<signed char>(c) < 0; });
    if (bad == rest.end()) return "";
    return absl::StrCat(" Byte 0x", absl::Hex(static_cast<unsigned char>(*bad), absl::kZeroPad2),
                        " is not UTF-8 here.");
  }
  if (code != rapidjson::kParseErrorValueInvalid) return "";
  const auto is_of_word = [&](size_t i) {
    return absl::ascii_isalpha(static_cast<unsigned char>(text[i])) || text[i] == '-';
  };
  // A reader stops inside of a word that begins like one it knows.
  size_t begin = offset;
  while (begin > 0 && offset - begin < 16 && is_of_word(begin - 1)) --begin;
  size_t end = begin;
  while (end < text.size() && end - begin < 32 && is_of_word(end)) ++end;
  return begin == end ? "" : absl::StrCat(" JSON has no ", text.substr(begin, end - begin), ".");
}

}  // namespace

std::optional<std::string> ParseJson(absl::string_view text, rapidjson::Document& document,
                                     const JsonLimits& limits, bool* is_beyond) {
  if (is_beyond != nullptr) *is_beyond = text.size() > limits.max_bytes;
  if (text.size() > limits.max_bytes) {
    return absl::StrCat("the text has ", text.size(), " bytes; the limit is ", limits.max_bytes);
  }
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(text.data(), text.size());
  const char* refusal = nullptr;
  const int max_depth = std::min(limits.max_depth, kMaxJsonDepth);
  const rapidjson::ParseResult result =
      ParseWith<0>(reader, text, IsUtf8(text), max_depth, stream, document, refusal);
  if (!result.IsError()) return std::nullopt;
  if (is_beyond != nullptr) {
    *is_beyond = refusal == kTooDeep || refusal == kTooSmall || refusal == kTooBig ||
                 result.Code() == rapidjson::kParseErrorNumberTooBig;
  }
  const std::string why =
      refusal == kTooDeep  ? absl::StrCat("nested deeper than ", max_depth, " levels, the limit")
      : refusal != nullptr ? refusal
                           : absl::StrCat(rapidjson::GetParseError_En(result.Code()),
                                          FoundAt(text, result.Offset(), result.Code()));
  const auto line =
      std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(result.Offset()), '\n');
  return absl::StrCat("at byte ", result.Offset(), " (line ", line + 1, "): ", why);
}

std::optional<std::string> ParseJsonInsitu(absl::string_view text, char* copy,
                                           PooledDocument& document,
                                           rapidjson::MemoryPoolAllocator<>& stack) {
  // In place, what checks the encoding reads beyond the end, for a character that is cut short.
  if (text.size() <= JsonLimits().max_bytes && IsUtf8(text)) {
    rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>>
        reader(&stack);
    rapidjson::InsituStringStream stream(copy);
    const char* refusal = nullptr;
    if (!ParseWith<rapidjson::kParseInsituFlag>(reader, {copy, text.size()}, /*is_utf8=*/true,
                                                kMaxJsonDepth, stream, document, refusal)
             .IsError()) {
      return std::nullopt;
    }
  }
  // The copy has changed, so the text says what is wrong with it, and where.
  rapidjson::Document none;
  return ParseJson(text, none);
}

std::optional<std::string> CompactJson(absl::string_view json) {
  if (json.size() > JsonLimits().max_bytes) return std::nullopt;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(json.data(), json.size());
  rapidjson::StringBuffer buffer;
  CompactWriter writer(buffer);
  const char* refusal = nullptr;
  if (ReadWith<0>(reader, json, IsUtf8(json), kMaxJsonDepth, stream, writer, refusal).IsError())
    return std::nullopt;
  return std::string(buffer.GetString(), buffer.GetSize());
}

std::string ValueJson(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const rapidjson::Value* FindMember(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

std::optional<std::string> StringMember(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const member = FindMember(object, name);
  if (member == nullptr || !member->IsString()) return std::nullopt;
  return std::string(member->GetString(), member->GetStringLength());
}

size_t CodePoints(absl::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

bool NestedWithin(const Value& value, int levels) {
  if (value.IsArray()) {
    if (levels == 0) return value.Empty();
    return std::all_of(value.Begin(), value.End(),
                       [&](const Value& item) { return NestedWithin(item, levels - 1); });
  }
  if (value.IsObject()) {
    if (levels == 0) return value.ObjectEmpty();
    return std::all_of(value.MemberBegin(), value.MemberEnd(), [&](const Value::Member& member) {
      return NestedWithin(member.value, levels - 1);
    });
  }
  return true;
}

int CompareNumbers(const Value& a, const Value& b) {
  if (a.IsInt64()) {
    if (b.IsInt64()) return Compare(a.GetInt64(), b.GetInt64());
    return b.IsUint64() ? -1 : Compare(a.GetInt64(), b.GetDouble());
  }
  if (a.IsUint64()) {
    if (b.IsInt64()) return 1;
    return b.IsUint64() ? Compare(a.GetUint64(), b.GetUint64())
                        : Compare(a.GetUint64(), b.GetDouble());
  }
  if (b.IsInt64()) return -Compare(b.GetInt64(), a.GetDouble());
  if (b.IsUint64()) return -Compare(b.GetUint64(), a.GetDouble());
  return Compare(a.GetDouble(), b.GetDouble());
}

Decimal DecimalOf(const Value& number) {
  if (number.IsUint64()) return {.digits = number.GetUint64()};
  if (number.IsInt64()) {
    return {.negative = true, .digits = -static_cast<uint64_t>(number.GetInt64())};
  }
  // -d.ddddddddddddddde-ddd
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, number.GetDouble(), std::chars_format::scientific);
  Decimal decimal;
  int num_fraction_digits = 0;
  bool in_fraction = false;
  const char* c = text;
  for (; c != end.ptr && *c != 'e'; ++c) {
    if (*c == '-') {
      decimal.negative = true;
    } else if (*c == '.') {
      in_fraction = true;
    } else {
      decimal.digits = decimal.digits * 10 + static_cast<uint64_t>(*c - '0');
      num_fraction_digits += in_fraction;
    }
  }
  if (c != end.ptr) {
    ++c;
    // from_chars takes no plus sign.
    if (*c == '+') ++c;
    std::from_chars(c, end.ptr, decimal.exponent);
  }
  decimal.exponent -= num_fraction_digits;
  return decimal;
}

bool IsMultipleOf(const Decimal& value, const Decimal& factor) {
  if (value.digits == 0) return true;
  const int shift = value.exponent - factor.exponent;
  if (shift >= 0) {
    return absl::uint128(value.digits % factor.digits) * PowerOfTenModulo(shift, factor.digits) %
               factor.digits ==
           0;
  }
  // 10^20 is more than any digits.
  if (shift <= -20) return false;
  absl::uint128 divisor = factor.digits;
  for (int i = shift; i < 0; ++i) divisor *= 10;
  return absl::uint128(value.digits) % divisor == 0;
}

bool EqualValues(const Value& a, const Value& b, Work& work) {
  if (a.GetType() != b.GetType() || !work.Spend(1)) return false;
  switch (a.GetType()) {
    case rapidjson::kNumberType:
      return CompareNumbers(a, b) == 0;
    case rapidjson::kStringType:
      if (a.GetStringLength() != b.GetStringLength()) return false;
      work.Spend(StringCost(a.GetStringLength()));
      return EqualStrings(a, b);
    case rapidjson::kArrayType:
      return std::equal(a.Begin(), a.End(), b.Begin(), b.End(),
                        [&](const Value& x, const Value& y) { return EqualValues(x, y, work); });
    case rapidjson::kObjectType:
      return EqualObjects(a, b, work);
    default:
      return true;
  }
}

std::optional<std::pair<SizeType, SizeType>> FindEqualItems(const Value& array, Work& work) {
  const SizeType size = array.Size();
  if (size <= 8) {
    for (SizeType i = 1; i < size; ++i) {
      for (SizeType j = 0; j < i; ++j) {
        if (EqualValues(array[i], array[j], work)) return std::make_pair(j, i);
      }
    }
    return std::nullopt;
  }
  if (size <= 256) {
    std::array<HashedItem, 256> items;
    return FindEqualHashed(array, items.data(), work);
  }
  std::vector<HashedItem> items(size);
  return FindEqualHashed(array, items.data(), work);
}

std::string Shortened(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

std::string ShortJson(const Value& value, size_t max_bytes) {
  LimitedOutput output(max_bytes);
  rapidjson::Writer<LimitedOutput> writer(output);
  value.Accept(writer);
  return Shortened(output.text(), max_bytes);
}

std::string PointerToken(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"~", "~0"}, {"/", "~1"}});
}

}  // namespace parlance::tools

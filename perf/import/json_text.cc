#include "perf/import/json_text.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "rapidjson/encodedstream.h"
#include "rapidjson/encodings.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"
#include "third_party/json_number.h"

namespace perf {
namespace {

// Whether brackets outside of strings are open more than `depth` deep somewhere. Asked before
// parsing, so that a text of nothing but brackets costs no memory.
bool IsDeeper(absl::string_view text, int depth) {
  int open = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++open > depth) return true;
    } else if (c == ']' || c == '}') {
      --open;
    }
  }
  return false;
}

// Hands what a reader finds to a document, with numbers converted exactly.
class ExactNumbers {
 public:
  using SizeType = rapidjson::SizeType;

  explicit ExactNumbers(rapidjson::Document& document) : document_(document) {}

  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names.
  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(int64_t value) { return document_.Int64(value); }
  bool Uint64(uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool RawNumber(const char* text, SizeType size, bool) {
    return json_number::Put({text, size}, document_, is_too_big_);
  }
  bool String(const char* text, SizeType size, bool copy) {
    return document_.String(text, size, copy);
  }
  bool Key(const char* text, SizeType size, bool copy) { return document_.Key(text, size, copy); }
  bool StartObject() { return document_.StartObject(); }
  bool StartArray() { return document_.StartArray(); }
  bool EndObject(SizeType count) { return document_.EndObject(count); }
  bool EndArray(SizeType count) { return document_.EndArray(count); }
  // NOLINTEND(readability-identifier-naming)

  bool is_too_big() const { return is_too_big_; }

 private:
  rapidjson::Document& document_;
  bool is_too_big_ = false;
};

}  // namespace

absl::Status ParseJsonText(absl::string_view text, rapidjson::Document& document) {
  if (IsDeeper(text, kMaxImportDepth)) {
    return absl::InvalidArgumentError(
        absl::StrCat("nested more than ", kMaxImportDepth, " deep, which no result is"));
  }
  // Google Benchmark writes NaN and Infinity as they are, which JSON does not have.
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNanAndInfFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::ParseResult result;
  auto fill = [&](rapidjson::Document& filled) {
    rapidjson::MemoryStream bytes(text.data(), text.size());
    // Skips a byte order mark.
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
    ExactNumbers numbers(filled);
    rapidjson::Reader reader;
    result = reader.Parse<kFlags>(stream, numbers);
    if (numbers.is_too_big()) result.Set(rapidjson::kParseErrorNumberTooBig, result.Offset());
    return !result.IsError();
  };
  document.Populate(fill);
  if (!result.IsError()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("not JSON, or cut short: at byte ",
                                                 result.Offset(), ": ",
                                                 rapidjson::GetParseError_En(result.Code())));
}

const rapidjson::Value* Member(const rapidjson::Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto found = value.FindMember(name);
  return found == value.MemberEnd() ? nullptr : &found->value;
}

std::string TextMember(const rapidjson::Value& value, const char* name) {
  const rapidjson::Value* member = Member(value, name);
  if (member == nullptr || !member->IsString()) return "";
  return {member->GetString(), member->GetStringLength()};
}

}  // namespace perf

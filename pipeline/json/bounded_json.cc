#include "pipeline/json/bounded_json.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/encodedstream.h"
#include "rapidjson/encodings.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "third_party/json_number.h"

namespace parlance::pipeline {
namespace {

// The reader works without recursion, so the text's depth costs no stack; it is counted here so
// that the value's does not either.
class DepthFilter {
 public:
  using Ch = rapidjson::Document::Ch;

  DepthFilter(rapidjson::Document& document, int max_depth)
      : document_(document), max_depth_(max_depth) {}

  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names.
  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(int64_t value) { return document_.Int64(value); }
  bool Uint64(uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool RawNumber(const Ch* text, rapidjson::SizeType size, bool) {
    return json_number::Put({text, size}, document_, is_too_big_);
  }
  bool String(const Ch* text, rapidjson::SizeType size, bool copy) {
    return document_.String(text, size, copy);
  }
  bool Key(const Ch* text, rapidjson::SizeType size, bool copy) {
    return document_.Key(text, size, copy);
  }
  bool StartObject() { return ++depth_ <= max_depth_ && document_.StartObject(); }
  bool StartArray() { return ++depth_ <= max_depth_ && document_.StartArray(); }
  bool EndObject(rapidjson::SizeType count) { return --depth_ >= 0 && document_.EndObject(count); }
  bool EndArray(rapidjson::SizeType count) { return --depth_ >= 0 && document_.EndArray(count); }
  // NOLINTEND(readability-identifier-naming)

  bool is_too_deep() const { return depth_ > max_depth_; }
  bool is_too_big() const { return is_too_big_; }

 private:
  rapidjson::Document& document_;
  const int max_depth_;
  int depth_ = 0;
  bool is_too_big_ = false;
};

// Fills a document from text, and says why if it cannot.
class Generator {
 public:
  Generator(absl::string_view text, const JsonBounds& bounds) : text_(text), bounds_(bounds) {}

  bool operator()(rapidjson::Document& document) {
    rapidjson::MemoryStream bytes(text_.data(), text_.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
    DepthFilter filter(document, bounds_.max_depth);
    rapidjson::Reader reader;
    constexpr unsigned kFlags =
        rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::ParseResult result =
        bounds_.takes_any_bytes
            ? reader.Parse<kFlags>(stream, filter)
            : reader.Parse<kFlags | rapidjson::kParseValidateEncodingFlag>(stream, filter);
    if (!result.IsError()) return true;
    if (filter.is_too_big()) result.Set(rapidjson::kParseErrorNumberTooBig, result.Offset());
    why_ = filter.is_too_deep()
               ? absl::StrCat("it is nested more than ", bounds_.max_depth, " deep")
               : absl::StrCat(rapidjson::GetParseError_En(result.Code()), " (at byte ",
                              result.Offset(), ")");
    return false;
  }

  const std::string& why() const { return why_; }

 private:
  const absl::string_view text_;
  const JsonBounds& bounds_;
  std::string why_;
};

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

absl::string_view View(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

std::string Written(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

void WriteCanonical(const rapidjson::Value& value, JsonWriter& writer) {
  if (value.IsArray()) {
    writer.StartArray();
    for (const rapidjson::Value& item : value.GetArray()) WriteCanonical(item, writer);
    writer.EndArray();
  } else if (value.IsObject()) {
    std::vector<const rapidjson::Value::Member*> members;
    for (const rapidjson::Value::Member& member : value.GetObject()) members.push_back(&member);
    std::stable_sort(members.begin(), members.end(),
                     [](const auto* a, const auto* b) { return View(a->name) < View(b->name); });
    writer.StartObject();
    for (const rapidjson::Value::Member* member : members) {
      writer.Key(member->name.GetString(), member->name.GetStringLength());
      WriteCanonical(member->value, writer);
    }
    writer.EndObject();
  } else {
    value.Accept(writer);
  }
}

}  // namespace

absl::Status ParseJson(absl::string_view text, const JsonBounds& bounds,
                       rapidjson::Document& document) {
  if (text.size() > bounds.max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("JSON of ", text.size(), " bytes; the limit is ", bounds.max_bytes));
  }
  // RapidJSON takes a NUL for the end of the text.
  if (text.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("not JSON: it has a NUL byte");
  }
  Generator generator(text, bounds);
  document.Populate(generator);
  if (!generator.why().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("not JSON: ", generator.why()));
  }
  return absl::OkStatus();
}

absl::Status ParseJsonObject(absl::string_view text, const JsonBounds& bounds,
                             rapidjson::Document& document) {
  if (absl::Status parsed = ParseJson(text, bounds, document); !parsed.ok()) return parsed;
  if (!document.IsObject()) return absl::InvalidArgumentError("the JSON is not an object");
  return absl::OkStatus();
}

const rapidjson::Value* Member(const rapidjson::Value* object, absl::string_view name) {
  if (object == nullptr || !object->IsObject()) return nullptr;
  for (const auto& member : object->GetObject()) {
    if (View(member.name) == name) {
      return member.value.IsNull() ? nullptr : &member.value;
    }
  }
  return nullptr;
}

std::optional<absl::string_view> TextOf(const rapidjson::Value* value) {
  if (value == nullptr || !value->IsString()) return std::nullopt;
  return View(*value);
}

std::optional<std::string> TextOrNumberOf(const rapidjson::Value* value) {
  if (const auto text = TextOf(value); text.has_value()) return std::string(*text);
  if (const auto number = IntegerOf(value); number.has_value()) return absl::StrCat(*number);
  return std::nullopt;
}

std::optional<int64_t> IntegerOf(const rapidjson::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  if (value->IsDouble()) {
    // Whole numbers may be written with a fraction of zero. Beyond 2^53 a double is none.
    constexpr double kMaxExactInteger = 9007199254740992.0;
    const double number = value->GetDouble();
    if (number < -kMaxExactInteger || number > kMaxExactInteger) return std::nullopt;
    const auto whole = static_cast<int64_t>(number);
    if (static_cast<double>(whole) != number) return std::nullopt;
    return whole;
  }
  int64_t number = 0;
  if (const auto text = TextOf(value);
      text.has_value() && text->size() <= 20 && absl::SimpleAtoi(*text, &number)) {
    return number;
  }
  return std::nullopt;
}

std::string JsonOf(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  value.Accept(writer);
  return Written(buffer);
}

std::string CanonicalJsonOf(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  WriteCanonical(value, writer);
  return Written(buffer);
}

std::string QuotedJson(absl::string_view text) {
  constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";
  std::string valid;
  valid.reserve(text.size());
  rapidjson::MemoryStream bytes(text.data(), text.size());
  while (bytes.Tell() < text.size()) {
    const size_t begin = bytes.Tell();
    rapidjson::StringBuffer character;
    const bool is_valid = rapidjson::UTF8<>::Validate(bytes, character);
    // A character that was cut reads beyond the end, and one that is wrong takes one byte.
    if (is_valid && bytes.Tell() <= text.size()) {
      absl::StrAppend(&valid, text.substr(begin, bytes.Tell() - begin));
    } else {
      absl::StrAppend(&valid, kReplacement);
      bytes.src_ = bytes.begin_ + begin + 1;
    }
  }
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  return Written(buffer);
}

}  // namespace parlance::pipeline

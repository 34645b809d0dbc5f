#include "session/json_text.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"

namespace parlance::session {
namespace {

// RapidJSON's reader is iterative, and tells each beginning and end: that is enough to know the
// depth. A handler that returns false ends the parsing.
class DepthHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, DepthHandler> {
 public:
  explicit DepthHandler(int max_depth) : max_depth_(max_depth) {}

  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names.
  bool StartObject() { return ++depth_ <= max_depth_; }
  bool StartArray() { return ++depth_ <= max_depth_; }
  bool EndObject(rapidjson::SizeType) { return --depth_ >= 0; }
  bool EndArray(rapidjson::SizeType) { return --depth_ >= 0; }
  // NOLINTEND(readability-identifier-naming)

  bool is_too_deep() const { return depth_ > max_depth_; }

 private:
  const int max_depth_;
  int depth_ = 0;
};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks through JSON that is known to be valid.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : text_(text) {}

  char Peek() {
    SkipSpace();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  // The brackets, colons and commas between values.
  void Skip() {
    SkipSpace();
    ++at_;
  }
  // The next value, without the white space around it.
  absl::string_view Value() {
    SkipSpace();
    const size_t start = at_;
    int depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        SkipString();
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':' || IsSpace(c)) {
        ++at_;
      } else {
        SkipWord();
      }
    } while (depth > 0 && at_ < text_.size());
    return text_.substr(start, at_ - start);
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  void SkipString() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  // A number, true, false or null.
  void SkipWord() {
    while (at_ < text_.size() && !IsSpace(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
           text_[at_] != '}') {
      ++at_;
    }
  }

  absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<JsonKind> CheckJson(absl::string_view text, int max_depth) {
  rapidjson::MemoryStream input(text.data() == nullptr ? "" : text.data(), text.size());
  rapidjson::Reader reader;
  DepthHandler handler(max_depth);
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(input, handler);
  if (handler.is_too_deep()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the JSON is nested more than ", max_depth, " deep"));
  }
  if (result.IsError()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON: ", rapidjson::GetParseError_En(result.Code()), " (byte ",
                     result.Offset() + 1, ")"));
  }
  // RapidJSON takes a NUL for the end.
  if (input.Tell() != text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON: a NUL character (byte ", input.Tell() + 1, ")"));
  }
  return KindOf(text);
}

JsonKind KindOf(absl::string_view json) {
  switch (Scanner(json).Peek()) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

std::string JsonString(absl::string_view text) {
  rapidjson::Document string;
  string.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (!string.IsString()) return "";
  return {string.GetString(), string.GetStringLength()};
}

absl::StatusOr<JsonMembers> JsonMembers::Parse(absl::string_view text, int max_depth) {
  absl::StatusOr<JsonKind> kind = CheckJson(text, max_depth);
  if (!kind.ok()) return kind.status();
  return OfChecked(text);
}

absl::StatusOr<JsonMembers> JsonMembers::OfChecked(absl::string_view object) {
  if (KindOf(object) != JsonKind::kObject) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  std::vector<Member> members;
  absl::flat_hash_set<std::string> names;
  Scanner scanner(object);
  scanner.Skip();
  while (scanner.Peek() == '"') {
    Member member;
    member.name_text = scanner.Value();
    member.name = JsonString(member.name_text);
    scanner.Skip();
    member.value = scanner.Value();
    if (!names.insert(member.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("\"", member.name, "\" is there twice"));
    }
    members.push_back(std::move(member));
    if (scanner.Peek() == ',') scanner.Skip();
  }
  return JsonMembers(std::move(members));
}

std::vector<absl::string_view> JsonElements(absl::string_view array) {
  std::vector<absl::string_view> elements;
  Scanner scanner(array);
  scanner.Skip();
  for (char c = scanner.Peek(); c != ']' && c != '\0'; c = scanner.Peek()) {
    elements.push_back(scanner.Value());
    if (scanner.Peek() == ',') scanner.Skip();
  }
  return elements;
}

std::string OnOneLine(absl::string_view json) {
  std::string line(json);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

}  // namespace parlance::session

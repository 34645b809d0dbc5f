#include "tools/json/json_text.h"

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "rapidjson/document.h"
#include "tools/json/json_value.h"

namespace parlance::tools {
namespace {

// Walks through JSON that is known to be valid.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : text_(text) {
    absl::ConsumePrefix(&text_, "\xEF\xBB\xBF");
  }

  // The next character that is not white space; NUL at the end.
  char Peek() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  // Takes the next value, without the white space around it.
  absl::string_view Value() {
    const char first = Peek();
    const size_t begin = at_;
    if (first == '"') {
      SkipString();
    } else if (first == '{' || first == '[') {
      SkipNested();
    } else {
      at_ = text_.find_first_of(",:]} \t\r\n", at_);
      if (at_ == absl::string_view::npos) at_ = text_.size();
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void SkipString() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  void SkipNested() {
    int depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        SkipString();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0 && at_ < text_.size());
  }

  absl::string_view text_;
  size_t at_ = 0;
};

// `text`: a string with its quotes.
bool IsName(absl::string_view text, absl::string_view name) {
  if (!absl::StrContains(text, '\\')) return text.substr(1, text.size() - 2) == name;
  rapidjson::Document string;
  return !ParseJson(text, string).has_value() && string.IsString() && View(string) == name;
}

}  // namespace

absl::string_view MemberText(absl::string_view object, absl::string_view name) {
  Scanner scanner(object);
  if (!scanner.Take('{')) return "";
  while (scanner.Peek() == '"') {
    const bool is_it = IsName(scanner.Value(), name);
    scanner.Take(':');
    const absl::string_view value = scanner.Value();
    if (is_it) return value;
    scanner.Take(',');
  }
  return "";
}

std::vector<absl::string_view> ElementTexts(absl::string_view array) {
  std::vector<absl::string_view> elements;
  Scanner scanner(array);
  if (!scanner.Take('[')) return elements;
  for (char c = scanner.Peek(); c != ']' && c != '\0'; c = scanner.Peek()) {
    elements.push_back(scanner.Value());
    scanner.Take(',');
  }
  return elements;
}

std::string PrettyJson(absl::string_view json) {
  const std::string compact = CompactJson(json).value_or("");
  std::string pretty;
  size_t level = 0;
  const auto break_line = [&] { pretty.append("\n").append(2 * level, ' '); };
  bool in_string = false;
  for (size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    if (in_string || c == '"') {
      pretty.push_back(c);
      // An escaped character ends no string.
      if (c == '\\') pretty.push_back(compact[++i]);
      if (c == '"') in_string = !in_string;
    } else if (c == '{' || c == '[') {
      pretty.push_back(c);
      const bool is_empty = compact[i + 1] == c + 2;
      if (is_empty) {
        pretty.push_back(compact[++i]);
      } else {
        ++level;
        break_line();
      }
    } else if (c == '}' || c == ']') {
      --level;
      break_line();
      pretty.push_back(c);
    } else {
      pretty.push_back(c);
      if (c == ':') pretty.push_back(' ');
      if (c == ',') break_line();
    }
  }
  return pretty;
}

}  // namespace parlance::tools

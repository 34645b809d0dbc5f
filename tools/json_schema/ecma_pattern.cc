#include "tools/json_schema/ecma_pattern.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace parlance::tools {
namespace {

constexpr uint32_t kLastCodePoint = 0x10FFFF;
// What RE2 takes.
constexpr int kMaxRepetitions = 1000;
// Counts beyond that are written out.
constexpr size_t kMaxBytes = 1 << 16;

// Inside a class. WhiteSpace and LineTerminator of ECMA-262, 12.2 and 12.3.
constexpr absl::string_view kSpace =
    R"(\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr absl::string_view kNoSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr absl::string_view kDot = R"([^\n\r\x{2028}\x{2029}])";
constexpr absl::string_view kAnything = R"([\x{0}-\x{10ffff}])";
constexpr absl::string_view kNothing = R"([^\x{0}-\x{10ffff}])";

using Name = std::pair<absl::string_view, absl::string_view>;

// General categories, by their long names; the short ones are RE2's. RE2 has no Cn, and so no C.
constexpr Name kCategories[] = {{"Cased_Letter", "LC"},
                                {"Close_Punctuation", "Pe"},
                                {"Combining_Mark", "M"},
                                {"Connector_Punctuation", "Pc"},
                                {"Control", "Cc"},
                                {"Currency_Symbol", "Sc"},
                                {"Dash_Punctuation", "Pd"},
                                {"Decimal_Number", "Nd"},
                                {"Enclosing_Mark", "Me"},
                                {"Final_Punctuation", "Pf"},
                                {"Format", "Cf"},
                                {"Initial_Punctuation", "Pi"},
                                {"Letter", "L"},
                                {"Letter_Number", "Nl"},
                                {"Line_Separator", "Zl"},
                                {"Lowercase_Letter", "Ll"},
                                {"Mark", "M"},
                                {"Math_Symbol", "Sm"},
                                {"Modifier_Letter", "Lm"},
                                {"Modifier_Symbol", "Sk"},
                                {"Nonspacing_Mark", "Mn"},
                                {"Number", "N"},
                                {"Open_Punctuation", "Ps"},
                                {"Other", "C"},
                                {"Other_Letter", "Lo"},
                                {"Other_Number", "No"},
                                {"Other_Punctuation", "Po"},
                                {"Other_Symbol", "So"},
                                {"Paragraph_Separator", "Zp"},
                                {"Private_Use", "Co"},
                                {"Punctuation", "P"},
                                {"Separator", "Z"},
                                {"Space_Separator", "Zs"},
                                {"Spacing_Mark", "Mc"},
                                {"Surrogate", "Cs"},
                                {"Symbol", "S"},
                                {"Titlecase_Letter", "Lt"},
                                {"Unassigned", "Cn"},
                                {"Uppercase_Letter", "Lu"},
                                {"cntrl", "Cc"},
                                {"digit", "Nd"},
                                {"punct", "P"}};

// Scripts of living languages by their short names; others have to be named in full.
constexpr Name kScripts[] = {
    {"Arab", "Arabic"},   {"Armn", "Armenian"},  {"Beng", "Bengali"},    {"Bopo", "Bopomofo"},
    {"Cher", "Cherokee"}, {"Cyrl", "Cyrillic"},  {"Deva", "Devanagari"}, {"Ethi", "Ethiopic"},
    {"Geor", "Georgian"}, {"Grek", "Greek"},     {"Gujr", "Gujarati"},   {"Guru", "Gurmukhi"},
    {"Hang", "Hangul"},   {"Hani", "Han"},       {"Hebr", "Hebrew"},     {"Hira", "Hiragana"},
    {"Kana", "Katakana"}, {"Khmr", "Khmer"},     {"Knda", "Kannada"},    {"Laoo", "Lao"},
    {"Latn", "Latin"},    {"Mlym", "Malayalam"}, {"Mong", "Mongolian"},  {"Mymr", "Myanmar"},
    {"Orya", "Oriya"},    {"Sinh", "Sinhala"},   {"Syrc", "Syriac"},     {"Taml", "Tamil"},
    {"Telu", "Telugu"},   {"Tglg", "Tagalog"},   {"Thaa", "Thaana"},     {"Tibt", "Tibetan"},
    {"Yiii", "Yi"},       {"Zinh", "Inherited"}, {"Zyyy", "Common"}};

bool IsIn(absl::string_view characters, char c) {
  return characters.find(c) != absl::string_view::npos;
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Writes a character for RE2, in a class or outside.
std::string Literal(uint32_t code_point) {
  if (code_point < 0x80 && absl::ascii_isalnum(static_cast<unsigned char>(code_point))) {
    return std::string(1, static_cast<char>(code_point));
  }
  return absl::StrFormat("\\x{%x}", code_point);
}

class Translator {
 public:
  explicit Translator(absl::string_view pattern) : pattern_(pattern) {}

  absl::StatusOr<std::string> Translate() {
    while (at_ < pattern_.size()) {
      if (absl::Status ok = Term(); !ok.ok()) return ok;
      if (output_.size() > kMaxBytes) return Error("makes the expression too large");
    }
    if (!groups_.empty()) return Error("lacks a closing parenthesis");
    return std::move(output_);
  }

 private:
  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("at byte ", at_, ": ", what));
  }

  bool AtEnd() const { return at_ >= pattern_.size(); }
  char Peek() const { return AtEnd() ? '\0' : pattern_[at_]; }
  bool Skip(absl::string_view text) {
    if (!absl::StartsWith(pattern_.substr(at_), text)) return false;
    at_ += text.size();
    return true;
  }

  void Atom(absl::string_view text) {
    atom_ = output_.size();
    output_.append(text.data(), text.size());
  }
  void Assertion(absl::string_view text) {
    atom_ = std::nullopt;
    output_.append(text.data(), text.size());
  }

  absl::Status Term() {
    switch (Peek()) {
      case '^':
        ++at_;
        Assertion("\\A");
        return absl::OkStatus();
      case '$':
        ++at_;
        Assertion("\\z");
        return absl::OkStatus();
      case '|':
        ++at_;
        Assertion("|");
        return absl::OkStatus();
      case '.':
        ++at_;
        Atom(kDot);
        return absl::OkStatus();
      case '(':
        return Open();
      case ')':
        if (groups_.empty()) return Error("a closing parenthesis closes nothing");
        ++at_;
        output_.push_back(')');
        atom_ = groups_.back();
        groups_.pop_back();
        return absl::OkStatus();
      case '[':
        return Class();
      case '\\':
        return Escape();
      case '*':
      case '+':
      case '?':
        return Quantify(std::string(1, pattern_[at_++]));
      case '{':
        if (std::optional<Counts> counts = ReadCounts(); counts.has_value()) {
          return Repeat(*counts);
        }
        break;
      default:
        break;
    }
    Atom(Literal(CodePoint()));
    return absl::OkStatus();
  }

  // The next character.
  uint32_t CodePoint() {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(pattern_[i]); };
    uint32_t code_point = byte(at_++);
    if (code_point < 0xC0) return code_point;
    code_point &= code_point < 0xE0 ? 0x1F : code_point < 0xF0 ? 0x0F : 0x07;
    while (!AtEnd() && (byte(at_) & 0xC0) == 0x80)
      code_point = code_point << 6 | (byte(at_++) & 0x3F);
    return std::min(code_point, kLastCodePoint);
  }

  absl::Status Open() {
    const size_t start = at_;
    for (const absl::string_view look : {"(?=", "(?!", "(?<=", "(?<!"}) {
      if (absl::StartsWith(pattern_.substr(at_), look)) {
        return Error(absl::StrCat(look, "…) looks around, which is not supported"));
      }
    }
    if (Skip("(?<")) {
      const size_t end = pattern_.find('>', at_);
      const absl::string_view name =
          pattern_.substr(at_, end == absl::string_view::npos ? end : end - at_);
      if (end == absl::string_view::npos || name.empty() || IsDigit(name[0]) ||
          !std::all_of(name.begin(), name.end(), [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return absl::ascii_isalnum(byte) || c == '_' || c == '$' || byte >= 0x80;
          })) {
        return Error("a group's name is malformed");
      }
      if (!names_.insert(name).second) {
        return Error(absl::StrCat("there is a group ", name, " already"));
      }
      at_ = end + 1;
    } else if (!Skip("(?:")) {
      ++at_;
      if (Peek() == '?') {
        at_ = start;
        return Error("a group that begins with (? is (?:…) or (?<name>…)");
      }
    }
    groups_.push_back(output_.size());
    Assertion("(?:");
    return absl::OkStatus();
  }

  struct Counts {
    int least;
    // Nothing if there is no limit.
    std::optional<int> most;
  };

  // Nothing if the brace does not begin a quantifier.
  std::optional<Counts> ReadCounts() {
    const size_t end = pattern_.find('}', at_);
    if (end == absl::string_view::npos) return std::nullopt;
    const absl::string_view inside = pattern_.substr(at_ + 1, end - at_ - 1);
    const size_t comma = inside.find(',');
    const absl::string_view least = inside.substr(0, comma);
    const absl::string_view most =
        comma == absl::string_view::npos ? least : inside.substr(comma + 1);
    const auto digits = [](absl::string_view text) {
      return std::all_of(text.begin(), text.end(), IsDigit);
    };
    if (least.empty() || !digits(least) || !digits(most)) return std::nullopt;
    // More is as good as without a limit to RE2, which refuses far less.
    const auto number = [](absl::string_view text) {
      int count = 0;
      return absl::SimpleAtoi(text, &count) ? std::min(count, 1 << 20) : 1 << 20;
    };
    at_ = end + 1;
    Counts counts{.least = number(least), .most = std::nullopt};
    if (!most.empty()) counts.most = number(most);
    return counts;
  }

  absl::Status Quantify(absl::string_view quantifier) {
    if (!atom_.has_value()) return Error("there is nothing to repeat");
    absl::StrAppend(&output_, quantifier);
    // Whether few or many are tried first changes no answer.
    Skip("?");
    atom_ = std::nullopt;
    return absl::OkStatus();
  }

  absl::Status Repeat(const Counts& counts) {
    if (!atom_.has_value()) return Error("there is nothing to repeat");
    if (counts.most.has_value() && *counts.most < counts.least) {
      return Error("the counts of a repetition are in the wrong order");
    }
    const std::string atom = output_.substr(*atom_);
    output_.resize(*atom_);
    output_.append("(?:");
    // RE2 joins neighbours that repeat the same, and takes quadratic time if much of it is
    // optional.
    const bool is_range = counts.most.has_value() && *counts.most > counts.least;
    const absl::string_view separator = is_range ? "(?:)" : "";
    const auto append = [&](absl::string_view repetitions) {
      absl::StrAppend(&output_, atom, "{", repetitions, "}", separator);
      return output_.size() <= kMaxBytes;
    };
    int least = counts.least;
    for (; least > kMaxRepetitions; least -= kMaxRepetitions) {
      if (!append(absl::StrCat(kMaxRepetitions))) break;
    }
    if (!counts.most.has_value()) {
      append(absl::StrCat(least, ","));
    } else {
      int optional = *counts.most - counts.least;
      append(absl::StrCat(least, ",", std::min(least + optional, kMaxRepetitions)));
      optional -= std::min(optional, kMaxRepetitions - least);
      for (; optional > 0; optional -= kMaxRepetitions) {
        if (!append(absl::StrCat("0,", std::min(optional, kMaxRepetitions)))) break;
      }
    }
    output_.push_back(')');
    return Quantify("");
  }

  absl::Status Escape() {
    if (Skip("\\b")) {
      Assertion("\\b");
      return absl::OkStatus();
    }
    if (Skip("\\B")) {
      Assertion("\\B");
      return absl::OkStatus();
    }
    if (at_ + 1 < pattern_.size() && IsIn("123456789k", pattern_[at_ + 1])) {
      return Error(absl::StrCat("\\", pattern_.substr(at_ + 1, 1),
                                " refers to a group, which is not supported"));
    }
    bool is_set = false;
    absl::StatusOr<std::string> set = ReadSet(/*in_class=*/false, is_set);
    if (!set.ok()) return set.status();
    if (is_set) {
      Atom(*set);
      return absl::OkStatus();
    }
    absl::StatusOr<uint32_t> code_point = ReadEscape(/*in_class=*/false);
    if (!code_point.ok()) return code_point.status();
    Atom(Literal(*code_point));
    return absl::OkStatus();
  }

  // \d, \s, \w, \p and their opposites, which are sets of characters; in a class, without brackets.
  absl::StatusOr<std::string> ReadSet(bool in_class, bool& is_set) {
    is_set = true;
    if (Skip("\\d")) return std::string(in_class ? "0-9" : "[0-9]");
    if (Skip("\\D")) return std::string(in_class ? "\\D" : "[^0-9]");
    if (Skip("\\w")) return std::string(in_class ? "0-9A-Z_a-z" : "[0-9A-Z_a-z]");
    if (Skip("\\W")) return std::string(in_class ? "\\W" : "[^0-9A-Z_a-z]");
    if (Skip("\\s")) return in_class ? std::string(kSpace) : absl::StrCat("[", kSpace, "]");
    if (Skip("\\S")) return in_class ? std::string(kNoSpace) : absl::StrCat("[", kNoSpace, "]");
    if (Skip("\\p{")) return ReadProperty(/*negated=*/false, in_class);
    if (Skip("\\P{")) return ReadProperty(/*negated=*/true, in_class);
    is_set = false;
    return std::string();
  }

  absl::StatusOr<std::string> ReadProperty(bool negated, bool in_class) {
    const size_t end = pattern_.find('}', at_);
    if (end == absl::string_view::npos) return Error("\\p{ lacks its closing brace");
    const absl::string_view text = pattern_.substr(at_, end - at_);
    const size_t equals = text.find('=');
    const absl::string_view property =
        equals == absl::string_view::npos ? "" : text.substr(0, equals);
    absl::string_view value = equals == absl::string_view::npos ? text : text.substr(equals + 1);
    const auto unknown = [&] {
      return Error(absl::StrCat("\\p{", text, "} is not a property that is supported"));
    };
    const auto find = [&](const auto& names) -> absl::string_view {
      for (const auto& [from, to] : names) {
        if (value == from) return to;
      }
      return value;
    };
    const auto one = [&](absl::string_view name) {
      return absl::StrCat(negated ? "\\P{" : "\\p{", name, "}");
    };
    const auto set = [&](bool complement, absl::string_view inside) {
      return absl::StrCat(complement ? "[^" : "[", inside, "]");
    };
    const bool whole_name = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
    });
    if (!whole_name) return unknown();
    if (property == "Script" || property == "sc") {
      at_ = end + 1;
      return one(find(kScripts));
    }
    const bool is_category = property == "General_Category" || property == "gc";
    if (!is_category && !property.empty()) return unknown();
    const absl::string_view category = find(kCategories);
    // Sets of several, which RE2 can complement outside a class only.
    constexpr absl::string_view kAssigned = "\\pL\\pM\\pN\\pP\\pS\\pZ\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}";
    std::string several;
    bool complement = negated;
    if (category == "LC") {
      several = "\\p{Lu}\\p{Ll}\\p{Lt}";
    } else if (category == "C") {
      several = "\\pL\\pM\\pN\\pP\\pS\\pZ";
      complement = !negated;
    } else if (category == "Cn") {
      several = std::string(kAssigned);
      complement = !negated;
    } else if (!is_category && value == "Assigned") {
      several = std::string(kAssigned);
    } else if (!is_category && value == "ASCII") {
      several = negated ? "\\x{80}-\\x{10ffff}" : "\\x{0}-\\x{7f}";
      complement = false;
    } else if (!is_category && (value == "ASCII_Hex_Digit" || value == "AHex")) {
      several = negated ? "\\x{0}-/:-@G-`g-\\x{10ffff}" : "0-9A-Fa-f";
      complement = false;
    } else if (!is_category && value == "Any") {
      at_ = end + 1;
      return in_class ? one("Any") : std::string(negated ? kNothing : kAnything);
    }
    if (!several.empty()) {
      if (in_class && complement) {
        return Error(absl::StrCat("\\p{", text, "} is not supported between brackets"));
      }
      at_ = end + 1;
      return in_class ? several : set(complement, several);
    }
    // Scripts, which RE2 takes for names as well, are longer.
    if (category.size() > 2 ||
        std::none_of(std::begin(kCategories), std::end(kCategories),
                     [&](const Name& name) { return name.second == category; })) {
      return unknown();
    }
    at_ = end + 1;
    return one(category);
  }

  // Hexadecimal digits, `count` of them.
  std::optional<uint32_t> ReadHex(size_t count) {
    uint32_t number = 0;
    const absl::string_view digits = pattern_.substr(at_, count);
    if (digits.size() < count || digits.empty() || digits.size() > 6 ||
        !std::all_of(digits.begin(), digits.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }) ||
        !absl::SimpleHexAtoi(digits, &number) || number > kLastCodePoint) {
      return std::nullopt;
    }
    at_ += count;
    return number;
  }

  // What stands for one character.
  absl::StatusOr<uint32_t> ReadEscape(bool in_class) {
    const size_t start = at_;
    const auto error = [&](absl::string_view what) {
      at_ = start;
      return Error(what);
    };
    ++at_;
    if (AtEnd()) return error("a backslash ends the expression");
    const char c = pattern_[at_];
    if (c == 'u') {
      ++at_;
      if (Skip("{")) {
        const size_t end = pattern_.find('}', at_);
        // Zeros in front may be many.
        while (end != absl::string_view::npos && end - at_ > 6 && Skip("0")) {
        }
        std::optional<uint32_t> code_point;
        if (end != absl::string_view::npos) code_point = ReadHex(end - at_);
        if (!code_point.has_value()) return error("\\u{…} has no code point");
        ++at_;
        return *code_point;
      }
      const std::optional<uint32_t> unit = ReadHex(4);
      if (!unit.has_value()) return error("\\u needs four hexadecimal digits");
      if (*unit < 0xD800 || *unit > 0xDBFF) return *unit;
      const size_t after = at_;
      if (Skip("\\u")) {
        if (const std::optional<uint32_t> low = ReadHex(4);
            low.has_value() && *low >= 0xDC00 && *low <= 0xDFFF) {
          return 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
        }
      }
      at_ = after;
      return *unit;
    }
    if (c == 'x') {
      ++at_;
      const std::optional<uint32_t> code_point = ReadHex(2);
      if (!code_point.has_value()) return error("\\x needs two hexadecimal digits");
      return *code_point;
    }
    if (c == 'c') {
      ++at_;
      if (!absl::ascii_isalpha(static_cast<unsigned char>(Peek()))) {
        return error("\\c needs a letter");
      }
      return static_cast<uint32_t>(pattern_[at_++]) % 32;
    }
    if (c == '0' && (at_ + 1 == pattern_.size() || !IsDigit(pattern_[at_ + 1]))) {
      ++at_;
      return 0U;
    }
    constexpr std::pair<char, uint32_t> kControls[] = {
        {'t', '\t'}, {'n', '\n'}, {'v', '\v'}, {'f', '\f'}, {'r', '\r'}};
    for (const auto& [letter, control] : kControls) {
      if (c != letter) continue;
      ++at_;
      return control;
    }
    if (in_class && c == 'b') {
      ++at_;
      return static_cast<uint32_t>('\b');
    }
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      return error(absl::StrCat("\\", std::string(1, c), " is not an escape of ECMA-262"));
    }
    return CodePoint();
  }

  absl::Status Class() {
    const size_t start = at_;
    if (Skip("[^]")) {
      Atom(kAnything);
      return absl::OkStatus();
    }
    if (Skip("[]")) {
      Atom(kNothing);
      return absl::OkStatus();
    }
    std::string text = "[";
    ++at_;
    if (Skip("^")) text.push_back('^');
    while (!Skip("]")) {
      std::optional<uint32_t> first;
      if (absl::Status ok = ClassAtom(start, text, first); !ok.ok()) return ok;
      if (!first.has_value()) continue;
      const size_t hyphen = at_;
      if (Skip("-") && Peek() != ']') {
        std::string set;
        std::optional<uint32_t> last;
        if (absl::Status ok = ClassAtom(start, set, last); !ok.ok()) return ok;
        if (last.has_value()) {
          if (*last < *first) {
            at_ = hyphen;
            return Error("a range's ends are in the wrong order");
          }
          absl::StrAppend(&text, Literal(*first), "-", Literal(*last));
          continue;
        }
        // As in [a-\d]: three members.
        absl::StrAppend(&text, Literal(*first), Literal('-'), set);
        continue;
      }
      at_ = hyphen;
      absl::StrAppend(&text, Literal(*first));
    }
    text.push_back(']');
    Atom(text);
    return absl::OkStatus();
  }

  // A character, or else a set, which is appended.
  absl::Status ClassAtom(size_t start, std::string& text, std::optional<uint32_t>& character) {
    if (AtEnd()) {
      at_ = start;
      return Error("a bracket lacks its closing one");
    }
    if (Peek() != '\\') {
      character = CodePoint();
      return absl::OkStatus();
    }
    bool is_set = false;
    absl::StatusOr<std::string> set = ReadSet(/*in_class=*/true, is_set);
    if (!set.ok()) return set.status();
    if (is_set) {
      absl::StrAppend(&text, *set);
      return absl::OkStatus();
    }
    absl::StatusOr<uint32_t> code_point = ReadEscape(/*in_class=*/true);
    if (!code_point.ok()) return code_point.status();
    character = *code_point;
    return absl::OkStatus();
  }

  const absl::string_view pattern_;
  size_t at_ = 0;
  std::string output_;
  // Where in the output the last atom begins, if it may still be repeated.
  std::optional<size_t> atom_;
  // Where in the output the open groups begin.
  std::vector<size_t> groups_;
  std::set<absl::string_view> names_;
};

}  // namespace

absl::StatusOr<std::string> EcmaToRe2(absl::string_view pattern) {
  return Translator(pattern).Translate();
}

}  // namespace parlance::tools

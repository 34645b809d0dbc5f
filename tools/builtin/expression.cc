#include "tools/builtin/expression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace parlance::tools {
namespace {

constexpr int kMaxDepth = 100;

// The double function, but where its value is known: of any other fraction the value of these
// functions is no fraction.
template <double (*function)(double), int argument, int value>
Number Transcendental(const Number& x) {
  if (x.is_exact() && (x - Number(argument)).is_zero()) return Number(value);
  return Number::Inexact(function(x.ToDouble()));
}

// A double makes 1.2e-16 of sin(pi), because pi is rounded, and 1.6e16 of tan(pi/2), which has no
// value.
template <double (*function)(double), int at_zero>
Number OfAngle(const Number& x) {
  const Number value = Transcendental<function, 0, at_zero>(x);
  constexpr double kNoise = 1e-15;
  const double size = std::abs(value.ToDouble());
  const double angle = std::abs(x.ToDouble());
  if (size * kNoise * std::max(1.0, angle) > 1) {
    return Number::Inexact(std::numeric_limits<double>::infinity());
  }
  const bool is_noise = size < kNoise && angle > 0.1;
  return is_noise ? Number::Inexact(0) : value;
}

using Function = Number (*)(const Number&);
constexpr std::pair<absl::string_view, Function> kFunctions[] = {
    {"sqrt", [](const Number& x) { return x.SquareRoot(); }},
    {"abs", [](const Number& x) { return x.Abs(); }},
    {"round", [](const Number& x) { return x.Round(); }},
    {"floor", [](const Number& x) { return x.Floor(); }},
    {"ceil", [](const Number& x) { return -(-x).Floor(); }},
    {"log", [](const Number& x) { return x.LogarithmOf10(); }},
    {"ln", Transcendental<std::log, 1, 0>},
    {"exp", Transcendental<std::exp, 0, 1>},
    {"sin", OfAngle<std::sin, 0>},
    {"cos", OfAngle<std::cos, 1>},
    {"tan", OfAngle<std::tan, 0>}};

// Recursive descent, lowest precedence first.
class Reader {
 public:
  explicit Reader(absl::string_view text) : text_(text) {}

  absl::StatusOr<Number> Read() {
    absl::StatusOr<Number> value = Sum();
    if (!value.ok()) return value;
    if (!AtEnd()) return Expected("an operator");
    return value;
  }

 private:
  // Skips white space.
  bool AtEnd() {
    while (position_ < text_.size() && absl::ascii_isspace(text_[position_])) ++position_;
    return position_ == text_.size();
  }

  // At the end it is '\0', which no expression can have a use for. The text may have that, too:
  // only AtEnd() knows the end.
  char Peek() { return AtEnd() ? '\0' : text_[position_]; }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++position_;
    return true;
  }

  // The whole character that begins at a byte, in UTF-8.
  absl::string_view CharacterAt(size_t begin) const {
    size_t end = begin + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return text_.substr(begin, end - begin);
  }

  absl::Status Expected(absl::string_view what) {
    const std::string found = AtEnd() ? "the end" : absl::StrCat("'", CharacterAt(position_), "'");
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", what, " at character ", position_ + 1, ", found ", found));
  }

  static absl::StatusOr<Number> Finite(const Number& value, absl::string_view what) {
    if (value.is_finite()) return value;
    return absl::OutOfRangeError(absl::StrCat(what, " has no finite result"));
  }

  absl::StatusOr<Number> Sum() {
    absl::StatusOr<Number> left = Product();
    while (left.ok() && (Peek() == '+' || Peek() == '-')) {
      const bool plus = text_[position_++] == '+';
      absl::StatusOr<Number> right = Product();
      if (!right.ok()) return right;
      left = Finite(plus ? *left + *right : *left - *right, "the sum");
    }
    return left;
  }

  absl::StatusOr<Number> Product() {
    absl::StatusOr<Number> left = Negation();
    while (left.ok() && (Peek() == '*' || Peek() == '/' || Peek() == '%')) {
      const char sign = text_[position_++];
      absl::StatusOr<Number> right = Negation();
      if (!right.ok()) return right;
      if (sign != '*' && right->is_zero()) return absl::OutOfRangeError("division by zero");
      left = sign == '*'   ? Finite(*left * *right, "the product")
             : sign == '/' ? Finite(*left / *right, "the quotient")
                           : Finite(*left % *right, "the remainder");
    }
    return left;
  }

  absl::StatusOr<Number> Negation() {
    if (++depth_ > kMaxDepth)
      return absl::InvalidArgumentError("the expression is nested too deeply");
    absl::StatusOr<Number> value;
    if (Take('-')) {
      value = Negation();
      if (value.ok()) value = -*value;
    } else {
      value = Power();
    }
    --depth_;
    return value;
  }

  absl::StatusOr<Number> Power() {
    absl::StatusOr<Number> base = Primary();
    if (!base.ok() || !Take('^')) return base;
    // To the right: 2^3^2 is 2^9. The exponent may have a sign.
    absl::StatusOr<Number> exponent = Negation();
    if (!exponent.ok()) return exponent;
    if (base->is_zero() && exponent->is_negative()) {
      return absl::OutOfRangeError("division by zero");
    }
    return Finite(Number::Power(*base, *exponent), "the power");
  }

  absl::StatusOr<Number> Primary() {
    const char c = Peek();
    if (absl::ascii_isdigit(c) || c == '.') return Literal();
    if (absl::ascii_isalpha(c)) return Name();
    if (!Take('(')) return Expected("a number, a name or '('");
    absl::StatusOr<Number> value = Sum();
    if (value.ok() && !Take(')')) return Expected("')'");
    return value;
  }

  absl::StatusOr<Number> Literal() {
    size_t end = position_;
    while (end < text_.size() && (absl::ascii_isdigit(text_[end]) || text_[end] == '.')) ++end;
    // An exponent: 1e9, 2.5e-3.
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      size_t digits = end + 1;
      if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
      if (digits < text_.size() && absl::ascii_isdigit(text_[digits])) {
        end = digits;
        while (end < text_.size() && absl::ascii_isdigit(text_[end])) ++end;
      }
    }
    const std::optional<Number> value =
        Number::FromDecimal(text_.substr(position_, end - position_));
    if (!value.has_value()) return Expected("a number");
    position_ = end;
    return Finite(*value, "the number");
  }

  absl::StatusOr<Number> Name() {
    const size_t start = position_;
    while (position_ < text_.size() && absl::ascii_isalpha(text_[position_])) ++position_;
    const absl::string_view name = text_.substr(start, position_ - start);
    if (name == "pi") return Number::Inexact(M_PI);
    if (name == "e") return Number::Inexact(M_E);
    for (const auto& [known, function] : kFunctions) {
      if (name != known) continue;
      if (!Take('(')) return Expected("'('");
      absl::StatusOr<Number> argument = Sum();
      if (!argument.ok()) return argument;
      if (!Take(')')) return Expected("')'");
      const Number value = function(*argument);
      if (value.is_finite()) return value;
      bool rounded = false;
      return absl::OutOfRangeError(
          absl::StrCat(name, " of ", argument->ToText(6, rounded), " has no finite result"));
    }
    if (name == "min" || name == "max") {
      if (!Take('(')) return Expected("'('");
      absl::StatusOr<Number> a = Sum();
      if (!a.ok()) return a;
      if (!Take(',')) return Expected("','");
      absl::StatusOr<Number> b = Sum();
      if (!b.ok()) return b;
      if (!Take(')')) return Expected("')'");
      return (*b < *a) == (name == "min") ? *b : *a;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("there is no '", name, "', at character ", start + 1));
  }

  const absl::string_view text_;
  size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<Number> Evaluate(absl::string_view expression) {
  // Most expressions are ASCII, and need no copy.
  if (absl::c_all_of(expression, absl::ascii_isascii)) return Reader(expression).Read();
  // As models, spreadsheets and telephones write them.
  const std::string ascii =
      absl::StrReplaceAll(expression, {{"\u2212", "-"}, {"\u00d7", "*"}, {"\u00f7", "/"}});
  return Reader(ascii).Read();
}

}  // namespace parlance::tools

#include "tools/builtin/expression.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace parlance::tools {
namespace {

constexpr int kMaxDepth = 100;

// Recursive descent, lowest precedence first.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<double> Parse() {
    absl::StatusOr<double> value = Sum();
    if (!value.ok()) return value;
    if (Peek() != '\0') return Expected("an operator");
    return value;
  }

 private:
  char Peek() {
    while (position_ < text_.size() && absl::ascii_isspace(text_[position_])) ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++position_;
    return true;
  }

  absl::Status Expected(absl::string_view what) {
    const std::string found =
        Peek() == '\0' ? "the end" : absl::StrCat("'", text_.substr(position_, 1), "'");
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", what, " at character ", position_ + 1, ", found ", found));
  }

  static absl::StatusOr<double> Finite(double value, absl::string_view what) {
    if (std::isfinite(value)) return value;
    return absl::OutOfRangeError(absl::StrCat(what, " has no finite result"));
  }

  absl::StatusOr<double> Sum() {
    absl::StatusOr<double> left = Product();
    while (left.ok() && (Peek() == '+' || Peek() == '-')) {
      const bool plus = text_[position_++] == '+';
      absl::StatusOr<double> right = Product();
      if (!right.ok()) return right;
      left = Finite(plus ? *left + *right : *left - *right, "the sum");
    }
    return left;
  }

  absl::StatusOr<double> Product() {
    absl::StatusOr<double> left = Negation();
    while (left.ok() && (Peek() == '*' || Peek() == '/' || Peek() == '%')) {
      const char sign = text_[position_++];
      absl::StatusOr<double> right = Negation();
      if (!right.ok()) return right;
      if (sign != '*' && *right == 0) return absl::OutOfRangeError("division by zero");
      left = Finite(sign == '*'   ? *left * *right
                    : sign == '/' ? *left / *right
                                  : std::fmod(*left, *right),
                    "the product");
    }
    return left;
  }

  absl::StatusOr<double> Negation() {
    if (++depth_ > kMaxDepth)
      return absl::InvalidArgumentError("the expression is nested too deeply");
    absl::StatusOr<double> value;
    if (Take('-')) {
      value = Negation();
      if (value.ok()) value = -*value;
    } else {
      value = Power();
    }
    --depth_;
    return value;
  }

  absl::StatusOr<double> Power() {
    absl::StatusOr<double> base = Primary();
    if (!base.ok() || !Take('^')) return base;
    // To the right: 2^3^2 is 2^9. The exponent may have a sign.
    absl::StatusOr<double> exponent = Negation();
    if (!exponent.ok()) return exponent;
    return Finite(std::pow(*base, *exponent), "the power");
  }

  absl::StatusOr<double> Primary() {
    const char c = Peek();
    if (absl::ascii_isdigit(c) || c == '.') return Number();
    if (absl::ascii_isalpha(c)) return Name();
    if (!Take('(')) return Expected("a number, a name or '('");
    absl::StatusOr<double> value = Sum();
    if (value.ok() && !Take(')')) return Expected("')'");
    return value;
  }

  absl::StatusOr<double> Number() {
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
    double value = 0;
    if (!absl::SimpleAtod(text_.substr(position_, end - position_), &value))
      return Expected("a number");
    position_ = end;
    return Finite(value, "the number");
  }

  absl::StatusOr<double> Name() {
    const size_t start = position_;
    while (position_ < text_.size() && absl::ascii_isalpha(text_[position_])) ++position_;
    const absl::string_view name = text_.substr(start, position_ - start);
    if (name == "pi") return M_PI;
    if (name == "e") return M_E;
    using Unary = double (*)(double);
    static constexpr std::pair<absl::string_view, Unary> kUnary[] = {
        {"sqrt", std::sqrt}, {"abs", std::fabs}, {"round", std::round}, {"floor", std::floor},
        {"ceil", std::ceil}, {"ln", std::log},   {"log", std::log10},   {"exp", std::exp},
        {"sin", std::sin},   {"cos", std::cos},  {"tan", std::tan}};
    for (const auto& [known, function] : kUnary) {
      if (name != known) continue;
      if (!Take('(')) return Expected("'('");
      absl::StatusOr<double> argument = Sum();
      if (!argument.ok()) return argument;
      if (!Take(')')) return Expected("')'");
      return Finite(function(*argument), absl::StrCat(name, " of ", FormatNumber(*argument)));
    }
    if (name == "min" || name == "max") {
      if (!Take('(')) return Expected("'('");
      absl::StatusOr<double> a = Sum();
      if (!a.ok()) return a;
      if (!Take(',')) return Expected("','");
      absl::StatusOr<double> b = Sum();
      if (!b.ok()) return b;
      if (!Take(')')) return Expected("')'");
      return name == "min" ? std::min(*a, *b) : std::max(*a, *b);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("there is no '", name, "', at character ", start + 1));
  }

  const absl::string_view text_;
  size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<double> Evaluate(absl::string_view expression) { return Parser(expression).Parse(); }

std::string FormatNumber(double value) {
  // What decimal fractions leave behind, as in 0.1 + 0.2, is not worth saying; and zero has no
  // sign.
  if (value == 0) return "0";
  if (std::abs(value) < 1e15 && std::abs(value - std::round(value)) < 1e-9 * std::abs(value)) {
    return absl::StrFormat("%.0f", value);
  }
  return absl::StrFormat("%.6g", value);
}

}  // namespace parlance::tools

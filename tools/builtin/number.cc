#include "tools/builtin/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/numeric/bits.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace parlance::tools {
namespace {

// Decimals that are written in full.
constexpr size_t kMaxIntegerDigits = 40;
constexpr size_t kMaxFractionDigits = 24;
// From 10^21 on, and below 10^-6, a number with many zeros is written with an exponent.
constexpr int kMaxPlainPoint = 21;
constexpr int kMinPlainPoint = -5;
constexpr size_t kMaxMantissaDigits = 15;
// What a double holds in any case.
constexpr int kDoubleDigits = 15;
constexpr int kDoubleBits = 53;

std::string Layout(bool negative, const std::string& digits, int num_before_point) {
  const auto size = static_cast<int>(digits.size());
  const bool is_integer = size <= num_before_point;
  std::string text = negative ? "-" : "";
  if (num_before_point < kMinPlainPoint ||
      (is_integer && num_before_point > kMaxPlainPoint && digits.size() <= kMaxMantissaDigits)) {
    absl::StrAppend(&text, digits.substr(0, 1), size > 1 ? "." : "", digits.substr(1), "e",
                    num_before_point - 1);
  } else if (is_integer) {
    absl::StrAppend(&text, digits, std::string(static_cast<size_t>(num_before_point - size), '0'));
  } else if (num_before_point > 0) {
    const auto point = static_cast<size_t>(num_before_point);
    absl::StrAppend(&text, digits.substr(0, point), ".", digits.substr(point));
  } else {
    absl::StrAppend(&text, "0.", std::string(static_cast<size_t>(-num_before_point), '0'), digits);
  }
  return text;
}

Natural PowerOf(uint32_t base, int exponent) {
  Natural power(1);
  for (int i = 0; i < exponent; ++i) power.MultiplyBy(base);
  return power;
}

}  // namespace

Natural::Natural(uint64_t value) {
  for (; value != 0; value >>= 32)
    limbs_[static_cast<size_t>(size_++)] = static_cast<uint32_t>(value);
}

Natural& Natural::operator=(const Natural& other) {
  size_ = other.size_;
  std::copy_n(other.limbs_.begin(), size_, limbs_.begin());
  return *this;
}

void Natural::Trim() {
  while (size_ > 0 && limbs_[static_cast<size_t>(size_ - 1)] == 0) --size_;
}

int Natural::num_bits() const {
  return size_ == 0 ? 0 : 32 * size_ - absl::countl_zero(limbs_[static_cast<size_t>(size_ - 1)]);
}

int Natural::num_trailing_zeros() const {
  for (int i = 0; i < size_; ++i) {
    const uint32_t limb = limbs_[static_cast<size_t>(i)];
    if (limb != 0) return 32 * i + absl::countr_zero(limb);
  }
  return 0;
}

uint64_t Natural::ToUint64() const {
  uint64_t value = 0;
  for (int i = std::min(size_, 2); i-- > 0;) value = value << 32 | limbs_[static_cast<size_t>(i)];
  return value;
}

std::string Natural::ToDigits() const {
  Natural rest = *this;
  std::string digits;
  while (!rest.is_zero()) {
    constexpr uint32_t kBillion = 1'000'000'000;
    const std::string part = absl::StrCat(rest.DivideBy(kBillion));
    digits.insert(0, rest.is_zero() ? part : std::string(9 - part.size(), '0') + part);
  }
  return digits.empty() ? "0" : digits;
}

int Natural::Compare(const Natural& a, const Natural& b) {
  if (a.size_ != b.size_) return a.size_ < b.size_ ? -1 : 1;
  for (auto i = static_cast<size_t>(a.size_); i-- > 0;) {
    if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i] ? -1 : 1;
  }
  return 0;
}

Natural Natural::Add(const Natural& a, const Natural& b) {
  Natural sum;
  uint64_t carry = 0;
  const int size = std::max(a.size_, b.size_);
  for (int i = 0; i < size || carry != 0; ++i) {
    const auto at = static_cast<size_t>(i);
    carry +=
        (i < a.size_ ? uint64_t{a.limbs_[at]} : 0) + (i < b.size_ ? uint64_t{b.limbs_[at]} : 0);
    sum.limbs_[at] = static_cast<uint32_t>(carry);
    carry >>= 32;
    sum.size_ = i + 1;
  }
  return sum;
}

Natural Natural::Subtract(const Natural& a, const Natural& b) {
  Natural difference;
  difference.size_ = a.size_;
  int64_t borrow = 0;
  for (int i = 0; i < a.size_; ++i) {
    const auto at = static_cast<size_t>(i);
    borrow += int64_t{a.limbs_[at]} - (i < b.size_ ? int64_t{b.limbs_[at]} : 0);
    difference.limbs_[at] = static_cast<uint32_t>(borrow);
    borrow >>= 32;
  }
  difference.Trim();
  return difference;
}

Natural Natural::Multiply(const Natural& a, const Natural& b) {
  Natural product;
  product.size_ = a.size_ + b.size_;
  std::fill_n(product.limbs_.begin(), product.size_, 0);
  for (int i = 0; i < a.size_; ++i) {
    uint64_t carry = 0;
    for (int j = 0; j < b.size_; ++j) {
      uint32_t& limb = product.limbs_[static_cast<size_t>(i) + static_cast<size_t>(j)];
      carry += limb + uint64_t{a.limbs_[static_cast<size_t>(i)]} * b.limbs_[static_cast<size_t>(j)];
      limb = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    product.limbs_[static_cast<size_t>(i) + static_cast<size_t>(b.size_)] =
        static_cast<uint32_t>(carry);
  }
  product.Trim();
  return product;
}

void Natural::MultiplyBy(uint32_t factor, uint32_t carry) {
  uint64_t rest = carry;
  for (int i = 0; i < size_; ++i) {
    uint32_t& limb = limbs_[static_cast<size_t>(i)];
    rest += uint64_t{limb} * factor;
    limb = static_cast<uint32_t>(rest);
    rest >>= 32;
  }
  if (rest != 0) limbs_[static_cast<size_t>(size_++)] = static_cast<uint32_t>(rest);
}

uint32_t Natural::DivideBy(uint32_t divisor) {
  uint64_t remainder = 0;
  for (int i = size_; i-- > 0;) {
    uint32_t& limb = limbs_[static_cast<size_t>(i)];
    remainder = remainder << 32 | limb;
    limb = static_cast<uint32_t>(remainder / divisor);
    remainder %= divisor;
  }
  Trim();
  return static_cast<uint32_t>(remainder);
}

Natural Natural::ShiftLeft(const Natural& a, int num_bits) {
  Natural shifted;
  if (a.is_zero()) return shifted;
  const int num_limbs = num_bits / 32;
  const int rest = num_bits % 32;
  std::fill_n(shifted.limbs_.begin(), num_limbs, 0);
  uint64_t carry = 0;
  for (int i = 0; i < a.size_; ++i) {
    carry |= uint64_t{a.limbs_[static_cast<size_t>(i)]} << rest;
    shifted.limbs_[static_cast<size_t>(i) + static_cast<size_t>(num_limbs)] =
        static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  shifted.size_ = a.size_ + num_limbs;
  if (carry != 0)
    shifted.limbs_[static_cast<size_t>(shifted.size_++)] = static_cast<uint32_t>(carry);
  return shifted;
}

// Knuth, The Art of Computer Programming, vol. 2, 4.3.1, algorithm D.
Natural Natural::Divide(const Natural& a, const Natural& b, Natural& remainder) {
  if (Compare(a, b) < 0) {
    remainder = a;
    return Natural();
  }
  if (b.size_ == 1) {
    Natural quotient = a;
    remainder = Natural(quotient.DivideBy(b.limbs_[0]));
    return quotient;
  }
  const int shift = absl::countl_zero(b.limbs_[static_cast<size_t>(b.size_ - 1)]);
  const Natural divisor = ShiftLeft(b, shift);
  Natural rest = ShiftLeft(a, shift);
  const auto size = static_cast<size_t>(divisor.size_);
  if (rest.size_ == a.size_) rest.limbs_[static_cast<size_t>(rest.size_++)] = 0;
  Natural quotient;
  quotient.size_ = rest.size_ - divisor.size_;
  const uint64_t first = divisor.limbs_[size - 1];
  const uint64_t second = divisor.limbs_[size - 2];
  for (auto j = static_cast<size_t>(quotient.size_); j-- > 0;) {
    const uint64_t top = uint64_t{rest.limbs_[j + size]} << 32 | rest.limbs_[j + size - 1];
    uint64_t digit = top / first;
    uint64_t over = top % first;
    while (digit >> 32 != 0 || digit * second > (over << 32 | rest.limbs_[j + size - 2])) {
      --digit;
      over += first;
      if (over >> 32 != 0) break;
    }
    int64_t borrow = 0;
    uint64_t carry = 0;
    for (size_t i = 0; i < size; ++i) {
      carry += digit * divisor.limbs_[i];
      borrow += int64_t{rest.limbs_[i + j]} - static_cast<int64_t>(carry & 0xFFFFFFFF);
      rest.limbs_[i + j] = static_cast<uint32_t>(borrow);
      borrow >>= 32;
      carry >>= 32;
    }
    borrow += int64_t{rest.limbs_[j + size]} - static_cast<int64_t>(carry);
    rest.limbs_[j + size] = static_cast<uint32_t>(borrow);
    if (borrow < 0) {
      // One too many, which is rare.
      --digit;
      uint64_t sum = 0;
      for (size_t i = 0; i < size; ++i) {
        sum += uint64_t{rest.limbs_[i + j]} + divisor.limbs_[i];
        rest.limbs_[i + j] = static_cast<uint32_t>(sum);
        sum >>= 32;
      }
      rest.limbs_[j + size] += static_cast<uint32_t>(sum);
    }
    quotient.limbs_[j] = static_cast<uint32_t>(digit);
  }
  quotient.Trim();
  rest.size_ = divisor.size_;
  rest.Trim();
  // Undoes the shift.
  remainder = Natural();
  uint64_t carry = 0;
  remainder.size_ = rest.size_;
  for (auto i = static_cast<size_t>(rest.size_); i-- > 0;) {
    carry = carry << 32 | rest.limbs_[i];
    remainder.limbs_[i] = static_cast<uint32_t>(carry >> shift);
  }
  remainder.Trim();
  return quotient;
}

Natural Natural::Gcd(Natural a, Natural b) {
  Natural remainder;
  while (!b.is_zero()) {
    Divide(a, b, remainder);
    a = b;
    b = remainder;
  }
  return a;
}

// Rounded down, by Newton's method from above.
Natural Natural::SquareRoot(const Natural& a) {
  if (a.is_zero()) return a;
  Natural root = ShiftLeft(Natural(1), (a.num_bits() + 1) / 2);
  for (;;) {
    Natural remainder;
    Natural next = Add(root, Divide(a, root, remainder));
    next.DivideBy(2);
    if (Compare(next, root) >= 0) return root;
    root = next;
  }
}

Number::Number(int64_t integer)
    : negative_(integer < 0),
      numerator_(integer < 0 ? -static_cast<uint64_t>(integer) : static_cast<uint64_t>(integer)),
      denominator_(1) {}

Number Number::Inexact(double value) {
  Number number;
  number.is_exact_ = false;
  number.inexact_ = value;
  return number;
}

// Makes a number of a fraction, whose parts may have twice the bits that a number's may.
Number Number::Reduced(bool negative, const Natural& numerator, const Natural& denominator) {
  Number number;
  number.negative_ = negative && !numerator.is_zero();
  number.numerator_ = numerator;
  number.denominator_ = denominator;
  if (!denominator.is_one()) {
    const Natural divisor = Natural::Gcd(numerator, denominator);
    if (!divisor.is_one()) {
      Natural remainder;
      number.numerator_ = Natural::Divide(numerator, divisor, remainder);
      number.denominator_ = Natural::Divide(denominator, divisor, remainder);
    }
  }
  if (number.numerator_.num_bits() <= Natural::kMaxBits &&
      number.denominator_.num_bits() <= Natural::kMaxBits) {
    return number;
  }
  return Inexact(number.ToDouble());
}

std::optional<Number> Number::FromDecimal(absl::string_view text) {
  // Most are whole and short.
  constexpr size_t kMaxInt64Digits = 18;
  if (int64_t integer = 0; text.size() <= kMaxInt64Digits &&
                           absl::c_all_of(text, absl::ascii_isdigit) &&
                           absl::SimpleAtoi(text, &integer)) {
    return Number(integer);
  }
  double nearest = 0;
  // Abseil reads hexadecimal numbers, too, and a sign.
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != absl::string_view::npos ||
      (text[0] != '.' && !absl::ascii_isdigit(text[0])) || !absl::SimpleAtod(text, &nearest)) {
    return std::nullopt;
  }
  // 318 digits fit, with the exponents that a double's range has.
  constexpr int kMaxDigits = Natural::kMaxBits * 3 / 10;
  const Number inexact = Inexact(nearest);
  Natural digits;
  int num_digits = 0;
  int exponent = 0;
  bool in_fraction = false;
  size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      in_fraction = true;
      continue;
    }
    if (num_digits > 0 || text[i] != '0') ++num_digits;
    if (num_digits > kMaxDigits) return inexact;
    digits.MultiplyBy(10, static_cast<uint32_t>(text[i] - '0'));
    exponent -= in_fraction;
  }
  if (i < text.size()) {
    int written = 0;
    const bool plus = text[i + 1] == '+';
    if (!absl::SimpleAtoi(text.substr(i + (plus ? 2 : 1)), &written) || std::abs(written) > 1000) {
      return digits.is_zero() ? Number() : inexact;
    }
    exponent += written;
  }
  if (digits.is_zero()) return Number();
  if (std::abs(exponent) > kMaxDigits) return inexact;
  const Natural power = PowerOf(10, std::abs(exponent));
  if (exponent < 0) return Reduced(false, digits, power);
  return Reduced(false, Natural::Multiply(digits, power), Natural(1));
}

Number Number::FromDecimal(bool negative, uint64_t digits, int exponent) {
  const std::optional<Number> number = FromDecimal(absl::StrCat(digits, "e", exponent));
  return negative ? -*number : *number;
}

bool Number::is_zero() const { return is_exact_ ? numerator_.is_zero() : inexact_ == 0; }

bool Number::is_negative() const { return is_exact_ ? negative_ : inexact_ < 0; }

bool Number::is_finite() const {
  // Far from a double's greatest there is no need to divide.
  constexpr int kSurelyFiniteBits = 1000;
  return (is_exact_ && numerator_.num_bits() <= kSurelyFiniteBits) || std::isfinite(ToDouble());
}

double Number::ToDouble() const {
  if (!is_exact_) return inexact_;
  if (numerator_.is_zero()) return 0;
  // The quotient of two doubles is the nearest one.
  if (numerator_.num_bits() <= kDoubleBits && denominator_.num_bits() <= kDoubleBits) {
    const double value =
        static_cast<double>(numerator_.ToUint64()) / static_cast<double>(denominator_.ToUint64());
    return negative_ ? -value : value;
  }
  // A quotient of 64 or 65 bits, whose last bit says whether more follow, so that it is rounded
  // once.
  const int shift = 64 + denominator_.num_bits() - numerator_.num_bits();
  Natural remainder;
  Natural quotient =
      shift >= 0 ? Natural::Divide(Natural::ShiftLeft(numerator_, shift), denominator_, remainder)
                 : Natural::Divide(numerator_, Natural::ShiftLeft(denominator_, -shift), remainder);
  bool sticky = !remainder.is_zero();
  int exponent = -shift;
  if (quotient.num_bits() > 64) {
    sticky |= quotient.DivideBy(2) != 0;
    ++exponent;
  }
  const double value =
      std::ldexp(static_cast<double>(quotient.ToUint64() | (sticky ? 1 : 0)), exponent);
  return negative_ ? -value : value;
}

Number Number::operator-() const {
  Number number = *this;
  if (is_exact_) {
    number.negative_ = !negative_ && !numerator_.is_zero();
  } else {
    number.inexact_ = -inexact_;
  }
  return number;
}

Number operator+(const Number& a, const Number& b) {
  if (!a.is_exact_ || !b.is_exact_) return Number::Inexact(a.ToDouble() + b.ToDouble());
  const bool are_integers = a.denominator_.is_one() && b.denominator_.is_one();
  const Natural left =
      are_integers ? a.numerator_ : Natural::Multiply(a.numerator_, b.denominator_);
  const Natural right =
      are_integers ? b.numerator_ : Natural::Multiply(b.numerator_, a.denominator_);
  const Natural denominator =
      are_integers ? a.denominator_ : Natural::Multiply(a.denominator_, b.denominator_);
  if (a.negative_ == b.negative_) {
    return Number::Reduced(a.negative_, Natural::Add(left, right), denominator);
  }
  if (Natural::Compare(left, right) >= 0) {
    return Number::Reduced(a.negative_, Natural::Subtract(left, right), denominator);
  }
  return Number::Reduced(b.negative_, Natural::Subtract(right, left), denominator);
}

Number operator-(const Number& a, const Number& b) { return a + -b; }

Number operator*(const Number& a, const Number& b) {
  if (!a.is_exact_ || !b.is_exact_) return Number::Inexact(a.ToDouble() * b.ToDouble());
  return Number::Reduced(a.negative_ != b.negative_, Natural::Multiply(a.numerator_, b.numerator_),
                         Natural::Multiply(a.denominator_, b.denominator_));
}

Number operator/(const Number& a, const Number& b) {
  if (!a.is_exact_ || !b.is_exact_) return Number::Inexact(a.ToDouble() / b.ToDouble());
  return Number::Reduced(a.negative_ != b.negative_,
                         Natural::Multiply(a.numerator_, b.denominator_),
                         Natural::Multiply(a.denominator_, b.numerator_));
}

Number operator%(const Number& a, const Number& b) {
  if (!a.is_exact_ || !b.is_exact_) return Number::Inexact(std::fmod(a.ToDouble(), b.ToDouble()));
  Natural remainder;
  Natural::Divide(Natural::Multiply(a.numerator_, b.denominator_),
                  Natural::Multiply(b.numerator_, a.denominator_), remainder);
  return Number::Reduced(a.negative_, remainder, Natural::Multiply(a.denominator_, b.denominator_));
}

bool operator<(const Number& a, const Number& b) {
  if (!a.is_exact_ || !b.is_exact_) return a.ToDouble() < b.ToDouble();
  return (a - b).is_negative();
}

Number Number::Power(const Number& base, const Number& exponent) {
  const auto nearest = [&] { return Inexact(std::pow(base.ToDouble(), exponent.ToDouble())); };
  if (!base.is_exact_ || !exponent.is_exact_) return nearest();
  if (!exponent.is_integer()) {
    const bool is_half = exponent.numerator_.is_one() && !exponent.negative_ &&
                         exponent.denominator_.num_bits() == 2 && !exponent.denominator_.is_odd();
    return is_half ? base.SquareRoot() : nearest();
  }
  if (base.numerator_.is_zero()) return exponent.is_zero() ? Number(1) : base;
  if (base.denominator_.is_one() && base.numerator_.is_one()) {
    return Number(base.negative_ && exponent.numerator_.is_odd() ? -1 : 1);
  }
  // Anything but 1 and -1 to a greater power has more bits than there may be.
  if (exponent.numerator_.num_bits() > 11) return nearest();
  uint64_t times = exponent.numerator_.ToUint64();
  Number square = exponent.negative_ ? Number(1) / base : base;
  Number power(1);
  for (;;) {
    if (times % 2 == 1) power = power * square;
    times /= 2;
    if (times == 0) break;
    square = square * square;
    if (!square.is_exact_) return nearest();
  }
  return power.is_exact_ ? power : nearest();
}

// What is inexact may be a little more or less: where that would not change the integer, it is the
// exact one.
Number Number::Whole(double value, double (*function)(double)) {
  constexpr double kNoise = 1e-12;
  constexpr double kMaxWhole = 9007199254740992;
  const double noise = kNoise * std::max(1.0, std::abs(value));
  const double whole = function(value);
  if (!(std::abs(whole) < kMaxWhole) || function(value - noise) != function(value + noise)) {
    return Inexact(whole);
  }
  return Number(static_cast<int64_t>(whole));
}

Number Number::Floor() const {
  if (!is_exact_) return Whole(inexact_, std::floor);
  Natural remainder;
  Natural whole = Natural::Divide(numerator_, denominator_, remainder);
  if (negative_ && !remainder.is_zero()) whole = Natural::Add(whole, Natural(1));
  return Reduced(negative_, whole, Natural(1));
}

Number Number::Round() const {
  if (!is_exact_) return Whole(inexact_, std::round);
  const Number whole = (Abs() + Number(1) / Number(2)).Floor();
  return negative_ ? -whole : whole;
}

Number Number::Abs() const { return is_negative() ? -*this : *this; }

Number Number::SquareRoot() const {
  if (is_exact_ && !negative_) {
    const Natural numerator = Natural::SquareRoot(numerator_);
    const Natural denominator = Natural::SquareRoot(denominator_);
    if (Natural::Compare(Natural::Multiply(numerator, numerator), numerator_) == 0 &&
        Natural::Compare(Natural::Multiply(denominator, denominator), denominator_) == 0) {
      return Reduced(false, numerator, denominator);
    }
  }
  return Inexact(std::sqrt(ToDouble()));
}

Number Number::LogarithmOf10() const {
  const bool is_inverse = numerator_.is_one();
  if (is_exact_ && !negative_ && (is_inverse || denominator_.is_one())) {
    Natural rest = is_inverse ? denominator_ : numerator_;
    int exponent = 0;
    while (!rest.is_zero() && !rest.is_one()) {
      if (rest.DivideBy(10) != 0) break;
      ++exponent;
    }
    if (rest.is_one() &&
        Natural::Compare(PowerOf(10, exponent), is_inverse ? denominator_ : numerator_) == 0) {
      return Number(is_inverse ? -exponent : exponent);
    }
  }
  return Inexact(std::log10(ToDouble()));
}

std::optional<Number::Decimal> Number::ExactDecimal() const {
  if (!is_exact_) return std::nullopt;
  // A decimal ends if its denominator has no factors but 2 and 5.
  const int num_twos = denominator_.num_trailing_zeros();
  Natural rest = denominator_;
  for (int i = 0; i < num_twos; ++i) rest.DivideBy(2);
  int num_fives = 0;
  while (!rest.is_one()) {
    if (rest.DivideBy(5) != 0) return std::nullopt;
    ++num_fives;
  }
  const int num_places = std::max(num_twos, num_fives);
  // Far more than are written.
  if (num_places > 330) return std::nullopt;
  const Natural factor =
      num_twos > num_fives ? PowerOf(5, num_twos - num_fives) : PowerOf(2, num_fives - num_twos);
  Decimal decimal;
  decimal.digits = Natural::Multiply(numerator_, factor).ToDigits();
  decimal.num_before_point = static_cast<int>(decimal.digits.size()) - num_places;
  while (decimal.digits.size() > 1 && decimal.digits.back() == '0') decimal.digits.pop_back();
  return decimal;
}

std::string Number::ToText(int num_digits, bool& rounded) const {
  rounded = false;
  if (is_zero()) {
    rounded = !is_exact_;
    return "0";
  }
  if (const std::optional<Decimal> exact = ExactDecimal()) {
    const int point = exact->num_before_point;
    const size_t size = exact->digits.size();
    const bool is_short =
        static_cast<int>(size) > point
            ? size <= kMaxFractionDigits
            : size <= kMaxMantissaDigits || point <= static_cast<int>(kMaxIntegerDigits);
    if (is_short) return Layout(negative_, exact->digits, point);
  }
  rounded = true;
  const double value = ToDouble();
  // More digits of a large number, which lie before the point.
  const double size = std::floor(std::log10(std::abs(value))) + 3;
  const int precision =
      std::min(std::max(num_digits, size < 100 ? static_cast<int>(size) : 0), kDoubleDigits);
  // d.ddddde+dd
  std::string written = absl::StrFormat("%.*e", precision - 1, std::abs(value));
  const size_t e = written.find('e');
  std::string digits = absl::StrCat(
      written.substr(0, 1), written.substr(std::min(e, size_t{2}), e - std::min(e, size_t{2})));
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  int exponent = 0;
  if (!absl::SimpleAtoi(written.substr(e + (written[e + 1] == '+' ? 2 : 1)), &exponent))
    return written;
  // Zeros after digits that were rounded away would look as if they were known.
  if (exponent + 1 > kDoubleDigits) {
    return absl::StrCat(value < 0 ? "-" : "", digits.substr(0, 1), digits.size() > 1 ? "." : "",
                        digits.substr(1), "e", exponent);
  }
  return Layout(value < 0, digits, exponent + 1);
}

std::string Number::Spoken(int num_digits) const {
  bool rounded = false;
  const std::string text = ToText(num_digits, rounded);
  return rounded ? absl::StrCat("about ", text) : text;
}

std::string Number::ToJson(bool& rounded) const {
  rounded = false;
  if (is_zero()) {
    rounded = !is_exact_;
    return "0";
  }
  if (const std::optional<Decimal> exact = ExactDecimal()) {
    const bool is_integer = static_cast<int>(exact->digits.size()) <= exact->num_before_point;
    if (is_integer || exact->digits.size() <= kMaxIntegerDigits) {
      return Layout(negative_, exact->digits, exact->num_before_point);
    }
  }
  rounded = true;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, ToDouble());
  return {text, end.ptr};
}

}  // namespace parlance::tools

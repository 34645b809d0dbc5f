// Numbers as people calculate with them: 0.1 + 0.2 is 0.3, and 2^100 has all its digits.
//
// A number is exact, a fraction of integers, for as long as that takes no more than 1,056 bits for
// each of the two: enough for every decimal that fits a double's range. Otherwise it is the nearest
// double, and says so: is_exact().
//
// Threads: values. Allocation: none, but for the texts.
#ifndef TOOLS_BUILTIN_NUMBER_H_
#define TOOLS_BUILTIN_NUMBER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::tools {

// A non-negative integer of bounded size. Operands are of at most kMaxBits, so that results of all
// operations here fit.
class Natural {
 public:
  static constexpr int kMaxBits = 1056;

  Natural() = default;
  explicit Natural(uint64_t value);
  // Only the limbs that count are copied.
  Natural(const Natural& other) { *this = other; }
  Natural& operator=(const Natural& other);

  bool is_zero() const { return size_ == 0; }
  bool is_one() const { return size_ == 1 && limbs_[0] == 1; }
  bool is_odd() const { return size_ > 0 && (limbs_[0] & 1) != 0; }
  int num_bits() const;
  int num_trailing_zeros() const;
  // The value of one that has at most 64 bits.
  uint64_t ToUint64() const;
  std::string ToDigits() const;

  // Negative, zero or positive.
  static int Compare(const Natural& a, const Natural& b);
  static Natural Add(const Natural& a, const Natural& b);
  // `a` is not less than `b`.
  static Natural Subtract(const Natural& a, const Natural& b);
  static Natural Multiply(const Natural& a, const Natural& b);
  // `b` is not zero.
  static Natural Divide(const Natural& a, const Natural& b, Natural& remainder);
  static Natural ShiftLeft(const Natural& a, int num_bits);
  static Natural Gcd(Natural a, Natural b);
  static Natural SquareRoot(const Natural& a);
  // Returns the remainder.
  uint32_t DivideBy(uint32_t divisor);
  void MultiplyBy(uint32_t factor, uint32_t carry = 0);

 private:
  // The product of two, and a limb more for a division's first step.
  static constexpr int kNumLimbs = 2 * kMaxBits / 32 + 3;

  void Trim();

  int size_ = 0;
  // The least significant first; those from `size_` on are not initialised.
  std::array<uint32_t, kNumLimbs> limbs_;
};

class Number {
 public:
  // Zero.
  Number() : denominator_(1) {}
  explicit Number(int64_t integer);
  // Inexact.
  static Number Inexact(double value);
  // "12.5", "1e3", "2.5e-1"; nothing if it is no such number.
  static std::optional<Number> FromDecimal(absl::string_view text);
  // digits * 10^exponent.
  static Number FromDecimal(bool negative, uint64_t digits, int exponent);

  bool is_exact() const { return is_exact_; }
  bool is_zero() const;
  bool is_negative() const;
  bool is_integer() const { return is_exact_ && denominator_.is_one(); }
  // Within a double's range.
  bool is_finite() const;
  // The nearest.
  double ToDouble() const;

  Number operator-() const;
  friend Number operator+(const Number& a, const Number& b);
  friend Number operator-(const Number& a, const Number& b);
  friend Number operator*(const Number& a, const Number& b);
  // `b` is not zero.
  friend Number operator/(const Number& a, const Number& b);
  // What is left of `a` after as many whole `b` as there are, with the sign of `a`. `b` is not
  // zero.
  friend Number operator%(const Number& a, const Number& b);
  friend bool operator<(const Number& a, const Number& b);
  // Not finite where there is no such number. 0 to a negative exponent is for the caller to refuse.
  static Number Power(const Number& base, const Number& exponent);

  // Rounds towards negative infinity. Of an inexact number it is exact, unless the next integer is
  // as near as the number is known.
  Number Floor() const;
  // Rounds to the nearest integer, halves away from zero. Exact as Floor.
  Number Round() const;
  Number Abs() const;
  Number SquareRoot() const;
  Number LogarithmOf10() const;

  // The number as people write it: "84", "0.3", "123456.78", "1e21". Exactly, if that takes no more
  // than 40 digits, or 24 of a fraction; otherwise rounded to `num_digits` digits, or to two behind
  // the point where that is more, and `rounded` says so.
  std::string ToText(int num_digits, bool& rounded) const;
  // The same with "about " before a number that is rounded.
  std::string Spoken(int num_digits) const;
  // The number as JSON: exactly, where that takes no more digits than anyone could want, or else
  // the nearest double.
  std::string ToJson(bool& rounded) const;

 private:
  static Number Whole(double value, double (*function)(double));
  static Number Reduced(bool negative, const Natural& numerator, const Natural& denominator);
  // Digits without zeros at either end, and where the point is; nothing if the number is inexact,
  // or has no end as a decimal.
  struct Decimal {
    std::string digits;
    int num_before_point = 0;
  };
  std::optional<Decimal> ExactDecimal() const;

  bool is_exact_ = true;
  bool negative_ = false;
  Natural numerator_;
  Natural denominator_;
  // If it is not exact.
  double inexact_ = 0;
};

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_NUMBER_H_

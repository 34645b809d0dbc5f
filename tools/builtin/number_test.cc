#include "tools/builtin/number.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "absl/numeric/int128.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

Number Decimal(const std::string& text) {
  const auto number = Number::FromDecimal(text);
  EXPECT_TRUE(number.has_value()) << text;
  return number.value_or(Number());
}

std::string Json(const Number& number, bool expect_rounded = false) {
  bool rounded = false;
  std::string json = number.ToJson(rounded);
  EXPECT_EQ(rounded, expect_rounded) << json;
  return json;
}

// Makes one of any size up to `max_bits`, with long runs of ones and zeros, which carry far.
Natural Any(std::mt19937_64& random, int max_bits) {
  Natural value;
  for (int bits = static_cast<int>(random() % static_cast<uint64_t>(max_bits)); bits > 0;) {
    const int run = std::min<int>(bits, 1 + static_cast<int>(random() % 40));
    value = Natural::ShiftLeft(value, run);
    const uint64_t low = random() % 3 == 0   ? 0
                         : random() % 2 == 0 ? (uint64_t{1} << run) - 1
                                             : random() & ((uint64_t{1} << run) - 1);
    value = Natural::Add(value, Natural(low));
    bits -= run;
  }
  return value;
}

TEST(NaturalTest, WhatIsMultipliedAndAddedIsDividedAgain) {
  constexpr uint64_t kSeed = 12;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const Natural a = Any(random, Natural::kMaxBits);
    const Natural b = Natural::Add(Any(random, Natural::kMaxBits - 1), Natural(1));
    Natural rest;
    Natural::Divide(Any(random, Natural::kMaxBits), b, rest);
    ASSERT_LT(Natural::Compare(rest, b), 0);
    const Natural all = Natural::Add(Natural::Multiply(a, b), rest);
    Natural remainder;
    ASSERT_EQ(Natural::Compare(Natural::Divide(all, b, remainder), a), 0) << "seed " << kSeed;
    ASSERT_EQ(Natural::Compare(remainder, rest), 0) << "seed " << kSeed;
    ASSERT_EQ(Natural::Compare(Natural::Subtract(all, rest), Natural::Multiply(b, a)), 0);
  }
}

TEST(NaturalTest, TheLargestOperandsFit) {
  const Natural largest =
      Natural::Subtract(Natural::ShiftLeft(Natural(1), Natural::kMaxBits), Natural(1));
  const Natural square = Natural::Multiply(largest, largest);
  Natural remainder;
  EXPECT_EQ(Natural::Compare(Natural::Divide(Natural::Add(square, square), largest, remainder),
                             Natural::Add(largest, largest)),
            0);
  EXPECT_EQ(Natural::Compare(Natural::SquareRoot(square), largest), 0);
  EXPECT_EQ(Natural::Compare(Natural::Gcd(square, largest), largest), 0);
}

TEST(NumberTest, DoublesAreTheNearest) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const std::string text =
        absl::StrCat(random() % 100000, ".", random(), "e", static_cast<int>(random() % 500) - 250);
    double nearest = 0;
    ASSERT_TRUE(absl::SimpleAtod(text, &nearest));
    ASSERT_EQ(Decimal(text).ToDouble(), nearest) << text;
    const auto a = static_cast<int64_t>(random() >> 11);
    const auto b = static_cast<int64_t>(random() >> (11 + random() % 50)) + 1;
    ASSERT_EQ((Number(a) / Number(b)).ToDouble(), static_cast<double>(a) / static_cast<double>(b));
  }
  EXPECT_EQ(Decimal("1.7976931348623157e308").ToDouble(), std::numeric_limits<double>::max());
  EXPECT_FALSE(Decimal("1e309").is_finite());
  EXPECT_EQ(Number(std::numeric_limits<int64_t>::min()).ToDouble(), -9223372036854775808.0);
}

TEST(NumberTest, CalculatesAsIntegersDo) {
  constexpr uint64_t kSeed = 8;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const auto a = static_cast<int64_t>(random()) >> (random() % 60);
    const auto b = static_cast<int64_t>(random()) >> (random() % 60);
    const auto text = [](absl::int128 value) { return absl::StrFormat("%d", value); };
    ASSERT_EQ(Json(Number(a) + Number(b)), text(absl::int128(a) + b));
    ASSERT_EQ(Json(Number(a) - Number(b)), text(absl::int128(a) - b));
    // Zeros at the end of large ones are written as an exponent.
    const Number product = Number(a) * Number(b);
    ASSERT_EQ(product < Number(0), absl::int128(a) * b < 0);
    if (b == 0) continue;
    ASSERT_EQ(Json(product / Number(b)), text(a));
    ASSERT_EQ(Json(Number(a) % Number(b)), text(absl::int128(a) % b));
    ASSERT_EQ((Number(a) / Number(b)).Floor() < Number(a) / Number(b), a % b != 0);
    ASSERT_EQ(Number(a) < Number(b), a < b);
  }
}

TEST(NumberTest, WhatGrowsTooLargeIsRoundedAndSaysSo) {
  Number sum;
  for (int i = 1; i <= 2000; ++i) sum = sum + Number(1) / Number(i);
  EXPECT_FALSE(sum.is_exact());
  EXPECT_NEAR(sum.ToDouble(), std::log(2000) + 0.5772156649 + 1 / 4000.0, 1e-6);
  EXPECT_TRUE(Decimal("1e308").is_exact());
  EXPECT_TRUE(Decimal("0." + std::string(300, '0') + "1").is_exact());
  EXPECT_FALSE(Decimal(std::string(400, '1') + "e-300").is_exact());
}

TEST(NumberTest, JsonHasAllDigits) {
  EXPECT_EQ(Json(Number(84)), "84");
  EXPECT_EQ(Json(Decimal("0.1") + Decimal("0.2")), "0.3");
  EXPECT_EQ(Json(Decimal("123456.78")), "123456.78");
  EXPECT_EQ(Json(Decimal("1e100")), "1e100");
  EXPECT_EQ(Json(Number::Power(Number(2), Number(200))),
            "1606938044258990275541962092341162602522202993782792835301376");
  EXPECT_EQ(Json(Number(1) / Number(3), true), "0.3333333333333333");
  EXPECT_EQ(Json(Number::Inexact(1e22), true), "1e+22");
  EXPECT_EQ(Json(Number::Inexact(-0.0), true), "0");
}

TEST(NumberTest, ReadsDecimalsOnly) {
  for (const char* text :
       {"", ".", "e5", "1..2", "1.2.3", "-1", "+1", "inf", "nan", "0x10", "1e"}) {
    EXPECT_FALSE(Number::FromDecimal(text).has_value()) << text;
  }
  EXPECT_EQ(Json(Number::FromDecimal(true, 1609344, -3)), "-1609.344");
  EXPECT_EQ(Json(Decimal("1.")), "1");
  EXPECT_EQ(Json(Decimal(".5E+1")), "5");
}

TEST(NumberTest, RoundedTextsKeepTheDigitsBeforeThePoint) {
  const auto text = [](double value) { return Number::Inexact(value).Spoken(6); };
  EXPECT_EQ(text(32.80839895013123), "about 32.8084");
  EXPECT_EQ(text(405041.3010498688), "about 405041.3");
  EXPECT_EQ(text(123456789.987), "about 123456789.99");
  EXPECT_EQ(text(0.000123456789), "about 0.000123457");
  EXPECT_EQ(text(1.5e-300), "about 1.5e-300");
  EXPECT_EQ(text(-2.5e30), "about -2.5e30");
  EXPECT_EQ(text(999999.9999999), "about 1000000");
}

}  // namespace
}  // namespace parlance::tools

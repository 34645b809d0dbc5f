#include "third_party/json_number.h"

#include <cstdint>
#include <limits>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace json_number {
namespace {

// What a handler was given; nothing if it was not called.
using Given = std::variant<std::monostate, uint64_t, int64_t, double>;

class Handler {
 public:
  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names.
  bool Uint64(uint64_t value) { return Take(value); }
  bool Int64(int64_t value) { return Take(value); }
  bool Double(double value) { return Take(value); }
  // NOLINTEND(readability-identifier-naming)

  const Given& given() const { return given_; }

 private:
  template <typename T>
  bool Take(T value) {
    given_ = value;
    return true;
  }

  Given given_;
};

Given Converted(absl::string_view text) {
  Handler handler;
  bool is_too_big = false;
  EXPECT_TRUE(Put(text, handler, is_too_big)) << text;
  EXPECT_FALSE(is_too_big) << text;
  return handler.given();
}

TEST(JsonNumberTest, IntegersOfSixtyFourBitsAreIntegers) {
  EXPECT_EQ(Converted("0"), Given(uint64_t{0}));
  EXPECT_EQ(Converted("18446744073709551615"), Given(std::numeric_limits<uint64_t>::max()));
  EXPECT_EQ(Converted("-1"), Given(int64_t{-1}));
  EXPECT_EQ(Converted("-9223372036854775808"), Given(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(Converted("18446744073709551616"), Given(18446744073709551616.0));
  EXPECT_EQ(Converted("-9223372036854775809"), Given(-9223372036854775808.0));
}

TEST(JsonNumberTest, OthersAreTheNearestDoubles) {
  EXPECT_EQ(Converted("1.0"), Given(1.0));
  EXPECT_EQ(Converted("1E+2"), Given(100.0));
  EXPECT_EQ(Converted("0.30000000000000004"), Given(0.30000000000000004));
  EXPECT_EQ(Converted("9007199254740993e-17"), Given(0.09007199254740993));
  EXPECT_EQ(Converted("1.7976931348623157e308"), Given(std::numeric_limits<double>::max()));
  EXPECT_EQ(Converted("1e-400"), Given(0.0));
}

TEST(JsonNumberTest, ZeroMayHaveAnyExponent) {
  for (const char* zero : {"0e308", "0E99999", "0.000e308", "0e-99999"}) {
    EXPECT_EQ(Converted(zero), Given(0.0)) << zero;
  }
}

TEST(JsonNumberTest, WhatIsBeyondDoublesIsTooBig) {
  for (const char* text : {"1e309", "-1e999", "1.8e308"}) {
    Handler handler;
    bool is_too_big = false;
    EXPECT_FALSE(Put(text, handler, is_too_big)) << text;
    EXPECT_TRUE(is_too_big) << text;
    EXPECT_EQ(handler.given(), Given()) << text;
  }
}

}  // namespace
}  // namespace json_number

#include "pipeline/door/wire/utf8_checker.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace parlance::pipeline::door {
namespace {

struct Case {
  std::string name;
  std::string text;
  bool is_valid = true;
};

std::vector<Case> Cases() {
  return {
      {"Empty", ""},
      {"Ascii", "hello, and more than eight bytes"},
      {"TwoBytes", "\xC3\xA9"},
      {"ThreeBytes", "\xE2\x82\xAC after it some ascii text"},
      {"FourBytes", "\xF0\x9F\x98\x80"},
      {"LastCharacter", "\xF4\x8F\xBF\xBF"},
      {"BeforeSurrogates", "\xED\x9F\xBF"},
      {"AfterSurrogates", "\xEE\x80\x80"},
      {"NulByte", std::string("a\0b", 3)},
      {"ContinuationAlone", "abcdefgh\x80", false},
      {"LongFormOfTwo", "\xC0\xAF", false},
      {"LongFormOfTwoLast", "\xC1\xBF", false},
      {"LongFormOfThree", "\xE0\x80\xAF", false},
      {"LongFormOfFour", "\xF0\x80\x80\xAF", false},
      {"Surrogate", "\xED\xA0\x80", false},
      {"BeyondTheLast", "\xF4\x90\x80\x80", false},
      {"FiveBytes", "\xF8\x88\x80\x80\x80", false},
      {"FF", "\xFF", false},
      {"CutAfterOne", "ab\xE2", false},
      {"CutAfterTwo", "ab\xE2\x82", false},
      {"AsciiInside", "\xE2\x82z", false},
  };
}

TEST(Utf8CheckerTest, WholeTexts) {
  for (const Case& c : Cases()) EXPECT_EQ(IsUtf8(c.text), c.is_valid) << c.name;
}

TEST(Utf8CheckerTest, EveryByteAPiece) {
  for (const Case& c : Cases()) {
    Utf8Checker checker;
    bool is_valid = true;
    for (const char& byte : c.text) is_valid = is_valid && checker.Add({&byte, 1});
    EXPECT_EQ(is_valid && checker.is_complete(), c.is_valid) << c.name;
  }
}

TEST(Utf8CheckerTest, WhatCannotBecomeRightIsSeenAtOnce) {
  Utf8Checker checker;
  EXPECT_TRUE(checker.Add("\xED"));
  EXPECT_FALSE(checker.Add("\xA0"));
}

TEST(Utf8CheckerTest, ACutIsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("abc", 3), "abc");
  EXPECT_EQ(CutUtf8("abc", 2), "ab");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(CutUtf8("a\xE2\x82\xAC", 1), "a");
  EXPECT_EQ(CutUtf8("\xE2\x82\xAC", 2), "");
}

}  // namespace
}  // namespace parlance::pipeline::door

#include "pipeline/telemetry/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

TEST(Utf8Test, WhatIsUtf8Stays) {
  for (const char* text : {"", "plain", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    EXPECT_EQ(Utf8Of(text, 100), text);
  }
  const std::string nul("a\0b", 3);
  EXPECT_EQ(Utf8Of(nul, 100), nul);
}

TEST(Utf8Test, WhatIsNotIsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(Utf8Of("a\xFFz", 100), "a" + bad + "z");
  EXPECT_EQ(Utf8Of("\x80", 100), bad);
  // A longer form of a slash, a surrogate, and what is beyond Unicode.
  EXPECT_EQ(Utf8Of("\xC0\xAF", 100), bad + bad);
  EXPECT_EQ(Utf8Of("\xE0\x80\xAF", 100), bad + bad + bad);
  EXPECT_EQ(Utf8Of("\xED\xA0\x80", 100), bad + bad + bad);
  EXPECT_EQ(Utf8Of("\xF4\x90\x80\x80", 100), bad + bad + bad + bad);
  // A character that goes on elsewhere.
  EXPECT_EQ(Utf8Of("\xE2\x82", 100), bad + bad);
  EXPECT_EQ(Utf8Of("\xE2\x82"
                   "A",
                   100),
            bad + bad + "A");
}

TEST(Utf8Test, LongTextIsCut) {
  EXPECT_EQ(Utf8Of("abcdef", 3), "abc");
  EXPECT_EQ(Utf8Of("ab\xC3\xBC", 3), "ab\xEF\xBF\xBD");
}

}  // namespace
}  // namespace parlance::pipeline

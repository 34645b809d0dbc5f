#include "pipeline/http/json_object.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

TEST(JsonObjectTest, WhatIsTooDeepIsRefused) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']');
  };
  EXPECT_TRUE(ParseServerJson(nested(kMaxServerJsonDepth)).has_value());
  EXPECT_FALSE(ParseServerJson(nested(kMaxServerJsonDepth + 1)).has_value());
  EXPECT_FALSE(ParseServerJson(std::string(10'000'000, '[')).has_value());
  // Brackets in strings are text.
  EXPECT_TRUE(ParseServerJson("[\"" + std::string(1000, '[') + "\\\"[\"]").has_value());
}

TEST(JsonObjectTest, WhatIsNoJsonIsRefused) {
  for (const absl::string_view text : {"", "{", "}", "{}x", "nul", "\"", "\"\\", "{\"a\":}"}) {
    EXPECT_FALSE(ParseServerJson(text).has_value()) << text;
  }
}

TEST(JsonObjectTest, MembersThatAreNullAreNone) {
  const auto object = ParseServerJson(R"({"a":null,"b":"x","c":1})");
  ASSERT_TRUE(object.has_value());
  EXPECT_EQ(MemberOf(*object, "a"), nullptr);
  EXPECT_EQ(MemberOf(*object, "d"), nullptr);
  EXPECT_EQ(MemberOf((*object)["b"], "a"), nullptr);
  EXPECT_EQ(StringOf(*object, "b"), "x");
  EXPECT_FALSE(StringOf(*object, "c").has_value());
}

TEST(JsonObjectTest, WordsAreOnOneLineAndBounded) {
  EXPECT_EQ(OnOneLine(" two\r\nlines\x1b[1m\n"), "two  lines [1m");
  const std::string long_words = OnOneLine(std::string(299, 'x') + "\xC3\xA9" + "y");
  EXPECT_EQ(long_words, std::string(299, 'x') + "…");
}

TEST(JsonObjectTest, EqualValuesHaveOneCanonicalForm) {
  const auto canonical = [](absl::string_view text) {
    return CanonicalJsonOf(*ParseServerJson(text));
  };
  EXPECT_EQ(canonical(R"({ "b" : [1, {"d":2,"c":"x"}], "a" : null })"),
            R"({"a":null,"b":[1,{"c":"x","d":2}]})");
  EXPECT_NE(canonical("[1,2]"), canonical("[2,1]"));
  EXPECT_EQ(JsonOf(*ParseServerJson(R"({ "b" : 1, "a" : 2 })")), R"({"b":1,"a":2})");
}

}  // namespace
}  // namespace parlance::pipeline

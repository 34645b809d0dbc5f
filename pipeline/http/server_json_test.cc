#include "pipeline/http/server_json.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

TEST(ServerJsonTest, WhatIsTooDeepIsRefused) {
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

TEST(ServerJsonTest, WhatIsNoJsonIsRefused) {
  for (const absl::string_view text : {"", "{", "}", "{}x", "nul", "\"", "\"\\", "{\"a\":}"}) {
    EXPECT_FALSE(ParseServerJson(text).has_value()) << text;
  }
}

TEST(ServerJsonTest, BytesThatAreNoUtf8AreKept) {
  const auto text = ParseServerJson("\"a\xFF\"");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(absl::string_view(text->GetString(), text->GetStringLength()), "a\xFF");
}

// Each is a number of a double's range, though it has more digits or a larger exponent than most.
TEST(ServerJsonTest, NumbersAreTheNearestDoubles) {
  const auto number = [](absl::string_view text) { return ParseServerJson(text)->GetDouble(); };
  EXPECT_EQ(number("0e308"), 0.0);
  EXPECT_EQ(number("0.1e1"), 1.0);
  EXPECT_EQ(number("7205759403792793200001e-16"), 720575.94037927932);
  EXPECT_FALSE(ParseServerJson("1e400").has_value());
}

TEST(ServerJsonTest, WordsAreOnOneLineAndBounded) {
  EXPECT_EQ(OnOneLine(" two\r\nlines\x1b[1m\n"), "two  lines [1m");
  const std::string long_words = OnOneLine(std::string(299, 'x') + "\xC3\xA9" + "y");
  EXPECT_EQ(long_words, std::string(299, 'x') + "…");
}

}  // namespace
}  // namespace parlance::pipeline

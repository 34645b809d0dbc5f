#include "perf/report/text/safe_text.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(SafeTextTest, OneLineIsHarmlessAndBounded) {
  EXPECT_EQ(OneLine("a\nb\tc\x1b[31m\xff"), "a b c\\x1b[31m\\xff");
  EXPECT_EQ(OneLine("emoji 😀 <b>&\"'"), "emoji 😀 <b>&\"'");
  const std::string controls(3000, '\x01');
  EXPECT_LE(OneLine(controls, 100).size(), 100 + std::string("…").size());
  EXPECT_EQ(OneLine(std::string(3000, 'x')).size(), kMaxTextBytes + std::string("…").size());
}

TEST(SafeTextTest, NumbersReadBackAsTheyWere) {
  EXPECT_EQ(ExactNumber(0.1), "0.1");
  EXPECT_EQ(ExactNumber(-2), "-2");
  EXPECT_EQ(ExactNumber(1e300), "1e+300");
  EXPECT_EQ(std::stod(ExactNumber(1.0 / 3)), 1.0 / 3);
  EXPECT_EQ(ExactNumber(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(ExactNumber(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(SafeTextTest, MarkdownShowsTextAsItIs) {
  EXPECT_EQ(MarkdownText("a_b *c* `d` [e](f) |g| ~h~ $i$ \\ <k> & @l\nm"),
            "a\\_b \\*c\\* \\`d\\` \\[e\\](f) \\|g\\| \\~h\\~ \\$i\\$ \\\\ &lt;k&gt; &amp; @<!-- "
            "-->l m");
  EXPECT_EQ(MarkdownText("abcdef", 3), "abc…");
}

}  // namespace
}  // namespace perf
